"""Users, reach, volume, reserve and income: by hand for a small country, and the story's two episodes."""

from datetime import date
from decimal import Decimal

import pytest

from economy.adoption.model import EACH, ONE, closed_form, month_days, run, same_app
from economy.adoption.rollout import Place, Rollout, shipped
from economy.adoption.spread import Cap, Halt, Terms, share

START = date(2020, 1, 1)
LATER = date(2023, 1, 1)
HOLDING = Decimal(100)


def small(terms: Terms | None = None) -> Rollout:
    """One country: 1,000,000 online, half of them in the messenger, the other apps as shipped; some sent home."""
    place = Place("BR", 5e5, 0.5, terms or Terms(START), date(2021, 1, 1), 1e9, {"BR": 0.5}, ())
    return shipped()._replace(places=(place,))


def test_month_ends() -> None:
    """The first day, the ends of months, the last day; none twice."""
    assert month_days(date(2020, 1, 15), date(2020, 4, 10)) == (
        date(2020, 1, 15), date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31), date(2020, 4, 10),
    )  # fmt: skip
    assert month_days(date(2020, 1, 31), date(2020, 2, 29)) == (date(2020, 1, 31), date(2020, 2, 29))
    assert month_days(START, START) == (START,)


def test_two_users_of_one_app() -> None:
    """One app: always. Two apps that everybody is in: half. Two of which a half is in each: by hand."""
    assert same_app([0.3]) == pytest.approx(1)
    assert same_app([1, 1]) == pytest.approx(0.5)
    # alone in the first 0.25, in the second 0.25, in both 0.25: each has half of the weight
    assert same_app([0.5, 0.5]) == pytest.approx(0.5)
    # the first app everybody, the second half: weights 0.75 and 0.25
    assert same_app([1, 0.5]) == pytest.approx(0.75**2 + 0.25**2)


def test_a_country_by_hand() -> None:
    """One identity: potential 1e6 x 0.4 x (1 - 0.5 x 0.4 x 0.5) = 360,000; the sums follow from the users."""
    result = run(small(), [LATER], holding_eur=HOLDING)
    assert result.spreads["BR"].potential == pytest.approx(360_000)
    users = 360_000 * share(1096 / 365.25, 0.03, 0.38)
    point = result.places["BR"][0]
    reach = users / 1e6
    assert (point.users, point.share, point.reach) == pytest.approx((users, reach, reach))
    assert point.people_usd == pytest.approx(users * 24 * 12.4 * (0.3 + 0.7 * reach))
    begun = users * 24 * 15 * 0.5 * users / 360_000
    assert point.shops_usd == pytest.approx(begun * 0.36)
    assert point.extra_sales_usd == pytest.approx(begun * 0.06)
    assert point.advertising_usd == pytest.approx(begun * 0.006)
    assert point.home_usd == pytest.approx(1e9 * 0.5 * reach * reach)
    assert point.reserve_eur == pytest.approx(users * 100)
    assert point.float_income_eur == pytest.approx(users * 3)


def test_an_identity_for_each_app() -> None:
    """As many users, who reach fewer people and fewer shops: by the chance of the same app."""
    one = run(small(), [LATER], holding_eur=HOLDING, identity=ONE).places["BR"][0]
    each = run(small(), [LATER], holding_eur=HOLDING, identity=EACH).places["BR"][0]
    fit = same_app([0.5, 0.6, 0.5])
    assert each.users == one.users
    assert each.reach == pytest.approx(one.reach * fit)
    assert each.shops_usd == pytest.approx(one.shops_usd * fit)
    assert each.home_usd == pytest.approx(one.home_usd * fit)
    assert each.people_usd < one.people_usd
    assert each.reserve_eur == one.reserve_eur


