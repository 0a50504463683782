"""Where scenarios come from: each generator is a pure function from a number to (scenario, seed).

Reading order: digits (a number as choices), ground (what the small scenarios share), twins, adversary, mutation,
crash_points, directed, seeds; then registry (their names, and how `all` mixes them) and siblings (small changes).
"""
