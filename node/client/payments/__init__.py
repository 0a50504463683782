"""One payment: `memos`, `receipts`, `refusals` (errors with what the ledger holds), then `pay` and `refund`."""
