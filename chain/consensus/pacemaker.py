"""How long a round may last. Local patience only: nothing here touches safety (docs/protocol.md, R8 and R17)."""

from chain.interface import Output, SetTimer
from chain.limits import ABSENT_LEADER_US, ROUND_TIMEOUT_STEPS
from chain.records.onchain import CONSENSUS_AT_GENESIS, ConsensusConfig

NOBODY = -1
"""Leader of no round."""


class Pacemaker:
    """Timers of the current round."""

    def __init__(self, validators: int, config: ConsensusConfig = CONSENSUS_AT_GENESIS, token: int = 0) -> None:
        """No round yet; `validators` rounds are a turn of leaders, `config` says how long each may last.

        Tokens of timers are above `token`.
        """
        self._base_us, self._idle_us = config.round_timeout_us, config.idle_proposal_us
        self.timed_out = False
        self._turn = validators
        self._absent: dict[int, None] = {}
        self._leader = NOBODY
        self._patience_us = self._base_us
        self._due_us = 0
        self._token = token
        self._idle_token = token
        self._idle_armed = False

    def enter(
        self, round_: int, committed_round: int, now_us: int, idle: bool, out: Output, leader: int = NOBODY
    ) -> None:
        """Arm the timer of a new round; it grows by half for each round without a commit beyond the usual two."""
        behind = round_ - committed_round
        steps = min(max(behind - 3, 0), ROUND_TIMEOUT_STEPS)
        self._patience_us = self._base_us * 3**steps // 2**steps
        self._leader = leader if behind <= self._turn + 2 else NOBODY
        self.timed_out = False
        self._idle_armed = False
        self._idle_token += 1
        self.arm_again(now_us, idle, out)
        self.skip_absent_leader(now_us, out)

    def change_leader(self, leader: int, now_us: int, idle: bool, out: Output) -> None:
        """A block that became final has made another one the round's leader (R22): its patience begins anew."""
        if self._leader not in (NOBODY, leader):
            self._leader = leader
            if not self.timed_out:
                self.arm_again(now_us, idle, out)
                self.skip_absent_leader(now_us, out)

    def note_link(self, peer: int, is_up: bool) -> None:
        """Remember who has no link to us. Everybody has one until this says otherwise."""
        if is_up:
            self._absent.pop(peer, None)
        else:
            self._absent[peer] = None

    def skip_absent_leader(self, now_us: int, out: Output) -> None:
        """Give the round up soon if its leader has no link to us, unless a whole turn of leaders committed nothing.

        Only the round's first time-out comes early: `arm_again` gives the usual patience. So a wrong hint cannot keep
        rounds too short for their messages.
        """
        due_us = now_us + ABSENT_LEADER_US
        if self._leader in self._absent and not self.timed_out and self._due_us > due_us:
            self._set(due_us, out)

    def arm_again(self, now_us: int, idle: bool, out: Output) -> None:
        """Start the round's timer over; an idle leader may take its time first."""
        self._set(now_us + self._patience_us + (self._idle_us if idle else 0), out)

    def work_arrived(self, now_us: int, out: Output) -> None:
        """There is a payment now: the leader has no reason to wait."""
        if self._due_us > now_us + self._patience_us:
            self._set(now_us + self._patience_us, out)

    def wait_idle(self, now_us: int, out: Output) -> None:
        """Arm the idle wait of a leader without work, once a round."""
        if not self._idle_armed:
            self._idle_armed = True
            out.timers.append(SetTimer("idle", now_us + self._idle_us, self._idle_token))

    def is_round_due(self, token: int) -> bool:
        """Whether a fired round timer is the newest."""
        return token == self._token

    def is_idle_due(self, token: int) -> bool:
        """Whether a fired idle timer belongs to this round."""
        return token == self._idle_token

    def _set(self, due_us: int, out: Output) -> None:
        """Replace the round's timer."""
        self._due_us = due_us
        self._token += 1
        out.timers.append(SetTimer("round", due_us, self._token))
