"""The ledger in words: JSON-RPC results and an address book become plain data and lines of text, for any surface.

The command line prints them today; a web explorer may render the same pages. Reading order: `text` (what may be shown
at all, times, amounts), `names` (who is who), `sentences` and `events` (what happened), `changes` (who has more and
who has less), `meanings` (why it failed, what to do), `layout` (a page: a document and its text), then `source` (asking
a validator), `pages` (one file a noun), `lookup` and `explorer` (whatever an id names).
"""
