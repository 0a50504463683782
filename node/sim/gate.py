"""How the clients of a run reach its validators."""

from collections.abc import Collection, Sequence

from chain.accounts import Account, account_key
from chain.interface import Submitted
from chain.primitives import SECOND_US
from node.sim.scheduler import Scheduler
from node.sim.validator import Validator

CLIENT_DELAY_US = 1_000
"""From a client to a validator."""


class Doors:
    """The doors of all honest validators (`workload.Gate`)."""

    def __init__(self, scheduler: Scheduler, validators: Sequence[Validator], faulty: Collection[int]) -> None:
        """`validators` are all processes; clients ask nothing of the faulty ones."""
        self._scheduler, self._validators, self._faulty = scheduler, validators, faulty

    def reachable(self) -> list[int]:
        """Those that live and are not paused."""
        return [
            validator.index
            for validator in self._validators
            if validator.is_up and not validator.paused and validator.index not in self._faulty
        ]

    def submit(self, node: int, request_id: int, envelope: bytes) -> None:
        """Arrives a little later."""
        event = Submitted(request_id, envelope)
        self._scheduler.after(CLIENT_DELAY_US, self._validators[node].handle, event, "submit", envelope)

    def account(self, node: int, address: bytes) -> Account | None:
        """From the durable state."""
        data = self._validators[node].disk.store.state(account_key(address))
        return None if data is None else Account.from_bytes(data)

    def ledger_secs(self, node: int) -> int:
        """Of the last announced block."""
        return self._validators[node].announced_timestamp_us // SECOND_US
