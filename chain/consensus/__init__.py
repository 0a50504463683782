"""Two-chain DiemBFT v4 (Jolteon). Consensus orders blocks and knows nothing of money.

Read `safety` (what may be signed), `machine` (who does what when), then `block_tree`, `vote_collector`, `fetcher` and
`leader`. The rules are numbered in docs/protocol.md.
"""
