"""`mithqal audit` on a ledger's file: what a quorum signed is audited, and a changed file is named for what it is."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chain.accounts import Account, account_key
from chain.certificates import QuorumCertificate
from chain.codec import decode, encode, fields
from chain.errors import MithqalError, ProofError
from chain.execution.executor import HANDLERS
from chain.genesis import first_validators
from chain.storage import Column, WriteBatch
from chain.validators import ValidatorSet
from cli.exits import exit_code
from node.client.audit.audit import AuditError, audit_directory
from node.client.audit.books import BooksError
from node.storage.sqlite import SqliteStore
from tests.builders import ALICE, BOB, ROOT, TC, party
from tests.chains import certify
from tests.driven_ledger import CONSENSUS_KEYS, Draft, DrivenLedger, opening

PAID = Draft(ALICE, "peer_to_peer_with_metadata", ("XUS", BOB.address, 7, b"", b""), price=2)
EPOCH = Draft(TC, "update_exchange_rate", ("XUS", 0, 2, 1))


def ledger_of(*drafts: Draft) -> DrivenLedger:
    ledger = DrivenLedger()
    numbers: dict[bytes, int] = {}
    for draft in (*opening(), *drafts):
        ledger.step([ledger.signed(draft, numbers)])
        numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
    return ledger


def saved(ledger: DrivenLedger, directory: Path, **changed: Any) -> Path:
    """The ledger as a validator's directory; `changed` replaces rows of transactions (by version) or state values."""
    rows: dict[int, bytes] = changed.get("rows", {})
    states: dict[bytes, bytes] = changed.get("states", {})
    batch = WriteBatch()
    for column in Column:
        for number, data in ledger.store.rows(column, 0, 1 << 20):
            batch.rows.append((column, number, rows.get(number, data) if column is Column.TRANSACTION else data))
    batch.state.extend({**dict(ledger.store.states()), **states}.items())
    with closing(SqliteStore(directory / "data" / "ledger.sqlite", ledger.genesis_hash)) as store:
        store.write(batch)
    return directory


def refused(directory: Path) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        audit_directory(directory)
    return caught.value


def test_a_sound_ledger(tmp_path: Path) -> None:
    """The totals of every currency, the version and root that a quorum signed, from the directory or its data."""
    ledger = ledger_of(PAID, EPOCH)
    directory = saved(ledger, tmp_path)
    found = audit_directory(directory)
    assert found == {**audit_directory(directory / "data"), "source": str(directory / "data" / "ledger.sqlite")}
    assert (found["version"], found["root"]) == (ledger.ledger.tip_version, ledger.ledger.tip_root.hex())
    assert (found["transactions"], found["state_compared"]) == (len(opening()) + 2, True)
    assert found["genesis_hash"] == ledger.genesis_hash.hex()
    xus = next(row for row in found["currencies"] if row["currency"] == "XUS")
    assert (xus["supply"], xus["fees"], xus["preburn"]) == (10_000_000_000, 1_200, 1_800)
    assert xus["supply"] == xus["balances"] + xus["preburn"] + xus["fees"] + xus["basket"]


def test_over_the_end_of_an_epoch(tmp_path: Path) -> None:
    """AU1: each epoch's end is signed by its own validators, and names the next ones."""
    removed = Draft(ROOT, "remove_validator_and_reconfigure", (0, "validator-1", party(201).address))
    ledger = ledger_of(PAID, removed, PAID)
    assert ledger.ledger.epoch == 2
    found = audit_directory(saved(ledger, tmp_path))
    assert (found["epoch"], found["version"]) == (2, ledger.ledger.tip_version)


def test_a_changed_entry_is_no_ledger_of_a_quorum(tmp_path: Path) -> None:
    """AU1: bytes, events or information changed in the file: exit 8, at the version where its leaf shows it."""
    ledger = ledger_of(PAID)
    version = ledger.ledger.tip_version
    row = ledger.store.row(Column.TRANSACTION, version)
    assert row is not None
    kind, data, info, events = fields(decode(row), "row", int, bytes, bytes, tuple)
    other_info = encode((*decode(info)[:2], 1, *decode(info)[3:]))  # type: ignore[index]
    for number, (changed, step) in enumerate((
        ((kind, data[:-1] + b"\0", info, events), "transaction"),
        ((kind, data, info, events[:1]), "events"),
        ((kind, data, other_info, events), "accumulator"),
    )):  # fmt: skip
        error = refused(saved(ledger, tmp_path / str(number), rows={version: encode(changed)}))
        assert isinstance(error, ProofError)
        assert (error.details["step"], error.details["version"], exit_code(error)) == (step, version, 8)


def test_a_state_that_was_changed(tmp_path: Path) -> None:
    """AU5: a coin moved in the stored state alone: exit 8."""
    ledger = ledger_of(PAID)
    values = dict(ledger.store.states())
    states = {}
    for who, change in ((ALICE, -1), (BOB, 1)):
        account = Account.from_bytes(values[account_key(who.address)])
        balance = account.balance("XUS")
        assert balance is not None
        states[account_key(who.address)] = account.with_balance("XUS", balance + change).to_bytes()
    error = refused(saved(ledger, tmp_path, states=states))
    assert (error.details["rule"], exit_code(error)) == ("state_differs", 8)


