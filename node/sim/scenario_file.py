"""Scenario files: JSON to a Scenario and back. Unknown keys are errors that name the key with its path.

The format is in docs/simulation.md. Times are milliseconds with at most three decimals, shares have at most six, so
that both directions are exact.
"""

from collections.abc import Sequence
from typing import Any

from chain.limits import MAX_VALIDATORS
from chain.records.onchain import LEADER_ELECTIONS, REPUTATION, ROUND_ROBIN
from node.sim.bending import CHANGES as LIES
from node.sim.directives import PPM, Act, Liar, Rule, Step
from node.sim.document import (
    Kind,
    Node,
    ScenarioError,
    boolean,
    integer,
    listed,
    one_of,
    optional,
    parse,
    share,
    shown,
    signed_time,
    text,
    time,
)
from node.sim.scenario import CHANGES, ROUNDS_BY_REPUTATION, ROUNDS_TO_RECOVER, TO_REPUTATION, Change, Scenario
from node.sim.strategies import COMPOSED, ELSEWHERE, STRATEGIES
from node.sim.vocabulary import CLIENT_FAULTS, CRASHES, DISK_MODES, NODELESS, POINTS, is_known, names
from node.sim.wire import TYPE_NAMES

VERSION = 1
"""Of the format."""
DEFAULT_DURATION_US = 20_000_000
KEYS = (
    "version", "name", "about", "validators", "spares", "duration_ms", "gst_ms", "gst_round", "stop_at_round",
    "liveness_rounds", "leaders", "link", "disk", "sync", "clients", "signatures", "chances", "rules", "faults",
    "twins", "byzantine", "epochs", "mutant",
)  # fmt: skip
CHANCES_MS = (
    "crash_every", "down", "blackout_every", "disk_lost_every", "pause_every", "pause", "partition_every", "partition",
    "hold_every", "hold", "disk_slow_every", "disk_slow", "false_down_every", "false_down", "skew",
)  # fmt: skip
"""Keys of `chances` that are times: `<name>_ms` is the field `<name>_us`."""
CHANCES_SHARE = {"spike": "spike_ppm", "sync_cut": "sync_cut_ppm", "lies": "lies_ppm"}
STEP_DOES = ("hide", "hold", "lie", "send")


def read_scenario(text_: str) -> Scenario:
    """A scenario from its JSON text; ScenarioError (`bad_scenario`, `unknown_key`) otherwise."""
    return from_document(parse(text_))


