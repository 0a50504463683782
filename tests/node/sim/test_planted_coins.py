"""L6 on a whole network: a coin that an instruction makes out of nothing is voted for by nobody."""

import pytest

from chain.accounts import Account
from chain.execution.executor import HANDLERS
from chain.primitives import SECOND_US
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.world import World


def test_validators_that_would_make_a_coin_stop_before_they_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    """'A violation stops the validator before it votes, with a clear alarm': the payment never becomes final."""
    original = HANDLERS["peer_to_peer_with_metadata"]
    world = World(Scenario(duration_us=5 * SECOND_US, calm_ppm=1_000_000, invalid_ppm=0), 1)

    def generous(run, currency, payee, *rest) -> None:
        original(run, currency, payee, *rest)
        account = run.state.account(payee)
        assert isinstance(account, Account)
        if world.scheduler.now_us > START_US + 2 * SECOND_US:
            run.state.put_account(account.with_balance(currency, (account.balance(currency) or 0) + 1))

    monkeypatch.setitem(HANDLERS, "peer_to_peer_with_metadata", generous)
    before: list[int] = []
    world.scheduler.at(START_US + 2 * SECOND_US, lambda: before.append(world.workload.payments_committed))
    result = world.run()
    assert before[0] > 10
    assert result.alarms["conservation"] >= 4
    assert {violation.rule for violation in result.violations} >= {"S10_false_alarm"}
    assert not {violation.rule for violation in result.violations} & {"S8_money", "S8_reserve"}
    assert world.workload.payments_committed <= before[0] + 20
