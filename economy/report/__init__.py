"""Self-contained HTML reports: one file, pictures inside, light and dark.

Reading order: `page` (sections and tables into one document), `charts` (pictures as SVG text, by matplotlib),
`files` (how a command writes them); then a page for each subject: `backtest`, `reserve`, `stress_page`, `corridors`,
`adoption`.
"""
