"""What a client needs: `network` (network.json), `rpc`, `outbox` (signed bytes kept first), `wallet`, `amounts`."""
