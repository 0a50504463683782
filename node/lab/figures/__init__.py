"""Figures in virtual time, exactly repeatable: `latency`, `sensitivity` (with its page of curves), `scale`.

`observed` is a run with clients that note when each payment is final.
"""
