"""Decisions of the association and the treasury as files: proposed once, signed by each holder alone, then submitted.

For any call and any K-of-N account: the file is that of a partial transaction (`partial`), so `tx sign` and `tx submit`
take it as well. A proposal lives twelve hours unless said otherwise: holders need time to meet.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.multi import MultiKey, read_multi_signature
from chain.crypto.schemes import MULTI_KEY_SCHEMES
from chain.crypto.signing import PrivateKey
from chain.functions import FUNCTIONS
from chain.transaction import SignedTransaction, decode_raw
from node.client.operations import txfile
from node.client.operations.partial import Partial, Signer, add_signature, is_key_of, read_partial
from node.client.operations.signing import start
from node.client.operations.txfile import SIGNED, Terms, TxFileError, check_network, kind_of
from node.client.wallets.book import WalletError
from node.client.wallets.calls import Call
from node.client.wallets.lookups import account_at
from node.client.wallets.names import ASSOCIATION_NAME, TREASURY_NAME
from node.client.wallets.wallet import LIFETIME_S as CALL_LIFETIME_S
from node.client.wallets.wallet import Wallet
from node.keystore import load_any, load_key

Json = dict[str, Any]

LIFETIME_S = 12 * 3_600
_ASSOCIATION_MODULES = ("ValidatorAdministrationScripts", "SystemAdministrationScripts")
_ASSOCIATION_FUNCTIONS = (
    "create_validator_account", "create_validator_operator_account", "register_scs_currency", "publish_window",
)  # fmt: skip

_NAMED_VALIDATOR = ("add_validator_and_reconfigure", "remove_validator_and_reconfigure")


class Proposal(NamedTuple):
    """What is proposed, and in whose name."""

    function: str
    arguments: tuple[str, ...]
    """As "name=value"."""
    by: str | None = None
    """Whose transaction it is; None: the association's or the treasury's, by the function."""
    others: tuple[str, ...] = ()
    """Secondary signers, by name or address."""
    key_file: Path | None = None
    """The account's key (its public part), if it does not lie in the network directory."""
    number: int | None = None
    lifetime_s: int = LIFETIME_S


def propose(wallet: Wallet, proposal: Proposal) -> Json:
    """The file of a decision that nobody has signed yet.

    Raises TxFileError as `txfile.build_file` and `open_partial` do; WalletError (`unknown_account`,
    `not_the_accounts_key`, `signers_differ`: the function needs another number of secondary signers); KeyFileError.
    """
    by = proposal.by or decided_by(proposal.function)
    terms = Terms(number=proposal.number, lifetime_s=proposal.lifetime_s)
    document = txfile.build_file(wallet, proposal.function, by, _completed(wallet, proposal), terms)
    return _proposed(wallet, document, by, proposal)


def _completed(wallet: Wallet, proposal: Proposal) -> tuple[str, ...]:
    """The arguments, with the address of a validator that is given by its name only, as the ledger has it."""
    given = dict(pair.partition("=")[::2] for pair in proposal.arguments)
    if proposal.function not in _NAMED_VALIDATOR or "validator_address" in given or "validator_name" not in given:
        return proposal.arguments
    rows = wallet.client.call("get_validators")
    row = next((row for row in rows if row["name"] == given["validator_name"] and "account" in row), None)
    if row is None:
        known = ", ".join(str(row["name"]) for row in rows)
        raise WalletError(
            f"no validator is called {given['validator_name']!r} on the ledger; there are {known}",
            name="unknown_validator",
        )
    return (*proposal.arguments, f"validator_address={row['account']}")


def propose_call(wallet: Wallet, call: Call, others: Iterable[str] = (), lifetime_s: int = LIFETIME_S) -> Json:
    """The same of a call that another command has made."""
    raw = wallet.build(wallet.find(call.sender), call.function, *call.arguments, fee_currency=call.fee_currency)
    raw = raw._replace(expiration_secs=raw.expiration_secs - CALL_LIFETIME_S + lifetime_s)
    document = txfile.raw_document(raw, wallet.network.genesis_hash)
    return _proposed(wallet, document, call.sender, Proposal(call.function, (), call.sender, tuple(others)))


