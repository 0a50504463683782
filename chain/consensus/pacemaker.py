"""How long a round may last. Local patience only: nothing here touches safety (docs/protocol.md, R8)."""

from chain.interface import Output, SetTimer
from chain.limits import IDLE_PROPOSAL_US, ROUND_TIMEOUT_STEPS, ROUND_TIMEOUT_US


class Pacemaker:
    """Timers of the current round."""

    def __init__(self) -> None:
        """No round yet."""
        self.timed_out = False
        self._patience_us = ROUND_TIMEOUT_US
        self._due_us = 0
        self._token = 0
        self._idle_token = 0
        self._idle_armed = False

    def enter(self, round_: int, committed_round: int, now_us: int, idle: bool, out: Output) -> None:
        """Arm the timer of a new round; it grows by half for each round without a commit beyond the usual two."""
        steps = min(max(round_ - committed_round - 3, 0), ROUND_TIMEOUT_STEPS)
        self._patience_us = ROUND_TIMEOUT_US * 3**steps // 2**steps
        self.timed_out = False
        self._idle_armed = False
        self._idle_token += 1
        self.arm_again(now_us, idle, out)

    def arm_again(self, now_us: int, idle: bool, out: Output) -> None:
        """Start the round's timer over; an idle leader may take its time first."""
        self._set(now_us + self._patience_us + (IDLE_PROPOSAL_US if idle else 0), out)

    def work_arrived(self, now_us: int, out: Output) -> None:
        """There is a payment now: the leader has no reason to wait."""
        if self._due_us > now_us + self._patience_us:
            self._set(now_us + self._patience_us, out)

    def wait_idle(self, now_us: int, out: Output) -> None:
        """Arm the idle wait of a leader without work, once a round."""
        if not self._idle_armed:
            self._idle_armed = True
            out.timers.append(SetTimer("idle", now_us + IDLE_PROPOSAL_US, self._idle_token))

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
