"""What is done to a validator's directory from outside: verify its ledger, put it into one file, and back again.

Read `node/storage/reading.py` (a ledger's file, read only), then `replay` (executed again) and `verify`, `archive` and
`backup`.
"""
