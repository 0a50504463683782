"""The state and its proofs: `view` (reading and writing), `tree` (accounts), `accumulator` (history), `proof`."""
