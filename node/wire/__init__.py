"""Bytes between validators, without sockets: `framing` cuts them into messages, `hello` is the first one."""
