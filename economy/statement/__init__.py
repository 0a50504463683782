"""The reserve behind a network's coins: custodians' books beside what the ledger proves, and statements about both.

Reading order: `books` (what custodians hold, in a file), `backing` (beside proved supply), `statement` (signed, with
its proofs), `monitor` (an alarm at the first block that is not covered).
"""
