"""One module a command; each can be read alone."""
