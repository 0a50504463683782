"""The simulated world: the same `Replica` as a real node, on virtual time, simulated links and simulated disks.

A seed is a run, and a run is a seed (docs/simulation.md). Reading order: scenario (what may happen), entropy (the only
source of chance), scheduler (the clock), network, disk and validator (what a driver owes a replica), parties and
workload (who pays), faults (what goes wrong), checkers (what must hold all the same), trace, world (the wiring).
"""
