"""Benches: what a network of real processes does in a second, held to its own ledger before a figure is printed.

Read `throughput` (the whole of one), then its parts: `crypto` (signing, the bound), `accounts`, `load`, `audits` (every
balance and root afterwards), `figures`. Others: `flood`, `epochs`, `sync` (on a `made_ledger`), `stages` (one process).
"""
