"""People's names, keys and accounts, and what signs for them.

Reading order: `names`, `book`, `keys`, `wallet`, `accounts`, `lookups`, `calls`, `attestation`, `submission`.
"""
