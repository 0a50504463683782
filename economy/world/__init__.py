"""A year in the life of the coin: an invented world whose every transaction runs through the real ledger.

Reading order: `scenario` (what a file says), `cast` (who lives there), `book` (what everybody may spend) and `orders`,
then those who act (`people`, `dealers`, `regulator`, `opening`), `world` (one day's plan), `signing` and `committee`
(signatures, blocks and certificates), `directory` (what lies on the disk), `simulate` (the whole run) and `summary`.
"""
