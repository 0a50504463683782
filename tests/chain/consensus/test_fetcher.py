"""Whom the fetcher asks, and when it asks again (R14)."""

from chain.consensus.fetcher import MAX_HELPERS, TIMER, Fetcher, signers_of
from chain.interface import Output, Send, SetTimer
from chain.limits import SYNC_RETRY_US
from chain.messages import BlockRequest, encode_message
from chain.primitives import Hash

WANTED = Hash(b"\x11" * 32)
OTHER = Hash(b"\x22" * 32)


def asked(block_id, above, peer, at_us, token) -> tuple[list[Send], list[SetTimer]]:
    return (
        [Send(peer, encode_message(BlockRequest(block_id, above)))],
        [SetTimer(TIMER, at_us + SYNC_RETRY_US, token)],
    )


def test_signers_are_asked_first_then_the_others_in_turn() -> None:
    """'another peer at each retry'; never oneself."""
    fetcher, out = Fetcher(1, 5), Output()
    fetcher.want(WANTED, (4, 1, 3), 7, 1_000, out)
    assert (out.send_now, out.timers) == asked(WANTED, 7, 4, 1_000, 1)
    peers = []
    for turn in range(5):
        out = Output()
        fetcher.ask(8, 2_000, out)
        assert out.timers == [SetTimer(TIMER, 2_000 + SYNC_RETRY_US, turn + 2)]
        peers.append(out.send_now[0].destination)
    assert peers == [3, 0, 2, 4, 3]


def test_the_same_wish_is_not_asked_twice_and_a_new_one_starts_over() -> None:
    """'one request at a time'."""
    fetcher = Fetcher(0, 3)
    fetcher.want(WANTED, (2,), 0, 0, Output())
    out = Output()
    fetcher.want(WANTED, (1,), 0, 5, out)
    assert (out.send_now, out.timers) == ([], [])
    fetcher.want(OTHER, (2,), 3, 5, out)
    assert (out.send_now, out.timers) == asked(OTHER, 3, 2, 5, 2)


def test_only_the_newest_retry_counts_while_something_is_wanted() -> None:
    fetcher = Fetcher(0, 3)
    assert not fetcher.is_due(0)
    fetcher.want(WANTED, (), 0, 0, Output())
    assert fetcher.is_due(1)
    fetcher.ask(0, 1, Output())
    assert not fetcher.is_due(1)
    assert fetcher.is_due(2)
    out = Output()
    fetcher.want(None, (), 0, 0, out)
    fetcher.ask(0, 1, out)
    assert not fetcher.is_due(2)
    assert (out.send_now, out.timers) == ([], [])


def test_a_lone_validator_asks_nobody() -> None:
    out = Output()
    Fetcher(0, 1).want(WANTED, (0,), 0, 0, out)
    assert (out.send_now, out.timers) == ([], [])


def test_signers_of_a_certificate(four) -> None:
    assert signers_of(four.qc(four.block(1, four.genesis_qc), authors=(1, 2, 3))) == (1, 2, 3)


def test_who_is_ahead_of_us_is_asked_first() -> None:
    """'may be asked first from now on': the newest helper before the others, each once, and four at most."""
    fetcher, out = Fetcher(1, 4), Output()
    for seat in (9, 1, 9, 8):
        fetcher.help_from(seat)
    fetcher.want(WANTED, (3, 8), 0, 0, out)
    for _ in range(5):
        fetcher.ask(0, 0, out)
    assert [send.destination for send in out.send_now] == [8, 9, 3, 0, 2, 8]
    assert MAX_HELPERS == 4
    for seat in (10, 11, 12):
        fetcher.help_from(seat)
    out = Output()
    fetcher.want(OTHER, (), 0, 0, out)
    for _ in range(6):
        fetcher.ask(0, 0, out)
    assert [send.destination for send in out.send_now] == [12, 11, 10, 8, 0, 2, 3]


def test_tokens_go_on_from_an_earlier_epochs() -> None:
    """A timer that an earlier machine armed is not this one's."""
    fetcher, out = Fetcher(0, 2, 7), Output()
    fetcher.want(WANTED, (), 0, 0, out)
    assert [timer.token for timer in out.timers] == [8]
    assert not fetcher.is_due(7)
    assert fetcher.is_due(8)
