"""New accounts on the ledger, by name: begun in the address book first, so that a repeat finishes what broke off.

Parents (wallet providers) and dealers are made by the treasury, children by their provider (reference 1.2).
"""

from pathlib import Path
from typing import Any

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.identifiers import encode_identifier
from chain.transaction import SignedTransaction
from node.client.wallets.attestation import credential_arguments, has_credential
from node.client.wallets.book import Entry, WalletError, name_taken
from node.client.wallets.holders import address_from, authentication_key_of, public_parts
from node.client.wallets.lookups import account_at
from node.client.wallets.names import GENESIS_NAMES, TREASURY_NAME, BadName, check_name, key_path, provider_in
from node.client.wallets.wallet import Wallet
from node.keystore import KeyFileError, copy_key, load_any

ROLES = ("parent", "dealer", "child")
ROLE_TYPES = {"parent": "parent_vasp", "dealer": "designated_dealer", "child": "child_vasp"}
"""The API's words for them."""
SCHEMES = {"ed25519": Scheme.ED25519, "secp256k1": Scheme.SECP256K1, "p256": Scheme.P256}
FEE_CURRENCY = "XUS"
"""What a provider pays for the making of a child; every account is opened with it."""
_CREATIONS = {
    "parent": "create_parent_vasp_account",
    "dealer": "create_designated_dealer",
    "child": "create_child_vasp_account",
}
_GONE = ("transaction_expired", "sequence_number_too_old")
"""Why a creation that was under way can never run: it is signed again."""


def create_account(
    wallet: Wallet, name: str, *, role: str = "child", provider: str | None = None, scheme: Scheme | None = None,
    key_file: Path | None = None, timeout_s: float = 30.0,
) -> dict[str, Any]:  # fmt: skip
    """Make an account, or finish one whose making broke off: {name, address, identifier, role, provider, scheme, ...}.

    With a key file it gets that key, of one or of several, of which a copy is kept here.

    Raises BadName, WalletError (`name_taken`, `scheme_mismatch`, `bad_provider`, `unknown_account`, `not_a_provider`),
    KeyFileError, and what `Wallet.execute` raises.
    """
    maker = check_new_account(wallet, name, role=role, provider=provider)
    if maker is not None:
        _check_provider(wallet, maker)
    if key_file is not None:
        keep_copy(key_file, key_path(wallet.network.keys, name), name)
    entry = begin_account(wallet, name, role=role, provider=maker, scheme=scheme)
    entry, done = make_account(wallet, entry, timeout_s=timeout_s)
    if entry.role == "parent":
        publish_credential(wallet, entry, timeout_s=timeout_s)
    return {**describe(wallet, finish_account(wallet, entry)), **done}


def keep_copy(source: Path, target: Path, name: str) -> None:
    """A copy of a key file under a name; a repeat finds it. KeyFileError as `load_any`, and `key_file_exists` if there
    is another key."""
    key = load_any(source)
    if not target.exists():
        copy_key(source, target, name)
    elif public_parts(load_any(target)) != public_parts(key):
        raise KeyFileError(f"there is another key in {target}, it stays as it is", name="key_file_exists")


def check_new_account(wallet: Wallet, name: str, *, role: str, provider: str | None = None) -> str | None:
    """Whether the account may be made, as far as the address book knows; who makes it, None for the treasury.

    Raises BadName, WalletError (`name_taken`, `bad_provider`, `unknown_account`), KeyFileError.
    """
    known = wallet.book.rival(check_name(name))
    if name.lower() in GENESIS_NAMES:
        raise WalletError(f"{name!r} is an account of genesis: choose another name", name="name_taken")
    if known is not None and not (known.is_unfinished and known.name == name):
        raise name_taken(known)
    maker = _provider_for(name, role, provider)
    if maker is None:
        return None
    maker = wallet.find(maker).name
    wallet.key_of(maker)
    return maker


def begin_account(
    wallet: Wallet, name: str, *, role: str | None, provider: str | None = None, scheme: Scheme | None = None,
    secret: bytes | None = None,
) -> Entry:  # fmt: skip
    """Write a key and an unfinished entry, or find those of an earlier attempt; WalletError (`scheme_mismatch`)."""
    key = wallet.public_key_of(check_name(name)) or wallet.new_key(
        name, Scheme.ED25519 if scheme is None else scheme, secret
    )
    found, _ = public_parts(key)
    if scheme is not None and found != scheme:
        raise WalletError(
            f"{name} has a key of the scheme {found.name.lower()} already, not {scheme.name.lower()}",
            name="scheme_mismatch",
        )
    return wallet.book.put(Entry(name, address_from(key), found, role, provider, is_unfinished=True))


