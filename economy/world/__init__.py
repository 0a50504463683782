"""A year in the life of the coin: an invented world whose every transaction runs through the real ledger.

Reading order: `scenario` and `fields` (what a file says), `cast` (who lives there), `scene` (what they see of a
day), `book` (what everybody may spend), `orders` and `chance`, then those who act (`people`, `dealers`, `regulator`,
`opening`), `world` (one day's plan), `rates`, `signing` and `committee` (signatures, blocks and certificates) or
`network_sim` (blocks by a simulated network), `directory` (what lies on the disk), `moving` (a continued run comes into
its place),
`simulate` (the whole run), `tally` and `summary`. `live` is the same idea on a network that runs.
"""
