"""A validator in the real world: asyncio around the pure machine of `chain`.

Read `driver` (events in, outputs done in the order that safety needs), then `links` (TLS to the other validators),
`http_server` (JSON-RPC for clients) and `process` (a whole validator process from its directory).
"""
