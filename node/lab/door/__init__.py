"""The door: what strangers can do to a network through its open ports.

Read `payloads` (what is sent), `talk` (one hostile connection), `http_attacks` and `peer_attacks` (how), `attacker`
(the process that does it, only to its own network), `gauges` (what is looked at) and `run` (phases and the verdict).
"""
