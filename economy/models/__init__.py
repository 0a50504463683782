"""Models that others published, as small as they can be and in our own notation, each with its equation and source.

`runs` (Diamond-Dybvig), `global_game` (Goldstein-Pauzner, Morris-Shin), `arbitrage` (the band around par; dealers and
runs after Ma, Zeng and Zhang), `liquidity` (par capacity, a full run, rates on bills), `shortfall` (Catalini and de
Gortari), `fire_sale` (what a sale of bills costs: BIS Working Paper 1270), `sizes` (the ECB's scenarios), `gates` and
`transparency` (signs), `issuer` (what rules make an issuer do: the signs of BIS Working Paper 1355). `normal` is the
normal distribution.
"""