def make_account(wallet: Wallet, entry: Entry, *, timeout_s: float = 30.0) -> tuple[Entry, dict[str, Any]]:
    """Bring an account of the book onto the ledger: the entry as it is there, and what was executed, if anything."""
    found = account_at(wallet, entry.address)
    if found is not None:
        return _as_on_ledger(wallet, entry, found), {}
    for item in wallet.outbox.open_entries():
        if _creates(item.transaction, entry):
            try:
                done = wallet.resume(item.hash, timeout_s=timeout_s)
                return _as_on_ledger(wallet, entry, account_at(wallet, entry.address)), done
            except MithqalError as error:
                if error.name not in _GONE:
                    raise
    try:
        return entry, wallet.execute(sign_creation(wallet, entry), timeout_s=timeout_s)
    except MithqalError as error:
        raise _explained(entry, error) from error


def sign_creation(wallet: Wallet, entry: Entry) -> SignedTransaction:
    """The transaction that creates the account of an entry."""
    key = wallet.public_key_of(entry.name)
    assert entry.role is not None
    assert key is not None, "the entry was made with it"
    auth_key = authentication_key_of(key)
    function = _CREATIONS[entry.role]
    if entry.provider is not None:
        arguments: tuple[Any, ...] = (FEE_CURRENCY, entry.address, auth_key[:16], True, 0)
        return wallet.sign(entry.provider, function, *arguments, fee_currency=FEE_CURRENCY)
    arguments = (FEE_CURRENCY, 0, entry.address, auth_key[:16], entry.name, True)
    return wallet.sign(TREASURY_NAME, function, *arguments, fee_currency=None)


def publish_credential(wallet: Wallet, entry: Entry, *, timeout_s: float = 30.0) -> None:
    """Publish a provider's base URL and compliance key, free of gas, unless both are on the ledger."""
    found = account_at(wallet, entry.address)
    if found is None or not has_credential(found):
        arguments = credential_arguments(wallet.network.keys, entry.name)
        tx = wallet.sign(entry.name, "rotate_dual_attestation_info", *arguments, fee_currency=None)
        wallet.execute(tx, timeout_s=timeout_s)


def finish_account(wallet: Wallet, entry: Entry) -> Entry:
    """The account is there: so says the book from now on."""
    return wallet.book.put(entry._replace(is_unfinished=False))


def describe(wallet: Wallet, entry: Entry) -> dict[str, Any]:
    """An entry as commands show it."""
    return {
        "name": entry.name,
        "address": entry.address.hex(),
        "identifier": encode_identifier(entry.address, None, wallet.prefix),
        "scheme": entry.scheme.name.lower(),
        "role": entry.role,
        "provider": entry.provider,
        "unfinished": entry.is_unfinished,
    }


def _provider_for(name: str, role: str, provider: str | None) -> str | None:
    """Who makes the account: the provider that the name says, or the one that was given; None for the treasury."""
    said = provider_in(name)
    if role != "child":
        if said is not None:
            raise BadName(f"{name!r} is a name at the provider {said}, and a {role} has none: leave out the @")
        return None
    if said is not None and provider not in (None, said):
        raise WalletError(f"{name!r} is a name at {said}, not at {provider}", name="bad_provider")
    found = said or provider
    if found is None:
        raise WalletError("a child account is made by a provider: say which", name="bad_provider")
    return found


def _check_provider(wallet: Wallet, provider: str) -> None:
    """WalletError (`not_a_provider`) for an account that makes no children."""
    found = account_at(wallet, wallet.find(provider).address)
    kind = "no account on the ledger" if found is None else found["role"]["type"]
    if kind != ROLE_TYPES["parent"]:
        known = ", ".join(entry.name for entry in wallet.entries() if entry.role == "parent")
        raise WalletError(
            f"{provider} is no wallet provider ({kind.replace('_', ' ')}): {known or 'none'} are", name="not_a_provider"
        )


def _creates(tx: SignedTransaction, entry: Entry) -> bool:
    """Whether a transaction creates the account of an entry."""
    payload = tx.raw.payload
    return payload.function in _CREATIONS.values() and entry.address in payload.arguments


def _as_on_ledger(wallet: Wallet, entry: Entry, found: dict[str, Any] | None) -> Entry:
    """The entry with the role and the provider that the ledger has, whatever was asked for this time."""
    if found is None:
        return entry
    kinds = {kind: role for role, kind in ROLE_TYPES.items()}
    parent = found["role"].get("parent_vasp_address")
    provider = None if parent is None else wallet.find(parent).name
    return entry._replace(role=kinds.get(found["role"]["type"]), provider=provider)


def _explained(entry: Entry, error: MithqalError) -> MithqalError:
    """A refusal with what to do about it."""
    if error.name != "insufficient_balance_for_transaction_fee" or entry.provider is None:
        return error
    message = f"{error.message}; bring it coins: mithqal account fund {entry.provider} 10 {FEE_CURRENCY}"
    return WalletError(message, name=error.name, **error.details)
