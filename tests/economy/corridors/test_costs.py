"""What a transfer costs over the network: exact parts, the World Bank's identity, time, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.exits import exit_code
from economy.corridors.costs import (
    DELAY_RISK,
    FIELDS,
    MAX_AMOUNT,
    NetworkCost,
    Overrides,
    judge,
    network_cost,
    published_cost,
    total_pct,
)
from economy.corridors.tables import STEPS
from economy.errors import ParameterError, UnknownNameError

FREE: dict[tuple[str, str], Decimal] = {(step, field): Decimal(0) for step in STEPS for field in FIELDS} | {
    (DELAY_RISK, "fee_pct"): Decimal(0)
}
"""A transfer that costs nothing and takes no time."""


def numbers(*values: Decimal) -> list[str]:
    """Decimals as plain text."""
    return [f"{value.normalize():f}" for value in values]


def cost(amount: str = "200", **wanted: str) -> NetworkCost:
    """A free transfer but for what is wanted: on_ramp__fee_pct="0.5"."""
    changed = {(name.partition("__")[0], name.partition("__")[2]): Decimal(text) for name, text in wanted.items()}
    return network_cost("US", "BR", Decimal(amount), FREE | changed)


def test_the_default_corridor_step_by_step() -> None:
    """US to IN, 200 dollars: 0 + 1.00 + 0.0006 + 1.00 + 0 dollars of fees, 0.5 % spread and the risk of the time."""
    found = network_cost("US", "IN")
    assert [(part.step, str(part.usd.normalize()), str(part.pct.normalize())) for part in found.parts[:-1]] == [
        ("funding", "0", "0"),
        ("on_ramp", "1", "0.5"),
        ("chain_fee", "0.0006", "0.0003"),
        ("fx_spread", "1", "0.5"),
        ("off_ramp", "1", "0.5"),
        ("cash_out", "0", "0"),
    ]
    assert found.fee_usd == Decimal("2.0006")
    assert found.parts[-1].step == DELAY_RISK
    # 231.88 mean minutes (153 + 29.78 + 0.01 + 33.7 + 15.39): 4.44 x 0.398942 x sqrt(231.88 / 1440 / 365)
    assert found.parts[-1].pct == Decimal("0.037205")
    assert found.total_pct == Decimal("1.0003") + Decimal("0.5") + Decimal("0.037205")
    assert found.minutes == Decimal("17.01")
    assert found.within_hour_pct == Decimal(100) * Decimal("0.9") * Decimal("0.98") * Decimal("0.98") * Decimal("0.99")
    assert found.slowest_hours == 24


def test_the_mean_loss_of_a_day() -> None:
    """s x sqrt(1 / 365) x 0.398942: for the real, 12.01 % a year, a day costs 0.250788 % of the amount."""
    wanted = {key: value for key, value in FREE.items() if key[0] != DELAY_RISK} | {
        ("funding", "minutes"): Decimal(1440)
    }
    assert network_cost("US", "BR", Decimal(1), wanted).parts[-1].pct == Decimal("0.250788")


def test_free_is_free() -> None:
    """No fee, no time: nothing is lost."""
    found = cost()
    assert numbers(found.total_pct, found.fee_usd, found.fx_margin_pct, found.minutes) == ["0", "0", "0", "0"]
    assert numbers(found.within_hour_pct, found.slowest_hours) == ["100", "0"]


@pytest.mark.parametrize("step", [step for step in STEPS if step != "fx_spread"])
def test_every_fee_counts_in_dollars_and_in_percent(step: str) -> None:
    """1 dollar and 2 % of 200 dollars are 5 dollars, 2.5 %."""
    found = cost(**{f"{step}__fee_usd": "1", f"{step}__fee_pct": "2"})
    assert numbers(found.fee_usd, found.fx_margin_pct, found.total_pct) == ["5", "0", "2.5"]


@pytest.mark.parametrize("step", ["fx_spread", DELAY_RISK])
def test_the_margin_on_the_rate_is_no_fee(step: str) -> None:
    """Spread and risk of delay are a margin, counted in percent."""
    found = cost(**{f"{step}__fee_pct": "2"})
    assert numbers(found.fee_usd, found.fx_margin_pct, found.total_pct) == ["0", "2", "2"]


@pytest.mark.parametrize(("minutes", "share", "in_time"), [("60", "20", 80), ("60.01", "20", 0), ("0", "100", 0)])
def test_the_share_within_an_hour(minutes: str, share: str, in_time: int) -> None:
    """Who is not slow is there in time, if the usual time is an hour at most."""
    found = cost(funding__minutes=minutes, cash_out__slow_share_pct=share, cash_out__slow_hours="24")
    assert found.within_hour_pct == in_time


def test_the_slowest() -> None:
    """The longest delay that some meet; a delay that nobody meets does not count."""
    assert cost(on_ramp__slow_share_pct="1", on_ramp__slow_hours="30", cash_out__slow_hours="99").slowest_hours == 30
    assert cost(on_ramp__minutes="120").slowest_hours == 2


@given(
    amount=st.decimals("100", "100000", places=2),
    wanted=st.dictionaries(
        st.sampled_from([key for key in FREE if key[1] in ("fee_usd", "fee_pct")]), st.decimals("0", "7", places=4)
    ),
)
def test_the_identity_holds_for_every_quote(amount: Decimal, wanted: Overrides) -> None:
    """World Bank: total % = fee / amount x 100 + FX margin %. Counted by an independent walk in exact fractions."""
    found = network_cost("US", "BR", amount, {**FREE, **wanted})
    left = whole = Fraction(amount)
    for (step, field), value in wanted.items():
        if step == "fx_spread" and field == "fee_usd":
            left -= Fraction(value)
        else:
            left -= Fraction(value) if field == "fee_usd" else whole * Fraction(value) / 100
    assert abs((whole - left) / whole * 100 - Fraction(found.total_pct)) < Fraction(1, 10**20)
    assert found.total_pct == total_pct(found.fee_usd, amount, found.fx_margin_pct)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "1000000.01"])
def test_an_amount_that_cannot_be_sent(amount: str) -> None:
    """More than nothing and at most a million dollars: `bad_amount`, exit 2."""
    with pytest.raises(ParameterError) as caught:
        network_cost("US", "IN", Decimal(amount))
    assert caught.value.name == "bad_amount"
    assert exit_code(caught.value) == 2


def test_the_limits_of_an_amount() -> None:
    """A cent and a million dollars can be sent."""
    assert network_cost("US", "IN", Decimal("0.01")).total_pct > 6  # the chain's flat fee counts
    assert network_cost("US", "IN", MAX_AMOUNT).amount == MAX_AMOUNT


@pytest.mark.parametrize(
    ("step", "field", "value", "says"),
    [
        ("magic", "fee_pct", "1", "the steps are funding, on_ramp, chain_fee"),
        ("on_ramp", "fee_pct", "100.01", "0 to 100"),
        ("on_ramp", "fee_pct", "-0.01", "0 to 100"),
        ("on_ramp", "fee_pct", "NaN", "0 to 100"),
        ("cash_out", "slow_share_pct", "101", "0 to 100"),
        ("cash_out", "minutes", "525601", "0 to 525600"),
        ("delay_risk", "minutes", "1", "in percent only"),
        ("on_ramp", "fee_pct", "100", "nothing would arrive"),
        ("on_ramp", "fee_usd", "199", "nothing would arrive"),
    ],
)
def test_terms_that_make_no_sense(step: str, field: str, value: str, says: str) -> None:
    """An unknown step, a fee above 100 %, costs of the whole amount: `bad_parameter`, exit 2."""
    with pytest.raises(ParameterError) as caught:
        network_cost("US", "IN", Decimal(200), {(step, field): Decimal(value)})
    assert caught.value.name == "bad_parameter"
    assert exit_code(caught.value) == 2
    assert says in caught.value.message


def test_what_is_overridden_says_so() -> None:
    """A number of the user's is marked as theirs, and the others keep their source."""
    found = network_cost("US", "IN", Decimal(200), {("on_ramp", "fee_pct"): Decimal("0.1")})
    marks = {part.step: part.confidence for part in found.parts}
    assert marks["on_ramp"] == "yours"
    assert marks["off_ramp"] == "B"
    assert found.total_pct == network_cost("US", "IN").total_pct - Decimal("0.4")


