"""A reserve statement: what custodians say they hold, signed by each, with proofs of the supply that it stands against.

Simulated, and no attestation: that is an accountant's product. Whoever trusts a waypoint can verify it offline: the
records of all coins are proved as of one version, the custodians' keys stand in those records, each custodian signs
its line, and the sums are made again from the proofs. docs/economy.md has the format.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chain.codec import encode
from chain.crypto.hashing import signing_message
from chain.crypto.signing import PrivateKey, Scheme, verify
from chain.errors import MithqalError, ProofError
from economy.basket import COIN_CURRENCY
from economy.statement.backing import Reserve, reserve_of
from node.client.proof_file import verify_file
from node.keystore import load_key

FORMAT = "mithqal-reserve-statement-1"
MAX_BYTES = 4 << 20
NOTE = "Simulated. This is no attestation, which is an accountant's product, and no coin here is redeemed for money."
Json = dict[str, Any]
_FIELDS = {"format", "note", "reserve", "signatures", "proofs"}


class StatementError(MithqalError):
    """A statement that does not hold; `details["step"]` says where."""

    name = "bad_statement"


def custodian_keys(keys: Path) -> dict[str, PrivateKey]:
    """The key of each coin's custodian; KeyFileError where one is not kept here."""
    return {coin: load_key(keys / f"custodian-{coin}.json") for coin in COIN_CURRENCY}


def make_statement(reserve: Reserve, keys: Mapping[str, PrivateKey]) -> str:
    """The text of a statement file. StatementError (`foreign_custodian_key`): a key that the ledger does not name."""
    signatures = {}
    for coin in reserve.coins:
        key = keys[coin.coin]
        if key.public_key.hex() != coin.custodian_key:
            raise StatementError(
                f"the key here is not that of the custodian of {coin.coin}, {coin.custodian_key[:16]}...",
                name="foreign_custodian_key",
            )
        signatures[coin.coin] = key.sign(_message(reserve, coin.coin, coin.held)).hex()
    document = {
        "format": FORMAT, "note": NOTE, "reserve": reserve.to_json(), "signatures": signatures,
        "proofs": [json.loads(text) for text in reserve.proofs],
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":")) + "\n"


def verify_statement(data: bytes, waypoint: str) -> Reserve:
    """What a statement shows to somebody who trusts the waypoint; no network is asked.

    StatementError names the step that fails (`file`, `proof`, `signature`, `claim`); MithqalError `bad_waypoint`.
    Whether the reserve covers the supply is another question: ask `is_covered`.
    """
    document = _read(data)
    proofs = tuple(json.dumps(proof, separators=(",", ":")) + "\n" for proof in document["proofs"])
    try:
        proved = [verify_file(text.encode(), waypoint) for text in proofs]
    except ProofError as error:
        raise _broken("proof", error.message) from error
    try:
        said = {row["coin"]: row["held"] for row in document["reserve"]["coins"]}
        receipts = {row["coin"]: row["receipts"] for row in document["reserve"]["coins"]}
        entries = {coin: said[coin] - receipts[coin] for coin in COIN_CURRENCY}
        reserve = reserve_of(proved, proofs, entries)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise _broken("claim", f"it lacks a line or a proof: {error!r:.80}") from error
    except ProofError as error:
        raise _broken("claim", error.message) from error
    for coin in reserve.coins:
        signature = document["signatures"].get(coin.coin, "")
        message = _message(reserve, coin.coin, coin.held)
        if not verify(Scheme.ED25519, bytes.fromhex(coin.custodian_key), message, _bytes(signature)):
            raise _broken("signature", f"the custodian of {coin.coin} did not sign that it holds {coin.held}")
    if reserve.to_json() != document["reserve"]:
        raise _broken("claim", "the numbers are not those that the proofs show")
    return reserve


def _message(reserve: Reserve, coin: str, held: int) -> bytes:
    """What a custodian signs: the network, the version, its coin and what it holds of it."""
    body = (reserve.version, reserve.timestamp_us, coin, str(held))
    return signing_message("ReserveStatement", bytes.fromhex(reserve.genesis_hash), encode(body))


def _read(data: bytes) -> Json:
    """The file's object."""
    if len(data) > MAX_BYTES:
        raise _broken("file", f"{len(data)} bytes are above the limit of {MAX_BYTES}")
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise _broken("file", f"it is not JSON: {error!s:.80}") from error
    if not isinstance(document, dict) or set(document) != _FIELDS or document["format"] != FORMAT:
        raise _broken("file", f"it is no statement of the format {FORMAT}")
    kinds = {"reserve": dict, "signatures": dict, "proofs": list}
    if any(not isinstance(document[name], kind) for name, kind in kinds.items()) or document["note"] != NOTE:
        raise _broken("file", "a field is of a wrong type, or the note that it is simulated was changed")
    return document


def _bytes(text: object) -> bytes:
    """A signature in hex; empty for anything else, which verifies nothing."""
    try:
        return bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return b""


def _broken(step: str, why: str) -> StatementError:
    return StatementError(f"the statement does not hold: {why}", step=step)
