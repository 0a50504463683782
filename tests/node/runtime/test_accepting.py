"""The way in: how many are taken in a turn of the loop, who is turned away, and what happens without descriptors."""

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine

import pytest

from node.runtime import accepting
from node.runtime.accepting import AT_ONCE, Accepting
from tests.node.runtime.peers import until

pytestmark = pytest.mark.network


class Listener(socket.socket):
    """A listening socket whose system has no descriptors for the first so many connections."""

    missing = 0

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.missing:
            self.missing -= 1
            raise OSError(errno.EMFILE, "too many open files")
        return super().accept()


def play(story: Callable[[Listener, list[socket.socket]], Coroutine[None, None, None]], clients: int) -> None:
    """Run a story with so many clients that have connected already."""
    listener = Listener()
    listener.bind(("127.0.0.1", 0))
    listener.listen(clients + 1)
    listener.setblocking(False)
    dialled = [socket.create_connection(listener.getsockname()) for _ in range(clients)]
    try:
        asyncio.run(asyncio.wait_for(story(listener, dialled), 20))
    finally:
        for item in (listener, *dialled):
            item.close()


def test_so_many_are_taken_in_one_turn_of_the_loop() -> None:
    """'Connections that are taken in one turn of the loop': what else has to be done has its turn between."""

    async def story(listener: Listener, dialled: list[socket.socket]) -> None:
        taken: list[socket.socket] = []
        door = Accepting(listener, lambda _: False, lambda item, _: taken.append(item))
        door.start()
        grown = []
        for _ in range(50):
            before = len(taken)
            await asyncio.sleep(0)
            grown.append(len(taken) - before)
        door.stop()
        assert len(taken) == len(dialled)
        assert max(grown) == AT_ONCE
        assert all(item.gettimeout() == 0 for item in taken)
        for item in taken:
            item.close()

    play(story, 2 * AT_ONCE + 5)


def test_who_is_refused_is_turned_away_unread_and_the_others_are_let_in() -> None:
    """Closed as soon as it is there: no byte, no farewell; `admit` never hears of it."""

    async def story(listener: Listener, dialled: list[socket.socket]) -> None:
        asked: list[str] = []
        taken: list[tuple[socket.socket, str]] = []

        def is_refused(group: str) -> bool:
            asked.append(group)
            return len(asked) % 2 == 1

        door = Accepting(listener, is_refused, lambda *item: taken.append(item))
        door.start()
        await until(lambda: len(asked) == len(dialled))
        door.stop()
        assert asked == ["127.0.0.1"] * 4
        assert [group for _, group in taken] == ["127.0.0.1"] * 2
        for place in (0, 2):
            with pytest.raises(ConnectionResetError):
                dialled[place].recv(1)
        for place, (connection, _) in zip((1, 3), taken, strict=True):
            connection.send(b"x")
            assert dialled[place].recv(1) == b"x"
            connection.close()

    play(story, 4)


def test_without_a_descriptor_it_waits_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """'Wait when the system has no descriptor left': whoever waits in the system is taken later."""
    monkeypatch.setattr(accepting, "PAUSE_S", 0.001)

    async def story(listener: Listener, dialled: list[socket.socket]) -> None:
        listener.missing = 3
        taken: list[socket.socket] = []
        door = Accepting(listener, lambda _: False, lambda item, _: taken.append(item))
        door.start()
        await until(lambda: len(taken) == len(dialled))
        door.stop()
        assert listener.missing == 0
        for item in taken:
            item.close()

    play(story, 2)


@pytest.mark.parametrize("missing", [0, 1], ids=["at once", "in a pause"])
def test_who_comes_after_the_end_is_not_taken(monkeypatch: pytest.MonkeyPatch, missing: int) -> None:
    """'Take no more', also where it waited for descriptors when it was ended."""
    monkeypatch.setattr(accepting, "PAUSE_S", 0.1)

    async def story(listener: Listener, dialled: list[socket.socket]) -> None:
        listener.missing = missing
        taken: list[socket.socket] = []
        door = Accepting(listener, lambda _: False, lambda item, _: taken.append(item))
        door.start()
        if missing:
            await until(lambda: not listener.missing)
        door.stop()
        door.stop()
        await asyncio.sleep(0.2)
        assert taken == []

    play(story, 1)
