"""JSON-RPC as pure functions over durable reads: no socket, no clock, no database handle.

Read `schema` (requests, parameters, errors, responses), `results` (ledger values as JSON), then `handlers` (the
methods).
"""
