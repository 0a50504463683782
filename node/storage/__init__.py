"""Where bytes stay: `memory` (for simulations and tests), `sqlite` (the ledger), `safety_file` (the signing record)."""
