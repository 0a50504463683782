"""The demo: one story on a fresh network of real processes, told while it happens.

Reading order: `cast` (who and how much), `stage` (what the steps share), then the acts in the story's order:
`opening` (genesis, validators, rates), `money` (the reserve, in and out), `people` (payments, caps, refund, freeze),
`trouble` (a validator is killed), `looking` (the explorer and a proof). `play` runs them.
"""
