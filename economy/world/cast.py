"""Who lives in the world: the roots, dealers, wallet providers, firms, shops and people, all drawn from the seed.

An actor is a number; its key follows from the seed and its name, as the keys of `localnet up --seed` do. Names, keys
and habits are a function of (seed, scenario, people), so that a run that is continued has the same ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chain.accounts import ASSOCIATION, TREASURY
from chain.crypto.signing import PrivateKey
from economy.world.chance import stream
from economy.world.scenario import Place, Scenario
from node.client.wallets.names import ASSOCIATION_NAME, TREASURY_NAME
from node.keystore import derive_secret
from node.localnet.bootstrap import COUNTRIES, DEALERS, PROVIDERS

ROOT, TREASURER = 0, 1
"""Numbers of the association and the treasury."""
FAVOURITES = 3
"""Shops and friends of a person."""
PAYDAYS = (1, 10, 25)
"""Of a month; each employer has one."""


class Actor(NamedTuple):
    """Somebody with an account."""

    name: str
    role: str
    """root, dealer, parent, firm, shop or person."""
    place: int
    """Number of its country in the scenario, -1 for nobody's."""
    provider: int
    """Number of its provider among the actors, -1 for who needs none."""
    key_label: str
    """What the key is derived from."""
    address: bytes
    auth_key: bytes


class Person(NamedTuple):
    """Habits of one person."""

    actor: int
    place: int
    joins: int
    """Day of the run on which the person takes up the coin."""
    employer: int
    wage: int
    """Micro-units a month."""
    spending: int
    """Micro-units of a purchase, on average."""
    shops: tuple[int, ...]
    friends: tuple[int, ...]
    """Actors at home."""
    family: int
    """The actor abroad who gets money, -1 for who sends none."""
    remittance: int
    """Micro-units a month."""


@dataclass(frozen=True)
class Cast:
    """Everybody."""

    scenario: Scenario
    actors: tuple[Actor, ...]
    dealers: tuple[int, ...]
    providers: tuple[int, ...]
    idle_providers: tuple[int, ...]
    """Of every local network; nobody of this world uses them."""
    firms: tuple[int, ...]
    paydays: dict[int, int]
    """Day of the month by firm."""
    shops: tuple[int, ...]
    people: tuple[Person, ...]
    by_address: dict[bytes, int]

    def place(self, actor: int) -> Place:
        """The country of an actor that has one."""
        return self.scenario.places[self.actors[actor].place]

    def home_coin(self, actor: int) -> str:
        """What it is paid in."""
        return self.place(actor).coin

    def country(self, actor: int) -> str:
        """Code of its country."""
        return self.place(actor).code


