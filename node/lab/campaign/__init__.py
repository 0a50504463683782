"""Many scenarios, run and counted.

Read `run` (which, until when), `workers` (who runs them: processes or Dask), `tally` (what they came to), then `shrink`
and `failures` (what is left of one that breaks a rule).
"""
