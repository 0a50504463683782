"""A CSV of payments, each paid once whatever is interrupted.

Reading order: `payments_csv` (rows in), `orders` (checked and signed), `engine` (the machine), `results_csv`, `run`.
"""
