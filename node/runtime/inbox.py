"""What waits for the machine, in three queues: its own events, each validator's messages, and clients' transactions.

Each has its own bound, so that nobody's flood takes another's room. Own events go first (timers, verdicts, links: there
are few); then validators in turn, whose oldest message goes when their queue is full: consensus needs the newest; every
`CLIENT_TURN`th event is a client's while both wait, so that neither starves.
"""

from collections import deque

from chain.interface import Event, Received, Submitted

PEER_EVENTS = 4_096
"""Messages of one validator that may wait."""
PEER_BYTES = 32 << 20
"""Their bytes; at least one frame of the largest size."""
CLIENT_EVENTS = 10_000
"""Transactions of clients that may wait; more are refused."""
CLIENT_TURN = 4


class Inbox:
    """The three queues as one."""

    __slots__ = ("_clients", "_count", "_own", "_peers", "_since_client", "_sizes", "_turns")

    def __init__(self) -> None:
        """Nothing waits."""
        self._own: deque[Event] = deque()
        self._peers: dict[int, deque[Received]] = {}
        self._sizes: dict[int, int] = {}
        self._turns: deque[int] = deque()
        self._clients: deque[Submitted] = deque()
        self._since_client = 0
        self._count = 0

    def __len__(self) -> int:
        """Events that wait."""
        return self._count

    def put(self, event: Event) -> None:
        """An event of our own; never refused."""
        self._own.append(event)
        self._count += 1

    def put_first(self, event: Event) -> None:
        """An event of our own before all others."""
        self._own.appendleft(event)
        self._count += 1

    def put_message(self, message: Received) -> int:
        """A message of a validator; gives how many of its oldest ones had to go."""
        sender = message.sender
        queue = self._peers.setdefault(sender, deque())
        if not queue:
            self._turns.append(sender)
        queue.append(message)
        size = self._sizes.get(sender, 0) + len(message.data)
        dropped = 0
        while len(queue) > PEER_EVENTS or (size > PEER_BYTES and len(queue) > 1):
            size -= len(queue.popleft().data)
            dropped += 1
        self._sizes[sender] = size
        self._count += 1 - dropped
        return dropped

    def put_transaction(self, submitted: Submitted) -> bool:
        """A client's transaction; False if too many wait."""
        if len(self._clients) >= CLIENT_EVENTS:
            return False
        self._clients.append(submitted)
        self._count += 1
        return True

    def take(self) -> Event:
        """The next event; IndexError if none waits."""
        event = self._next()
        self._count -= 1
        return event

    def _next(self) -> Event:
        """By the order of the module."""
        if self._own:
            return self._own.popleft()
        if self._clients and (not self._turns or self._since_client + 1 >= CLIENT_TURN):
            self._since_client = 0
            return self._clients.popleft()
        self._since_client += 1
        sender = self._turns.popleft()
        queue = self._peers[sender]
        message = queue.popleft()
        self._sizes[sender] -= len(message.data)
        if queue:
            self._turns.append(sender)
        return message
