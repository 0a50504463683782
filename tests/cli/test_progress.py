"""Progress on stderr: an overwritten line on a terminal, plain lines every three seconds otherwise, or silence."""

import io
import sys
from types import SimpleNamespace

import pytest

from cli import progress
from cli.options import Shared
from cli.progress import ProgressLine


class Terminal(io.StringIO):
    """A stderr that is, or is not, a terminal."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def fileno(self) -> int:
        raise OSError


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch):
    """Makes a line on a stderr of a kind, with a clock that the test turns."""

    def make(*, is_terminal: bool, term: str = "xterm", **shared: bool):
        err = Terminal(is_terminal)
        clock = SimpleNamespace(now=100.0)
        monkeypatch.setattr(sys, "stderr", err)
        monkeypatch.setenv("TERM", term)
        monkeypatch.setattr(
            progress, "shared", lambda: Shared(as_json=shared.get("as_json", False), quiet=shared.get("quiet", False))
        )
        return ProgressLine(lambda: clock.now), err, clock

    return make


def test_plain_lines_every_three_seconds(stage) -> None:
    """The rule: "Plain lines every few seconds otherwise": the first after three."""
    line, err, clock = stage(is_terminal=False)
    for tenth in range(101):
        clock.now = 100 + tenth / 10
        line.say(f"at {tenth}")
    line.close()
    assert err.getvalue() == "at 30  3 s\nat 60  6 s\nat 90  9 s\n"


def test_a_line_that_updates_on_a_terminal(stage) -> None:
    """The rule: "a line that updates on a terminal": cut to its width, taken away at the end and before a note."""
    line, err, clock = stage(is_terminal=True)
    line.say("one")
    clock.now += 0.05
    line.say("too soon")
    clock.now += 0.06
    line.say("x" * 100)
    line.tell("a note")
    line.close()
    assert err.getvalue() == "\r\x1b[Kone  0 s" + "\r\x1b[K" + "x" * 79 + "\r\x1b[Ka note\n"


def test_a_dumb_terminal_gets_plain_lines(stage) -> None:
    """ "`TERM=dumb` gets plain text"."""
    line, err, clock = stage(is_terminal=True, term="dumb")
    clock.now += 3
    line.say("x")
    assert err.getvalue() == "x  3 s\n"


@pytest.mark.parametrize("shared", [{"quiet": True}, {"as_json": True}])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_silence(stage, is_terminal: bool, shared: dict[str, bool]) -> None:
    """The rule: "Silent under --quiet"; under --json stderr holds nothing but an error."""
    with stage(is_terminal=is_terminal, **shared)[0] as line:
        sys_err = sys.stderr
        line.say("x")
        line.tell("y")
    assert isinstance(sys_err, Terminal)
    assert sys_err.getvalue() == ""
