"""What governance does in a run: members come, go and change their keys at the times that the scenario says."""

from collections import Counter

from chain.records.onchain import REPUTATION, ConsensusConfig
from chain.transaction import Payload
from node.sim.parties import Parties, validator_name
from node.sim.scenario import TO_REPUTATION, Change, Scenario
from node.sim.scheduler import Scheduler
from node.sim.workload import Wallet, Workload

RETRY_US = 200_000
"""Until the set-up is asked for again."""
TIMEOUTS_US = (1_000_000, 700_000)
"""Round time-outs that `consensus` changes set in turn."""


class Governance:
    """The association and the operators of a run."""

    def __init__(
        self, scenario: Scenario, scheduler: Scheduler, parties: Parties, workload: Workload, counts: Counter[str]
    ) -> None:
        """Nothing is planned before `plan`."""
        self._scenario, self._scheduler = scenario, scheduler
        self._parties, self._workload = parties, workload
        self._counts = counts

    def plan(self, start_us: int) -> None:
        """Put every change on the clock."""
        for change in self._scenario.changes:
            self._scheduler.at(start_us + change.at_us, self._act, change)

    def _act(self, change: Change) -> None:
        """Sign and send, once the set-up is done."""
        if not self._workload.ready:
            self._scheduler.after(RETRY_US, self._act, change)
            return
        self._counts[f"governance_{change.kind}"] += 1
        self._workload.order(*self._call(change), "governance")

    def _call(self, change: Change) -> tuple[Wallet, Payload]:
        """Who signs what."""
        parties, node = self._parties, change.node
        if change.kind == "rekey":
            arguments = parties.config_of(node, parties.new_consensus_key(node))
            return parties.operators[node], Payload("set_validator_config_and_reconfigure", arguments)
        if change.kind == TO_REPUTATION:
            config = ConsensusConfig(REPUTATION).to_bytes()
            return parties.association, Payload("update_diem_consensus_config", (0, config))
        if change.kind == "consensus":
            timeout_us = TIMEOUTS_US[self._counts["governance_consensus"] % len(TIMEOUTS_US)]
            config = ConsensusConfig(round_timeout_us=timeout_us).to_bytes()
            return parties.association, Payload("update_diem_consensus_config", (0, config))
        function = f"{change.kind}_validator_and_reconfigure"
        arguments = (0, validator_name(node), parties.owners[node].address)
        return parties.association, Payload(function, arguments)
