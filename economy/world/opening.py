"""How the world begins, and how people join it: accounts, credentials, first coins; the same calls as `localnet up`."""

from chain.crypto.signing import PrivateKey
from chain.execution.gas import FUNCTION_GAS
from economy.basket import COIN_CURRENCY
from economy.world.cast import TREASURER, idle_country
from economy.world.dealers import MINT_SLOT, Dealers
from economy.world.orders import FEE, Order, free_call, pay
from economy.world.scene import Scene
from node.keystore import derive_secret

CREATE = "create_child_vasp_account"
FLOAT = 1_000 * FEE
"""XUS that each provider has for the accounts that it opens: at least a thousand fees."""


def founding(scene: Scene, dealers: Dealers) -> list[list[Order]]:
    """Acts in order, each in blocks of its own, since it needs what the one before did: the treasury makes dealers and
    providers, these say who they are, coins come, are sold, and firms and shops open their accounts."""
    cast = scene.cast
    parents = (*cast.providers, *cast.idle_providers)
    first = [_by_treasury(scene, number, "create_designated_dealer") for number in cast.dealers]
    first += [_by_treasury(scene, number, "create_parent_vasp_account") for number in parents]
    second = []
    for number in parents:
        actor = cast.actors[number]
        country = cast.country(number) if actor.place >= 0 else idle_country(actor.name)
        second.append(free_call("account", 0, TREASURER, "set_vasp_country", 0, actor.address, country))
        key = PrivateKey(derive_secret(scene.seed, f"compliance/{actor.name}"))
        url = f"https://{actor.name}.example/offchain".encode()
        second.append(free_call("account", 0, number, "rotate_dual_attestation_info", url, key.public_key))
    mints = []
    for dealer in cast.dealers:
        for coin in COIN_CURRENCY:
            amount = dealers.opening_stock(coin)
            mints.append(dealers.mint_order(dealer, coin, amount))
            scene.book.change(dealer, coin, amount)
    sales = [order for number in parents for order in _first_coins(scene, dealers, number)]
    members = [free_account(scene, number) for number in (*cast.firms, *cast.shops)]
    return [first, second, mints, sales, members]


def joining(scene: Scene) -> list[Order]:
    """The accounts that are opened on a day, by the people's providers."""
    orders = []
    for person in scene.cast.people:
        if person.joins == scene.day:
            orders.append(free_account(scene, person.actor)._replace(slot=MINT_SLOT))
    return orders


def free_account(scene: Scene, number: int) -> Order:
    """A provider opens an account that holds every currency; it offers no fee for it."""
    actor = scene.cast.actors[number]
    scene.opened[number] = scene.day
    arguments = ("XUS", actor.address, actor.auth_key[:16], True, 0)
    return Order("account", 0, actor.provider, CREATE, arguments, price=0, gas=FUNCTION_GAS[CREATE])


def _by_treasury(scene: Scene, number: int, function: str) -> Order:
    """An account that the treasury makes."""
    actor = scene.cast.actors[number]
    return free_call("account", 0, TREASURER, function, "XUS", 0, actor.address, actor.auth_key[:16], actor.name, True)


def _first_coins(scene: Scene, dealers: Dealers, number: int) -> list[Order]:
    """What a dealer sells to a provider at first: of its own coin a stock, and some XUS."""
    cast, dealer = scene.cast, dealers.dealer_of(number)
    wanted = {"XUS": FLOAT}
    if cast.actors[number].place >= 0:
        coin = cast.home_coin(number)
        wanted[coin] = wanted.get(coin, 0) + dealers.stock(number, coin)
    orders = []
    for coin, amount in wanted.items():
        scene.book.change(dealer, coin, -amount - FEE)
        scene.book.change(number, coin, amount)
        orders.append(pay("sale", 0, dealer, number, cast.actors[number].address, coin, amount))
    return orders
