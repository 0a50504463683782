"""Hostile bytes against everything that decodes, and against a validator in the middle of a session (goal G10).

Read `mutate` (how valid bytes are bent), `corpus` (where they come from), `decoders` (what must hold of each decoder),
then `stateless`, `stateful` and `run`.
"""
