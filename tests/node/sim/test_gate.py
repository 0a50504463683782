"""The doors that clients of a run knock at: of those that live, go on and do not lie; late, from what is durable."""

from typing import Any

import pytest

from chain.interface import Submitted
from chain.primitives import SECOND_US
from node.sim.gate import CLIENT_DELAY_US, Doors
from node.sim.scheduler import Scheduler
from tests.node.sim.said import Shelf, account


class Fake:
    """A validator with a disk."""

    def __init__(self, index: int, *, is_up: bool = True, paused: bool = False, time_us: int = 0) -> None:
        self.index, self.is_up, self.paused, self.announced_timestamp_us = index, is_up, paused, time_us
        self.heard: list[Any] = []
        self.disk = self
        self.store = Shelf()

    def handle(self, event: object, kind: str, data: bytes) -> None:
        self.heard.append((event, kind, data))


@pytest.mark.parametrize(
    ("is_up", "paused", "faulty", "there"),
    [(True, False, False, True), (False, False, False, False), (True, True, False, False), (True, False, True, False)],
)
def test_who_is_reachable(is_up: bool, paused: bool, faulty: bool, there: bool) -> None:
    """'Those that live and are not paused'; 'clients ask nothing of the faulty ones'."""
    validators: Any = [Fake(0), Fake(1, is_up=is_up, paused=paused)]
    doors = Doors(Scheduler(0), validators, {1} if faulty else set())
    assert doors.reachable() == ([0, 1] if there else [0])


def test_a_submission_arrives_a_little_later() -> None:
    """At the validator that was asked, with what identifies the answer."""
    scheduler, validators = Scheduler(0), [Fake(0), Fake(1)]
    asked: Any = validators
    Doors(scheduler, asked, ()).submit(1, 7, b"envelope")
    scheduler.run_until(CLIENT_DELAY_US - 1)
    assert validators[1].heard == []
    scheduler.run_until(CLIENT_DELAY_US)
    assert validators[1].heard == [(Submitted(7, b"envelope"), "submit", b"envelope")]
    assert validators[0].heard == []


def test_what_is_durable_is_told() -> None:
    """An account from the state on disk, and the whole seconds of the last announced block."""
    alice = account(1, ("XUS", 5))
    validator = Fake(0, time_us=9 * SECOND_US + 999_999)

    class Store(Shelf):
        def state(self, key: bytes) -> bytes | None:
            return next((data for known, data in Shelf(alice).states() if known == key), None)

    validator.store = Store()
    asked: Any = [Fake(1), validator]
    doors = Doors(Scheduler(0), asked, ())
    assert doors.account(1, alice.address) == alice
    assert doors.account(1, bytes(16)) is None
    assert (doors.ledger_secs(1), doors.ledger_secs(0)) == (9, 0)
