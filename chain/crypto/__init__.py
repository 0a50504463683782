"""Hashes and signatures. Read `hashing`, then `signing`; nothing else of ours knows a cryptographic library."""
