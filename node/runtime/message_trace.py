"""What a validator says and hears, a line of JSON each, into a file of its own: for pictures (`mithqal lab timeline`).

Off unless asked for. It stands around the wires and the watcher of a driver, which are what they were where it is off.
"""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from chain.errors import MithqalError
from chain.interface import Committed
from chain.messages import decode_message, message_name, round_of
from node.logs import BoundedFile
from node.runtime.driver import Watcher, Wires

TRACE_FILE = "messages.log"
"""In a validator's directory; an older part is `messages.log.1`."""
MAX_BYTES = 32 << 20
"""Of each of the two files."""
MAX_WHOLE = 8 << 10
"""Bytes of a message that is kept whole; of a longer one its digest tells which it was."""
SENT, RECEIVED, COMMITTED = "sent", "received", "committed"


class MessageTrace:
    """Notes what goes through the wires and what becomes final. A full disk costs lines, nothing else."""

    def __init__(self, file: BoundedFile) -> None:
        """Into this file."""
        self._file = file

    def around_wires(self, wires: Wires) -> Wires:
        """The same wires, heard."""
        return _TracedWires(wires, self)

    def around_watcher(self, watcher: Watcher) -> Watcher:
        """The same watcher, heard."""
        return _TracedWatcher(watcher, self)

    def around_receive(self, receive: Callable[[int, bytes], None]) -> Callable[[int, bytes], None]:
        """The same receiver, heard."""

        def heard(sender: int, data: bytes) -> None:
            self.note(RECEIVED, sender, data)
            receive(sender, data)

        return heard

    def note(self, way: str, peer: int | None, data: bytes) -> None:
        """A message to or from a validator; `peer` None is everybody else."""
        try:
            round_ = round_of(decode_message(data))
        except MithqalError:
            round_ = None
        line = {
            "peer": peer, "type": message_name(data), "round": round_, "size": len(data), "digest": digest_of(data),
        }  # fmt: skip
        self._put(way, {**line, "data": data.hex()} if len(data) <= MAX_WHOLE else line)

    def note_committed(self, committed: Committed) -> None:
        """A block is final and durable here."""
        line = {"height": committed.height, "version": committed.version, "block": committed.block_id.hex()}
        self._put(COMMITTED, line)

    def _put(self, way: str, line: dict[str, Any]) -> None:
        """With the time of the machine's clock, as in the log."""
        line = {"time_us": time.time_ns() // 1_000, "way": way, **line}
        self._file.put(json.dumps(line, separators=(",", ":")))


def digest_of(data: bytes) -> str:
    """What tells a message from others: 8 bytes in hexadecimal digits."""
    return hashlib.sha256(data).digest()[:8].hex()


class _TracedWires:
    """Wires that are heard."""

    def __init__(self, wires: Wires, trace: MessageTrace) -> None:
        self._wires, self._trace = wires, trace

    def send(self, peer: int, frame: bytes) -> object:
        """To one."""
        self._trace.note(SENT, peer, frame)
        return self._wires.send(peer, frame)

    def broadcast(self, frame: bytes) -> object:
        """To all others: one line."""
        self._trace.note(SENT, None, frame)
        return self._wires.broadcast(frame)


class _TracedWatcher:
    """A watcher that is heard."""

    def __init__(self, watcher: Watcher, trace: MessageTrace) -> None:
        self._watcher, self._trace = watcher, trace

    def on_committed(self, committed: Committed) -> None:
        """A block is final and durable."""
        self._trace.note_committed(committed)
        self._watcher.on_committed(committed)

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """The machine or the driver raised an alarm."""
        self._watcher.on_alarm(name, message, peer)
