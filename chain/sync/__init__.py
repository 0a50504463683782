"""Catching up by a snapshot: a certified block's state, verified chunk by chunk, instead of all blocks (SY1 to SY10).

Read `snapshot` (what is offered, and how it is believed), `server` (who gives), `client` (who takes), `state_sync`
(when, and the way in).
"""
