"""The verdict: what validators' ledgers hold, against a single-threaded model of the client's journal.

Pure, and knows nothing of how the ledgers were read; so its teeth are tried on ledgers that were made up.

- lost: acknowledged as final, and not executed on a ledger; all of them if no ledger can be read any more.
- doubled: on a ledger more than once, or two payments under one sequence number.
- wrong: another outcome, content or version than was acknowledged; a payment of our accounts that no journal knows;
  a balance or sequence number that the model does not have; validators whose ledgers differ; one that cannot be read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from node.lab.chaos.journal import Payment, Recorded

MAX_FINDINGS = 50
"""Sentences that a verdict keeps; the counts are whole."""


class Held(NamedTuple):
    """A transaction of one of the journal's accounts, on a ledger."""

    version: int
    pay: str
    sender: str
    number: int
    payee: str
    amount: int
    fee: int
    """What was charged, micro-units."""
    executed: bool


class Balance(NamedTuple):
    """An account on a ledger."""

    balance: int
    number: int


@dataclass(frozen=True, slots=True)
class View:
    """What one validator's ledger holds, up to the version that all were read at. `digest` is of every entry."""

    validator: str
    held: Sequence[Held]
    accounts: Mapping[str, Balance]
    digest: str
    problem: str = ""
    """Why it could not be read, proved to the end."""


@dataclass(slots=True)
class Verdict:
    """Counts, and in words what they count."""

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    on_ledger: int = 0
    """Payments of the journal that were executed, acknowledged or not."""
    findings: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.lost or self.doubled or self.wrong)

    def note(self, text: str) -> None:
        """Keep a sentence, if there is room."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(text)


def judge(recorded: Recorded, views: Sequence[View]) -> Verdict:
    """Compare every view with the journal; the same payment counts once, however many validators lack it."""
    verdict = Verdict()
    lost: set[str] = set()
    doubled: set[str] = set()
    wrong: set[str] = set()
    for view in views:
        if view.problem:
            wrong.add(f"{view.validator}: {view.problem}")
            continue
        lost |= _lost(recorded, view, verdict)
        doubled |= _doubled(view)
        wrong |= _wrong_payments(recorded, view) | _wrong_balances(recorded, view)
    if all(view.problem for view in views):
        lost |= {pay for pay, final in recorded.finals.items() if final.executed}
    digests = {view.validator: view.digest for view in views if not view.problem}
    if len(set(digests.values())) > 1:
        wrong.add(f"validators differ at the same version: {digests}")
    verdict.lost, verdict.doubled, verdict.wrong = len(lost), len(doubled), len(wrong)
    for name, found in (("lost", lost), ("doubled", doubled), ("wrong", wrong)):
        for text in sorted(found):
            verdict.note(f"{name}: {text}")
    return verdict


def _lost(recorded: Recorded, view: View, verdict: Verdict) -> set[str]:
    """Acknowledged as executed, and not there."""
    there = {item.pay for item in view.held if item.executed}
    verdict.on_ledger = max(verdict.on_ledger, len(there & recorded.payments.keys()))
    return {pay for pay, final in recorded.finals.items() if final.executed and pay not in there}


def _doubled(view: View) -> set[str]:
    """Hashes and numbers that occur more than once."""
    hashes = Counter(item.pay for item in view.held)
    numbers = Counter((item.sender, item.number) for item in view.held)
    found = {pay for pay, count in hashes.items() if count > 1}
    return found | {f"number {number} of {sender}" for (sender, number), count in numbers.items() if count > 1}


def _wrong_payments(recorded: Recorded, view: View) -> set[str]:
    """What is on the ledger otherwise than it was signed or acknowledged."""
    found = set()
    for item in view.held:
        payment, final = recorded.payments.get(item.pay), recorded.finals.get(item.pay)
        if payment is None:
            found.add(f"no journal knows {item.pay} of {item.sender}")
        elif payment != _signed(item):
            found.add(f"{item.pay} is {_signed(item)}, signed was {payment}")
        elif not item.executed:
            found.add(f"{item.pay} failed on the ledger")
        elif final is not None and (final.version, final.executed) != (item.version, item.executed):
            found.add(f"{item.pay} is at version {item.version}, acknowledged was {final}")
    return found


def _signed(item: Held) -> Payment:
    """What a transaction on the ledger says."""
    return Payment(item.pay, item.sender, item.number, item.payee, item.amount, item.fee)


def _wrong_balances(recorded: Recorded, view: View) -> set[str]:
    """Accounts that are not what one payment after the other makes of them."""
    model = {account: Balance(opening.balance, opening.number) for account, opening in recorded.openings.items()}
    done: set[str] = set()
    for item in view.held:
        payment = recorded.payments.get(item.pay)
        if payment is None or item.pay in done or not item.executed:
            continue
        done.add(item.pay)
        payer = model[payment.sender]
        model[payment.sender] = Balance(payer.balance - payment.amount - payment.fee, payer.number + 1)
        payee = model[payment.payee]
        model[payment.payee] = payee._replace(balance=payee.balance + payment.amount)
    return {
        f"account {account} is {view.accounts.get(account)}, the model has {wanted}"
        for account, wanted in model.items()
        if view.accounts.get(account) != wanted
    }
