"""A validator that must not sign serves on as an observer, and says what gives it back its vote (D4 to D6).

What it said once on standard error and in its log, it says to whoever asks: `get_signing_status`, `mithqal localnet
status`, the metric `mithqal_signing`.
"""

import shlex
import sys
from collections.abc import Callable, Mapping

from chain.consensus.pacemaker import NOBODY
from chain.consensus.safety import RECALLING
from chain.errors import MithqalError, SafetyError
from chain.records.validators import VALIDATORS_KEY, ActiveSet, ValidatorConfig, validator_key
from chain.replica import Replica
from chain.state.view import StateView
from node.api.signing import Signing
from node.config import NodeConfig

NETWORK_FILE = "network.json"
"""Beside the validators of a local network, where the command that changes a key works."""
ABOUT_THE_RECORD = ("safety_record_old", "signing_record_new")
"""Alarms of the machine after which it signs nothing more."""
WORDS = {
    "safety_record_lost": "signing record lost",
    "safety_record_unreadable": "signing record unreadable",
    "safety_record_foreign": "signing record of another key",
    "safety_record_old": "signing record old, or its key used elsewhere",
    "safety_record_restored": "restored from a backup",
    "signing_record_new": "signing record lost",
}


class Observer:
    """Whether this process signs, and if not, why."""

    def __init__(
        self,
        config: NodeConfig,
        replica: Replica,
        barred: Mapping[bytes, MithqalError],
        say: Callable[[str, str], None],
    ) -> None:
        """`barred` are keys whose record cannot be used, and why; `say` writes to the log."""
        self._config, self._replica, self._barred, self._say = config, replica, barred, say
        self._told: dict[bytes, None] = {}

    def signing(self) -> Signing:
        """What there is to tell now."""
        consensus = self._replica.consensus
        safety, validators = consensus.machine.safety, consensus.machine.validators
        place = validators.index_of(consensus.number)
        if place is None:
            return Signing("follower", "", safety.silenced or "", "")
        if safety.silenced is None:
            return Signing("signs", "", "", "")
        if safety.silenced == RECALLING:
            return Signing("asks", "", safety.silenced, "")
        key = validators.members[place].consensus_key
        if consensus.machine.own == NOBODY and key not in self._barred and not consensus.is_barred(key):
            return Signing("follower", "", safety.silenced, "")
        why = self._barred.get(key) or SafetyError(safety.silenced, name=ABOUT_THE_RECORD[0])
        command = rotation_command(self._config, self._replica.ledger.state)
        return Signing("observer", WORDS.get(why.name, why.name), why.message, command)

    def notice(self) -> None:
        """Say once for each key that it signs nothing, and the command that gives the validator another one."""
        found, consensus = self.signing(), self._replica.consensus
        place = consensus.machine.validators.index_of(consensus.number)
        if found.state != "observer" or place is None:
            return
        key = consensus.machine.validators.members[place].consensus_key
        if key in self._told:
            return
        self._told[key] = None
        text = f"{found.reason}: this validator follows and serves, and signs nothing until: {found.command}"
        self._say("observer", text)
        try:
            sys.stderr.write(f"mithqal node: observer: {text}\n")
            sys.stderr.flush()
        except OSError:
            pass  # on a full disk the log and the status have to do


def rotation_command(config: NodeConfig, state: StateView) -> str:
    """What gives this validator another key, ready to be typed: its name as the chain has it, and its network's
    directory if it lies in one."""
    active = state.get(VALIDATORS_KEY)
    assert isinstance(active, ActiveSet)
    found = state.get(validator_key(active.registered[config.index])) if config.index < len(active.registered) else None
    name = found.human_name if isinstance(found, ValidatorConfig) else str(config.index)
    words = ["mithqal", "validator", "rotate-key", name]
    network = config.directory.resolve().parent
    if (network / NETWORK_FILE).exists():
        words += ["--network", str(network)]
    return shlex.join(words)
