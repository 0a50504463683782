"""Who appears in the story, and what they send. All people and firms are invented."""

import hashlib
from typing import NamedTuple

from chain.crypto.signing import Scheme

COIN = 1_000_000
"""Micro-units of one coin."""


class Person(NamedTuple):
    """Somebody, or a shop, with an account at a wallet provider."""

    name: str
    country: str
    scheme: Scheme = Scheme.ED25519

    @property
    def provider(self) -> str:
        """The wallet provider that holds the account."""
        return self.name.partition("@")[2]


class Transfer(NamedTuple):
    """One cross-border payment: who pays whom how many micro-units of which coin, and what for."""

    payer: Person
    payee: Person
    amount: int
    coin: str
    memo: str
    is_attested: bool = False


ALICE = Person("alice@us-wallet", "US")
GEORGE = Person("george@gb-wallet", "GB", Scheme.SECP256K1)
YUKI = Person("yuki@jp-wallet", "JP")
ASHA = Person("asha@in-wallet", "IN")
BRUNO = Person("bruno@br-wallet", "BR")
MERCADO = Person("mercado@br-wallet", "BR")
MARIA = Person("maria@mx-wallet", "MX")
JOSE = Person("jose@ph-wallet", "PH")
MALLORY = Person("mallory@us-wallet", "US")
"""Her account will be frozen."""

PEOPLE = (ALICE, GEORGE, YUKI, ASHA, BRUNO, MERCADO, MARIA, JOSE, MALLORY)
FUNDED = ((ALICE, "XUS", 9_000 * COIN), (GEORGE, "XGB", 900 * COIN), (YUKI, "XJP", 90_000 * COIN),
          (BRUNO, "XUS", 200 * COIN), (MALLORY, "XUS", 50 * COIN))  # fmt: skip
"""What each sender buys at a wallet provider before the story's payments."""


CAPPED, ALLOWED = 700 * COIN, 100 * COIN
"""Micro-XUS that somebody in Brazil tries to send abroad: above what the preset br-2021 allows
(and below what needs an attestation), and below it."""


def transfers(seed: int | None) -> tuple[Transfer, ...]:
    """The six corridors of the story. The seed varies the small amounts; one payment needs an attestation."""
    return (
        Transfer(ALICE, ASHA, _about(200, "US-IN", seed), "XUS", "school fees"),
        Transfer(ALICE, BRUNO, _about(1_500, "US-BR", seed), "XUS", "rent for the year", is_attested=True),
        Transfer(YUKI, BRUNO, _about(20_000, "JP-BR", seed), "XJP", "for the family"),
        Transfer(GEORGE, ASHA, _about(150, "GB-IN", seed), "XGB", "a wedding present"),
        Transfer(ALICE, MARIA, _about(120, "US-MX", seed), "XUS", "groceries"),
        Transfer(ALICE, JOSE, _about(90, "US-PH", seed), "XUS", "happy birthday"),
    )


def _about(coins: int, corridor: str, seed: int | None) -> int:
    """`coins` whole coins in micro-units, and with a seed up to a tenth more, in hundredths."""
    if seed is None:
        return coins * COIN
    digest = hashlib.sha256(f"{seed}/{corridor}".encode()).digest()
    return coins * COIN + int.from_bytes(digest[:4], "big") % (coins * 10) * (COIN // 100)
