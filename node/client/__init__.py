"""The side of those who use a network: JSON-RPC, proofs, wallets, payments.

Reading order: `network` (network.json), `rpc`, `proofs` and `proof_file` (what a validator says, checked),
`proved_reads` and `verifying` (a client that believes nothing else), then the rooms, each on top of the one before:
`sending` (signed bytes on their way), `wallets` (names, keys, accounts), `payments`, `operations` (the treasury's
side), `payfile` (a CSV of payments).
"""
