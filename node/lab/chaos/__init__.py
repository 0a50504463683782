"""Chaos on real processes: kill, pause, cut off and starve validators under load, then hold their ledgers to a journal.

Read `schedule` (what happens when), `journal` and `judge` (what may not be lost), `run`; then what makes the faults:
`shim` and `cluster` (processes), `unsynced` (what a power cut loses), `proxy` (links).
"""
