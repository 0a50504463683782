"""Market data: exchange rates with their source, the days on which there are none, and the days on which money moves.

Reading order: `rates` (one fixing, exact decimals, quick), `history` (all fixings as arrays, and what a missing rate
means), `reading` (the package's file and a user's own into a history), `calendar` (business days).
"""
