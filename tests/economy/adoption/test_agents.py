"""Single people: the same for the same seed whatever runs beside them, and within a stated band of the closed form."""

from datetime import date

import pytest

from economy.adoption.agents import MAX_AGENTS, MIN_AGENTS, STATED_BAND, with_agents
from economy.adoption.model import EACH, IDENTITIES, ONE, closed_form, month_days
from economy.adoption.rollout import Rollout, shipped
from economy.adoption.spread import Cap, Halt, Terms
from economy.errors import ParameterError

LAST = date(2027, 12, 31)


def quick(code: str) -> Rollout:
    return shipped().changed({"q": 1.5}).only((code,))


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("code", ["IN", "BR"])
def test_agents_come_to_the_closed_form(code: str, identity: str) -> None:
    """100,000 agents keep within 3 % of the potential on every day, caps and halts included; reach within 0.02."""
    rollout = quick(code)
    place = rollout.places[0]
    days = month_days(place.terms.launch, LAST)
    found = with_agents(100_000, 7)(rollout, place, days, identity)
    form = closed_form(rollout, place, days, identity)
    assert STATED_BAND == 0.03
    assert max(abs(a - b) for a, b in zip(found.users, form.users, strict=True)) < STATED_BAND * form.potential
    assert max(abs(a - b) for a, b in zip(found.reach, form.reach, strict=True)) < 0.02
    assert found.potential == pytest.approx(form.potential, rel=0.02)


def test_more_agents_come_nearer() -> None:
    """The mean error over seeds falls with the number of agents."""
    rollout = quick("BR")
    place, days = rollout.places[0], [date(2023, 6, 30)]
    form = closed_form(rollout, place, days, ONE).users[0]

    def error(count: int) -> float:
        return sum(abs(with_agents(count, seed)(rollout, place, days, ONE).users[0] - form) for seed in range(8))

    assert error(20_000) < error(500) / 2


def test_a_seed_and_a_country_fix_everything() -> None:
    """The same agents alone and among others, one day or many asked for; another seed gives others."""
    rollout, days = shipped().only(("IN", "BR")), month_days(date(2020, 6, 15), date(2023, 1, 1))
    spread = with_agents(2_000, 3)
    one = spread(rollout, rollout.places[1], days, ONE)
    assert one == with_agents(2_000, 3)(quick("IN").changed({"q": 0.38}), rollout.places[1], days, ONE)
    assert one != with_agents(2_000, 4)(rollout, rollout.places[1], days, ONE)
    assert one.users != spread(rollout, rollout.places[0], days, ONE).users


def test_agents_obey_caps_and_halts() -> None:
    """Never above the cap, to the agent; nobody joins while halted."""
    rollout = quick("BR")
    cap = 10e6
    halt = Halt(date(2022, 1, 1), date(2022, 7, 1))
    place = rollout.places[0]._replace(terms=Terms(date(2020, 6, 15), (Cap(date(2020, 6, 15), cap),), (halt,)))
    days = month_days(date(2020, 6, 15), LAST)
    found = with_agents(5_000, 1)(rollout, place, days, EACH)
    weight = place.people / 5_000
    assert max(found.users) <= cap
    assert max(found.users) > cap - weight
    assert found.capped_days[-1]
    within = [users for day, users in zip(days, found.users, strict=True) if halt.since <= day < date(2022, 7, 1)]
    assert len(set(within)) == 1
    assert list(found.users) == sorted(found.users)


def test_nobody_who_could_join() -> None:
    """No potential, no users, no error."""
    rollout = shipped().changed({"ceiling": 0.001}).only(("BR",))
    found = with_agents(100, 5)(rollout, rollout.places[0], [date(2020, 6, 15), LAST], ONE)
    assert found.users[0] == 0
    assert found.users[1] <= found.potential


def test_the_bounds() -> None:
    """100 to 2,000,000 agents, a seed of 63 bits: `bad_parameter` otherwise."""
    assert (MIN_AGENTS, MAX_AGENTS) == (100, 2_000_000)
    for count, seed in ((99, 1), (2_000_001, 1), (100, -1), (100, 2**63)):
        with pytest.raises(ParameterError) as caught:
            with_agents(count, seed)
        assert caught.value.name == "bad_parameter"
    with_agents(100, 2**63 - 1)
    with_agents(2_000_000, 0)