def from_document(value: Any) -> Scenario:
    """A scenario from its document."""
    top = Node(value, "", KEYS)
    version = top.get("version", integer(1, VERSION), VERSION)
    assert version == VERSION
    top.get("name", text, "")
    top.get("about", text, "")
    count = top.get("validators", integer(1, MAX_VALIDATORS), 4)
    duration_us = top.get("duration_ms", time, DEFAULT_DURATION_US)
    if duration_us < 1_000_000:
        raise ScenarioError(f"duration_ms: a run takes 1000 ms or more, not {duration_us // 1_000}", path="duration_ms")
    gst_us = top.get("gst_ms", time, duration_us * 6 // 10)
    if gst_us > duration_us:
        raise ScenarioError("gst_ms is after the end of the run (duration_ms)", path="gst_ms")
    epochs = top.nodes("epochs", ("at_ms", *CHANGES, TO_REPUTATION))
    changes = tuple(sorted(change for item in epochs for change in _changes(item)))
    highest = max((change.node for change in changes), default=0)
    spares = top.get("spares", integer(0, 16), max(highest + 1 - count, 0))
    if highest >= count + spares:
        raise ScenarioError(f"epochs: there is no validator {highest}; spares: {spares}", path="epochs")
    numbers = integer(0, count + spares - 1)
    twins = [node for place, group in top.items("twins") for node in listed(numbers)(group, place)]
    acts = [_act(item) for item in top.nodes("faults", ACT_KEYS)]
    clients = _clients(top)
    _need_clients(acts, clients["payers"])
    for place, act in enumerate(acts):
        if act.do == "clone":
            acts[place] = act._replace(src=(count + spares + len(twins),))
            twins.append(act.node)
    processes = integer(0, count + spares + len(twins) - 1)
    for place, act in enumerate(acts):
        for number in (act.node, *(act.src or ()), *(act.dst or ()), *(n for group in act.groups for n in group)):
            if number >= 0:
                processes(number, f"faults[{place}]")
    leaders = _leaders(top, count)
    patience = ROUNDS_BY_REPUTATION if leaders == REPUTATION else ROUNDS_TO_RECOVER
    fields = {
        "validators": count, "duration_us": duration_us, "gst_us": gst_us, "changes": changes, "spares": spares,
        "max_rounds_to_recover": top.get("liveness_rounds", integer(1, 10_000), patience),
        "gst_round": top.get("gst_round", optional(integer(1, 1 << 62)), None),
        "stop_at_round": top.get("stop_at_round", optional(integer(1, 1 << 62)), None),
        "leaders": leaders, "mutant": top.get("mutant", optional(text), None),
        "signatures": top.get("signatures", one_of("keyed-hash", "libsodium"), "keyed-hash"),
        "rules": tuple(_rule(item, processes) for item in top.nodes("rules", RULE_KEYS)),
        "acts": tuple(acts), "twins": tuple(twins),
        "liars": tuple(read_liar(item, count + spares) for item in top.nodes("byzantine", LIAR_KEYS)),
        **_link(top), **clients, **_chances(top, numbers),
    }  # fmt: skip
    return Scenario(**fields)


# --- parts ---

RULE_KEYS = (
    "from_ms", "to_ms", "from_round", "to_round", "src", "dst", "types", "do", "ms", "release_at_ms",
    "release_at_round", "chance", "name", "for_ms",
)  # fmt: skip
ACT_KEYS = (
    "at_ms", "at_round", "at_point", "nth", "node", "do", "disk", "for_ms", "ms", "of_ms", "groups", "src", "dst",
    "types", "chance", "part", "count",
)  # fmt: skip
LIAR_KEYS = ("node", "strategy", "rounds", "from_round", "to_round", "to", "steps")
STEP_KEYS = (
    "on", "do", "to", "rounds", "from_round", "to_round", "change", "ms", "after_rounds", "release_at_ms",
    "release_at_round", "count",
)  # fmt: skip


def _leaders(top: Node, count: int) -> str | tuple[int, ...]:
    """The name of an election, or a list by round."""
    value = top.value.get("leaders", ROUND_ROBIN)
    if isinstance(value, list):
        found = tuple(listed(integer(0, count - 1))(value, "leaders"))
        if not found:
            raise ScenarioError("leaders: the list is empty", path="leaders")
        return found
    if value not in LEADER_ELECTIONS:
        raise ScenarioError('leaders: "round_robin", "reputation" or a list of validators by round', path="leaders")
    return str(value)


def _link(top: Node) -> dict[str, Any]:
    """Links, disks and catching up."""
    link = top.node("link", ("delay_ms", "jitter_ms", "loss", "duplicate", "reorder"))
    disk = top.node("disk", ("delay_ms",))
    sync = top.node("sync", ("snapshot_behind", "chunk_leaves"))
    return {
        "delay_us": link.get("delay_ms", time, 20_000), "jitter_us": link.get("jitter_ms", time, 10_000),
        "loss_ppm": link.get("loss", share, 0), "duplicate_ppm": link.get("duplicate", share, 0),
        "reorder_ppm": link.get("reorder", share, 0), "disk_delay_us": disk.get("delay_ms", time, 3_000),
        "snapshot_behind": sync.get("snapshot_behind", optional(integer(1, 1 << 40)), 60),
        "chunk_leaves": sync.get("chunk_leaves", integer(1, 10_000), 8),
    }  # fmt: skip


def _clients(top: Node) -> dict[str, Any]:
    """Who pays."""
    clients = top.node("clients", ("accounts", "payments_per_s", "hot_share", "invalid_share"))
    payers = clients.get("accounts", integer(0, 1_000), 20)
    if payers == 1:
        raise ScenarioError("clients.accounts: 0, or 2 and more that pay each other", path="clients.accounts")
    return {
        "payers": payers,
        "payments_per_s": clients.get("payments_per_s", integer(0, 100_000 if payers else 0), 50 if payers else 0),
        "hot_ppm": clients.get("hot_share", share, 0), "invalid_ppm": clients.get("invalid_share", share, 100_000),
    }  # fmt: skip


def _need_clients(acts: Sequence[Act], payers: int) -> None:
    """Faults of clients need clients."""
    for place, act in enumerate(acts):
        if act.do in ("mempool_spam", *CLIENT_FAULTS) and not payers:
            path = f"faults[{place}].do"
            raise ScenarioError(f"{path}: {act.do} needs clients, and clients.accounts is 0", path=path)


def _chances(top: Node, numbers: Kind) -> dict[str, Any]:
    """What the seed draws, as a campaign's scenarios do."""
    keys = ("from_ms", "liar", *(f"{name}_ms" for name in CHANCES_MS), *CHANCES_SHARE)
    chances, plain = top.node("chances", keys), Scenario()
    found = {f"{name}_us": chances.get(f"{name}_ms", time, getattr(plain, f"{name}_us")) for name in CHANCES_MS}
    found |= {field: chances.get(key, share, 0) for key, field in CHANCES_SHARE.items()}
    found["faults_from_us"] = chances.get("from_ms", time, plain.faults_from_us)
    found["liar"] = chances.get("liar", numbers, plain.liar)
    return found


def _changes(item: Node) -> list[Change]:
    """One entry of `epochs`."""
    at_us = item.need("at_ms", time)
    found = []
    for kind in ("add", "remove", "rekey"):
        found += [Change(at_us, kind, node) for node in item.get(kind, listed(integer(0, MAX_VALIDATORS)), [])]
    found += [Change(at_us, kind) for kind in ("consensus", TO_REPUTATION) if item.get(kind, boolean, False)]
    if not found:
        raise ScenarioError(f"{item.path}: say add, remove, rekey, consensus or {TO_REPUTATION}", path=item.path)
    return found


def _rule(item: Node, processes: Kind) -> Rule:
    """One entry of `rules`."""
    rule = Rule(
        item.need("do", one_of("drop", "delay", "duplicate", "hold")),
        item.get("from_ms", time, 0), item.get("to_ms", optional(time), None),
        item.get("from_round", optional(integer(0, 1 << 62)), None),
        item.get("to_round", optional(integer(0, 1 << 62)), None),
        _some(item, "src", processes), _some(item, "dst", processes), _some(item, "types", one_of(*TYPE_NAMES)),
        item.get("ms", time, 0), item.get("release_at_ms", optional(time), None),
        item.get("release_at_round", optional(integer(0, 1 << 62)), None), item.get("chance", share, PPM),
        item.get("name", text, ""), item.get("for_ms", optional(time), None),
    )  # fmt: skip
    if rule.for_us is not None and rule.from_round is None:
        raise ScenarioError(f"{item.path}.for_ms: say from_round, from where it counts", path=f"{item.path}.for_ms")
    if rule.do == "hold" and rule.release_at_us is None and rule.release_at_round is None:
        raise ScenarioError(f"{item.path}: hold needs release_at_ms or release_at_round", path=item.path)
    if rule.do == "delay" and not rule.us:
        raise ScenarioError(f"{item.path}.ms: delay needs a time above 0", path=f"{item.path}.ms")
    return rule


def _act(item: Node) -> Act:
    """One entry of `faults`."""
    do = item.need("do", fault_name)
    numbers = integer(0, 2 * MAX_VALIDATORS)
    at_us = item.get("at_ms", optional(time), None)
    act = Act(
        do, item.get("node", numbers, -1), at_us, item.get("at_round", optional(integer(0, 1 << 62)), None),
        item.get("at_point", optional(one_of(*POINTS)), None), item.get("nth", integer(1, 1 << 20), 1),
        item.get("disk", one_of(*DISK_MODES), "lose_unsynced"), item.get("for_ms", optional(time), None),
        item.get("ms", signed_time, 0), item.get("of_ms", time, max((at_us or 2_000_000) - 1_000_000, 0)),
        tuple(tuple(group) for group in item.get("groups", listed(listed(numbers)), [])),
        _some(item, "src", numbers), _some(item, "dst", numbers), _some(item, "types", one_of(*TYPE_NAMES)),
        item.get("chance", share, PPM), item.get("part", one_of("record", "ledger"), "record"),
        item.get("count", integer(1, 100_000), 1),
    )  # fmt: skip
    if at_us is None and act.at_round is None and act.at_point is None:
        raise ScenarioError(f"{item.path}: say at_ms, at_round or at_point", path=item.path)
    if act.at_round is not None and (at_us is not None or act.at_point is not None):
        raise ScenarioError(f"{item.path}.at_round: it goes alone; at_point may say at_ms, from when on",
                            path=f"{item.path}.at_round")  # fmt: skip
    if "disk" in item.value and do not in CRASHES:
        raise ScenarioError(f"{item.path}.disk: only a crash says what the disk makes of it", path=f"{item.path}.disk")
    if act.at_point is not None and do not in CRASHES:
        raise ScenarioError(f"{item.path}.at_point: only a crash happens at a point", path=f"{item.path}.at_point")
    if do == "crash.at" and act.at_point is None:
        raise ScenarioError(f"{item.path}: crash.at needs at_point", path=item.path)
    if act.node < 0 and do not in NODELESS:
        raise ScenarioError(f"{item.path}: {do} needs node", path=item.path)
    if do in ("partial", "flap", "one_way", "half_open", "reset_mid_frame") and (act.src is None or act.dst is None):
        raise ScenarioError(f"{item.path}: {do} needs src and dst", path=item.path)
    if do == "partition" and not act.groups:
        raise ScenarioError(f"{item.path}: partition needs groups", path=item.path)
    if do == "per_message_type" and act.types is None:
        raise ScenarioError(f"{item.path}: per_message_type needs types", path=item.path)
    return act


def read_liar(item: Node, validators: int) -> Liar:
    """One entry of `byzantine`."""
    node = item.need("node", integer(0, validators - 1))
    strategy = item.get("strategy", strategy_name, COMPOSED)
    if strategy == COMPOSED:
        steps = item.nodes("steps", STEP_KEYS)
        if not steps:
            raise ScenarioError(f"{item.path}: say a strategy or steps", path=item.path)
    else:
        if "steps" in item.value:
            raise ScenarioError(f"{item.path}.steps: {strategy} has its own steps", path=f"{item.path}.steps")
        steps = [Node(step, f"{strategy}[{place}]", STEP_KEYS) for place, step in enumerate(STRATEGIES[strategy])]
    others = [number for number in range(validators) if number != node]
    found = [_step(step, others) for step in steps]
    override = {
        "rounds": _some(item, "rounds", integer(0, 1 << 62)), "to": _to(item, others),
        "from_round": item.get("from_round", optional(integer(0, 1 << 62)), None),
        "to_round": item.get("to_round", optional(integer(0, 1 << 62)), None),
    }  # fmt: skip
    said = {key: value for key, value in override.items() if value is not None}
    return Liar(node, strategy, tuple(step._replace(**said) for step in found))


def _step(item: Node, others: Sequence[int]) -> Step:
    """One step of a liar."""
    on = item.need("on", text)
    kind = on.removeprefix("heard.")
    if kind != "any" and kind not in TYPE_NAMES:
        raise ScenarioError(f"{item.path}.on: {on!r} is no kind of message: {', '.join(TYPE_NAMES)}", path=item.path)
    change = item.node("change", tuple(LIES))
    step = Step(
        on, item.need("do", one_of(*STEP_DOES)), _to(item, others),
        item.get("from_round", optional(integer(0, 1 << 62)), None),
        item.get("to_round", optional(integer(0, 1 << 62)), None), _some(item, "rounds", integer(0, 1 << 62)),
        tuple((key, change.get(key, _change(key), None)) for key in LIES if key in change.value),
        item.get("ms", time, 0), item.get("after_rounds", integer(0, 1_000), 0),
        item.get("release_at_round", optional(integer(0, 1 << 62)), None),
        item.get("release_at_ms", optional(time), None), item.get("count", integer(1, 1_000), 1),
    )  # fmt: skip
    if step.do in ("lie", "send") and not step.change:
        raise ScenarioError(f"{item.path}: {step.do} needs change", path=item.path)
    return step


CHANGE_WORDS: dict[str, tuple[str, ...]] = {
    "as": ("vote", "timeout", "tc", "end", "accusation"),
    "root": ("flip",),
    "block": ("other",),
    "commit": ("none",),
    "qc": ("lowest", "older", "highest", "genesis", "tc"),
    "signers": ("duplicate", "fewer"),
    "tc": ("none", "lowest", "highest", "older"),
    "payload": ("empty", "garbage", "twice", "reversed", "flip"),
    "blocks": ("none", "first", "again"),
    "signature": ("flip", "malleate", "other_chain", "other_type"),
    "bytes": ("truncated", "trailing", "garbage", "huge_length", "deep", "huge_int", "map", "nonminimal", "oversize",
              "unknown_type"),
}  # fmt: skip


def _change(key: str) -> Kind:
    """What a change's value may be: a word, or a number."""
    return one_of(*CHANGE_WORDS[key]) if key in CHANGE_WORDS else integer(-(1 << 62), 1 << 62)


def _to(item: Node, others: Sequence[int]) -> tuple[int, ...] | None:
    """Whom a step concerns: a list, `half` of the others, or the `rest`."""
    value = item.value.get("to")
    half = len(others) // 2
    if value == "half":
        return tuple(others[:half])
    if value == "rest":
        return tuple(others[half:])
    found: tuple[int, ...] | None = _some(item, "to", integer(0, 2 * MAX_VALIDATORS))
    return found


def _some(item: Node, key: str, kind: Kind) -> Any:
    """A list as a tuple, or None if it is not said."""
    found = item.get(key, optional(listed(kind)), None)
    return None if found is None else tuple(found)


def fault_name(value: Any, path: str) -> str:
    """A name of the fault vocabulary that is no strategy."""
    _not_elsewhere(value, path)
    if value in STRATEGIES:
        raise ScenarioError(f"{path}: {value} is a strategy: say it in byzantine[..].strategy", path=path)
    if not isinstance(value, str) or not is_known(value):
        raise ScenarioError(f"{path}: {shown(value)} is no fault; there are {', '.join(names())}", path=path)
    return value


def strategy_name(value: Any, path: str) -> str:
    """A named composition, or `composed`."""
    _not_elsewhere(value, path)
    return str(one_of(COMPOSED, *STRATEGIES)(value, path))


def _not_elsewhere(value: Any, path: str) -> None:
    """Names that no scenario can order say why."""
    if isinstance(value, str) and value in ELSEWHERE:
        raise ScenarioError(f"{path}: {value} cannot be ordered here: {ELSEWHERE[value]}", path=path)
