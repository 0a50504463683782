"""One file a noun: each page is a document for programs and parts for people (node/view/layout.py)."""