def test_nothing_is_paid_while_halted() -> None:
    """Users stay and keep their coins; payments, purchases and money sent home are zero; new users none."""
    day = date(2022, 6, 1)
    halted = small(Terms(START, halts=(Halt(date(2022, 1, 1), LATER),)))
    before, within, after = run(halted, [date(2022, 1, 1), day, LATER], holding_eur=HOLDING).places["BR"]
    assert before.users == within.users == after.users > 0
    assert (within.people_usd, within.shops_usd, within.home_usd, within.advertising_usd) == (0, 0, 0, 0)
    assert within.reserve_eur == after.reserve_eur > 0
    assert (within.is_open, after.is_open) == (False, True)
    assert after.people_usd > 0


def test_shops_from_their_day() -> None:
    """Not before."""
    before, after = run(small(), [date(2020, 12, 31), date(2021, 1, 1)], holding_eur=HOLDING).places["BR"]
    assert before.shops_usd == before.advertising_usd == 0
    assert after.shops_usd > 0


def test_a_conversion_that_is_no_better_is_worth_nothing() -> None:
    """Extra sales are never below zero."""
    worse = small().changed({"conversion_chat": 0.2})
    assert run(worse, [LATER], holding_eur=HOLDING).places["BR"][0].advertising_usd == 0


def test_a_cap_is_seen() -> None:
    """Capped days are those on which users stand at the cap."""
    capped = small(Terms(START, (Cap(START, 1000.0),)))
    spread = run(capped, [START, LATER], holding_eur=HOLDING).spreads["BR"]
    assert spread.capped_days == (False, True)
    assert spread.users[1] == pytest.approx(1000)


def test_india_never_passes_its_caps() -> None:
    """20, 40, 100 million by dates: with a quick spread each is reached and none is passed; none holds after 2024."""
    quick = shipped().changed({"q": 1.5}).only(("IN",))
    days = month_days(date(2020, 11, 5), date(2027, 12, 31))
    spread = closed_form(quick, quick.places[0], days, ONE)
    caps = [quick.places[0].terms.cap(day) for day in days]
    for cap, users in zip(caps, spread.users, strict=True):
        assert cap is None or users <= cap * (1 + 1e-9)
    assert max(users for cap, users in zip(caps, spread.users, strict=True) if cap == 100e6) == pytest.approx(100e6)
    assert spread.users[-1] > 200e6
    assert sum(spread.capped_days) > 12


@pytest.mark.parametrize(("pace", "held"), [(0.38, []), (1.5, [100e6]), (3.0, [20e6, 40e6, 100e6])])
def test_which_caps_hold(pace: float, held: list[float]) -> None:
    """docs/economy.md: at the reviews' mean pace no cap is reached; with q = 1.5 the last one, with q = 3 all three."""
    india = shipped().changed({"q": pace}).only(("IN",))
    days = month_days(date(2020, 11, 5), date(2027, 12, 31))
    spread = closed_form(india, india.places[0], days, ONE)
    caps = [india.places[0].terms.cap(day) for day, capped in zip(days, spread.capped_days, strict=True) if capped]
    assert sorted({cap for cap in caps if cap is not None}) == held
    if pace == 1.5:
        assert sum(spread.capped_days) == 20


def test_brazil_s_lost_year() -> None:
    """Between 23 June 2020 and 4 May 2021 nobody joins and nothing is paid: 315 days later than without the halt."""
    only = shipped().only(("BR",))
    halted = run(only, [date(2020, 12, 31), date(2022, 5, 1)], holding_eur=HOLDING).places["BR"]
    free = run(only.freed(), [date(2021, 6, 20)], holding_eur=HOLDING).places["BR"]
    assert (halted[0].is_open, halted[0].people_usd) == (False, 0)
    assert 0 < halted[0].users < 1e5
    assert halted[1].users == pytest.approx(free[0].users)  # 2022-05-01 less 315 days


def test_potential_of_an_app_that_is_alone() -> None:
    """With the messenger alone the potential is its users x ceiling."""
    alone = small()._replace(apps=small().apps[:1])
    assert run(alone, [LATER], holding_eur=HOLDING).spreads["BR"].potential == pytest.approx(5e5 * 0.4)
