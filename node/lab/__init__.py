"""Work on whole networks and many simulated runs: campaigns of seeds, benches, chaos.

Reading order: campaign (many seeds, one summary); suite, mutants and patching (does it find seeded bugs?).
"""