def test_unknown_corridors_and_countries() -> None:
    """`unknown_corridor` and `unknown_country` name what exists; exit 6."""
    with pytest.raises(UnknownNameError) as caught:
        published_cost("GB", "PH")
    assert (caught.value.name, exit_code(caught.value)) == ("unknown_corridor", 6)
    assert "US-IN" in caught.value.message
    assert "PT-BR" in caught.value.message
    for sender, receiver in (("XX", "IN"), ("US", "XX")):
        with pytest.raises(UnknownNameError) as caught:
            published_cost(sender, receiver)
        assert (caught.value.name, exit_code(caught.value)) == ("unknown_country", 6)
        with pytest.raises(UnknownNameError):
            network_cost(sender, receiver)


def test_published_costs() -> None:
    """Both quarters of US to IN, and the newest."""
    found = published_cost("US", "IN")
    assert found.history == (("2019Q4", Decimal("2.80")), ("2020Q3", Decimal("3.15")))
    assert found.latest == ("2020Q3", Decimal("3.15"))


def test_judging() -> None:
    """Each promise beside a value; what nobody publishes is neither kept nor broken."""
    found = {verdict.target.id: verdict.is_met for verdict in judge(Decimal(3), None, Decimal(25))}
    assert found == {"sdg_average": True, "sdg_corridor": True, "g20_average": False, "g20_corridor": True,
                     "g20_hour": None, "g20_day": False}  # fmt: skip
