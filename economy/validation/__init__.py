"""What others published, computed again: each gate names the published number, ours, the tolerance and the source.

Reading order: `gate` (one line of the table), then a module for each subject, then `table`, which asks them all. The
subjects: `sheets`, `rebuild`, `backtest`, `volatility` and `composing` (baskets), `runs` and `accounting` (a reserve),
`models`, `signs` and `issuer` (papers), `corridors`, `adoption`.
"""
