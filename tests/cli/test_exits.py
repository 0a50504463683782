"""The table of exit codes: every way in which a command can fail stands in it, or can never reach a command."""

import ast
from collections.abc import Iterator

import pytest

from chain.errors import MithqalError
from cli import exits
from cli.exits import BY_NAME, BY_REASON, exit_code
from tests.house.rules import PACKAGES, sources

NEVER = {
    "peers and their messages: an alarm or a cut link": (
        "bad_authors", "bad_block", "bad_certificate", "bad_frame", "bad_header", "bad_hello", "bad_signature",
        "broken_chain", "frame_too_large", "invalid_tx_in_block", "links", "no_quorum",
        "peer_closed", "protocol_version", "round_order", "round_zero", "silent_peer", "slow_frame", "time_order",
        "too_many_blocks", "unjustified_round", "unknown_message", "wrong_author", "wrong_certificate", "wrong_commit",
        "wrong_digest", "wrong_epoch", "wrong_high_qc", "wrong_identity", "wrong_key", "wrong_leader", "wrong_peer",
        "wrong_protocol", "no_epoch_end", "retired_key", "epoch_is_over", "two_processes", "key_in_use",
    ),
    "refusals of the safety module: consensus goes another way": (
        "old_round", "second_proposal", "silenced", "stale_certificate", "unsafe", "unsafe_proposal", "unsafe_timeout",
        "foreign_record", "signing_record_new",
    ),
    "rules of a genesis: its file is refused as `bad_genesis` with the rule in the details": (
        "bad_currencies", "bad_currency_code", "bad_key", "bad_scaling", "duplicate_key",
        "duplicate_name", "shared_key", "synthetic_mint", "bad_address",
    ),
    "evidence that accuses nobody: of a file it is the rule of a `bad_proof`, of a validator an alarm": (
        "bad_evidence", "evidence_author", "evidence_epoch", "evidence_kind", "evidence_order", "evidence_round",
        "evidence_too_large", "no_conflict",
    ),
    "transactions of other validators, dropped in silence": ("muted",),
    "family names, never raised without a name of their own": ("error", "mempool"),
    "what only our own code can cause": ("not_encodable", "unknown_status"),
}  # fmt: skip
"""Names of errors that end below the command line, by reason."""


def error_classes() -> set[str]:
    """Names of the classes that are a MithqalError."""
    found = {"MithqalError"}
    nodes = [node for source in sources(*PACKAGES) for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    while True:
        more = {node.name for node in nodes if any(named(base) in found for base in node.bases)}
        if more <= found:
            return found
        found |= more


def named(node: ast.expr) -> str | None:
    """The last part of a dotted name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def names_in(tree: ast.AST, classes: set[str]) -> Iterator[str]:
    """Names that stand in a source: a class's own, and those given as `name=` to a constructor of an error."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in classes:
            values = [
                item.value for item in node.body if isinstance(item, ast.Assign) and named(item.targets[0]) == "name"
            ]
        elif isinstance(node, ast.Call) and (named(node.func) in classes or "super" in ast.dump(node.func)):
            values = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
        else:
            continue
        for value in values:
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def raised() -> set[str]:
    """Every name in the product."""
    classes = error_classes()
    return {name for source in sources(*PACKAGES) for name in names_in(source.tree, classes)}


def never() -> set[str]:
    """The names that end below the command line."""
    return {name for names in NEVER.values() for name in names}


def test_every_error_has_an_exit_code_or_never_reaches_a_command() -> None:
    """The rule: "exit codes, from one tested table that maps every status and abort"."""
    found = raised()
    assert {"unknown_account", "timed_out", "bad_amount", "wrong_leader", "failed_on_chain", "rpc_error"} <= found
    assert sorted(found - set(BY_NAME) - never()) == []


def test_the_list_of_exceptions_is_as_short_as_it_can_be() -> None:
    """Nothing is excused that is not raised, or that has a code."""
    assert sorted(never() - raised()) == []
    assert sorted(never() & set(BY_NAME)) == []


def test_the_walk_sees_a_planted_name() -> None:
    """A check that cannot fail checks nothing."""
    text = 'class Odd(MithqalError):\n    name = "odd"\n\n\ndef f(x): raise Odd("m", name="a" if x else "b")\n'
    assert set(names_in(ast.parse(text), {"MithqalError", "Odd"})) == {"odd", "a", "b"}
    assert set(names_in(ast.parse('click.option(name="list")'), {"MithqalError"})) == set()


def test_what_is_not_an_abort_goes_by_its_name() -> None:
    """Out of gas is 5; a reason in words changes nothing; what is not listed exits with 1."""
    assert exit_code(MithqalError("x", name="failed_on_chain", reason="out_of_gas")) == 5
    assert exit_code(MithqalError("x", name="failed_on_chain")) == 5
    assert exit_code(MithqalError("x", name="timed_out", reason="nobody knows")) == 7
    for policy in ("account_frozen", "limits_exceeded", "tier_exceeded", "corridor_halted", "cap_exceeded"):
        assert exit_code(MithqalError("x", name=policy)) == 9
    assert exit_code(MithqalError("x", name="never heard of")) == 1


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (2, ("bad_amount", "bad_argument", "network_differs", "foreign_keys", "not_loopback", "not_a_test_chain",
             "transaction_file_malformed", "name_taken", "config_missing", "key_file_permissions", "malformed_genesis",
             "bad_genesis", "wrong_network", "storage_format")),
        (3, ("cannot_connect", "network_missing", "network_corrupt", "not_ready", "not_running", "validator_died",
             "port_in_use", "directory_in_use")),
        (4, ("invalid_signature", "transaction_expired", "mempool_is_full", "foreign_transaction", "not_canonical")),
        (6, ("unknown_account", "unknown_currency", "unknown_hash", "unknown_function", "key_file_missing",
             "rate_date_out_of_range")),
        (7, ("timed_out",)),
        (8, ("bad_proof", "conservation", "transaction_file_mismatch", "storage_corrupt")),
    ],
)  # fmt: skip
def test_what_scripts_rely_on(code: int, names: tuple[str, ...]) -> None:
    """The codes of design, "Command line", each with the failures that belong to it."""
    assert {name: BY_NAME[name] for name in names} == dict.fromkeys(names, code)


def test_every_code_has_a_meaning() -> None:
    """The page of commands says what each code means."""
    assert {*BY_NAME.values(), *BY_REASON.values(), 0, 130} == set(exits.MEANINGS)
