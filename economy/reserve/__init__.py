"""The reserve as an institution: what it holds, who may redeem, what selling in a hurry costs.

Reading order: `book` (a balance sheet in integers) and `postings` (what may happen to it), `prices` (bills, fire
sales), `presets` (the rules of eight regimes, as data), `desk` (one day of redemption), `people` (holders and
dealers), `peg` (the price outside), `project` (all of it day by day); `parameters`, `bookfile` and `order` (what
people type, and the result), `trial` (random events, counted twice).
"""
