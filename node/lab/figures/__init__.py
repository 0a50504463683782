"""Figures in virtual time, exactly repeatable: `latency`, `sensitivity` (with its page of curves), `scale`.

`reliability` (with its `reliability_rows`) runs the commands behind docs/reliability.md and makes its table.
`observed` is a run with clients that note when each payment is final.
"""
