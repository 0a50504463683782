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


class Accepting:
    """Takes the connections of a non-blocking socket, from `start` to `stop`, both on the loop."""

    def __init__(
        self, listener: socket.socket, is_refused: Callable[[str], bool], admit: Callable[[socket.socket, str], None]
    ) -> None:
        """`is_refused(group)` says who is turned away (`group_of` its address); `admit(connection, group)` gets the
        others. Neither may raise."""
        self._listener, self._is_refused, self._admit = listener, is_refused, admit
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, or go on after a pause."""
        self._pause = None
        asyncio.get_running_loop().add_reader(self._listener, self._take)

    def stop(self) -> None:
        """Take no more; once more does nothing. Who waits in the system is for whoever closes the socket."""
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener)
        if self._pause is not None:
            self._pause.cancel()

    def _take(self) -> None:
        """The batch of this turn of the loop."""
        for _ in range(AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:
                self.stop()
                self._pause = asyncio.get_running_loop().call_later(PAUSE_S, self.start)
                return
            self._sort_out(connection, group_of(address[0]))

    def _sort_out(self, connection: socket.socket, group: str) -> None:
        """Turn a connection away, or let it in."""
        if self._is_refused(group):
            with suppress(OSError):  # it may be gone already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_FAREWELL)
            connection.close()
            return
        connection.setblocking(False)
        self._admit(connection, group)
