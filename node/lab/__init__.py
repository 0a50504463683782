"""Work on whole networks and many simulated runs: campaigns of scenarios, benches, chaos.

Reading order: generate (where scenarios come from), campaign (many of them), tally (what they came to), workers (who
runs them), shrink and failures (what is left of one that breaks a rule); suite, mutants and patching (does it find
seeded bugs?).
"""
