"""The way in of both ports: who is let in, and who is turned away with as little work as can be."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from node.wire.budget import group_of

AT_ONCE = 32
"""Connections that are taken in one turn of the loop: consensus has its turn between any two such batches."""
PAUSE_S = 0.1
"""Wait when the system has no descriptor left for a new connection."""
_NO_FAREWELL = struct.pack("ii", 1, 0)
"""SO_LINGER of a close that drops what is unsent, and leaves nothing behind in the system."""


async def take_connections(
    listener: socket.socket, is_refused: Callable[[str], bool], admit: Callable[[socket.socket, str], None]
) -> None:
    """Take the connections of a non-blocking socket for ever.

    `is_refused(group)` says who is turned away (`group_of` its address); `admit(connection, group)` gets the others.
    Neither may raise.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            found = await loop.sock_accept(listener)
            for _ in range(AT_ONCE - 1):
                _sort_out(found, is_refused, admit)
                found = listener.accept()
            _sort_out(found, is_refused, admit)
            await asyncio.sleep(0)  # asyncio's own sock_accept waits only where there is none
        except BlockingIOError:
            continue
        except OSError:
            await asyncio.sleep(PAUSE_S)


def _sort_out(
    found: tuple[socket.socket, tuple[str, int]],
    is_refused: Callable[[str], bool],
    admit: Callable[[socket.socket, str], None],
) -> None:
    """Turn a connection away, or let it in."""
    connection, address = found
    group = group_of(address[0])
    if is_refused(group):
        with suppress(OSError):  # it may be gone already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_FAREWELL)
        connection.close()
        return
    connection.setblocking(False)
    admit(connection, group)