class _Casting:
    """Gives out numbers, and gathers who has them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.actors: list[Actor] = []

    def add(self, name: str, role: str, place: int = -1, provider: int = -1) -> int:
        label = f"account/{name}"
        address = {ASSOCIATION_NAME: ASSOCIATION, TREASURY_NAME: TREASURY}.get(name)
        if address is not None:
            label = name
        auth_key = PrivateKey(derive_secret(self.seed, label)).authentication_key()
        self.actors.append(Actor(name, role, place, provider, label, address or auth_key[16:], auth_key))
        return len(self.actors) - 1

    def member(self, stem: str, role: str, place: int, provider: int) -> int:
        """Somebody with an account at a provider."""
        return self.add(f"{stem}@{self.actors[provider].name}", role, place, provider)


def cast_of(scenario: Scenario, people: int, seed: int) -> Cast:
    """Draw everybody."""
    casting = _Casting(seed)
    for name in (ASSOCIATION_NAME, TREASURY_NAME):
        casting.add(name, "root")
    dealers = tuple(casting.add(name, "dealer") for name in DEALERS)
    providers = [
        [casting.add(name, "parent", number) for name in place.providers]
        for number, place in enumerate(scenario.places)
    ]
    idle = [name for name in PROVIDERS if name not in scenario.providers]
    idle_providers = tuple(casting.add(name, "parent") for name in idle)
    counts = _split(people, [place.share for place in scenario.places])
    firms, shops = (
        [
            [
                casting.member(f"{what}-{place.code.lower()}-{index:02}", role, number, homes[index % len(homes)])
                for index in range(max(len(homes), -(-count // per)))
            ]
            for number, (place, homes, count) in enumerate(zip(scenario.places, providers, counts, strict=True))
        ]
        for what, role, per in (("firm", "firm", scenario.people_an_employer), ("shop", "shop", scenario.people_a_shop))
    )
    members = [
        [
            casting.member(f"{place.code.lower()}-{index:05}", "person", number, homes[index % len(homes)])
            for index in range(count)
        ]
        for number, (place, homes, count) in enumerate(zip(scenario.places, providers, counts, strict=True))
    ]
    rng = stream(seed, "cast")
    found: list[Person] = []
    for number in range(len(scenario.places)):
        found += _habits(scenario, number, casting.actors, members, firms, shops, rng)
    all_firms = [firm for group in firms for firm in group]
    return Cast(
        scenario, tuple(casting.actors), dealers, tuple(name for group in providers for name in group), idle_providers,
        tuple(all_firms), {firm: PAYDAYS[place % len(PAYDAYS)] for place, firm in enumerate(all_firms)},
        tuple(shop for group in shops for shop in group), tuple(found),
        {actor.address: number for number, actor in enumerate(casting.actors)},
    )  # fmt: skip


def idle_country(name: str) -> str:
    """Where a provider is that every local network has."""
    return COUNTRIES[name]


def _habits(
    scenario: Scenario, number: int, actors: Sequence[Actor], members: list[list[int]], firms: list[list[int]],
    shops: list[list[int]], rng: np.random.Generator,
) -> list[Person]:  # fmt: skip
    """The people of one country."""
    place, here = scenario.places[number], members[number]
    count = len(here)
    joins = _join_days(scenario, count, rng)
    spread = np.exp(rng.normal(0.0, 0.35, (3, count)) - 0.35**2 / 2)
    is_migrant = rng.random(count) < place.migrants
    codes = [other.code for other in scenario.places]
    found = []
    for index, actor in enumerate(here):
        employers = [firm for firm in firms[number] if actors[firm].provider == actors[actor].provider]
        employer = employers[int(rng.integers(len(employers)))]
        own_shops = rng.choice(len(shops[number]), min(FAVOURITES, len(shops[number])), replace=False)
        friends = [here[int(at)] for at in rng.integers(count, size=FAVOURITES) if here[int(at)] != actor]
        family = -1
        if is_migrant[index]:
            abroad = codes.index(place.sends_to[_pick(rng, [share for _, share in place.sends_to])][0])
            if members[abroad]:
                family = members[abroad][int(rng.integers(len(members[abroad])))]
        found.append(Person(
            actor, number, int(joins[index]), employer, max(1, int(place.wage * spread[0, index])),
            max(1, int(place.purchase * spread[1, index])), tuple(shops[number][int(at)] for at in own_shops),
            tuple(friends), family, max(1, int(place.remittance * spread[2, index])),
        ))  # fmt: skip
    return found


def _join_days(scenario: Scenario, count: int, rng: np.random.Generator) -> np.ndarray:
    """When each comes, the earliest first: a share at once, the others along an S until the last day of adoption."""
    u = rng.random(count)
    late = np.clip((u - scenario.adopted_at_first) / max(1e-9, 1 - scenario.adopted_at_first), 0, 1 - 1e-9)
    bend = np.arcsin(np.sqrt(late)) / (np.pi / 2)  # the inverse of an S: slow, fast, slow
    days = np.floor(bend * scenario.adopted_by_day).astype(np.int64)
    return np.sort(np.where(u < scenario.adopted_at_first, 0, days))


def _pick(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """A place by its share."""
    u, total = float(rng.random()), 0.0
    for place, share in enumerate(shares):
        total += share
        if u < total:
            return place
    return len(shares) - 1


def _split(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that sum to the total, by largest remainder."""
    exact = [total * share for share in shares]
    counts = [int(item) for item in exact]
    order = sorted(range(len(shares)), key=lambda place: (counts[place] - exact[place], place))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts
