"""The protocol, as short as it can be run: what a validator may say, and why. Read from top to bottom.

n validators agree on one chain of blocks, while fewer than a third of them (`faulty`) may sign anything, whenever they
like. This is DiemBFT v4, also called Jolteon (arXiv 2106.10362): a block is final two certificates deep, and a round
that fails ends by a certificate of time-outs. Rules cite docs/protocol.md (P, Q, R, E).

The idea in six sentences. Time is cut into *rounds*, each with one leader, who proposes one block on top of a certified
one. A validator votes at most once a round; a quorum (more than two thirds) of votes is a *quorum certificate* (QC),
and as two quorums share an honest member, a round has at most one certified block. When a block and its child are
certified in *consecutive* rounds, the block is *decided*, with all below it. Why for ever: a quorum saw the block's
certificate when it voted for the child, each of them is *locked* on it from then on, and there is no round in between
in which something else could have been certified. If a round fails, everybody says so and shows the highest certificate
that it knows; a quorum of that is a *timeout certificate* (TC), and the next leader must build on the highest
certificate in it. Every TC after the decision has a locked member among its signers, so that no later block avoids the
decided one.

How to read the model. A `State` is one epoch: what each validator remembers, and all that was ever signed, by rounds.
An *action* is a function from a state to the next one; it raises `Disabled`, with the rule that forbids it. There is no
network: whoever acts may use any certificate that exists, as if it had just arrived; that allows more than a real
network does, and nothing safe may rest on who has heard what. Nor is there a clock: a time-out may happen at any
moment, since safety may not rest on time either. Of the faulty nothing is asked; they count as having signed whatever
helps. States are immutable and can be hashed: a search may walk them, and a run be held against them.
"""

from collections.abc import Callable, Collection, Hashable
from typing import NamedTuple

Id = Hashable
"""Names a block. Two blocks of one name are one block: the name is a hash over all of it."""


class Disabled(Exception):
    """The action is not allowed in this state; the text is the rule that it would break."""


# --- what is said ---


class Block(NamedTuple):
    """A proposal: a place in the chain, and the certificates that justify it."""

    round: int
    id: Id
    author: int
    parent_round: int  # of the certified block below it: gaps are rounds that failed
    parent: Id
    tc: tuple[int, int] | None = None  # after a failed round: that round, and the highest one that its time-outs show


class Statement(NamedTuple):
    """What a vote signs, and so what a QC proves: a block, its parent, and what executing it gave."""

    round: int
    block: Id
    parent_round: int
    parent: Id
    commits: bool  # a QC of this decides the parent: signed, so that one QC convinces a client
    result: Hashable = None  # state root and the like: who computed another one stalls, and cannot fork
    ends: bool = False  # the epoch ends with this block, or did so below it


class Validator(NamedTuple):
    """What an honest validator must never forget, not even in a crash: it is on disk before a signature leaves."""

    voted: int = 0  # the last round in which it voted, or that it gave up
    lock: int = 0  # the highest certified round on which it has voted: what it must show when it gives a round up
    vote: Statement | None = None  # its last vote, which it may repeat
    gave_up: int = 0
    proposed: tuple[int, Id] = (0, None)  # the last round for which it made a block, and which
    committed: int = 0  # the highest decided round that it announced; this and the next two are on no record
    is_up: bool = True
    has_left: bool = False  # for the next epoch


class Round(NamedTuple):
    """All that was said about one round. It only grows: what is signed can be shown for ever."""

    blocks: frozenset[Block] = frozenset()
    votes: frozenset[tuple[int, Statement]] = frozenset()
    timeouts: frozenset[tuple[int, int]] = frozenset()  # who gave the round up, and the certified round that it showed
    certified: Statement | None = None
    tcs: frozenset[int] = frozenset()  # the highest certified round of each TC: different quorums show different ones
    is_decided: bool = False


class State(NamedTuple):
    """One epoch: who takes part, what they remember, what was said."""

    epoch: int
    validators: tuple[Validator, ...]
    faulty: frozenset[int]
    quorum: int
    leader: Callable[[int], int | None]  # no matter of safety; None: it depends on what each has heard, so anybody may
    rounds: tuple[Round, ...]
    tip: int = 0  # the highest decided round
    is_over: bool = False  # a decided block ends the epoch


NOTHING = Round()


