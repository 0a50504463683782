"""The signing module, wholly: every order of every call of a small network, by `search`, over the calls of `calls`."""
