"""Signed transactions on their way: kept on disk first (`outbox`), then many in flight (`pipeline`).

Reading order: `database`, `outbox`, `gateway` (the validators as one chain), `pipeline`, `journal`, `batch`.
"""
