"""Whole runs of small worlds: the same seed gives the same root, books agree, refusals are by rule."""

import datetime
import json
from contextlib import closing
from pathlib import Path

import pytest

from chain.accounts import ASSOCIATION, Account, account_key
from chain.errors import MithqalError
from chain.ledger import Ledger
from chain.primitives import SECOND_US
from chain.storage import Column
from economy.world.directory import STATE_FILE, RunError
from economy.world.moving import UNFINISHED
from economy.world.scenario import find_scenario
from economy.world.simulate import Life, Result, resume, simulate
from economy.world.summary import books_agree, document_of, lines_of, write_summary
from node.client.audit.audit import audit_directory
from node.client.network import NETWORK_FILE, load_network
from node.client.wallets.wallet import Wallet
from node.localnet.offline import OfflineLedger
from node.runtime.signing_keys import SigningKeys
from node.storage.sqlite import SqliteStore
from tests.economy.world.worlds import small

PEOPLE, DAYS, SEED = 40, 5, 11


def run(directory: Path, *, days: int = DAYS, people: int = PEOPLE, seed: int = SEED, workers: int = 0) -> Result:
    return simulate(directory, Life(small(), people, seed), days=days, workers=workers)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Five weeks with a halt, a limit and a wave."""
    directory = tmp_path_factory.mktemp("story") / "network"
    return simulate(directory, Life(small(), 120, 5), days=36, workers=0)


def tip_of(result: Result) -> tuple[int, str]:
    return result.version, result.state_root


def test_the_same_seed_gives_the_same_root_whatever_the_number_of_workers(tmp_path):
    """Same seed, same state root: twice, and signed by two other processes."""
    first = run(tmp_path / "one")
    assert tip_of(run(tmp_path / "two")) == tip_of(first)
    assert tip_of(run(tmp_path / "three", workers=2)) == tip_of(first)
    assert tip_of(run(tmp_path / "four", seed=SEED + 1)) != tip_of(first)


def test_a_run_that_is_continued_is_the_whole_run(tmp_path):
    """It can be continued, as if it had never stopped: 3 + 2 days are 5 days, to the root."""
    whole = run(tmp_path / "whole")
    run(tmp_path / "parts", days=3)
    parts = resume(tmp_path / "parts", days=2)
    assert tip_of(parts) == tip_of(whole)
    assert parts.tally == whole.tally
    assert parts.days == 5
    assert json.loads((tmp_path / "parts" / STATE_FILE).read_text()) == json.loads(
        (tmp_path / "whole" / STATE_FILE).read_text()
    )


def test_supply_is_what_receipts_are_and_an_audit_says_so(story):
    """Conservation and receipts agree at the end; an audit recomputes both from the transactions of every validator."""
    assert books_agree(story.books)
    network = load_network(story.directory)
    for member in network.members:
        audit = audit_directory(member.directory)
        assert audit["state_compared"]
        assert audit["version"] == story.version
        found = {row["currency"]: row for row in audit["currencies"]}
        for code, sums in story.books.items():
            assert found[code]["supply"] == sums["supply"]
            assert found[code]["receipts_deposited"] - found[code]["receipts_released"] == sums["receipts"]


def test_everything_of_the_story_happens(story):
    """Wages, remittances, purchases, refunds, mints, burns, a halt, a limit, a wave."""
    kinds = story.tally["kinds"]
    for kind in (
        "account", "mint", "sale", "policy", "limits", "rate", "purchase", "gift", "wages", "payroll_in", "cash_in",
        "cash_out", "remittance", "refund", "redemption", "preburn", "burn", "compose", "decompose", "run",
    ):  # fmt: skip
        assert kinds.get(kind, 0) > 0, kind
    assert sum(kinds.values()) == story.tally["transactions"]
    assert set(story.tally["refused"]) <= {"corridor_halted", "limits_exceeded", "cap_exceeded"}
    assert story.tally["refused"]["corridor_halted"] > 0
    assert story.tally["refused"]["limits_exceeded"] > 0
    assert story.tally["corridors"]["US-BR"]["count"] > 0, "the corridor opens again"


def test_the_story_to_the_micro_unit(story):
    """Same seed, same world: every habit, price, date and rule of it shows in these sums."""
    tally = story.tally
    assert tally["kinds"] == {
        "account": 163, "mint": 18, "sale": 47, "policy": 3, "limits": 3, "cash_in": 303, "payroll_in": 10,
        "compose": 2, "wages": 10, "rate": 175, "remittance": 33, "purchase": 2238, "gift": 165, "cash_out": 177,
        "refund": 48, "redemption": 73, "decompose": 1, "preburn": 4, "burn": 4, "run": 103,
    }  # fmt: skip
    assert tally["refused"] == {"limits_exceeded": 80, "corridor_halted": 2}
    assert tally["corridors"] == {
        "US-IN": {"count": 14, "XUS": 1_286_791_961}, "US-BR": {"count": 6, "XUS": 659_724_120},
        "GB-IN": {"count": 8, "XGB": 546_666_938}, "JP-BR": {"count": 3, "XJP": 52_151_508_754},
    }  # fmt: skip
    assert tally["minted"] == {
        "XUS": 51_487_695_988, "XEU": 3_218_020_000, "XJP": 2_378_068_511_639, "XGB": 15_057_400_901,
        "XSG": 1_919_480_000,
    }  # fmt: skip
    assert tally["burned"] == {"XGB": 8_739_997_196, "XJP": 990_561_649_153}
    assert tally["ran"] == {"XGB": 3_787_364_762, "XJP": 751_636_045_540, "XUS": 7_846_881_865}
    assert (tally["transactions"], tally["blocks"], tally["runners"], story.version) == (3_580, 283, 103, 3_862)
    first, last = tally["days"][0], tally["days"][-1]
    assert (first["transactions"], first["refused"], first["people"], first["waiting"]) == (80, 0, 80, {})
    assert (last["transactions"], last["refused"], last["people"], last["waiting"]) == (141, 6, 120, {})
    supply = {
        coin: tally["minted"][coin] - tally["burned"].get(coin, 0) for coin in ("XUS", "XEU", "XJP", "XGB", "XSG")
    }  # fmt: skip
    assert last["supply"] == supply, "what was minted and not burned"
    assert (first["supply"]["XUS"], first["supply"]["XJP"]) == (13_371_985_040, 592_568_729_040)


def test_the_burned_are_within_the_stay(story):
    """A stay is in force in the wave: a day's burns of a coin are at most its share of the supply."""
    wave = story.life.scenario.wave
    assert wave is not None
    days = story.tally["days"]
    inside = [place for place, day in enumerate(days) if 0 <= place - 24 < wave.days]
    assert [days[place]["date"] for place in inside] == ["2021-01-25", "2021-01-26", "2021-01-27", "2021-01-28"]
    for place in inside:
        for coin in ("XUS", "XGB", "XJP"):
            fall = days[place - 1]["supply"][coin] - days[place]["supply"][coin]
            assert fall <= wave.stay * max(day["supply"][coin] for day in days)


