"""Decimal arithmetic with stated rounding, for figures that others printed: the SDR's daily sheet and its re-basing.

Reading order: `rounding` (the one place that rounds, with its mode as a parameter), `tables` (the data files), `sdr`
(the IMF's sheet, from given rates or rebuilt from the ECB's), `rebasing` (weights to amounts and back).
"""
