"""Who may be linked, as the chain has it: every registered validator, members or not (docs/links.md).

A registered validator that is no member yet must be able to catch up; one that was removed goes on serving. A changed
network key counts from its registration on, and the key of the current and the previous set goes on to count.
"""

from collections.abc import Mapping, Sequence

from chain.accounts import Record
from chain.records.validators import (
    VALIDATORS_KEY,
    Accusation,
    ActiveSet,
    ValidatorConfig,
    accusation_key,
    validator_key,
)
from chain.state.view import StateView
from node.config import Endpoint
from node.runtime.links import Contact


class Contacts:
    """Follows the records of one ledger."""

    def __init__(self, state: StateView, own: int, known: Sequence[Endpoint | None]) -> None:
        """`known` are endpoints by number from `node.json`; they go before what the chain says."""
        self._state, self._own, self._known = state, own, known
        self._seen: list[Record | None] = []
        self._previous: Mapping[int, bytes] = {}
        self._current: tuple[int, Mapping[int, bytes]] = (0, {})

    def accused(self) -> list[int]:
        """The numbers of members whose key in force evidence on the ledger has proved guilty (EV15)."""
        active = self._state.get(VALIDATORS_KEY)
        assert isinstance(active, ActiveSet)
        found = []
        for member in active.members:
            record = self._state.get(accusation_key(active.registered[member.number]))
            if isinstance(record, Accusation) and record.names(member.consensus_key):
                found.append(member.number)
        return found

    def changed(self) -> dict[int, Contact] | None:
        """The contacts by number; None if no record has changed since the last call."""
        active = self._state.get(VALIDATORS_KEY)
        assert isinstance(active, ActiveSet)
        configs = [self._state.get(validator_key(account)) for account in active.registered]
        records = [active, *configs]
        if len(records) == len(self._seen) and all(new is old for new, old in zip(records, self._seen, strict=True)):
            return None
        self._seen = records
        if active.epoch != self._current[0]:
            self._previous = self._current[1]
            self._current = active.epoch, {member.number: member.network_key for member in active.members}
        return {
            config.number: contact
            for config in configs
            if isinstance(config, ValidatorConfig) and (contact := self._contact(config)).keys
        }

    def _contact(self, config: ValidatorConfig) -> Contact:
        """Keys, the registered one first, and the endpoint."""
        number = config.number
        keys = (config.network_key, self._current[1].get(number, b""), self._previous.get(number, b""))
        known = self._known[number] if number < len(self._known) else None
        return Contact(tuple(dict.fromkeys(key for key in keys if key)), known or read_endpoint(config.network_address))


def read_endpoint(address: str) -> Endpoint | None:
    """`host:port` of the chain as an endpoint; None for an empty one."""
    host, _, port = address.rpartition(":")
    return (host.strip("[]"), int(port)) if port else None
