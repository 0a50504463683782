"""Every fault that a scenario may order by name, what it takes, and the rules that the network's ones are made of."""

from collections.abc import Callable, Sequence

from node.sim.directives import Act, Rule
from node.sim.workload import EDGES

Everyone = Sequence[int]
"""Numbers of all processes."""
CRASHES = ("crash", "crash.at", "oom_kill", "restart.lost_unsynced", "restart.lost_disk", "restart.old_snapshot")
"""Ways to die; those called restart come back by themselves."""
DISK_MODES = ("keep", "lose_unsynced", "torn", "lose_all", "old_snapshot", "bit_rot")
"""What the disk makes of a crash."""
DISKS_OF = {
    "restart.lost_unsynced": "lose_unsynced",
    "restart.lost_disk": "lose_all",
    "restart.old_snapshot": "old_snapshot",
}
WRITE_FAILURES = ("full", "short_write", "torn_write", "fsync_EIO")
"""The next write of the node fails, and it stops before anything of that leaves."""
READ_FAILURES = {
    "misdirected_write": "safety_record_unreadable",
    "lost_rename": "safety_record_lost",
    "read_EIO": "storage_read_failed",
    "perm_denied": "storage_unreadable",
}
"""The node crashes and meets this error when it starts again; with `for_ms` the cause is gone after that."""
OTHERS = (
    "restart", "pause", "resume", "slow_cpu", "clock.skew", "clock.drift", "clock.jump_back", "clock_jump", "clone",
    "diverge", "fsync_lie", "fsync_slow", "bit_rot", "heal", "mempool_spam", "tx_replay", "tx_cross_chain",
    "tx_foreign_key", "tx_edge_cases",
)  # fmt: skip
CLIENT_FAULTS: dict[str, tuple[str, ...]] = {
    "tx_replay": ("duplicate", "old_sequence"), "tx_cross_chain": ("wrong_chain",), "tx_foreign_key": ("foreign_key",),
    "tx_edge_cases": EDGES,
}  # fmt: skip
"""Kinds of the workload's rule breakers."""
NODELESS = ("heal", "partition", "mempool_spam", *CLIENT_FAULTS, "drop", "delay", "dup", "reorder",
            "replay_old", "corrupt_bit", "one_way", "partial", "flap", "slow_link", "half_open", "reset_mid_frame",
            "per_message_type")  # fmt: skip
"""Faults that name no single node."""
POINTS = tuple(
    f"{what}.{stage}"
    for what in ("vote", "timeout", "proposal", "commit")
    for stage in ("computed", "written", "synced", "sent")
)
"""Where a node may crash: a step's output is computed; its ledger's part is written, its record is not; both are
durable and nothing has left; its messages have left."""
FLAP_US = 300_000
REPLAY_US = 3_000_000


def is_known(name: str) -> bool:
    """Whether a scenario's fault may be called so."""
    return name in NETWORK or name in (*CRASHES, *WRITE_FAILURES, *READ_FAILURES, *OTHERS)


def names() -> list[str]:
    """All of them."""
    return sorted({*NETWORK, *CRASHES, *WRITE_FAILURES, *READ_FAILURES, *OTHERS})


def _plain(do: str, us: int = 0) -> Callable[[Act, Everyone], list[Rule]]:
    """One rule for the messages that the act names; `us` where it says no time."""

    def rules(act: Act, _everyone: Everyone) -> list[Rule]:
        return [Rule(do, src=act.src, dst=act.dst, types=act.types, us=act.us or us, ppm=act.ppm)]

    return rules


def _partition(act: Act, everyone: Everyone) -> list[Rule]:
    """Only members of one group hear each other; who is not named is in a group of its own with the others."""
    named = {process for group in act.groups for process in group}
    rest = tuple(process for process in everyone if process not in named)
    groups = [*act.groups, rest] if rest else list(act.groups)
    return [
        Rule("drop", src=group, dst=tuple(other for other in everyone if other not in group), types=act.types)
        for group in groups
    ]


def _partial(act: Act, _everyone: Everyone) -> list[Rule]:
    """The links between two groups are cut, all others are whole."""
    return [
        Rule("drop", src=act.src, dst=act.dst, types=act.types), Rule("drop", src=act.dst, dst=act.src, types=act.types)
    ]  # fmt: skip


def _eclipse(act: Act, _everyone: Everyone) -> list[Rule]:
    """One node hears nobody, and nobody hears it."""
    return [Rule("drop", src=(act.node,), types=act.types), Rule("drop", dst=(act.node,), types=act.types)]


def _flap(act: Act, _everyone: Everyone) -> list[Rule]:
    """A link that is there and gone in turn; the script cuts the time in pieces."""
    return _partial(act, ())


def _slow_cpu(act: Act, _everyone: Everyone) -> list[Rule]:
    """Whatever a node does comes later."""
    us = act.us or 50_000
    return [Rule("delay", src=(act.node,), us=us), Rule("delay", dst=(act.node,), us=us)]


NETWORK: dict[str, Callable[[Act, Everyone], list[Rule]]] = {
    "drop": _plain("drop"),
    "delay": _plain("delay", 100_000),
    "dup": _plain("duplicate"),
    "reorder": _plain("delay", 30_000),
    "replay_old": _plain("duplicate", REPLAY_US),
    "corrupt_bit": _plain("drop"),
    "partition": _partition,
    "one_way": _plain("drop"),
    "partial": _partial,
    "flap": _flap,
    "slow_link": _plain("delay", 200_000),
    "half_open": _plain("drop"),
    "reset_mid_frame": _partial,
    "per_message_type": _plain("drop"),
    "eclipse": _eclipse,
    "slow_cpu": _slow_cpu,
}
"""Faults of the network, each as rules. A message with a flipped bit is dropped: the link's encryption refuses it."""