def refused_word(name: str, message: str) -> None:
    """A validator that starts has nothing to complain of."""
    raise AssertionError((name, message))


def test_a_validator_can_go_on_from_what_lies_there(tmp_path):
    """A signing record that is safe: every validator's record and ledger are taken by what a process begins with."""
    result = run(tmp_path / "network")
    network = load_network(result.directory)
    for member in network.members:
        data = member.directory / "data"
        with closing(SqliteStore(data / "ledger.sqlite", network.genesis_hash)) as store:
            ledger = Ledger(network.genesis, store)
            assert ledger.tip_version == result.version
            pending = store.rows(Column.PENDING, 0, 10)
            assert len(pending) == 1, "the newest block is certified, not yet committed"
            keys = SigningKeys(store, data, member.directory / "keys", network.genesis_hash, refused_word)
            with closing(keys):
                assert keys.newest() is not None


def test_people_have_names_and_keys_and_are_proved(story):
    """`account show` verifies: who lives there is in the address book with a key, and on the ledger."""
    wallet = Wallet(load_network(story.directory))
    names = {entry.name for entry in wallet.entries()}
    assert {"us-00000@us-wallet", "shop-br-00@br-wallet", "dealer-one", "treasury", "mx-wallet"} <= names
    assert wallet.key_of("us-00000@us-wallet").scheme == 0
    with closing(OfflineLedger(wallet.network)) as ledger:
        account = ledger.client.call("get_account", wallet.find("us-00000@us-wallet").address.hex())
    assert account["sequence_number"] > 0


def test_an_interrupted_run_is_whole_and_can_be_continued(tmp_path):
    """Ctrl-C leaves a consistent directory: the day is finished, and the rest comes later."""
    asked = iter([False, True])
    stopped = simulate(
        tmp_path / "network",
        Life(small(), PEOPLE, SEED),
        days=5,
        workers=0,
        should_stop=lambda: next(asked, True),
    )
    assert stopped.interrupted
    assert stopped.days == 2
    assert tip_of(resume(tmp_path / "network", days=3)) == tip_of(run(tmp_path / "whole"))


def test_a_run_that_fails_leaves_nothing(tmp_path, monkeypatch):
    """A network is there whole or not at all."""

    def broken(*_arguments: object, **_named: object) -> None:
        raise MithqalError("full", name="storage_full")

    monkeypatch.setattr("economy.world.directory.write_validators", broken)
    with pytest.raises(MithqalError):
        run(tmp_path / "network", days=1)
    assert not (tmp_path / "network" / NETWORK_FILE).exists()
    assert not (tmp_path / "network" / UNFINISHED).exists()
    monkeypatch.undo()
    run(tmp_path / "network", days=1)


