"""A reserve's year, simulated many times: what may be lost, how often a stay is needed, when the peg breaks.

Reading order: `parameters` (what is assumed), `draws` (chance, keyed by seed and block), `factors` (the five models of
the market), `crowd` (the three models of a run), `ladder` and `kernel` (one year of a block of paths), `outcome` (what
is kept of them), `market` (from a regime and the history), `plan` and `runner` (blocks over workers), `cluster`,
`study` (what is varied), `document` and `words` (the result), `buffer`, `measure`.
"""
