"""Bytes between validators, without sockets, clocks or tasks: all of it can be tested by calling it.

Read `framing` (bytes are cut into frames), `hello` (the first frame of a link: who and which chain) and `outbox`
(what waits to be written, bounded). The sockets under them are in `node.runtime.links`.
"""
