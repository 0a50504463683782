"""Who is who: names of the local address book for addresses, names of validators for their numbers.

Names live with the reader, never on chain: an account's own `human_name` is shown as its claim, not as who it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chain.accounts import ASSOCIATION, TREASURY, VM_RESERVED
from node.view.text import clean

RESERVED = {ASSOCIATION.hex(): "association", TREASURY.hex(): "treasury"}
"""What the two reserved accounts are called where the address book has no name for them."""
NOBODY = VM_RESERVED.hex()
"""The sender of newly minted coins, as Libra has it."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a reader knows: names by address (hex), and the validators' names in the order of their numbers."""

    book: Mapping[str, str] = field(default_factory=dict)
    """Name by address (hex): what an address is called."""
    validators: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Address (hex) by name, of names beside those: an address may have several."""

    def of(self, address: str) -> str:
        """The local name of an address in hex, else the address."""
        return clean(self.book.get(address) or RESERVED.get(address, address))

    def address(self, name: str) -> str | None:
        """The address (hex) of a name, exactly as it is written, or None."""
        return next((address for found, address in self.all() if found == name), None)

    def validator(self, index: int | None) -> str:
        """A validator's name by its number; genesis has no proposer."""
        if index is None:
            return "nobody"
        known = 0 <= index < len(self.validators)
        return clean(self.validators[index]) if known else f"validator number {index}"

    def all(self) -> Iterable[tuple[str, str]]:
        """Every (name, address), by name; reserved accounts have their own names unless the book uses those."""
        own = {name: address for address, name in RESERVED.items()}
        return sorted({**own, **{name: address for address, name in self.book.items()}, **self.aliases}.items())


def names_of(
    book: Mapping[str, str], validators: Iterable[Mapping[str, Any]] = (), aliases: Mapping[str, str] | None = None
) -> Names:
    """Names from an address book (name by hex address), the result of `get_validators`, and what else names address."""
    return Names(book, tuple(row["name"] for row in validators), aliases or {})