def decided_by(function: str) -> str:
    """Who decides about a function: the association or the treasury. TxFileError (`unknown_function`)."""
    found = FUNCTIONS.get(function)
    if found is None:
        raise TxFileError(
            f"no function is called {function[:64]!r}; there are {', '.join(sorted(FUNCTIONS))}",
            name="unknown_function",
        )
    if found.module in _ASSOCIATION_MODULES or function in _ASSOCIATION_FUNCTIONS:
        return ASSOCIATION_NAME
    return TREASURY_NAME


def _proposed(wallet: Wallet, document: Json, by: str, proposal: Proposal) -> Json:
    """The file with its signers, whose keys are those that the ledger has."""
    needed = FUNCTIONS[proposal.function].secondaries
    if len(proposal.others) != needed:
        raise WalletError(
            f"{proposal.function} needs {needed} secondary signers, {len(proposal.others)} are named: --with NAME",
            name="signers_differ", needed=needed,
        )  # fmt: skip
    raw = decode_raw(bytes.fromhex(document["bytes"]))
    known: dict[bytes, PrivateKey | MultiKey] = {}
    for name in (by, *proposal.others):
        entry = wallet.find(name)
        given = proposal.key_file if name == by else None
        key = wallet.public_key_of(entry.name) if given is None else load_any(given)
        if key is not None:
            known[bytes(entry.address)] = key
    others = [wallet.find(name).address for name in proposal.others]
    partial = start(raw, wallet.network.genesis_hash, others, known)
    for signer in partial.signers:
        _check_current(wallet, signer)
    return partial.partial_json()


def _check_current(wallet: Wallet, signer: Signer) -> None:
    """WalletError (`not_the_accounts_key`) if the ledger has another key; one that is not known is learned later."""
    account = account_at(wallet, signer.address)
    if account is None:
        raise WalletError(f"there is no account at {signer.address.hex()} on the ledger", name="unknown_account")
    if signer.scheme is not None and not is_key_of(signer, bytes.fromhex(account["authentication_key"])):
        raise WalletError(
            f"the key that is kept here for {signer.address.hex()} is not the one on the ledger"
            f" ({account['authentication_key']}): give the right one with --key FILE",
            name="not_the_accounts_key",
        )


def sign(path: Path, key_files: Sequence[Path]) -> Json:
    """The file with one signature more for each key file; no network is needed.

    TxFileError as `read_partial` and `add_signature` do, and `signed_already` if nothing is missing; KeyFileError.
    """
    if kind_of(path) == SIGNED:
        raise TxFileError(f"{path} has all signatures: mithqal governance submit {path}", name="signed_already")
    partial = read_partial(path)
    for key in [load_key(one) for one in key_files]:
        partial = add_signature(partial, key)
    return partial.to_json()


def submit(wallet: Wallet, path: Path, *, timeout_s: float = 30.0) -> Json:
    """Submit a decision whose signatures are all there, and follow it to its end.

    TxFileError (`signatures_missing`, `foreign_transaction`, and as `read_signed`), and what `Wallet.execute` raises.
    """
    if kind_of(path) != SIGNED:
        partial = read_partial(path)
        check_network(wallet, partial.genesis_hash)
        partial.transaction()
    tx, genesis_hash = txfile.read_signed(path)
    check_network(wallet, genesis_hash)
    return wallet.execute(tx, timeout_s=timeout_s)


def show(path: Path) -> Json:
    """What a file decides, who signs it and who has: {kind, transaction, signers, missing}; no network is needed."""
    if kind_of(path) == SIGNED:
        tx, genesis_hash = txfile.read_signed(path)
        partial = as_partial(tx, genesis_hash)
        state = {"hash": tx.hash.hex()}
    else:
        partial = read_partial(path)
        state = {}
    document = partial.partial_json()
    return {
        "file": str(path), "kind": kind_of(path), "genesis_hash": document["genesis_hash"],
        "transaction": document["transaction"], "signers": document["signers"], "is_complete": partial.is_complete,
        **state,
    }  # fmt: skip


def as_partial(tx: SignedTransaction, genesis_hash: bytes) -> Partial:
    """A signed transaction as its signers and what each gave."""
    rows = [(tx.raw.sender, tx.scheme, tx.public_key, tx.signature), *tx.secondaries]
    signers = []
    for address, scheme, public_key, signature in rows:
        signer = Signer(address, scheme, public_key)
        several = read_multi_signature(signature) if scheme in MULTI_KEY_SCHEMES else None
        signers.append(signer._replace(signatures=tuple((several or {0: signature}).items())))
    return Partial(tx.raw, genesis_hash, tuple(signers))
