"""How payments spread through messaging apps, and what that does to volume, the reserve, its income and advertising.

Reading order: `spread` (the curve, in closed form, with caps and halts), `rollout` (countries, dates and parameters
from a file), `model` (users, reach, volume, income by month), `agents` (the same by single people), `sizes` (how large
a reserve is, and the ECB's three), `summary` (the result as a document, a table and lines).
"""