def begin(epoch: int, count: int, faulty: Collection[int], leader: Callable[[int], int | None], genesis: Id) -> State:
    """The first state of an epoch of `count` members: its genesis is certified and decided, in round 0.

    A quorum is floor(2n / 3) + 1: two of them share more than a third, so at least one honest member (V2).
    """
    rounds = (Round(certified=Statement(0, genesis, 0, None, commits=False), is_decided=True),)
    return State(epoch, (Validator(),) * count, frozenset(faulty), 2 * count // 3 + 1, leader, rounds)


# --- the actions of a validator ---


def propose(state: State, who: int, block: Block) -> State:
    """The leader of a round proposes."""
    me = _living(state, who)
    _need(who == block.author and state.leader(block.round) in (who, None), "R1: only a round's leader proposes in it")
    is_new = block.round > me.proposed[0]
    _need(is_new or me.proposed == (block.round, block.id), "P8: one proposal a round: two split the votes")
    _justify(state, block)
    return _offer(_remember(state, who, me._replace(proposed=(block.round, block.id))), block)


def propose_anything(state: State, block: Block) -> State:
    """A faulty leader proposes as it likes; what others make of it is for their own rules."""
    _need(block.author in state.faulty, "R1: no block has an honest author who did not propose it")
    return _offer(state, block)


def vote(state: State, who: int, block: Block, said: Statement) -> State:
    """A validator executes a block and votes for it. The same vote may be sent again at any time."""
    me = _living(state, who)
    if said == me.vote:
        return state
    _need(block in _round(state, block.round).blocks, "R1: a vote is for a block that its leader signed")
    _need(state.leader(block.round) in (block.author, None), "R1: a block counts from the leader of its round only")
    _need(said[:4] == (block.round, block.id, block.parent_round, block.parent), "a vote is about its block")
    _need(
        block.round > me.voted,
        "P1: votes rise in round: two in one could certify two blocks, and one in a round that was given up could"
        " decide a block of which that round's TC knows nothing",
    )
    parent = _justify(state, block)
    is_next = block.round == block.parent_round + 1
    _need(said.commits == (is_next and block.parent_round > 0), "P3: a gap decides nothing: a rival may stand in it")
    is_same = said.ends and said.result == parent.result
    _need(is_same or not parent.ends, "P10: above the end of an epoch nothing changes, whichever block is the last")
    after = me._replace(voted=block.round, lock=max(me.lock, block.parent_round), vote=said)
    here = _round(state, block.round)
    return _say(_remember(state, who, after), block.round, here._replace(votes=here.votes | {(who, said)}))


def time_out(state: State, who: int, round_: int, high: int) -> State:
    """A validator gives a round up and shows its highest certificate; again and again, until the round ends."""
    me = _living(state, who)
    _need(_round(state, high).certified is not None, "P5: what a time-out shows is a certificate that exists")
    _need(me.lock <= high < round_, "P5: it never hides its lock: the next leader learns a decided block by that alone")
    is_led = round_ == high + 1 or bool(_round(state, round_ - 1).tcs)
    _need(is_led, "P6: only a certificate of the round before leads into a round: nobody runs ahead")
    _need(round_ >= me.voted, "P7: it does not go back below a round in which it spoke")
    here, after = _round(state, round_), me._replace(voted=round_, gave_up=round_)
    return _say(_remember(state, who, after), round_, here._replace(timeouts=here.timeouts | {(who, high)}))


def commit(state: State, who: int, round_: int) -> State:
    """A validator announces a block of this round as final: its clients may rely on it."""
    me = state.validators[who]
    _need(_round(state, round_).is_decided, "R13: final is only what two certificates in consecutive rounds decided")
    return _remember(state, who, me._replace(committed=max(me.committed, round_)))


def crash(state: State, who: int) -> State:
    """A process dies. Nothing that binds it is lost, for all of `Validator` is on disk."""
    return _remember(state, who, state.validators[who]._replace(is_up=False))


def recover(state: State, who: int) -> State:
    """It starts again, with what it remembered."""
    return _remember(state, who, state.validators[who]._replace(is_up=True))


def lose_memory(state: State, who: int) -> State:
    """A disk is lost with the record on it. What it signed does not bind it any more: it is one of the faulty (R18)."""
    return state._replace(faulty=state.faulty | {who})


def leave(state: State, who: int) -> State:
    """A validator goes on to the next epoch, where rounds and memories begin anew (`begin`)."""
    _need(state.is_over, "E5: an epoch is left only when its last block is decided: nobody signs in two at once")
    return _remember(state, who, state.validators[who]._replace(has_left=True))


# --- certificates: facts, once enough have signed ---


def certify(state: State, said: Statement, signers: Collection[int]) -> State:
    """A quorum voted for the same: a QC exists, and decides the parent if it is one round below."""
    here = _round(state, said.round)
    _quorum(state, signers)
    is_true = all(who in state.faulty or (who, said) in here.votes for who in signers)
    _need(is_true, "Q3: each signer of a certificate has made that very statement")
    if said == here.certified:
        return state
    _need(here.certified is None, "S4: two blocks are certified in one round")
    after = _say(state, said.round, here._replace(certified=said))
    return _decide(after, said.parent_round) if said.commits else after


def certify_timeouts(state: State, round_: int, entries: Collection[tuple[int, int]], high: int) -> State:
    """A quorum gave up the same round, each showing a certificate: a TC exists, with the highest of them in it."""
    here = _round(state, round_)
    _quorum(state, [who for who, _ in entries])
    is_true = all(who in state.faulty or (who, shown) in here.timeouts for who, shown in entries)
    _need(is_true, "Q3: each signer of a TC has given that round up and shown that certificate")
    _need(
        high == max(shown for _, shown in entries),
        "Q7: it counts for the highest that was shown: a lower one would let a leader avoid a decided block, and a"
        " higher one is a claim without proof on which nobody can build",
    )
    _need(high < round_ and _round(state, high).certified is not None, "Q8, Q9: and it exists, below the round")
    return _say(state, round_, here._replace(tcs=here.tcs | {high}))


def _decide(state: State, round_: int) -> State:
    """The certified block of a round is final, and all below it. They must lie on what was final before: agreement."""
    path, at = [], round_
    while not _round(state, at).is_decided:
        path.append(at)
        below = _round(state, at).certified
        if below is None:
            raise Disabled("S3: a block without a certificate lies below a decided one")
        at = below.parent_round
    _need(not path or at == state.tip, "S1: a second branch is decided")
    for at in path:
        state = _say(state, at, state.rounds[at]._replace(is_decided=True))
    last = state.rounds[max(state.tip, round_)].certified
    return state._replace(tip=max(state.tip, round_), is_over=last is not None and last.ends)


# --- small helpers ---


def _justify(state: State, block: Block) -> Statement:
    """A block may stand where it stands; gives what certifies its parent."""
    parent = _round(state, block.parent_round).certified
    _need(
        parent is not None and parent.block == block.parent and block.parent_round < block.round,
        "R2: a block builds on a certified one of an earlier round",
    )
    given_up, high = (-1, 0) if block.tc is None else block.tc
    _need(
        block.round == block.parent_round + 1
        or (given_up + 1 == block.round and high in _round(state, given_up).tcs and block.parent_round >= high),
        "P2: it is the next round, or the round before has a TC and the block builds on no less than that TC shows,"
        " since a decided block may stand there",
    )
    assert parent is not None
    return parent


def _offer(state: State, block: Block) -> State:
    """A block is there, for all to see."""
    here = _round(state, block.round)
    return _say(state, block.round, here._replace(blocks=here.blocks | {block}))


def _living(state: State, who: int) -> Validator:
    """An honest validator that can speak in this epoch."""
    me = state.validators[who]
    _need(me.is_up, "a process that is down says nothing")
    _need(not me.has_left, "E8: nobody speaks in an epoch that it has left")
    return me


def _quorum(state: State, signers: Collection[int]) -> None:
    """Q2: enough different members."""
    known = len(set(signers).intersection(range(len(state.validators))))
    _need(state.quorum <= known == len(signers), "Q2: a certificate has a quorum of different members")


def _round(state: State, round_: int) -> Round:
    """What was said about a round."""
    return state.rounds[round_] if 0 <= round_ < len(state.rounds) else NOTHING


def _say(state: State, round_: int, now: Round) -> State:
    """The state in which that was said about a round."""
    rounds = state.rounds + (NOTHING,) * (round_ + 1 - len(state.rounds))
    return state._replace(rounds=(*rounds[:round_], now, *rounds[round_ + 1 :]))


def _remember(state: State, who: int, now: Validator) -> State:
    """The state in which a validator remembers that."""
    return state._replace(validators=(*state.validators[:who], now, *state.validators[who + 1 :]))


def _need(holds: bool, rule: str) -> None:
    """An enabling condition."""
    if not holds:
        raise Disabled(rule)
