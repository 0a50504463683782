"""What operators do: the treasury and its dealers (`treasury`), and transactions as files (`txfile`)."""
