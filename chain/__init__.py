"""What is true: every value and every rule of the network, pure and deterministic.

No clock, chance, file, socket or thread is reachable from here; a whole validator is one object,
`chain.replica.Replica`, with one way in: `step(event, now) -> Output`.

Reading order: `errors`, `primitives`, `limits`, `codec`, `crypto`; `accounts`, `transaction`, `block`,
`certificates`, `messages`; then `interface` and `replica`, the wiring diagram; then
`consensus.safety`, the trusted core; then `execution`, `state` and `ledger`.
"""
