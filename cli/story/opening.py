"""The opening: genesis, the validators' processes, accounts, and the day's exchange rates."""

from cli.money import genesis_rates
from cli.story.cast import PEOPLE
from cli.story.stage import Stage
from economy.basket import COIN_CURRENCY, xdx_rates
from node.client.operations.treasury import Rate, publish_rates
from node.client.wallets.calls import execute_calls
from node.localnet.bootstrap import DEALERS, PROVIDERS, child_calls, credential_calls, founding_calls
from node.localnet.build import build_network
from node.localnet.genesis import COINS
from node.view.notice import PLAY_MONEY
from node.view.text import count


def genesis(stage: Stage) -> None:
    """Make the network's directory: keys, genesis, one folder a validator."""
    network = build_network(stage.directory, stage.validators, rates=genesis_rates(stage.day), seed=stage.seed)
    stage.open(network)
    stage.say(f"   {PLAY_MONEY}")
    stage.say(f"   validators  {', '.join(member.name for member in network.members)}; association and treasury")
    stage.say(f"   coins       {', '.join(f'{coin} ({COIN_CURRENCY[coin]})' for coin in COINS)}, and XDX, their basket")
    stage.say(f"   genesis     {network.genesis_hash.hex()}")
    stage.say(f"   waypoint    {network.waypoint}")


def validators(stage: Stage) -> None:
    """Start the processes; the first blocks hold the accounts of dealers, providers and people."""
    stage.supervisor.up(foreground=not stage.keep, meanwhile=lambda: _open_accounts(stage))
    stage.open(stage.supervisor.network)
    processes = count(stage.validators, "process", "processes")
    stage.say(f"   {processes} on loopback commit blocks; links are TLS 1.3 with keys pinned on chain")
    stage.say(f"   dealers     {', '.join(DEALERS)}")
    stage.say(f"   providers   {', '.join(PROVIDERS)}: each has published its compliance key")
    stage.say(f"   accounts    {', '.join(person.name for person in PEOPLE)}")
    stage.say("   names live in this directory's address book, never on chain")


def _open_accounts(stage: Stage) -> None:
    """The treasury creates dealers and providers, the providers the people's accounts."""
    wallet, seed = stage.wallet, stage.seed
    execute_calls(wallet, founding_calls(wallet, seed))
    people = [(person.name, person.provider, person.scheme) for person in PEOPLE]
    execute_calls(wallet, [*credential_calls(wallet, seed), *child_calls(wallet, people, seed)])


def rates(stage: Stage) -> None:
    """The treasury publishes the day's rates, computed from the European Central Bank's."""
    day = stage.day
    done = publish_rates(stage.wallet, [Rate(*quote) for quote in xdx_rates(day)])
    stage.document["rate_date"] = day.date.isoformat()
    stage.say(
        f"   ECB reference rates of {day.date}: {len(done['rates'])} currencies, each by a transaction of the treasury"
    )
