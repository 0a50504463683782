"""Everything that reads a stranger's bytes. It must raise an error of ours, or give a value that has these bytes."""

from collections.abc import Callable
from typing import NamedTuple

from chain.codec import decode, encode
from chain.facts import encode_proof
from chain.genesis import GenesisDocument
from chain.light_client import decode_proof
from chain.messages import decode_message, encode_message
from chain.transaction import decode_transaction
from node.api.handlers import METHODS, SUBMIT_PARAMETERS, WAIT_PARAMETERS
from node.api.schema import bind, check_batch, parse_body, parse_request, request_id
from node.lab.fuzz.corpus import HELLO, MAX_FRAME, Corpus
from node.wire.framing import FrameReader, encode_frame
from node.wire.hello import read_hello


class Decoder(NamedTuple):
    """One reader of bytes."""

    name: str
    seeds: list[bytes]
    read: Callable[[bytes], bytes | None]
    """Decodes, and gives the bytes that the value encodes to; None where nothing goes back. MithqalError refuses."""


def decoders(corpus: Corpus) -> list[Decoder]:
    """All of them, with their valid bytes."""
    return [
        Decoder("message", corpus.messages, lambda data: encode_message(decode_message(data))),
        Decoder("value", corpus.messages, lambda data: encode(decode(data))),
        Decoder("transaction", corpus.transactions, lambda data: decode_transaction(data).envelope),
        Decoder("proof", corpus.proofs, lambda data: encode_proof(*decode_proof(data))),
        Decoder("genesis", corpus.genesis, lambda data: GenesisDocument.from_bytes(data).to_bytes()),
        Decoder("hello", corpus.hellos, _hello),
        Decoder("frames", corpus.frames, _frames),
        Decoder("request", corpus.requests, _request),
    ]


def _hello(data: bytes) -> None:
    """The first frame of a link."""
    read_hello(data, HELLO)


def _frames(data: bytes) -> bytes:
    """Cut at an odd place, as the network does; what is not whole yet goes back as it came."""
    reader = FrameReader(MAX_FRAME)
    payloads = reader.feed(data[: len(data) // 3])
    payloads += reader.feed(data[len(data) // 3 :])
    whole = b"".join(encode_frame(payload, MAX_FRAME) for payload in payloads)
    assert len(whole) + reader.pending == len(data)
    return whole + data[len(whole) :]


def _request(data: bytes) -> None:
    """A request body up to the parameters of each call."""
    value = parse_body(data)
    for call in check_batch(value) if isinstance(value, list) else [value]:
        request_id(call)
        request = parse_request(call)
        parameters = {"submit": SUBMIT_PARAMETERS, "wait_for_transaction": WAIT_PARAMETERS}.get(request.method)
        bind(parameters or METHODS.get(request.method, (None, ()))[1], request.params)
