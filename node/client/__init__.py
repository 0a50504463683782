"""What a client of the network needs: `rpc` (JSON-RPC with the standard library), `outbox` (signed bytes kept first)."""
