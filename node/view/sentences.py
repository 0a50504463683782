"""A transaction in a sentence: every function of `chain.transaction.FUNCTIONS`, block metadata, genesis.

Input is the Transaction object of JSON-RPC. Words of strangers (currencies of failed calls, names, URLs) are cleaned.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chain.metadata import Refund
from node.view.meanings import abort_reason
from node.view.metadata import read_metadata
from node.view.names import Names
from node.view.text import clean, coins, money, quoted, rate

Json = Any


class Phrase(NamedTuple):
    """What somebody does: "paid", "pay", "bruno@br-wallet 25 XUS"."""

    past: str
    infinitive: str
    rest: str


Arguments = Mapping[str, Json]


def _holding(arguments: Arguments) -> str:
    """The balances that a new account is opened with."""
    everything = arguments["add_all_currencies"]
    return "holding every currency" if everything else f"holding {clean(arguments['currency'])}"


def _pay(arguments: Arguments, names: Names, sender: str) -> Phrase:
    payee = "itself" if arguments["payee"] == sender else names.of(arguments["payee"])
    what = f"{payee} {money(arguments['amount'], arguments['currency'])}"
    metadata = read_metadata(arguments["metadata"])
    if isinstance(metadata, Refund):
        return Phrase("refunded", "refund", f"{what} of version {metadata.transaction_version}")
    return Phrase("paid", "pay", what)


def _pay_second(arguments: Arguments, names: Names, _: str) -> Phrase:
    amount = money(arguments["amount"], arguments["currency"])
    return Phrase("paid", "pay", f"{_second(arguments, names)} {amount}, with its signature")


def _exchange(arguments: Arguments, names: Names, _: str) -> Phrase:
    there = money(arguments["amount"], arguments["currency"])
    back = money(arguments["second_amount"], arguments["second_currency"])
    return Phrase("exchanged", "exchange", f"{there} for {back} with {_second(arguments, names)}, both signing")


def _second(arguments: Arguments, names: Names) -> str:
    """The second signer of a call that needs one; a call that failed may have none."""
    others = arguments.get("secondary_signers") or []
    return names.of(others[0]) if others else "nobody"


def _open_child(arguments: Arguments, names: Names, _: str) -> Phrase:
    first = arguments["child_initial_balance"]
    coming = f", with {money(first, arguments['currency'])} to begin with" if first else ""
    return Phrase(
        "opened", "open", f"the child account {names.of(arguments['child_address'])}, {_holding(arguments)}{coming}"
    )


def _make(address_field: str, what: str) -> Callable[[Arguments, Names, str], Phrase]:
    def phrase(arguments: Arguments, names: Names, _: str) -> Phrase:
        called = f"called {quoted(arguments['human_name'])} on the ledger"
        return Phrase(
            "made", "make", f"{names.of(arguments[address_field])} {what}, {called}, {_holding(arguments)}"
        )  # fmt: skip

    return phrase


def _add_currency(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("opened", "open", f"a balance in {clean(arguments['currency'])}")


def _rotate_key(_arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("changed", "change", "its key; the address stays")


def _publish(arguments: Arguments, _names: Names, _: str) -> Phrase:
    url = bytes.fromhex(arguments["new_url"]).decode("utf-8", "replace")
    return Phrase("published", "publish", f"where it attests payments, {quoted(url)}, and the key that it attests with")


def _mint(arguments: Arguments, names: Names, _: str) -> Phrase:
    dealer = names.of(arguments["designated_dealer_address"])
    return Phrase(
        "minted", "mint",
        f"{money(arguments['mint_amount'], arguments['currency'])} to {dealer} against a custodian's receipt",
    )  # fmt: skip


def _preburn(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("put", "put", f"{money(arguments['amount'], arguments['currency'])} into the queue to be burned")


def _burn(arguments: Arguments, names: Names, _: str) -> Phrase:
    dealer = names.of(arguments["preburn_address"])
    amount = money(arguments["amount"], arguments["currency"])
    return Phrase("burned", "burn", f"{amount} from the queue of {dealer}; the custodian releases as much")


def _cancel_burn(arguments: Arguments, names: Names, _: str) -> Phrase:
    dealer = names.of(arguments["preburn_address"])
    return Phrase("gave", "give", f"{dealer} {money(arguments['amount'], arguments['currency'])} back from its queue")


def _freeze(arguments: Arguments, names: Names, _: str) -> Phrase:
    return Phrase("froze", "freeze", f"{names.of(arguments['to_freeze_account'])}: it neither sends nor receives")


def _unfreeze(arguments: Arguments, names: Names, _: str) -> Phrase:
    return Phrase("unfroze", "unfreeze", names.of(arguments["to_unfreeze_account"]))


def _limit(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase(
        "set", "set", f"the limit from which two providers must attest to {coins(arguments['new_micro_xdx_limit'])} XDX"
    )


def _set_rate(arguments: Arguments, _names: Names, _: str) -> Phrase:
    above, below = arguments["new_exchange_rate_numerator"], arguments["new_exchange_rate_denominator"]
    value = f"{above}/0" if below == 0 else rate((above << 32) // below)
    return Phrase("set", "set", f"the rate of {clean(arguments['currency'])} to {value} XDX")


def _minting(arguments: Arguments, _names: Names, _: str) -> Phrase:
    state = "on" if arguments["allow_minting"] else "off"
    return Phrase("switched", "switch", f"minting of {clean(arguments['currency'])} {state}")


PHRASES: dict[str, Callable[[Arguments, Names, str], Phrase]] = {
    "peer_to_peer_with_metadata": _pay,
    "peer_to_peer_by_signers": _pay_second,
    "exchange_by_signers": _exchange,
    "create_child_vasp_account": _open_child,
    "create_parent_vasp_account": _make("new_address", "a wallet provider"),
    "create_designated_dealer": _make("address", "a designated dealer"),
    "add_currency_to_account": _add_currency,
    "rotate_authentication_key": _rotate_key,
    "rotate_dual_attestation_info": _publish,
    "tiered_mint": _mint,
    "preburn": _preburn,
    "burn_with_amount": _burn,
    "cancel_burn_with_amount": _cancel_burn,
    "freeze_account": _freeze,
    "unfreeze_account": _unfreeze,
    "update_dual_attestation_limit": _limit,
    "update_exchange_rate": _set_rate,
    "update_minting_ability": _minting,
}
"""What each function does, in words; a test holds that none is missing."""


def sentence(transaction: Json, names: Names) -> str:
    """One version of the ledger in a sentence: what happened, or what was tried and why it failed."""
    body = transaction["transaction"]
    kind = body["type"]
    if kind == "writeset":
        return "genesis: the first state of the network"
    if kind == "blockmetadata":
        proposer = names.validator(body["proposer"])
        return f"block {body['height']} began, proposed by {proposer} in round {body['round']}"
    if kind != "user":
        return f"an entry of the kind {clean(str(kind))}"
    script = body["script"]
    who, function = names.of(body["sender"]), script["function_name"]
    if function in PHRASES:
        arguments = {**script["named_arguments"], "secondary_signers": body["secondary_signers"]}
        phrase = PHRASES[function](arguments, names, body["sender"])
    else:
        phrase = Phrase("called", "call", clean(function))
    status = transaction["vm_status"]
    if status["type"] == "executed":
        return f"{who} {phrase.past} {phrase.rest}"
    return f"{who} tried to {phrase.infinitive} {phrase.rest}, and failed: {abort_reason(status)}"
