"""Crises that happened, replayed: facts with their sources, and what each regime would have done, as model output.

Reading order: `tables` (the data files), `fx` (crises that reference rates alone replay), `runs` (the algebra of a
run on the books: USDC, Reserve Primary, Tether, TerraUSD), `hours` (USDC by the hour under each regime), `catalogue`
(all of them by name).
"""
