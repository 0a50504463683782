"""What a transfer between two countries costs: published prices, a model of the network's, and the receipt.

Reading order: `prices` (the World Bank's averages), `quotes` (what a receipt says), `tables` (the small data files),
`costs` (the network's steps, percent and hours), `compare` (both beside each other and beside what was promised).
"""
