"""What a run looked like, as data: lanes and events, bounded in number. Pictures are made of it (`html`, `chrome`); it
comes from a run of the simulator (`record`) or a live network (`live`)."""

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chain.certificates import QuorumCertificate
from chain.errors import MithqalError
from chain.messages import Proposal, SyncInfo, Timeout, decode_message

MAX_EVENTS = 30_000
"""That a picture holds; later ones are counted only."""
MAX_TEXTS = 6_000
"""Messages that are shown decoded, each different one once ..."""
MAX_TEXT = 1_600
"""... with so many characters."""
MAX_ITEMS = 12
"""Of a list in a decoded message."""

MESSAGE, COMMIT, CERTIFICATE, FAULT, ALARM, VIOLATION, LOG = (
    "message", "commit", "certificate", "fault", "alarm", "violation", "log"
)  # fmt: skip


class Mark(NamedTuple):
    """One thing that happened, in microseconds from the beginning."""

    at_us: int
    lane: int
    """Whose; -1 is nobody's or everybody's."""
    kind: str
    name: str
    text: int
    """Place of the details in `Timeline.texts`; -1 without any."""
    end_us: int = -1
    """Of a message: when it arrived ..."""
    to: int = -1
    """... and where."""


@dataclass(slots=True)
class Timeline:
    """A picture to be."""

    title: str
    lanes: list[str]
    marks: list[Mark] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    left_out: int = 0
    """Events that came after the bound."""
    older: int = 0
    """Messages before the first that is drawn, as the reader of a live network counts them."""
    certified: tuple[int, int] = (0, 0)
    """Epoch and round of the highest certificate that a message has shown."""
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, mark: Mark, text: str = "") -> None:
        """Keep an event with its details, or count it."""
        if len(self.marks) >= MAX_EVENTS:
            self.left_out += 1
            return
        self.marks.append(mark._replace(text=self._place(text)))

    def look_for_certificate(self, lane: int, at_us: int, data: bytes) -> None:
        """Mark a message that is the first to show a certificate of a higher round than any before."""
        try:
            message = decode_message(data)
        except MithqalError:
            return
        found: QuorumCertificate | None = None
        if isinstance(message, Proposal):
            found = message.block.parent_qc
        elif isinstance(message, SyncInfo):
            found = message.high_qc
        elif isinstance(message, Timeout):
            found = message.sync.high_qc
        if found is not None and (found.data.epoch, found.round) > self.certified:
            self.certified = (found.data.epoch, found.round)
            signers = ", ".join(str(author) for author, _ in found.signatures)
            text = f"certificate of round {found.round}, epoch {found.data.epoch}\nsigned by {signers}"
            self.add(Mark(at_us, lane, CERTIFICATE, f"round {found.round}", -1), text)

    def _place(self, text: str) -> int:
        """Where a text stands; each different one stands once."""
        if not text or (text not in self._known and len(self.texts) >= MAX_TEXTS):
            return -1
        if text not in self._known:
            self._known[text] = len(self.texts)
            self.texts.append(text)
        return self._known[text]

    def notes(self) -> list[str]:
        """What the picture does not show."""
        later = f"{self.left_out} later events are left out: a picture holds {MAX_EVENTS}."
        older = f"{self.older} older messages are left out."
        return [text for count, text in ((self.left_out, later), (self.older, older)) if count]

    def finish(self) -> "Timeline":
        """The same in the order of time."""
        self.marks.sort(key=lambda mark: (mark.at_us, mark.lane, mark.kind, mark.name, mark.end_us, mark.to))
        return self


def describe(data: bytes) -> str:
    """A message as indented text; what is no message says why."""
    try:
        message = decode_message(data)
    except MithqalError as error:
        return f"no message: {error.name}"
    text = json.dumps({type(message).__name__: _plain(message)}, indent=1, ensure_ascii=True)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + f"\n... {len(text) - MAX_TEXT} characters more"


def _plain(value: Any) -> Any:
    """Bytes as hex, named fields by name, long lists cut."""
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 40 else f"{value[:16].hex()}... ({len(value)} bytes)"
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, tuple | list):
        rows = [_plain(item) for item in value[:MAX_ITEMS]]
        return rows if len(value) <= MAX_ITEMS else [*rows, f"... {len(value) - MAX_ITEMS} more"]
    if hasattr(value, "to_value"):
        return _plain(value.to_value())
    return value
