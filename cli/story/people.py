"""People pay across borders, within a country's caps; a shop is paid and refunds; the treasury freezes an account."""

import time
from typing import Any

from chain.errors import MithqalError
from cli.exits import exit_code
from cli.story.cast import ALICE, ALLOWED, BRUNO, CAPPED, COIN, MALLORY, MARIA, MERCADO, Transfer, transfers
from cli.story.stage import Stage
from economy.corridors.quotes import LEAVES_OUT, Quote, quote
from economy.policies import find_policy
from node.client.operations.policy import set_policy
from node.client.operations.treasury import freeze
from node.client.payments.pay import Order, pay
from node.client.payments.refund import refund
from node.client.wallets.lookups import transaction_at
from node.view.events import event_sentence
from node.view.names import names_of
from node.view.text import money


def payments(stage: Stage) -> None:
    """Six corridors: what is sent, what arrives in the receiver's money, and what that usually costs."""
    for transfer in transfers(stage.seed):
        payer, payee = transfer.payer, transfer.payee
        order = Order(payer.name, payee.name, transfer.amount, transfer.coin, transfer.memo, transfer.is_attested)
        done = pay(stage.wallet, order)
        if not stage.payments:
            stage.document["first_final_s"] = round(time.monotonic() - stage.began, 3)
        now = quote(transfer.amount, transfer.coin, payee.country, stage.day, from_country=payer.country)
        stage.payments.append(_record(transfer, now, done))
        _tell(stage, transfer, now, done)
    stage.say(f"   What the comparison leaves out: {LEAVES_OUT}")


def _record(transfer: Transfer, now: Quote, done: dict[str, Any]) -> dict[str, Any]:
    """A payment as the document has it: coins in micro-units; rate and the receiver's money as decimal text."""
    return {
        "corridor": f"{transfer.payer.country}->{transfer.payee.country}", "version": done["version"],
        "hash": done["hash"], "sent": transfer.amount, "currency": transfer.coin, "received": str(now.received),
        "received_currency": now.currency, "rate": str(now.rate), "rate_date": now.rate_date.isoformat(),
        "fee": done["fee"], "final_s": done["final_s"],
        "world_bank_pct": None if now.world_bank_pct is None else float(now.world_bank_pct),
        "world_bank_quarter": now.world_bank_quarter, "scheme": transfer.payer.scheme.name.lower(),
        "attested": transfer.is_attested,
    }  # fmt: skip


def _tell(stage: Stage, transfer: Transfer, now: Quote, done: dict[str, Any]) -> None:
    """A receipt in three lines."""
    payer, payee, coin = transfer.payer, transfer.payee, transfer.coin
    usual = "not known" if now.world_bank_pct is None else f"{now.world_bank_pct} % ({now.world_bank_quarter})"
    signed = f"signed with {payer.scheme.name.lower()}"
    if transfer.is_attested:
        signed += f", and by {payee.provider} since it is above the dual-attestation limit"
    stage.say(
        f"   {payer.country}->{payee.country}  {payer.name} sends {money(transfer.amount, coin)}:"
        f" {payee.name} gets {now.received} {now.currency}"
    )
    stage.say(f"           1 {coin} = {now.rate} {now.currency} on {now.rate_date}; {signed}")
    stage.say(
        f"           final in {done['final_s']} s, the network's fee {money(done['fee'], coin)}; this corridor"
        f" costs {usual} on average (World Bank)"
    )


def policy(stage: Stage) -> None:
    """The treasury puts Brazil's caps in force: a payment above them is refused, one below leaves its pass."""
    wallet, caps = stage.wallet, find_policy("br-2021")
    done = set_policy(wallet, caps.name, caps.rules)
    stage.say(f"   the treasury sets version {done['policy_version']} of the jurisdiction policy: {caps.title}")
    stage.say(f"   {caps.source}")
    try:
        pay(wallet, Order(BRUNO.name, MARIA.name, CAPPED, "XUS"))
    except MithqalError as refusal:
        if refusal.name != "cap_exceeded":
            raise
        refused = refusal
        stage.say(f"   {BRUNO.name} sends {money(CAPPED, 'XUS')} to {MARIA.name}: {refusal.message}")
        stage.say(f"           exit {exit_code(refusal)}, {refusal.name}")
    else:
        raise AssertionError("the cap let the payment pass")
    passed = pay(wallet, Order(BRUNO.name, MARIA.name, ALLOWED, "XUS", "a little help"))
    found = transaction_at(wallet, passed["version"], include_events=True)  # one validator may be behind the others
    assert found is not None, "a final payment is in the ledger"
    (event,) = [item for item in found["events"] if item["data"]["type"] == "policypass"]
    names = names_of({entry.address.hex(): entry.name for entry in wallet.entries()})
    stage.say(f"   {BRUNO.name} sends {money(ALLOWED, 'XUS')}: version {passed['version']}, with its pass:")
    stage.say(f"           {event_sentence(event, names)}")
    stage.document["policy"] = {
        "name": caps.name, "version": done["policy_version"], "refused": refused.details["reason"],
        "exit": exit_code(refused), "passed": passed["version"], "pass": event["data"],
    }  # fmt: skip


def shop(stage: Stage) -> None:
    """A shop is paid from a chat, and refunds half; an account is frozen, and a payment to it is refused."""
    wallet = stage.wallet
    bought = pay(wallet, Order(BRUNO.name, MERCADO.name, 40 * COIN, "XUS", "chat order 17"))
    stage.say(f"   {BRUNO.name} pays {MERCADO.name} 40 XUS from a chat: version {bought['version']}")
    back = refund(wallet, bought["version"], amount=20 * COIN)
    stage.say(
        f"   {MERCADO.name} refunds half at version {back['version']}, with a reference to version {bought['version']}"
    )
    freeze(wallet, MALLORY.name)
    try:
        pay(wallet, Order(ALICE.name, MALLORY.name, COIN, "XUS"))
    except MithqalError as refusal:
        if refusal.name != "account_frozen":
            raise
        stage.say(f"   the treasury freezes {MALLORY.name}. A payment to her is refused: {refusal.message}")
    else:
        raise MithqalError("a payment to a frozen account went through", name="invariant_violated")
    freeze(wallet, MALLORY.name, frozen=False)
