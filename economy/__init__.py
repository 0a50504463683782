"""The numbers around the money: what a basket is worth, what a reserve stands, what a transfer costs, and a year of it.

Published figures are exact decimals and fractions here, never binary floats, wherever they are to be met to the
digit; models are floats and arrays. Data come from files inside the distribution and its pinned packages, so that
nothing needs a network. Equations, sources and assumptions: `docs/economy.md`; terms of the data:
`docs/data-sources.md`.

Reading order, from the ground up; the import contracts of `pyproject.toml` hold it:

- data: `errors`, `limits` and `processes`, `countries` (who uses which money), `market` (the ECB's reference rates
  and their days), `exact` (decimal arithmetic, the SDR), `basket` (what XDX is made of and the rates that go on chain),
  `policies` (caps of jurisdictions), `models` (what others published, as small as it can be)
- questions: `corridors` (what sending costs), `reserve` (books, redemption, regimes), `backtest` (what a basket did
  to a holder), `replay` (crises that happened), `stress` (a year many times), `adoption` (how payments spread)
- answers: `report` (pages and pictures), `validation` (the table of gates)
- on the ledger: `world` (a year of invented people), `statement` (the reserve behind a network's coins)
"""