def test_validators_that_all_lie_about_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AU3: a quorum that signed what does not add up is not believed: 'exit 8 with the first version'."""
    original = HANDLERS["peer_to_peer_with_metadata"]

    def lying(run, *arguments) -> None:
        original(run, *arguments)
        sent = run.events[-2]
        run.events[-2] = sent._replace(data=(sent.data[0] + 1, *sent.data[1:]))

    ledger = DrivenLedger()
    numbers: dict[bytes, int] = {}
    for draft in (*opening(), PAID, PAID):
        monkeypatch.setitem(HANDLERS, "peer_to_peer_with_metadata", lying)
        ledger.step([ledger.signed(draft, numbers)])
        numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
    first = ledger.ledger.tip_version - 2
    error = refused(saved(ledger, tmp_path))
    assert isinstance(error, BooksError)
    assert (error.details, exit_code(error)) == ({"rule": "sum_not_zero", "version": first}, 8)
    assert str(first) in error.message


def test_a_quorum_of_strangers(tmp_path: Path) -> None:
    """AU1: signatures of keys that genesis does not name are those of nobody."""
    ledger = ledger_of(PAID)
    height = ledger.ledger.tip_height
    row = ledger.store.row(Column.BLOCK, height)
    assert row is not None
    block, first, last, proof = fields(decode(row), "block", tuple, int, int, tuple)
    for signatures, rule in ((proof[2][:2], "certificate"), (((9, bytes(64)), *proof[2][1:]), "certificate")):
        changed = encode((block, first, last, (*proof[:2], tuple(signatures))))
        directory = saved(ledger, tmp_path / str(len(signatures)))
        with closing(SqliteStore(directory / "data" / "ledger.sqlite", ledger.genesis_hash)) as store:
            store.write(WriteBatch(rows=[(Column.BLOCK, height, changed)]))
        assert refused(directory).details["step"] == rule


@pytest.mark.parametrize("what", ["too few", "strangers", "another epoch's", "no end"])
def test_an_epochs_end_that_its_members_did_not_sign(tmp_path: Path, what: str) -> None:
    """AU1: each epoch's end is signed by a quorum of its own validators, or its writer made himself the quorum."""
    removed = Draft(ROOT, "remove_validator_and_reconfigure", (0, "validator-1", party(201).address))
    ledger = ledger_of(PAID, removed, PAID)
    row = ledger.store.row(Column.EPOCH, 1)
    assert row is not None
    end = QuorumCertificate.from_value(decode(row))
    commit = end.commit
    assert commit is not None
    assert commit.next_epoch is not None
    skipping = ValidatorSet(3, commit.next_epoch.members)
    if what == "too few":
        end = end._replace(signatures=end.signatures[:2])
    elif what == "strangers":
        end = end._replace(signatures=tuple((author, bytes(64)) for author, _ in end.signatures))
    else:
        members = first_validators(ledger.ledger.document).members
        keys = {place: CONSENSUS_KEYS[one.consensus_key] for place, one in enumerate(members)}
        info = commit._replace(next_epoch=skipping if what == "another epoch's" else None)
        end = certify(end.data, info, keys, ledger.genesis_hash)
    directory = saved(ledger, tmp_path)
    with closing(SqliteStore(directory / "data" / "ledger.sqlite", ledger.genesis_hash)) as store:
        store.write(WriteBatch(rows=[(Column.EPOCH, 1, encode(end.to_value()))]))
    error = refused(directory)
    step = "epochs" if what in ("another epoch's", "no end") else "certificate"
    assert (type(error), error.details["step"], exit_code(error)) == (ProofError, step, 8)


def test_a_version_that_is_no_entry(tmp_path: Path) -> None:
    """AU1: what cannot be read is a broken ledger with its version, exit 8, and no crash."""
    ledger = ledger_of(PAID)
    version = ledger.ledger.tip_version
    error = refused(saved(ledger, tmp_path, rows={version: encode((1, b"x"))}))
    assert (error.details["step"], error.details["version"], exit_code(error)) == ("version", version, 8)


def test_what_is_no_ledger(tmp_path: Path) -> None:
    """Exit 6: a directory without a ledger, a file that is none, a ledger of genesis only."""
    error = refused(tmp_path)
    assert isinstance(error, AuditError)
    assert (error.name, exit_code(error)) == ("unknown_ledger", 6)
    (tmp_path / "ledger.sqlite").write_bytes(b"nothing" * 100)
    assert refused(tmp_path).name == "unknown_ledger"
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE network (genesis BLOB)")
    (tmp_path / "other.sqlite").replace(tmp_path / "ledger.sqlite")
    assert refused(tmp_path).name == "unknown_ledger"
    fresh = DrivenLedger()
    assert refused(saved(fresh, tmp_path / "fresh")).name == "unknown_ledger"


def test_a_ledger_in_use(tmp_path: Path) -> None:
    """Exit 3: a running validator has its directory; a copy or the network can be audited instead."""
    ledger = ledger_of()
    directory = saved(ledger, tmp_path)
    with closing(SqliteStore(directory / "data" / "ledger.sqlite", ledger.genesis_hash)):
        error = refused(directory)
    assert (error.name, exit_code(error)) == ("directory_in_use", 3)
    assert json.dumps(audit_directory(directory))
