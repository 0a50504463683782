"""The state and its proofs. Read `view` (reading and writing records), `tree` (the state's tree), `accumulator` (the
history of transactions), then `proof` (verification: all that a light client needs)."""
