"""The real transport among validators: one TLS link a pair, dialled by the higher index, healed for ever.

A link is up only after the peer's hello: under TLS 1.3 a refused client first sees success. The dialler speaks first,
so a stranger who dials us never gets a byte of ours beyond TLS. Sending never waits; a full queue drops its oldest.
"""

import asyncio
import os
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chain.crypto.signing import ed25519_public_key
from chain.errors import MithqalError
from node.runtime import tls
from node.runtime.accepting import Accepting
from node.runtime.link import Link
from node.wire.budget import Budgets
from node.wire.framing import PREFIX_BYTES, FrameError, encode_frame
from node.wire.hello import LIFE_BYTES, VERSION, Hello, read_hello, refusal_bytes
from node.wire.outbox import Outbox

_MILLION = 1_000_000
_SERVER_NAME = "mithqal"
"""TLS wants a name from the dialler; nobody looks at it."""


class LinkError(MithqalError):
    """The links of a validator cannot be set up."""

    name = "links"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Every wait and bound of the links. Tests make the waits shorter."""

    handshake_us: int = 5_000_000
    """Until TCP, TLS and both hellos must be done."""
    keep_alive_us: int = 1_000_000
    """An idle link sends an empty frame so often."""
    silence_us: int = 10_000_000
    """A link that says nothing for so long is dead."""
    alive_us: int = 2_500_000
    """A link that said something so lately is alive: another process with its peer's keys is refused meanwhile."""
    frame_us: int = 10_000_000
    """From a frame's first byte to its last; who is slower is cut."""
    back_off_first_us: int = 50_000
    """First wait before dialling again; it doubles ..."""
    back_off_most_us: int = 400_000
    """... up to this. Who starts again has to be dialled by the higher ones, and votes when it is: they try often."""
    tick_us: int = 250_000
    """How often links are looked at."""
    queue_frames: int = 4_096
    """Frames that wait for one peer with a link."""
    held_frames: int = 256
    """Frames kept for one peer without a link: enough for a short break, too few to flood it with old news."""
    queue_bytes: int = 32 << 20
    """Bytes that wait for one peer."""
    handshakes: int = 64
    """Inbound connections that have not said hello yet; more are closed unread ..."""
    handshakes_an_address: int = 48
    """... and so many of one address, so that it cannot shut the others out."""
    handshakes_per_s: int = 32
    """Of one address; each costs milliseconds of cryptography ..."""
    handshakes_at_once: int = 256
    """... but so many may come at once, when a network starts on one machine."""


@dataclass(slots=True)
class Counters:
    """For metrics; frames do not count pings and hellos."""

    sent: int = 0
    """Frames written."""
    received: int = 0
    """Frames delivered."""
    dropped: int = 0
    """Frames that a full queue or a lost link cost."""
    refused: int = 0
    """Connections, of either direction, that ended in a refusal before they were up."""
    links: int = 0
    """Links that came up."""
    reconnections: int = 0
    """Of these, not the first of their peer."""


class Contact(NamedTuple):
    """How to reach a validator: the keys that it may show, the newest first, and where it listens, if that is known."""

    keys: tuple[bytes, ...]
    endpoint: tuple[str, int] | None


class _Peer:
    """One other validator."""

    __slots__ = ("flushing", "link", "outbox", "seen")

    def __init__(self, outbox: Outbox) -> None:
        """No link yet."""
        self.outbox = outbox
        self.link: Link | None = None
        self.flushing = False
        self.seen = False