def test_directories_that_cannot_be_used(tmp_path):
    run(tmp_path / "network", days=1)
    with pytest.raises(RunError) as caught:
        run(tmp_path / "network", days=1)
    assert caught.value.name == "network_exists"
    assert "--continue" in caught.value.message
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter").write_text("mine")
    with pytest.raises(RunError) as caught:
        run(tmp_path / "other", days=1)
    assert caught.value.name == "directory_not_empty"
    state = tmp_path / "network" / STATE_FILE
    text = state.read_text()
    state.write_text(text.replace('"tip": [', '"tip": [1'))
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "network", days=1)
    assert caught.value.name == "simulation_moved"
    state.write_text("{}")
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "network", days=1)
    assert caught.value.name == "simulation_malformed"
    state.unlink()
    with pytest.raises(RunError) as caught:
        resume(tmp_path / "network", days=1)
    assert caught.value.name == "simulation_missing"


def test_days_outside_of_the_rates_are_refused(tmp_path):
    """Dates outside the data: one clear error that names what is available."""
    with pytest.raises(MithqalError) as caught:
        simulate(tmp_path / "x", Life(small(start="2026-01-01"), PEOPLE, 1), days=400, workers=0)
    assert caught.value.name == "rate_date_out_of_range"
    assert str(caught.value.details["newest"]) in caught.value.message


def test_blocks_lie_within_their_day_and_the_year_goes_on(story):
    """Virtual time: the ledger's time is the world's."""
    with closing(OfflineLedger(load_network(story.directory))) as ledger:
        metadata = ledger.client.call("get_metadata")
    last = story.tally["days"][-1]["date"]
    assert last == "2021-02-05"
    assert metadata["version"] == story.version
    begin_us = 1_609_459_200 * SECOND_US  # 2021-01-01
    assert begin_us + 35 * 86_400 * SECOND_US < metadata["timestamp"] < begin_us + 36 * 86_400 * SECOND_US


def test_rates_on_the_ledger_are_those_of_the_day(story):
    """Rates published day by day by the treasury: the last fixing of the run stands on the ledger."""
    from economy.basket import xdx_rates
    from economy.world.rates import load_table

    table = load_table()
    last: str = max(day["date"] for day in story.tally["days"] if day["date"] in table.rows)
    expected = {quote.code: quote.raw for quote in xdx_rates(table.day(datetime.date.fromisoformat(last)))}
    with closing(OfflineLedger(load_network(story.directory))) as ledger:
        currencies = ledger.client.call("get_currencies")
    found = {row["code"]: row["rate_fixed_point32"] for row in currencies}
    for coin in ("XUS", "XEU", "XJP", "XGB", "XSG"):
        assert found[coin] == expected[coin]


def test_the_summary_is_in_sentences_numbers_and_pictures(story):
    document = document_of(story)
    assert document["books_agree"]
    assert document["transactions"] == sum(document["by_kind"].values())
    assert len(document["reserve"]) == 36
    assert document["wave"]["redemptions"] == story.tally["kinds"]["run"]
    text = "\n".join(lines_of(story))
    assert story.state_root in text
    assert "agree to the micro-unit" in text
    page = write_summary(story).read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert json.loads((story.directory / "summary.json").read_text()) == document


def test_by_the_simulated_network(tmp_path):
    """`--network-sim`: the same world by consensus of four simulated validators; again gives the same root."""
    first = simulate(tmp_path / "one", Life(small(), 20, 1, network_sim=True), days=2, workers=0)
    again = simulate(tmp_path / "two", Life(small(), 20, 1, network_sim=True), days=2, workers=0)
    assert tip_of(first) == tip_of(again)
    assert books_agree(first.books)
    assert audit_directory(tmp_path / "one" / "validator-2")["state_compared"]
    later = resume(tmp_path / "one", days=1)
    assert later.days == 3
    assert later.version > first.version
    assert audit_directory(tmp_path / "one" / "validator-1")["version"] >= later.version - 1


def test_nobody_is_minted_to_but_dealers(story):
    network = load_network(story.directory)
    with closing(SqliteStore(network.members[0].directory / "data" / "ledger.sqlite", network.genesis_hash)) as store:
        ledger = Ledger(network.genesis, store)
        root = ledger.state.get(account_key(ASSOCIATION))
        assert isinstance(root, Account)
        assert root.balances == ()


def test_the_default_scenario_runs(tmp_path):
    result = simulate(tmp_path / "x", Life(find_scenario("year-2021"), 30, 2), days=3, workers=0)
    assert books_agree(result.books)
