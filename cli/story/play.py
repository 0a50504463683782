"""Plays the story: each act in its order, timed, with what it says and what the document keeps of it."""

import time
from collections.abc import Callable
from typing import Any

from cli.story import looking, money, opening, people, trouble
from cli.story.stage import Stage

Act = Callable[[Stage], str | None]

ACTS: tuple[tuple[str, str, Act], ...] = (
    ("genesis", "Genesis: validators, association, treasury, coins and their basket", opening.genesis),
    ("validators", "Validator processes start, connect over TLS and commit blocks", opening.validators),
    ("rates", "The treasury publishes exchange rates", opening.rates),
    ("reserve", "Dealers pay into the reserve, and get coins for it", money.reserve),
    ("payments", "Payments across borders", people.payments),
    ("policy", "A country's caps: what is above them is refused, what passes proves it", people.policy),
    ("shop", "A shop, a refund, and a frozen account", people.shop),
    ("failure", "A validator is killed while payments flow", trouble.failure),
    ("redemption", "Coins go back, and everything is counted", money.redemption),
    ("explorer", "What the explorer shows, and a proof", looking.explorer),
)
"""Name in the document, title, and the act; an act gives the reason why it was skipped, or None."""


def play(stage: Stage) -> dict[str, Any]:
    """Play all acts; gives the document of `mithqal demo --json`.

    Raises what an act raises: a refusal, a time-out, or `conservation` and `invariant_violated` where a check fails.
    """
    for number, (name, title, act) in enumerate(ACTS, 1):
        stage.say(f"{number}. {title}")
        began = time.monotonic()
        skipped = act(stage)
        step: dict[str, Any] = {"name": name, "ok": True, "seconds": round(time.monotonic() - began, 3)}
        stage.steps.append(step if skipped is None else {**step, "skipped": skipped})
    return {
        "steps": stage.steps,
        "payments": stage.payments,
        "seconds": round(time.monotonic() - stage.began, 3),
        **stage.document,
    }
