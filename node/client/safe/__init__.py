"""The keys, names and memory of a network directory in one encrypted file, and back without harm.

Read `sealed` (the file), then `contents` (what goes into it), then `backup`.
"""
