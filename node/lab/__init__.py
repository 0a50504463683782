"""Work on whole networks and many simulated runs.

Reading order: run (one scenario), generate (where scenarios come from), campaign (many of them), mutants (do they find
seeded bugs?), exhaustive (the signing module, wholly), figures (in virtual time), timeline (a run as a picture); on
real processes: own_network, bench, chaos, door, and fuzz (hostile bytes).
"""
