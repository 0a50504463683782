"""What a basket would have done to a holder, on real exchange rates.

Reading order: `baskets` (which currencies, by weights or by amounts), `measures` (volatility, worst windows, drawdown),
`path` (the value of a basket day by day, amounts fixed or rebalanced), `run` (a back-test and the holder's
alternatives), `document` (the result for programs, people and spreadsheets).
"""
