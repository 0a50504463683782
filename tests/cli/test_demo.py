"""`mithqal demo`: the whole story on real processes, and what its document promises."""

import json
import os
import subprocess
import sys
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.signing import Scheme
from cli.story.cast import COIN, PEOPLE, transfers
from cli.story.play import ACTS
from node.view.notice import PLAY_MONEY

STEPS = ["genesis", "validators", "rates", "reserve", "payments", "policy", "shop", "failure", "redemption", "explorer"]
CORRIDORS = ["US->IN", "US->BR", "JP->BR", "GB->IN", "US->MX", "US->PH"]


def demo(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", "demo", *arguments], capture_output=True, text=True, check=False, timeout=110,
        env={**os.environ, "TMPDIR": str(cwd)},
    )  # fmt: skip


def tell(*arguments: str, cwd: Path) -> dict[str, Any]:
    """The document; nothing is left behind."""
    done = demo(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert list(cwd.iterdir()) == []
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One performance with fixed keys, amounts and rates."""
    return tell("--seed", "7", "--date", "2019-06-18", "--quiet", cwd=tmp_path_factory.mktemp("demo"))


@pytest.mark.network
def test_every_step_is_told_and_timed(story: dict[str, Any]) -> None:
    """`steps: [{name, ok, seconds}]`, `first_final_s`."""
    assert [step["name"] for step in story["steps"]] == STEPS == [name for name, _, _ in ACTS]
    assert all(step["ok"] is True and step["seconds"] >= 0 and "skipped" not in step for step in story["steps"])
    assert 0 < story["first_final_s"] <= story["seconds"]


@pytest.mark.network
def test_six_corridors_at_the_rates_of_the_day(story: dict[str, Any]) -> None:
    """What arrives is the amount at the ECB's rates of `--date`, cut off; one signs by secp256k1, one is attested."""
    rows = story["payments"]
    assert [row["corridor"] for row in rows] == CORRIDORS
    assert [row["scheme"] for row in rows] == ["ed25519"] * 3 + ["secp256k1"] + ["ed25519"] * 2
    assert [row["attested"] for row in rows] == [False, True, False, False, False, False]
    assert [row["fee"] for row in rows] == [600, 600, 600, 4_500, 600, 600]
    assert {row["rate_date"] for row in rows} == {story["rate_date"]} == {"2019-06-18"}
    assert [row["world_bank_pct"] for row in rows] == [3.15, 5.64, 11.05, 2.92, 4.18, 3.64]
    assert {row["world_bank_quarter"] for row in rows} == {"2020Q3"}
    assert [row["version"] for row in rows] == sorted({row["version"] for row in rows})
    usd_inr = Decimal("78.0005") / Decimal("1.1187")  # the ECB's fixings of 2019-06-18: EUR/INR and EUR/USD
    assert rows[0]["rate"] == str(usd_inr.quantize(Decimal("1e-8"), ROUND_DOWN))
    sent = Decimal(rows[0]["sent"]) / COIN
    assert rows[0]["received"] == str((sent * usd_inr).quantize(Decimal("0.01"), ROUND_DOWN))


@pytest.mark.network
def test_a_payment_above_the_cap_is_refused_and_one_below_leaves_its_pass(story: dict[str, Any]) -> None:
    """'The demo gains a payment above Brazil's cap'; 'it leaves a provable pass in the payment's events'."""
    policy = story["policy"]
    assert (policy["name"], policy["version"], policy["refused"], policy["exit"]) == ("br-2021", 1, "EPAYMENT_CAP", 9)
    pass_ = policy["pass"]
    assert (pass_["rule"], pass_["policy_version"], pass_["sender_country"], pass_["receiver_country"]) == (
        "br-2021", 1, "BR", "MX",
    )  # fmt: skip
    usd_brl = Decimal("4.3313") / Decimal("1.1187")  # the ECB's fixings of 2019-06-18: EUR/BRL and EUR/USD
    assert pass_["local_currency"] == "BRL"
    assert abs(Decimal(pass_["local_amount"]) / 100 / COIN - usd_brl) < Decimal("0.000001")
    assert (pass_["day_used"], pass_["month_used"], pass_["day_count"]) == (pass_["local_amount"],) * 2 + (1,)


@pytest.mark.network
def test_totals_agree_to_the_micro_unit(story: dict[str, Any]) -> None:
    """'Supply, balances, preburn, fees and the sum of receipts agree to the micro-unit.'"""
    totals = story["totals"]
    assert sorted(totals) == ["XEU", "XGB", "XJP", "XSG", "XUS"]
    for row in totals.values():
        assert set(row) == {"supply", "balances", "preburn", "fees", "receipts"}
        assert row["balances"] + row["preburn"] + row["fees"] == row["supply"] == row["receipts"]
        assert row["preburn"] == 0
    assert totals["XUS"]["supply"] == 2_000_000 * COIN - 250_000 * COIN
    assert totals["XEU"] == {
        "supply": 2_000_000 * COIN, "balances": 2_000_000 * COIN, "preburn": 0, "fees": 0, "receipts": 2_000_000 * COIN
    }  # fmt: skip


@pytest.mark.network
def test_all_validators_show_one_root_and_the_proof_holds(story: dict[str, Any]) -> None:
    """`roots` (one a validator), `proof: {verified, waypoint}`."""
    assert len(story["roots"]) == 4
    assert len(set(story["roots"])) == 1
    assert len(bytes.fromhex(story["roots"][0])) == 32
    assert story["proof"]["verified"] is True
    assert story["proof"]["waypoint"].startswith("0:")
    assert story["proof"]["version"] == story["payments"][1]["version"]


@pytest.mark.network
def test_one_validator_says_why_a_step_is_skipped(tmp_path: Path) -> None:
    """'With fewer than four validators the step says why it is skipped'; people get the story on stdout."""
    done = demo("--validators", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert PLAY_MONEY in done.stdout
    assert "skipped: of 1 validator none may fail, of 4 one may" in done.stdout
    assert "all of 1 validator show the accumulator root" in done.stdout
    for number in range(1, 11):
        assert f"\n{number}. " in f"\n{done.stdout}"
    assert list(tmp_path.iterdir()) == []


def test_a_date_outside_of_the_data_is_one_error_before_anything_starts(tmp_path: Path) -> None:
    """Bad input: one clear error with its exit code; nothing was started."""
    done = demo("--date", "1998-12-31", "--json", cwd=tmp_path)
    assert done.returncode == 6
    assert done.stdout == ""
    assert json.loads(done.stderr)["error"]["name"] == "rate_date_out_of_range"
    assert list(tmp_path.iterdir()) == []


def test_the_seed_fixes_the_amounts() -> None:
    """`--seed`: same amounts; without one they are round; a seed adds less than a tenth, in hundredths."""
    plain = transfers(None)
    assert [(item.payer.country, item.payee.country) for item in plain] == [tuple(c.split("->")) for c in CORRIDORS]
    assert [item.amount for item in plain] == [coins * COIN for coins in (200, 1_500, 20_000, 150, 120, 90)]
    assert transfers(7) == transfers(7) != transfers(8)
    for seed in range(50):
        for base, item in zip(plain, transfers(seed), strict=True):
            assert base.amount <= item.amount < base.amount * 11 // 10
            assert item.amount % (COIN // 100) == 0


def test_the_cast_is_spread_over_seven_countries() -> None:
    """'A wallet provider in each of US, GB, JP, IN, BR, MX, PH'; one person signs with secp256k1."""
    assert {person.country for person in PEOPLE} == {"US", "GB", "JP", "IN", "BR", "MX", "PH"}
    assert {person.provider for person in PEOPLE} == {f"{c}-wallet" for c in ("us", "gb", "jp", "in", "br", "mx", "ph")}
    assert [person.name for person in PEOPLE if person.scheme is Scheme.SECP256K1] == ["george@gb-wallet"]