class Links:
    """All links of one validator. `start` in a running loop, `stop` once."""

    def __init__(  # noqa: PLR0913 - the identity of a validator on its network, given once
        self,
        own_index: int,
        network_secret: bytes,
        listen_at: tuple[str, int],
        contacts: Mapping[int, Contact],
        chain_id: int,
        genesis_hash: bytes,
        on_frame: Callable[[int, bytes], None],
        max_frame: int,
        on_link: Callable[[int, bool], None] | None = None,
        on_refused: Callable[[str, str], None] | None = None,
        bounds: Bounds | None = None,
        life: bytes | None = None,
    ) -> None:
        """`contacts` are by the number of a validator, which is `own_index` for ourselves; `update` changes them.

        `on_frame(index, payload)`, `on_link(index, up)` and `on_refused(name, message)` run on the loop and must not
        raise: a link ends where they do. `life` is drawn if it is not given. LinkError (`duplicate_network_key`).
        """
        self._own, self._secret, self._own_key = own_index, network_secret, ed25519_public_key(network_secret)
        self._contacts = {number: contact for number, contact in contacts.items() if number != own_index}
        keys = [self._own_key, *(contact.keys[0] for contact in self._contacts.values())]
        if len(set(keys)) != len(keys):
            raise LinkError("two validators share a network key", name="duplicate_network_key")
        self._chain_id, self._genesis_hash = chain_id, genesis_hash
        self._life = os.urandom(LIFE_BYTES) if life is None else life
        self._on_frame, self._max_frame = on_frame, max_frame
        self._on_link = on_link or (lambda _index, _up: None)
        self._on_refused = on_refused or (lambda _name, _message: None)
        self._bounds = bounds or Bounds()
        assert self._bounds.queue_bytes >= max_frame + PREFIX_BYTES, "the queue must hold the largest frame"
        self._own_endpoint = listen_at
        self._peers = {number: self._new_peer() for number in self._contacts}
        self._dialled: dict[int, None] = {}
        self._pin()
        self._open: dict[Link, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: socket.socket | None = None
        self._accepting: Accepting | None = None
        self._handshakes: Counter[str] = Counter()
        self._budgets = Budgets(self._bounds.handshakes_per_s, self._bounds.handshakes_at_once)
        self._stopped = False
        self.port = 0
        """Where we listen, once started."""
        self.counters = Counters()

    # --- life ---

    async def start(self) -> int:
        """Listen, and dial every lower index for ever; gives the port. LinkError (`port_in_use`) if it is taken."""
        host, port = self._own_endpoint
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._listener = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            raise LinkError(
                f"port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}", name="port_in_use", port=port
            ) from error
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = Accepting(self._listener, self._is_refused, self._begin)
        self._accepting.start()
        self._spawn(self._watch())
        self._dial_all()
        return self.port

    async def stop(self) -> None:
        """Close everything; leaves no task, connection or port behind. Frames that wait are lost."""
        self._stopped = True
        if self._accepting is not None:
            self._accepting.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ends = [link.closed for link in self._open]
        for link in list(self._open):
            link.abort()
        await asyncio.gather(*ends)
        if self._listener is not None:
            self._listener.close()
        for _ in range(3):  # connections cut within TLS close in the loop's next turns
            await asyncio.sleep(0)

    def update(self, contacts: Mapping[int, Contact]) -> None:
        """Who may be linked from now on, by number. A link whose key is not among them ends; new ones are dialled.

        Nobody is ever left out again: the chain keeps every validator that it has registered.
        """
        changed = {number: item for number, item in contacts.items() if number != self._own}
        if changed == self._contacts:
            return
        self._contacts = changed
        for number in changed:
            if number not in self._peers:
                self._peers[number] = self._new_peer()
        self._pin()
        for link in list(self._open):
            if link.peer >= 0 and link.key not in changed[link.peer].keys:
                link.fail(tls.TlsError(f"validator {link.peer} has another key now", name="retired_key"))
        if self._listener is not None:
            self._dial_all()

    def _pin(self) -> None:
        """New contexts: whoever has a higher number dials us, and we dial the lower ones."""
        higher = [key for number, item in self._contacts.items() if number > self._own for key in item.keys]
        lower = [key for number, item in self._contacts.items() if number < self._own for key in item.keys]
        self._inbound_context = tls.context(self._secret, higher, server=True)
        self._outbound_context = tls.context(self._secret, lower, server=False)

    def _new_peer(self) -> _Peer:
        """Another validator without a link."""
        return _Peer(Outbox(self._bounds.queue_frames, self._bounds.queue_bytes))

    def _dial_all(self) -> None:
        """Keep a link to each lower validator, also to those that came later."""
        for number in self._contacts:
            if number < self._own and number not in self._dialled:
                self._dialled[number] = None
                self._spawn(self._dial(number))

    def numbers(self) -> list[int]:
        """Every validator that may be linked, ascending."""
        return sorted(self._peers)

    def connected(self) -> list[int]:
        """Validators with a link up, ascending."""
        return [index for index, peer in sorted(self._peers.items()) if peer.link is not None]

    # --- sending ---

    def send(self, index: int, payload: bytes) -> bool:
        """Queue a payload for a peer; False if it has no link, in which case only the newest few are held for it.

        Raises FrameError (`frame_too_large`), and KeyError for our own or an unknown number. Without a payload: a ping.
        """
        return self._put(self._peers[index], encode_frame(payload, self._max_frame))

    def broadcast(self, payload: bytes) -> None:
        """Queue a payload for every other validator, encoded once."""
        frame = encode_frame(payload, self._max_frame)
        for peer in self._peers.values():
            self._put(peer, frame)

    def _put(self, peer: _Peer, frame: bytes) -> bool:
        """Queue an encoded frame; it is written in the loop's next turn, with what else waits by then."""
        if self._stopped:
            return False
        self.counters.dropped += peer.outbox.put(frame)
        if peer.link is None:
            self.counters.dropped += peer.outbox.keep_newest(self._bounds.held_frames)
            return False
        if not peer.flushing:
            peer.flushing = True
            asyncio.get_running_loop().call_soon(self._flush, peer)
        return True

    def _flush(self, peer: _Peer) -> None:
        """Write what waits for a peer, as far as its link takes it."""
        peer.flushing = False
        if peer.link is not None:
            self.counters.sent += peer.link.write_from(peer.outbox)

    # --- connecting ---

    def _is_refused(self, group: str) -> bool:
        """Whether an address may not begin a handshake now, which is told then; above a bound it is closed unread."""
        refusal = self._refusal(group, int(asyncio.get_running_loop().time() * _MILLION))
        if refusal is not None:
            self._refuse(*refusal)
        return refusal is not None

    def _begin(self, connection: socket.socket, group: str) -> None:
        """Begin a handshake."""
        self._handshakes[group] += 1
        self._spawn(self._admit(connection, group))

    def _refusal(self, group: str, now_us: int) -> tuple[str, str] | None:
        """Why an address may not begin a handshake now: name and sentence; None if it may."""
        total, own = self._handshakes.total(), self._handshakes[group]
        if total >= self._bounds.handshakes or own >= self._bounds.handshakes_an_address:
            return "too_many_handshakes", f"{total} connections have not said hello yet, {own} of them from {group}"
        if self._budgets.wait_us(group, now_us):
            return "handshakes_too_fast", f"{group} begins too many handshakes a second"
        self._budgets.spend(group, 1, now_us)
        return None

    async def _admit(self, connection: socket.socket, group: str) -> None:
        """Bring an inbound connection up in time, or refuse it."""
        link = self._new_link(self._identify)
        try:
            await self._greet(
                link,
                asyncio.get_running_loop().connect_accepted_socket(
                    lambda: link, connection, ssl=self._inbound_context,
                    ssl_handshake_timeout=self._bounds.handshake_us / _MILLION,
                ),
            )  # fmt: skip
        except (OSError, MithqalError) as error:
            self._refuse_for(error)
        finally:
            self._handshakes -= Counter([group])

    async def _dial(self, index: int) -> None:
        """Keep a link to one lower validator, for ever."""
        bounds = self._bounds
        wait_us = bounds.back_off_first_us
        while True:
            link = self._new_link(lambda link, connection: self._check_dialled(link, connection, index))
            try:
                endpoint = self._contacts[index].endpoint
                if endpoint is None:
                    raise OSError("nobody has told where it listens")
                await self._greet(link, self._connect(link, endpoint))
                wait_us = bounds.back_off_first_us
                await asyncio.shield(link.closed)  # `stop` cancels us, and still waits for the end of the link
            except (OSError, MithqalError) as error:
                if isinstance(error, ssl.SSLError | MithqalError):
                    self._refuse_for(error)
            await asyncio.sleep(wait_us / _MILLION)
            wait_us = min(2 * wait_us, bounds.back_off_most_us)

    async def _connect(self, link: Link, endpoint: tuple[str, int]) -> None:
        """TCP and TLS to a lower validator."""
        host, port = endpoint
        await asyncio.get_running_loop().create_connection(
            lambda: link, host, port, ssl=self._outbound_context, server_hostname=_SERVER_NAME,
            ssl_handshake_timeout=self._bounds.handshake_us / _MILLION,
        )  # fmt: skip

    async def _greet(self, link: Link, connecting: Coroutine[None, None, object]) -> None:
        """Connect and wait for the peer's hello, all within the time of a handshake; a link that fails is aborted."""
        try:
            async with asyncio.timeout(self._bounds.handshake_us / _MILLION):
                await connecting
                await link.greeted()
        except BaseException:
            if not link.is_refused:
                link.abort()
            raise

    def _new_link(self, on_open: Callable[[Link, ssl.SSLObject], None]) -> Link:
        """A connection to be."""
        return Link(self._max_frame, on_open, self._on_hello, self._deliver, self._on_end)

    # --- who is there ---

    def _identify(self, link: Link, connection: ssl.SSLObject) -> None:
        """TLS let an inbound peer in: find it by its key. TlsError (`unknown_key`) if it is not to dial us."""
        self._open[link] = None
        key = tls.peer_key(connection)
        found = [number for number, item in self._contacts.items() if number > self._own and key in item.keys]
        if not found:
            raise tls.TlsError(f"key {key.hex()[:16]} is not to dial us", name="unknown_key")
        link.peer, link.key = found[0], key

    def _check_dialled(self, link: Link, connection: ssl.SSLObject, index: int) -> None:
        """Whom we dialled must hold the key that is pinned for it; then we speak first. TlsError (`wrong_key`)."""
        self._open[link] = None
        key = tls.peer_key(connection)
        wanted = self._contacts[index].keys
        if key not in wanted:
            raise tls.TlsError(
                f"key {key.hex()[:16]} answers at the address of validator {index}, whose key is"
                f" {wanted[0].hex()[:16]}",
                name="wrong_key", peer=index,
            )  # fmt: skip
        link.peer, link.key = index, key
        self._say_hello(link)

    def _hello_of(self, number: int, key: bytes) -> Hello:
        """What a validator of our network says first, but for its life."""
        return Hello(VERSION, self._chain_id, self._genesis_hash, number, key)

    def _say_hello(self, link: Link) -> None:
        """Our first frame."""
        own = self._hello_of(self._own, self._own_key)._replace(life=self._life)
        link.write(encode_frame(own.to_bytes(), self._max_frame))

    def _refuse_second(self, link: Link, life: bytes) -> None:
        """LK1: who comes while another process with its keys is alive gets no link. FrameError (`two_processes`)."""
        older = self._peers[link.peer].link
        now_us = int(asyncio.get_running_loop().time() * _MILLION)
        if older is None or older.life == life or now_us - older.heard_us >= self._bounds.alive_us:
            return
        link.refuse(encode_frame(refusal_bytes(), self._max_frame))
        raise FrameError(
            f"two processes have the keys of validator {link.peer}: the second one is refused while the first is alive",
            name="two_processes", peer=link.peer,
        )  # fmt: skip

    def _on_hello(self, link: Link, payload: bytes) -> None:
        """The first frame came: check it, answer it if we were dialled, and put the link in its place."""
        link.life = read_hello(payload, self._hello_of(link.peer, link.key)).life
        self._refuse_second(link, link.life)
        if link.peer > self._own:
            self._say_hello(link)
        peer = self._peers[link.peer]
        older, peer.link = peer.link, link
        if older is not None:
            older.abort()
            self._on_link(link.peer, False)
        self.counters.links += 1
        self.counters.reconnections += peer.seen
        peer.seen = True
        link.on_room = lambda: self._flush(peer)  # type: ignore[method-assign]
        self._on_link(link.peer, True)
        self._flush(peer)

    def _deliver(self, index: int, payload: bytes) -> None:
        """A frame of an authenticated peer."""
        self.counters.received += 1
        self._on_frame(index, payload)

    def _on_end(self, link: Link) -> None:
        """A connection is gone; if it was the peer's current link, the peer is without one."""
        self._open.pop(link, None)
        peer = self._peers.get(link.peer)
        if peer is not None and peer.link is link:
            peer.link = None
            self.counters.dropped += peer.outbox.keep_newest(self._bounds.held_frames)
            self._on_link(link.peer, False)

    # --- time ---

    async def _watch(self) -> None:
        """Keep idle links alive, cut silent ones and those that trickle."""
        bounds, loop = self._bounds, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(bounds.tick_us / _MILLION)
            now_us = int(loop.time() * _MILLION)
            for link in [link for link in self._open if link.is_up]:
                since_us = link.unfinished_since_us
                if now_us - link.heard_us >= bounds.silence_us:
                    link.fail(FrameError(f"validator {link.peer} fell silent", name="silent_peer"))
                elif since_us is not None and now_us - since_us >= bounds.frame_us:
                    link.fail(FrameError(f"validator {link.peer} does not finish a frame", name="slow_frame"))
                else:
                    link.ping_if_idle(now_us, bounds.keep_alive_us)

    # --- helpers ---

    def _refuse_for(self, error: Exception) -> None:
        """Count and tell a refusal; TLS's own reasons get one name."""
        if isinstance(error, MithqalError):
            self._refuse(error.name, error.message)
        elif isinstance(error, TimeoutError):
            self._refuse("handshake_timeout", "no hello within the time of a handshake")
        else:
            self._refuse("tls", str(error))

    def _refuse(self, name: str, message: str) -> None:
        """Count and tell."""
        self.counters.refused += 1
        self._on_refused(name, message)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a task that `stop` ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
