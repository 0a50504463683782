"""Signed transactions to their outcomes, through the outbox: one or many, of one sender or many."""

from collections import deque
from collections.abc import Sequence

from chain.transaction import SignedTransaction
from node.client.sending.gateway import Chain
from node.client.sending.journal import Journal
from node.client.sending.outbox import Outbox
from node.client.sending.pipeline import POLL_S, WINDOW, Outcome, Pipeline

MARKS = {
    "executed": "committed",
    "failed": "committed",
    "refused": "refused",
    "displaced": "refused",
    "expired": "expired",
}
"""What an outcome is in the outbox."""


def execute_all(
    outbox: Outbox, chain: Chain, txs: Sequence[SignedTransaction], *, timeout_s: float, are_new: bool = True
) -> list[Outcome]:
    """Store all, submit all with a window of each sender in flight, follow each to its end; outcomes in order.

    Nothing raises: refusals and failures are outcomes, and after `timeout_s` what is left is `unknown`. `are_new` says
    that these bytes have never left before, so that a refusal is final.
    """
    with outbox.writing():
        for tx in txs:
            outbox.add(tx)
    pipeline = Pipeline(chain, lambda sender: [entry.transaction for entry in outbox.open_entries(sender)])
    queues: dict[bytes, deque[tuple[int, SignedTransaction]]] = {}
    for place, tx in enumerate(txs):
        queues.setdefault(tx.raw.sender, deque()).append((place, tx))
    done: dict[int, Outcome] = {}
    deadline = chain.now_s() + timeout_s
    while len(done) < len(txs):
        _feed(pipeline, queues, are_new=are_new)
        outcomes = pipeline.turn(poll_s=max(0.01, min(POLL_S, deadline - chain.now_s())))
        with outbox.writing():
            for outcome in outcomes:
                settle(outbox, outcome)
        done.update((outcome.tag, outcome) for outcome in outcomes if isinstance(outcome.tag, int))
        if chain.now_s() >= deadline:
            break
    with outbox.writing():
        for outcome in pipeline.give_up():
            if isinstance(outcome.tag, int):
                outbox.mark(outcome.tx.hash, "submitted")
                done[outcome.tag] = outcome
    return [done.get(place) or _unsent(place, tx) for place, tx in enumerate(txs)]


def _feed(
    pipeline: Pipeline, queues: dict[bytes, deque[tuple[int, SignedTransaction]]], *, are_new: bool
) -> None:  # fmt: skip
    """Fill each sender's window; the first of a sender goes alone until a validator has taken it."""
    for sender, queue in queues.items():
        flying = len(pipeline.in_flight(sender))
        room = WINDOW - flying if pipeline.is_proven(sender) else 1 - flying
        while queue and room > 0 and pipeline.add(queue[0][1], queue[0][0], is_clean=are_new):
            queue.popleft()
            room -= 1


def settle(outbox: Outbox, outcome: Outcome) -> None:
    """Mark a final outcome in the outbox; what displaced it may be ours too, and is on the ledger. In `writing`."""
    note = {"version": outcome.version, "reason": outcome.reason}
    known = {key: value for key, value in note.items() if value is not None}
    outbox.mark(outcome.tx.hash, MARKS[outcome.status], **known)
    if MARKS[outcome.status] != "committed":
        outbox.release_key(outcome.tx.hash)
    by = outcome.by
    if by is not None and outbox.has(by.hash):
        outbox.mark(by.hash, "committed", version=by.version)
        Journal(outbox).correct(by.hash, "failed" if by.failure else "executed", by.version, by.failure)


def _unsent(place: int, tx: SignedTransaction) -> Outcome:
    """One that had to wait for its sender's others until the time was over."""
    reason = "not handed in yet: earlier ones of its sender are not final"
    return Outcome(tx, place, "unknown", None, reason, None, 0, 0.0)
