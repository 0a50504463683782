"""The numbers around the money: real exchange rates, the basket XDX, corridors, and what a receipt shows.

Published figures are exact decimals and fractions here, never binary floats; data come from files
inside the distribution and its pinned packages, so that nothing needs a network.

Reading order: `market` (the ECB's reference rates and their days), `basket` (what XDX is made of and the rates that
go on chain), `countries` (who uses which money), `corridors` (what sending costs, and a receipt that says so),
`policies` (caps of jurisdictions), `errors`. `docs/data-sources.md` has the terms of each source.
"""
