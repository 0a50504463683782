"""The world around a validator: files, sockets and clocks, and the simulated world in their place.

Two drivers turn the same `chain.replica.Replica`, and neither holds a rule of the protocol: `runtime` in real
time over TLS and SQLite, `sim` in virtual time over simulated links and disks.

Reading order: `ports`, `config`, `logs`; `storage`, `wire`, `keystore`; `api`, `client`, `view`;
`runtime.driver` beside `sim.world`; then `localnet` (a network of processes) and `lab` (campaigns, benchmarks).
"""
