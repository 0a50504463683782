"""Governance in words: validators, their operators and keys, and what the association sets for everybody."""

from collections.abc import Callable

from chain.errors import DecodeError
from chain.records.onchain import ConsensusConfig
from node.view.names import Names
from node.view.phrase import Arguments, Phrase
from node.view.text import quoted


def _account(what: str) -> Callable[[Arguments, Names, str], Phrase]:
    def phrase(arguments: Arguments, names: Names, _: str) -> Phrase:
        called = f"called {quoted(arguments['human_name'])} on the ledger"
        return Phrase("made", "make", f"{names.of(arguments['new_account_address'])} {what}, {called}")

    return phrase


def _member(past: str, infinitive: str, where: str) -> Callable[[Arguments, Names, str], Phrase]:
    def phrase(arguments: Arguments, _names: Names, _: str) -> Phrase:
        return Phrase(past, infinitive, f"{quoted(arguments['validator_name'])} {where} the validator set")

    return phrase


def _operator(arguments: Arguments, names: Names, _: str) -> Phrase:
    operator, called = names.of(arguments["operator_account"]), quoted(arguments["operator_name"])
    return Phrase("chose", "choose", f"{operator}, called {called}, to operate its validator")


def _config(what: str) -> Callable[[Arguments, Names, str], Phrase]:
    def phrase(arguments: Arguments, names: Names, _: str) -> Phrase:
        whose = names.of(arguments["validator_account"])
        address = quoted(arguments["validator_network_addresses"].partition("@")[2])
        return Phrase("registered", "register", f"{what} of the validator of {whose}, at {address}")

    return phrase


def _evidence(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("showed", "show", f"that the validator with the key {arguments['consensus_key']} lied")


def _version(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("raised", "raise", f"the protocol version to {arguments['major']}")


def _gas(arguments: Arguments, _names: Names, _: str) -> Phrase:
    least, price = arguments["min_transaction_gas_units"], arguments["min_price_per_gas_unit"]
    return Phrase("set", "set", f"the gas constants: at least {least} units a transaction, at a price from {price}")


def _consensus(arguments: Arguments, _names: Names, _: str) -> Phrase:
    try:
        config = ConsensusConfig.from_bytes(bytes.fromhex(arguments["config"]))
    except DecodeError:
        return Phrase("set", "set", "a consensus configuration that nobody can read")
    words = f"rounds of {config.round_timeout_us} µs, an idle wait of {config.idle_proposal_us} µs"
    return Phrase("set", "set", f"the consensus configuration: {words}")


def _fixed(past: str, infinitive: str, rest: str) -> Callable[[Arguments, Names, str], Phrase]:
    return lambda _arguments, _names, _sender: Phrase(past, infinitive, rest)


GOVERNANCE_PHRASES: dict[str, Callable[[Arguments, Names, str], Phrase]] = {
    "create_validator_account": _account("the owner of a validator"),
    "create_validator_operator_account": _account("a validator operator"),
    "add_validator_and_reconfigure": _member("took", "take", "into"),
    "remove_validator_and_reconfigure": _member("put", "put", "out of"),
    "register_validator_config": _config("keys and addresses"),
    "set_validator_config_and_reconfigure": _config("new keys and addresses"),
    "set_validator_operator": _operator,
    "set_validator_operator_with_nonce_admin": _operator,
    "submit_evidence": _evidence,
    "update_diem_version": _version,
    "set_gas_constants": _gas,
    "initialize_diem_consensus_config": _fixed("began", "begin", "the consensus configuration"),
    "update_diem_consensus_config": _consensus,
    "halt_transactions": _fixed("halted", "halt", "all transactions but its own and the treasury's"),
    "resume_transactions": _fixed("resumed", "resume", "transactions"),
}
"""What each function of governance does."""
