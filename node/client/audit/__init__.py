"""An audit of the money: the books are kept again from what the ledger says, and compared with what it holds.

Read `books` (the model), then `entries` (where versions come from, and how they are proved), then `audit`.
"""
