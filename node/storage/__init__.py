"""Where bytes stay. Stores of one contract (chain/storage.py), and the record that makes a vote safe.

Read `rules` (what every store holds to), `memory` (simulations, and the model in tests), `sqlite` (the ledger of a
node), `directory_lock` (one process a data directory), `safety_file` (the signing record, in a file of its own).
"""
