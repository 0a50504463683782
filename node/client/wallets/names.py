"""What a name of the address book may be (docs/protocol.md, A1): never a path, never mistaken for something else.

And where the key of a name lies.
"""

import re
from pathlib import Path

from chain.accounts import ASSOCIATION, TREASURY
from chain.errors import MithqalError
from chain.identifiers import IdentifierError, decode_identifier

MAX_NAME = 64
VALIDATOR_ACCOUNTS = ("owner", "operator")
"""What follows a validator's name in the names of its two accounts."""
TREASURY_NAME = "treasury"
ASSOCIATION_NAME = "association"
GENESIS_NAMES = (TREASURY_NAME, ASSOCIATION_NAME)
"""Names of the accounts that genesis made."""
GENESIS_ADDRESSES = {TREASURY_NAME: TREASURY, ASSOCIATION_NAME: ASSOCIATION}
"""Where they are, whether or not the address book says so."""
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_PART}(?:@{_PART})?", re.ASCII)
_HEX = re.compile(r"(?:0x)?([0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})", re.ASCII)


class BadName(MithqalError):
    """A text that no account is called."""

    name = "bad_name"


def check_name(name: str) -> str:
    """The name itself; BadName says what is wrong with it."""
    if not 1 <= len(name) <= MAX_NAME:
        raise BadName(f"a name has 1 to {MAX_NAME} characters, this one {len(name)}", length=len(name))
    if not _NAME.fullmatch(name):
        raise BadName(
            f"{name!r} is no name: ASCII letters, digits, '.', '_' and '-', a letter or digit first, with a provider"
            " after one @, such as alice or alice@us-wallet"
        )
    if name.isdigit() or _HEX.fullmatch(name) or _is_identifier(name):
        raise BadName(f"{name!r} would be taken for a version, an address, a hash or an identifier: add a letter to it")
    return name


def provider_in(name: str) -> str | None:
    """The provider that a name says: `us-wallet` of `alice@us-wallet`."""
    _, at, provider = name.partition("@")
    return provider if at else None


def key_path(keys: Path, name: str) -> Path:
    """Where the key of a name lies: those of genesis in `keys` itself, those of a validator's owner and operator

    (`NAME.owner`, `NAME.operator`) beside it, the others in a folder of their own.
    """
    if name in GENESIS_NAMES:
        return keys / f"{name}.json"
    validator, _, what = name.rpartition(".")
    if what in VALIDATOR_ACCOUNTS and (keys.parent / validator / "keys").is_dir():
        return keys.parent / validator / "keys" / f"{what}.json"
    return keys / "accounts" / f"{name}.json"


def _is_identifier(name: str) -> bool:
    """Whether it reads as an account identifier."""
    try:
        decode_identifier(name)
    except IdentifierError:
        return False
    return True
