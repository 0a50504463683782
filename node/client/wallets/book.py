"""The local address book: names for addresses, kept beside the keys and never on chain.

An entry is written before its account is made, so that whatever interrupts the making, a repeat finds the same key and
goes on: such an entry is `unfinished` (docs/protocol.md, A2).
"""

import difflib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.identifiers import INTENT_SCHEME, decode_identifier
from chain.primitives import Address
from node.client.files import locked, write_durably

SUGGESTIONS = 3
_ADDRESS = re.compile(r"(?:0x)?([0-9A-Fa-f]{32})", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z]{2,4}1[Pp]\w{40,}", re.ASCII)
"""What somebody who types it means as an identifier, mistyped or not."""


class WalletError(MithqalError):
    """A name or payment that cannot be."""

    name = "wallet"


class Entry(NamedTuple):
    """One line of the address book."""

    name: str
    """The address in hex for an account that has no name here."""
    address: Address
    scheme: Scheme
    role: str | None = None
    """parent, dealer or child; None where nobody said it."""
    provider: str | None = None
    """A child's wallet provider."""
    is_unfinished: bool = False
    """There is a key; whether there is an account on the ledger is not known."""


class AddressBook:
    """The names of one network directory."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path

    def entries(self) -> list[Entry]:
        """Every entry, by name; WalletError (`address_book_malformed`)."""
        try:
            book = json.loads(self._path.read_text(encoding="utf-8"))
            return [_read_entry(name, item) for name, item in sorted(book.items())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise WalletError(
                f"{self._path} is corrupt ({error!r:.100}): mend it, or move it away and make the names again",
                name="address_book_malformed",
            ) from error

    def get(self, name: str) -> Entry | None:
        """The entry of a name, exactly as it is written."""
        return next((entry for entry in self.entries() if entry.name == name), None)

    def rival(self, name: str) -> Entry | None:
        """The entry that a new name would be mistaken for: the same one, or one that differs in case only."""
        return next((entry for entry in self.entries() if entry.name.lower() == name.lower()), None)

    def put(self, entry: Entry) -> Entry:
        """Add an entry, or change one of the same name and address; WalletError (`name_taken`)."""
        with locked(self._path.with_name(f".{self._path.stem}.lock")):
            entries = self.entries()
            for known in entries:
                if known.name.lower() == entry.name.lower() and known[:2] != entry[:2]:
                    raise name_taken(known)
            book = {known.name: known for known in entries} | {entry.name: entry}
            text = json.dumps({name: entry_json(item) for name, item in book.items()}, indent=1, sort_keys=True)
            write_durably(self._path, text + "\n")
        return entry

    def resolve(self, text: str, prefix: str) -> tuple[Entry, bytes | None]:
        """Whom a name, an address in hex or an account identifier means, and the identifier's subaddress.

        WalletError (`unknown_account`); IdentifierError (`bad_identifier`, `wrong_prefix`) for what looks like an
        identifier and is none, or is one of a network whose identifiers start otherwise than with `prefix`.
        """
        entries = self.entries()
        found = next((entry for entry in entries if entry.name == text), None)
        if found is not None:
            return found, None
        subaddress = None
        match = _ADDRESS.fullmatch(text)
        if match is not None:
            address = Address(bytes.fromhex(match.group(1)))
        elif _IDENTIFIER.fullmatch(text):
            identifier = decode_identifier(text, prefix)
            address, subaddress = identifier.address, identifier.subaddress
        else:
            raise _unknown(text, [entry.name for entry in entries])
        named = next((entry for entry in entries if entry.address == address), None)
        return named or Entry(address.hex(), address, Scheme.ED25519), subaddress


def name_taken(entry: Entry) -> WalletError:
    """The refusal of a name that is in the book."""
    return WalletError(
        f"{entry.name!r} is in the address book already, at {entry.address.hex()}: choose another name",
        name="name_taken",
        address=entry.address.hex(),
    )


def _unknown(text: str, names: list[str]) -> WalletError:
    """The refusal of a text that names nobody, with names that are close."""
    if text.startswith(INTENT_SCHEME):
        hint = f"pay the identifier after {INTENT_SCHEME}, and give its amount and currency as arguments"
        return WalletError(f"an intent is no account: {hint}", name="unknown_account")
    close = [name for name in names if name.partition("@")[0] == text]
    close += [name for name in difflib.get_close_matches(text[:80], names, SUGGESTIONS) if name not in close]
    hint = f"did you mean {' or '.join(close[:SUGGESTIONS])}?" if close else "`mithqal account list` names all"
    return WalletError(f"no account is called {text[:80]!r}: {hint}", name="unknown_account")


def _read_entry(name: str, item: dict[str, Any]) -> Entry:
    """One entry of the file; what is missing was not known when it was written."""
    address = bytes.fromhex(item["address"])
    if len(address) != 16:
        raise ValueError(f"{name}: an address has 16 bytes")
    scheme = Scheme[item["scheme"].upper()]
    return Entry(name, Address(address), scheme, item.get("role"), item.get("provider"), bool(item.get("unfinished")))


def entry_json(entry: Entry) -> dict[str, Any]:
    """As the file keeps it."""
    value: dict[str, Any] = {"address": entry.address.hex(), "scheme": entry.scheme.name.lower()}
    optional = {"role": entry.role, "provider": entry.provider, "unfinished": entry.is_unfinished}
    return value | {key: item for key, item in optional.items() if item}
