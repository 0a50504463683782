"""What a client needs: `network` (network.json), `rpc` (JSON-RPC, standard library), `outbox` (signed bytes first)."""
