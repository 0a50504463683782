"""Sign a transaction's file with one key or several, for one signer or many; and open a file that several must sign."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chain.crypto.multi import MultiKey
from chain.crypto.signing import PrivateKey
from chain.execution.gas import SIGNATURE_SHARE
from chain.transaction import RawTransaction, decode_raw
from node.client.operations.partial import Partial, add_signature, open_partial, read_partial
from node.client.operations.txfile import (
    RAW,
    SIGNED,
    TxFileError,
    check_network,
    kind_of,
    read_raw,
    read_signed,
    sign_file,
)
from node.client.wallets.holders import private_keys, threshold_cost
from node.client.wallets.names import GENESIS_NAMES
from node.client.wallets.wallet import Wallet
from node.keystore import load_key

Json = dict[str, Any]


def opened(wallet: Wallet, document: Json, others: Sequence[str], *, is_gas_given: bool = False) -> Json:
    """The file of a raw transaction, as one that gathers signatures where more than one is needed: with secondary
    signers (names or addresses), a fee payer, or a K-of-N sender whose key lies here.

    Raises WalletError (`unknown_account`), TxFileError (`duplicate_signer`).
    """
    raw = decode_raw(bytes.fromhex(document["bytes"]))
    addresses = [wallet.find(name).address for name in others]
    known = _known_keys(wallet, [raw.sender, *addresses, raw.fee_payer])
    if not addresses and not raw.fee_payer and not isinstance(known.get(raw.sender), MultiKey):
        return document
    genesis_hash = bytes.fromhex(document["genesis_hash"])
    return start(raw, genesis_hash, addresses, known, is_gas_given=is_gas_given).partial_json()


def start(
    raw: RawTransaction, genesis_hash: bytes, others: Sequence[bytes], known: dict[bytes, PrivateKey | MultiKey], *,
    is_gas_given: bool = False,
) -> Partial:  # fmt: skip
    """As `open_partial`, with gas for all the signatures unless the caller has set it."""
    partial = open_partial(raw, genesis_hash, others, known)
    if is_gas_given:
        return partial
    cost = sum(threshold_cost(known.get(signer.address)) for signer in partial.signers)
    return partial._replace(raw=raw._replace(max_gas_amount=raw.max_gas_amount + SIGNATURE_SHARE * cost))


def sign_any(path: Path, keys: Sequence[Path], open_wallet: Callable[[], Wallet], account: str | None = None) -> Json:
    """Sign a raw or a partial transaction: the document of what it is then, signed if nothing is missing.

    Signs with these key files, else with whatever fits of the wallet's network directory. `account` (an address in
    hex, or a name of the wallet's) says for whom, where a signer's key is not known. Raises TxFileError as
    `read_partial` and `add_signature` do, KeyFileError, and what `sign_file` raises.
    """
    kind = kind_of(path)
    if kind == RAW and len(keys) <= 1 and account is None:
        return sign_file(path, None if keys else open_wallet(), load_key(keys[0]) if keys else None)
    if kind == SIGNED:
        read_signed(path)
        raise TxFileError(f"{path} is signed already: mithqal tx submit {path}", name="signed_already")
    partial = _from_raw(path) if kind == RAW else read_partial(path)
    if not keys:
        return _sign_from(open_wallet(), partial).to_json()
    address = None if account is None else _address(account, open_wallet)
    for key in [load_key(one) for one in keys]:
        partial = add_signature(partial, key, address)
    return partial.to_json()


def _from_raw(path: Path) -> Partial:
    """A raw transaction whose sender's keys are learned from who signs."""
    raw, genesis_hash = read_raw(path)
    return open_partial(raw, genesis_hash, (), {})


def _sign_from(wallet: Wallet, partial: Partial) -> Partial:
    """With the keys of a network directory that fit, as few as are needed."""
    check_network(wallet, partial.genesis_hash)
    signed = 0
    for key in private_keys(wallet.network.keys):
        try:
            after = add_signature(partial, key)
        except TxFileError:
            continue
        if any(new != old and not old.is_complete for new, old in zip(after.signers, partial.signers, strict=True)):
            partial, signed = after, signed + 1
    if not signed:
        raise TxFileError(
            f"no key here may sign: {partial.missing_words()}; give a key file with --key", name="not_a_signer"
        )
    return partial


def _known_keys(wallet: Wallet, addresses: Sequence[bytes]) -> dict[bytes, PrivateKey | MultiKey]:
    """Keys of accounts that have a name in the book and a key file here."""
    known = {}
    for entry in [*map(wallet.find, GENESIS_NAMES), *wallet.entries()]:
        key = wallet.public_key_of(entry.name) if entry.address in addresses else None
        if key is not None:
            known[bytes(entry.address)] = key
    return known


def _address(text: str, open_wallet: Callable[[], Wallet]) -> bytes:
    """An address in hex needs no wallet."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    return data if len(data) == 16 else open_wallet().find(text).address
