"""What a validator measures, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from chain.accountability import EVIDENCE
from chain.interface import Committed


class Metrics:
    """Counters of one validator in a registry of their own."""

    def __init__(self) -> None:
        """All at zero."""
        self.registry = CollectorRegistry()
        registry = self.registry
        self.blocks = Counter("mithqal_committed_blocks", "Blocks final since start", registry=registry)
        self.transactions = Counter("mithqal_committed_transactions", "User transactions final", registry=registry)
        self.height = Gauge("mithqal_height", "Height of the last durable block", registry=registry)
        self.version = Gauge("mithqal_version", "Last durable version", registry=registry)
        self.ledger_time = Gauge("mithqal_ledger_time_seconds", "The ledger's time", registry=registry)
        self.evidence = Counter(
            "mithqal_evidence", "Evidence by kind and validator, since ever", ["kind", "validator"], registry=registry
        )
        self.alarms = Counter("mithqal_alarms", "Alarms by name", ["name"], registry=registry)

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """A gauge that is read when asked for."""
        Gauge(name, what, registry=self.registry).set_function(read)

    def on_committed(self, committed: Committed) -> None:
        """A block is durable."""
        self.blocks.inc()
        self.transactions.inc(len(committed.hashes))
        self.height.set(committed.height)
        self.version.set(committed.version)
        self.ledger_time.set(committed.timestamp_us / 1_000_000)

    def on_alarm(self, name: str, peer: int | None = None) -> None:
        """An alarm was raised, maybe about a validator."""
        self.alarms.labels(name).inc()
        if name.startswith(EVIDENCE) and peer is not None:
            self.on_evidence(name.removeprefix(EVIDENCE), peer)

    def on_evidence(self, kind: str, validator: int) -> None:
        """Evidence of this kind against a validator is known: it is new, or was stored by an earlier process."""
        self.evidence.labels(kind, str(validator)).inc()
