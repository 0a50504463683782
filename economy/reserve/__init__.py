"""The reserve as an institution: what it holds, who may redeem, what selling in a hurry costs.

Reading order: `presets` (the rules of eight regimes, as data).
"""
