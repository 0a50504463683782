"""Policy, limits, tiers, the basket and currencies as operators type them, against a validator in this process."""

import json
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from tests.in_process import running

BRUNO, MARIA, JOSE = "bruno@br-wallet", "maria@mx-wallet", "jose@ph-wallet"
POLICY = {
    "name": "mine", "title": "Mine", "source": "me",
    "rules": [{"id": "br", "from": "BR", "to": "any", "currency": "INR", "daily": "1000"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A founded network with three people, one of whom has 1,000 XUS."""
    with running(tmp_path_factory.mktemp("compliance") / "net") as (wallet, _):
        directory = wallet.network.directory
        for name in (BRUNO, MARIA, JOSE):
            run(directory, "account", "create", name)
        run(directory, "account", "fund", BRUNO, "1000", "XUS")
        yield directory


def call(net: Path, *arguments: str) -> Any:
    return CliRunner().invoke(root, [*arguments, "--network", str(net)], standalone_mode=False)


def run(net: Path, *arguments: str) -> Any:
    """A command that succeeds: its one JSON document."""
    done = call(net, *arguments, "--json")
    assert done.return_value == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def fail(net: Path, *arguments: str) -> tuple[int, str, int | None]:
    """A command that fails: exit code, rule, the chain's code; nothing on stdout."""
    done = call(net, *arguments, "--json")
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.return_value
    return error["exit"], error["name"], error["code"]


def words(net: Path, *arguments: str) -> list[str]:
    """The lines for people."""
    done = call(net, *arguments)
    assert done.return_value == 0, done.stderr
    return str(done.stdout).splitlines()


def test_a_policy_from_a_file(net: Path, tmp_path: Path) -> None:
    """`treasury policy show|set`: set, shown with what is used, refusing with exit 9 and the chain's code."""
    version = cleared(net, tmp_path)
    assert words(net, "treasury", "policy", "show")[:4] == [
        "Jurisdiction policy", f"  version  {version}", "  name     “none”", "",
    ]  # fmt: skip
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(POLICY))
    done = run(net, "treasury", "policy", "set", str(path))
    assert (done["policy_version"], done["rules"], done["source"], done["is_preset"]) == (version + 1, 1, "me", False)
    run(net, "pay", BRUNO, MARIA, "10", "XUS")
    assert fail(net, "pay", BRUNO, MARIA, "10", "XUS") == (9, "cap_exceeded", 26_376)
    shown = run(net, "treasury", "policy", "show", "--account", BRUNO)
    assert (shown["version"], shown["name"], shown["account"]) == (version + 1, "mine", BRUNO)
    assert [(row["rule"], row["day_amount"], row["day_count"]) for row in shown["usage"]] == [("br", 660_480_000, 1)]
    table = words(net, "treasury", "policy", "show", "--account", BRUNO)
    assert table[5].split("  ")[0:2] == ["", "rule"]
    assert table[6] == (
        "  br    BR to any      always    1000 INR a day  660.48 INR and 1 payment today, 660.48 INR this month"
    )


def cleared(net: Path, directory: Path) -> int:
    """No rule is in force; gives the policy's version."""
    path = directory / "none.json"
    path.write_text(json.dumps({**POLICY, "name": "none", "rules": []}))
    version: int = run(net, "treasury", "policy", "set", str(path))["policy_version"]
    return version


def test_presets(net: Path) -> None:
    """A name that is neither preset nor file is 6; a preset whose currency has no rate fails on the ledger, 5; a file
    that is none is 2."""
    assert fail(net, "treasury", "policy", "set", "br-1999")[:2] == (6, "unknown_policy")
    assert fail(net, "treasury", "policy", "set", "br-2021") == (5, "failed_on_chain", 26_881)
    assert fail(net, "treasury", "policy", "set", str(net / "network.json"))[:2] == (2, "bad_policy_file")
    done = run(net, "treasury", "policy", "set", "in-upi")
    assert (done["name"], done["rules"], done["is_preset"]) == ("in-upi", 5, True)
    lines = words(net, "treasury", "policy", "show")
    assert lines[6].split() == (
        ["in-upi-before", "IN", "to", "any", "until", "2020-11-01", "00:00:00.000", "UTC", "nothing:", "halted"]
    )
    assert lines[-1] == "Days and months are those of UTC. Payments inside one provider and with dealers are exempt."


def test_corridors(net: Path, tmp_path: Path) -> None:
    """`halt A B`, `open A B`: in any case, `any` for every country, 9 for a payment between."""
    cleared(net, tmp_path)
    assert words(net, "treasury", "policy", "halt", "br", "MX")[0].startswith(
        "payments from BR to MX are halted, version"
    )
    assert fail(net, "pay", BRUNO, MARIA, "1", "XUS") == (9, "corridor_halted", 25_601)
    assert words(net, "treasury", "policy", "halt", "br", "mx") == [
        "payments from BR to MX are halted, as before: nothing was changed"
    ]
    assert run(net, "treasury", "policy", "halt", "any", "MX")["from"] == "any"
    assert fail(net, "treasury", "policy", "open", "BR", "MX")[:2] == (9, "still_halted")
    assert words(net, "treasury", "policy", "open", "any", "mx")[0].startswith(
        "payments from any country to MX are open"
    )
    run(net, "treasury", "policy", "open", "BR", "MX")
    run(net, "pay", BRUNO, MARIA, "1", "XUS")
    for pair in (("XX", "BR"), ("BR", "brazil")):
        assert fail(net, "treasury", "policy", "halt", *pair)[:2] == (6, "unknown_country")


def test_set_country(net: Path) -> None:
    """`account set-country NAME COUNTRY`; the account's page shows it."""
    assert words(net, "account", "set-country", "br-wallet", "pt")[0].startswith(
        "br-wallet and its children are in PT, version "
    )
    assert run(net, "account", "show", "br-wallet")["role"]["country"] == "PT"
    assert "  country          PT" in words(net, "account", "show", "br-wallet")
    run(net, "account", "set-country", "br-wallet", "BR")
    assert fail(net, "account", "set-country", "br-wallet", "ZZ")[:2] == (6, "unknown_country")
    assert fail(net, "account", "set-country", BRUNO, "BR") == (5, "failed_on_chain", 775)
    assert fail(net, "account", "set-country", "nobody", "BR")[:2] == (6, "unknown_account")


def test_limits(net: Path) -> None:
    """`treasury limits`, `account limits`, exit 9 when they refuse."""
    assert words(net, "account", "limits", JOSE)[:2] == [
        "Account limits of ph-wallet and all its children", "  none: nothing is limited",
    ]  # fmt: skip
    run(net, "treasury", "limits", "ph-wallet", "XUS", "--inflow", "5", "--hours", "1")
    assert fail(net, "pay", BRUNO, JOSE, "6", "XUS") == (9, "limits_exceeded", 776)
    run(net, "pay", BRUNO, JOSE, "5", "XUS")
    (row,) = run(net, "account", "limits", JOSE)["limits"]
    assert (row["currency"], row["window_inflow"], row["max_inflow"], row["period_us"]) == (
        "XUS", 5_000_000, 5_000_000, 3_600_000_000,
    )  # fmt: skip
    assert re.split(r" {2,}", words(net, "account", "limits", "ph-wallet")[2])[1:5] == [
        "XUS", "5 of 5", "0 of no limit", "5 of no limit",
    ]  # fmt: skip
    assert "  limits           account limits in XUS (mithqal account limits)" in words(
        net, "account", "show", "ph-wallet"
    )
    assert fail(net, "treasury", "limits", "ph-wallet", "XUS", "--inflow", "-5")[:2] == (2, "bad_amount")


def test_the_basket(net: Path) -> None:
    """`dealer compose|decompose AMOUNT`, `currency show XDX`."""
    assert words(net, "dealer", "compose", "10")[1:] == [
        "  5.000001 XUS", "  1.609010 XEU", "  151.525880 XJP", "  0.879090 XGB", "  0.959740 XSG",
    ]  # fmt: skip
    shown = run(net, "currency", "show", "xdx")
    assert (shown["total_value"], shown["is_backed"]) == (10_000_000, None)
    assert [(part["currency"], part["amount"], part["needed"], part["is_covered"]) for part in shown["backing"]] == [
        ("XUS", 5_000_001, 5_000_000, True), ("XEU", 1_609_010, 1_609_010, True),
        ("XJP", 151_525_880, 151_525_880, True), ("XGB", 879_090, 879_090, True), ("XSG", 959_740, 959_740, True),
    ]  # fmt: skip
    assert "What XDX stands on" in words(net, "currency", "show", "XDX")
    (xus,) = [row for row in run(net, "currency", "list")["currencies"] if row["code"] == "XUS"]
    assert xus["in_baskets"] == 5_000_001
    assert xus["in_accounts"] + xus["fees"] + xus["preburn_value"] + xus["in_baskets"] == xus["total_value"]
    done = run(net, "dealer", "decompose", "10")
    assert [part["amount"] for part in done["parts"]] == [5_000_000, 1_609_009, 151_525_879, 879_089, 959_739]
    assert fail(net, "dealer", "decompose", "1") == (5, "failed_on_chain", 1_288)
    assert fail(net, "dealer", "compose", "-1")[:2] == (2, "bad_amount")
    assert fail(net, "currency", "show", "NOP")[:2] == (6, "unknown_currency")


def test_minting_tiers_and_fees(net: Path) -> None:
    """`treasury minting|tiers|burn-fees`, and `mint --tier`."""
    assert words(net, "treasury", "minting", "XGB", "off")[0].startswith("minting of XGB is off, version ")
    assert fail(net, "treasury", "mint", "dealer-one", "1", "XGB") == (5, "failed_on_chain", 1_281)
    run(net, "treasury", "minting", "XGB", "on")
    assert words(net, "treasury", "tiers", "dealer-one", "XGB", "10", "20")[0].startswith(
        "at most 10, 20 XGB are minted to dealer-one in 24 hours"
    )
    assert words(net, "account", "limits", "dealer-one")[-1].split()[:4] == ["XGB", "0", "10,", "20"]
    assert fail(net, "treasury", "mint", "dealer-one", "11", "XGB") == (9, "tier_exceeded", 1_287)
    run(net, "treasury", "mint", "dealer-one", "11", "XGB", "--tier", "1")
    assert words(net, "treasury", "tiers", "dealer-one", "XGB")[0].startswith(
        "any amount of XGB is minted to dealer-one"
    )
    assert run(net, "treasury", "burn-fees", "XUS")["amount"] > 0
    assert fail(net, "treasury", "burn-fees", "XSG") == (5, "failed_on_chain", 1_799)


def test_registering(net: Path) -> None:
    """`treasury register CODE --rate ABOVE BELOW`."""
    assert run(net, "treasury", "register", "XMX", "--rate", "3", "64")["currency"] == "XMX"
    assert run(net, "currency", "show", "XMX")["rate_fixed_point32"] == 3 << 26
    assert fail(net, "treasury", "register", "XMX", "--rate", "3", "64")[:2] == (2, "name_taken")
    assert fail(net, "treasury", "register", "xmy", "--rate", "3", "64")[:2] == (2, "bad_code")


@pytest.mark.parametrize(
    ("reason", "code", "exit_"),
    [
        ("EPAYMENT_CAP", 25_864, 9), ("EDAILY_COUNT", 26_120, 9), ("EDAILY_CAP", 26_376, 9),
        ("EMONTHLY_CAP", 26_632, 9),
        ("ECORRIDOR_HALTED", 25_601, 9), ("EDEPOSIT_EXCEEDS_LIMITS", 776, 9), ("EWITHDRAWAL_EXCEEDS_LIMITS", 1_544, 9),
        ("EINVALID_AMOUNT_FOR_TIER", 1_287, 9), ("ERATE_MISSING", 26_881, 5), ("EWINDOW", 261, 5),
    ],
)  # fmt: skip
def test_explained(reason: str, code: int, exit_: int) -> None:
    """`explain REASON`: code, exit code, what to do."""
    done = CliRunner().invoke(root, ["explain", reason, "--json"], standalone_mode=False)
    (meaning,) = json.loads(done.stdout)["meanings"]
    assert (meaning["name"], meaning["code"], meaning["exit"]) == (reason, code, exit_)
    assert meaning["advice"]
