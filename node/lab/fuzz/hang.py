"""What never comes back: cut after so much processor time, as a finding."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class Hang(BaseException):
    """Too much processor time; no `Exception`, so that nothing on the way takes it for its own."""


@contextmanager
def cut_after(seconds: float) -> Iterator[None]:
    """Raise Hang in this block whenever it has used so much processor time again. In a process's main thread only."""

    def cut(*_: object) -> NoReturn:
        raise Hang

    before = signal.signal(signal.SIGVTALRM, cut)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
