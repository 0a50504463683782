"""How the world begins, and how people join it: accounts, credentials, first coins; the same calls as `localnet up`."""

from typing import TYPE_CHECKING

from chain.crypto.signing import PrivateKey
from chain.execution.gas import FUNCTION_GAS
from economy.basket import COIN_CURRENCY
from economy.world.cast import TREASURER, idle_country
from economy.world.dealers import MINT_SLOT
from economy.world.orders import FEE, Order, free_call, pay
from node.keystore import derive_secret

if TYPE_CHECKING:
    from economy.world.world import World

CREATE = "create_child_vasp_account"
FLOAT = 1_000 * FEE
"""XUS that each provider has for the accounts that it opens: at least a thousand fees."""


def founding(world: "World") -> list[list[Order]]:
    """Acts in order, each in blocks of its own, since it needs what the one before did: roots make dealers and providers, these say who they are, coins come,
    and firms and shops open their accounts."""
    cast = world.cast
    parents = (*cast.providers, *cast.idle_providers)
    first = [_by_treasury(world, number, "create_designated_dealer") for number in cast.dealers]
    first += [_by_treasury(world, number, "create_parent_vasp_account") for number in parents]
    second = []
    for number in parents:
        actor = cast.actors[number]
        country = cast.country(number) if actor.place >= 0 else idle_country(actor.name)
        second.append(free_call("account", 0, TREASURER, "set_vasp_country", 0, actor.address, country))
        key = PrivateKey(derive_secret(world.seed, f"compliance/{actor.name}"))
        url = f"https://{actor.name}.example/offchain".encode()
        second.append(free_call("account", 0, number, "rotate_dual_attestation_info", url, key.public_key))
    mints = []
    for dealer in cast.dealers:
        for coin in COIN_CURRENCY:
            amount = world.dealers.opening_stock(coin)
            mints.append(world.dealers.mint_order(dealer, coin, amount))
            world.book.change(dealer, coin, amount)
    sales = [order for number in parents for order in _first_coins(world, number)]
    members = [free_account(world, number) for number in (*cast.firms, *cast.shops)]
    return [first, second, mints, sales, members, *world.regulator.opening()]


def joining(world: "World") -> list[Order]:
    """The accounts that are opened on a day, by the people's providers."""
    orders = []
    for person in world.cast.people:
        if person.joins == world.day:
            orders.append(free_account(world, person.actor)._replace(slot=MINT_SLOT))
    return orders


def free_account(world: "World", number: int) -> Order:
    """A provider opens an account that holds every currency; it offers no fee for it."""
    actor = world.cast.actors[number]
    world.opened[number] = world.day
    arguments = ("XUS", actor.address, actor.auth_key[:16], True, 0)
    return Order("account", 0, actor.provider, CREATE, arguments, price=0, gas=FUNCTION_GAS[CREATE])


def _by_treasury(world: "World", number: int, function: str) -> Order:
    """An account that the treasury makes."""
    actor = world.cast.actors[number]
    return free_call(
        "account", 0, TREASURER, function, "XUS", 0, actor.address, actor.auth_key[:16], actor.name, True
    )


def _first_coins(world: "World", number: int) -> list[Order]:
    """What a dealer sells to a provider at first: of its own coin a stock, and some XUS."""
    cast, dealer = world.cast, world.dealers.dealer_of(number)
    wanted = {"XUS": FLOAT}
    if cast.actors[number].place >= 0:
        coin = cast.home_coin(number)
        wanted[coin] = wanted.get(coin, 0) + world.dealers.stock(number, coin)
    orders = []
    for coin, amount in wanted.items():
        world.book.change(dealer, coin, -amount - FEE)
        world.book.change(number, coin, amount)
        orders.append(pay("sale", 0, dealer, number, cast.actors[number].address, coin, amount))
    return orders
