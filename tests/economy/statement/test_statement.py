"""Backing, signed statements and the alarm, against one real validator inside of the test's process."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from chain.errors import MithqalError, ProofError
from economy.basket import COIN_CURRENCY
from economy.errors import UnknownNameError
from economy.statement.backing import Backing, Reserve, read_reserve, reserve_of
from economy.statement.books import BOOKS_FILE, BookEntry, BooksFileError, add_entry, read_books, sums_of
from economy.statement.monitor import Shortfall, check_reserve, watch
from economy.statement.statement import (
    NOTE,
    StatementError,
    custodian_keys,
    make_statement,
    verify_statement,
)
from node.client.operations.coins import compose
from node.client.proof_file import verify_file
from node.client.wallets.wallet import Wallet
from tests.in_process import running

MINTED = 2 * 10**12
"""What `bootstrap` mints of each coin to both dealers together."""


@pytest.fixture(scope="module")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wallet]:
    with running(tmp_path_factory.mktemp("statement") / "network") as (found, _):
        compose(found, "dealer-one", 1_000_001, "XDX")
        yield found


def reserve_now(wallet: Wallet, **entries: int) -> Reserve:
    return read_reserve(wallet.client, wallet.network.waypoint, entries)


def stated(wallet: Wallet, **entries: int) -> bytes:
    return make_statement(reserve_now(wallet, **entries), custodian_keys(wallet.network.keys)).encode()


def test_supply_receipts_and_custodians(wallet):
    """Backing per currency, coverage: without a file custodians hold what their receipts say."""
    reserve = reserve_now(wallet)
    assert [coin.coin for coin in reserve.coins] == list(COIN_CURRENCY)
    for coin in reserve.coins:
        assert (coin.supply, coin.receipts, coin.held, coin.shortfall) == (MINTED, MINTED, MINTED, 0)
        assert coin.coverage_pct == "100.0000"
    assert reserve.is_covered
    check_reserve(reserve)
    parts = {part["currency"]: part for part in reserve.basket["parts"]}
    composed = reserve.basket["supply"]
    assert composed in (1_000_001, 2_000_001), "another test of this network composes 1,000,000 more"
    assert parts["XUS"]["needed"] == (composed + 1) // 2, "half of it, rounded up"
    assert parts["XUS"]["held"] == (500_001 if composed == 1_000_001 else 1_000_002), "trunc(N / 2) + 1 each time"


@pytest.mark.parametrize(
    ("held", "shortfall", "coverage"),
    [
        (1_000_000, 0, "100.0000"), (999_999, 1, "99.9999"), (1_000_001, 0, "100.0001"), (0, 1_000_000, "0.0000"),
        (-5, 1_000_005, "-0.0005"),
    ],
)  # fmt: skip
def test_covered_means_to_the_micro_unit(held, shortfall, coverage):
    """Covered: held >= supply; a coverage is cut off, never rounded up to 100."""
    coin = Backing("XUS", 1_000_000, 1_000_000, 0, held, "")
    assert (coin.shortfall, coin.coverage_pct) == (shortfall, coverage)
    assert Backing("XUS", 3_000_000, 0, 0, 2_999_999, "").coverage_pct == "99.9999"
    assert Backing("XUS", 0, 0, 0, 0, "").coverage_pct == ""


def test_a_statement_holds_offline(wallet):
    """A signed reserve statement that the light client verifies together with a proof of supply."""
    data = stated(wallet, XUS=5, XGB=-3)
    reserve = verify_statement(data, wallet.network.waypoint)
    held = {coin.coin: coin.held for coin in reserve.coins}
    assert (held["XUS"], held["XGB"], held["XEU"]) == (MINTED + 5, MINTED - 3, MINTED)
    assert not reserve.is_covered
    assert json.loads(data)["note"] == NOTE
    assert "no attestation" in NOTE


def test_another_waypoint_proves_nothing(wallet):
    with pytest.raises(StatementError) as caught:
        verify_statement(stated(wallet), "0:" + "0" * 64)
    assert caught.value.details["step"] == "proof"
    with pytest.raises(MithqalError) as malformed:
        verify_statement(stated(wallet), "nonsense")
    assert malformed.value.name == "bad_waypoint"


def _change(data: bytes, where: str) -> bytes:
    document = json.loads(data)
    if where == "held":
        document["reserve"]["coins"][0]["held"] += 1
    elif where == "supply":
        document["reserve"]["coins"][0]["supply"] -= 1
    elif where == "covered":
        document["reserve"]["covered"] = not document["reserve"]["covered"]
    elif where == "signature":
        document["signatures"]["XUS"] = document["signatures"]["XEU"]
    elif where == "no signature":
        del document["signatures"]["XSG"]
    elif where == "proof order":
        document["proofs"][0], document["proofs"][1] = document["proofs"][1], document["proofs"][0]
    elif where == "proof missing":
        document["proofs"].pop()
    elif where == "proof":
        document["proofs"][0]["claim"]["record"]["total_value"] -= 1
    elif where == "note":
        document["note"] = "An attestation."
    elif where == "format":
        document["format"] = "another"
    elif where == "field":
        document["extra"] = 1
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize(
    ("where", "step"),
    [
        ("held", "signature"), ("supply", "claim"), ("covered", "claim"), ("signature", "signature"),
        ("no signature", "signature"), ("proof order", "claim"), ("proof missing", "claim"), ("proof", "proof"),
        ("note", "file"), ("format", "file"), ("field", "file"),
    ],
)  # fmt: skip
def test_every_change_of_a_statement_is_found(wallet, where, step):
    """Exit 8 if it does not hold: each part of the file is bound to a proof or to a custodian's signature."""
    with pytest.raises(StatementError) as caught:
        verify_statement(_change(stated(wallet), where), wallet.network.waypoint)
    assert caught.value.name == "bad_statement"
    assert caught.value.details["step"] == step


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b'{"format": "x"}', b"x" * ((4 << 20) + 1)])
def test_what_is_no_statement(data):
    with pytest.raises(StatementError) as caught:
        verify_statement(data, "0:" + "0" * 64)
    assert caught.value.details["step"] == "file"


def test_a_statement_is_at_most_four_mebibytes(wallet):
    """The limit stands before the reading: the same statement with room around it."""
    data = stated(wallet)
    waypoint = wallet.network.waypoint
    assert verify_statement(data + b" " * ((4 << 20) - len(data)), waypoint).is_covered
    with pytest.raises(StatementError, match="above the limit of 4194304"):
        verify_statement(data + b" " * ((4 << 20) + 1 - len(data)), waypoint)


def test_signatures_of_another_version_do_not_count(wallet):
    """A custodian's word is of one version: it cannot be put under later supply."""
    earlier = json.loads(stated(wallet))
    compose(wallet, "dealer-one", 1_000_000, "XDX")
    later = json.loads(stated(wallet))
    later["signatures"] = earlier["signatures"]
    with pytest.raises(StatementError) as caught:
        verify_statement(json.dumps(later, separators=(",", ":")).encode(), wallet.network.waypoint)
    assert caught.value.details["step"] == "signature"


def test_foreign_custodian_keys_sign_nothing(wallet):
    keys = custodian_keys(wallet.network.keys)
    keys["XUS"] = keys["XEU"]
    with pytest.raises(StatementError) as caught:
        make_statement(reserve_now(wallet), keys)
    assert caught.value.name == "foreign_custodian_key"


# --- books and the alarm ---


def test_books_of_custodians(tmp_path):
    assert read_books(tmp_path) == []
    add_entry(tmp_path, BookEntry("XUS", -7, "a bank"))
    add_entry(tmp_path, BookEntry("XUS", 2, "capital"))
    add_entry(tmp_path, BookEntry("XJP", 1, ""))
    assert sums_of(read_books(tmp_path)) == {"XUS": -5, "XEU": 0, "XJP": 1, "XGB": 0, "XSG": 0}
    with pytest.raises(UnknownNameError) as caught:
        add_entry(tmp_path, BookEntry("XDX", 1, ""))
    assert caught.value.name == "unknown_currency"


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"version": 2, "entries": []}', '{"version": 1, "entries": [{}]}',
        '{"version": 1, "entries": [{"coin": "XAB", "amount": 1, "note": ""}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 1.5, "note": ""}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": true, "note": ""}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 1, "note": 5}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 1, "note": []}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 1, "note": "", "extra": 0}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 1, "note": "' + "x" * 201 + '"}]}',
        '{"version": 1, "entries": [{"coin": "XUS", "amount": 18446744073709551616, "note": ""}]}',
    ],
)  # fmt: skip
def test_books_that_cannot_be_used(tmp_path, text):
    (tmp_path / BOOKS_FILE).write_text(text)
    with pytest.raises(BooksFileError):
        read_books(tmp_path)


def test_the_longest_note_and_the_largest_amount(tmp_path):
    """At most 200 characters, at most 2^64 - 1 micro-units either way."""
    entries = [BookEntry("XUS", sign * (2**64 - 1), "x" * 200) for sign in (1, -1)]
    for entry in entries:
        add_entry(tmp_path, entry)
    assert read_books(tmp_path) == entries


def test_books_have_an_end(tmp_path):
    """10,000 entries, and not one more."""
    row = {"coin": "XUS", "amount": 1, "note": ""}
    (tmp_path / BOOKS_FILE).write_text(json.dumps({"version": 1, "entries": [row] * 10_000}))
    assert sums_of(read_books(tmp_path))["XUS"] == 10_000
    with pytest.raises(BooksFileError, match="above 10000 entries"):
        add_entry(tmp_path, BookEntry("XUS", 1, ""))
    assert len(read_books(tmp_path)) == 10_000
    (tmp_path / BOOKS_FILE).write_text(json.dumps({"version": 1, "entries": [row] * 10_001}))
    with pytest.raises(BooksFileError):
        read_books(tmp_path)


def test_the_monitor_raises_its_alarm_at_the_next_look(wallet, tmp_path):
    """`reserve monitor` raises an alarm within one block of a planted shortfall."""
    now = [0.0]
    looks: list[int] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] > 0.25 and not read_books(tmp_path):
            add_entry(tmp_path, BookEntry("XGB", -1, "one micro-unit"))

    with pytest.raises(Shortfall) as caught:
        watch(
            wallet.client, wallet.network.waypoint, tmp_path, 5.0, lambda _, height: looks.append(height),
            clock=lambda: now[0], sleep=sleep,
        )  # fmt: skip
    assert caught.value.name == "reserve_shortfall"
    assert caught.value.details["missing"] == {"XGB": 1}
    assert now[0] < 0.5, "at the look after it was planted"
    assert looks


def test_the_monitor_ends_with_its_time(wallet, tmp_path):
    """The first look is always one, and at the end there is no other."""

    def sleep(_: float) -> None:
        pytest.fail("the time is over")

    waypoint = wallet.network.waypoint
    seen = watch(wallet.client, waypoint, tmp_path, 0.0, lambda *_: None, clock=lambda: 7.0, sleep=sleep)
    assert seen.blocks == 1
    assert seen.reserve.is_covered


def test_the_monitor_counts_heights(wallet, tmp_path):
    """A look for custodians' books alone is said too, and counts as no block."""
    now = [0.0]
    looks: list[tuple[int, int]] = []

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if len(read_books(tmp_path)) < 3:
            add_entry(tmp_path, BookEntry("XGB", 1, "one micro-unit more"))

    def say(reserve: Reserve, height: int) -> None:
        looks.append((height, reserve.coins[list(COIN_CURRENCY).index("XGB")].held - MINTED))

    waypoint = wallet.network.waypoint
    seen = watch(wallet.client, waypoint, tmp_path, 0.35, say, clock=lambda: now[0], sleep=sleep)
    assert {held for _, held in looks} == {0, 1, 2, 3}
    assert seen.blocks == len({height for height, _ in looks})


def test_a_basket_without_its_coins_is_an_alarm_too(wallet):
    """What the synthetic coin lacks is named like a coin's."""
    reserve = reserve_now(wallet)
    short = reserve._replace(basket={**reserve.basket, "shortfall": 3})
    assert not short.is_covered
    with pytest.raises(Shortfall) as caught:
        check_reserve(short)
    assert caught.value.details == {"version": reserve.version, "missing": {"XDX": 3}}
    both = short._replace(coins=(short.coins[0]._replace(held=MINTED - 2), *short.coins[1:]))
    with pytest.raises(Shortfall, match="2 micro-XUS") as caught:
        check_reserve(both)
    assert caught.value.details["missing"] == {short.coins[0].coin: 2, "XDX": 3}


def test_a_lying_validator_proves_nothing(wallet):
    """Supply is proved: a validator's word is not believed."""

    reserve = reserve_now(wallet)
    assert all(text.startswith('{"format":"mithqal-proof-2"') for text in reserve.proofs)
    broken = json.loads(reserve.proofs[0])
    broken["claim"]["record"]["total_value"] = 0
    with pytest.raises(ProofError):
        verify_file((json.dumps(broken, separators=(",", ":")) + "\n").encode(), wallet.network.waypoint)


def test_books_lie_beside_the_network(wallet):
    assert not (Path(wallet.network.directory) / BOOKS_FILE).exists()


def test_records_of_different_versions_are_no_reserve(wallet):
    """All coins at one version: supply of one moment beside receipts of another says nothing."""
    waypoint = wallet.network.waypoint
    proved = [verify_file(text.encode(), waypoint) for text in reserve_now(wallet).proofs]
    assert reserve_of(proved, (), {}).version == proved[0].claim["version"]
    later = proved[3]._replace(claim={**proved[3].claim, "version": proved[3].claim["version"] + 1})
    with pytest.raises(ProofError, match="different versions") as caught:
        reserve_of([*proved[:3], later, *proved[4:]], (), {})
    assert caught.value.details["rule"] == "another_version"


@pytest.mark.parametrize(
    ("place", "change", "says"),
    [
        (0, {"kind": "account"}, "a proof shows no record"),
        (2, {"exists": False}, "a proof shows no record"),
        (1, {"code": "XUS"}, "a record is not that of XEU"),
        (-2, {"code": "XUS"}, "a record is not that of XDX"),
        (-1, {"currency": "XUS"}, "a record is not that of XDX"),
    ],
)
def test_each_proof_is_of_its_record(wallet, place, change, says):
    """The order is that of `read_reserve`: a proof of another record, or that there is none, is refused by itself."""
    proved = [verify_file(text.encode(), wallet.network.waypoint) for text in reserve_now(wallet).proofs]
    item = proved[place]
    if "kind" in change:
        proved[place] = item._replace(kind="account")
    elif "exists" in change:
        proved[place] = item._replace(claim={**item.claim, "exists": False})
    else:
        proved[place] = item._replace(claim={**item.claim, "record": {**item.claim["record"], **change}})
    with pytest.raises(ProofError, match=says) as caught:
        reserve_of(proved, (), {})
    assert caught.value.details["rule"] == "another_record"
