"""What the association, owners and operators decide about validators and the system, each as a `Call`.

A `Call` can be executed here (`execute_calls`), or be written to a file for the holders of a K-of-N key to sign. Names
of a validator's two accounts in the address book are `NAME.owner` and `NAME.operator`.
"""

from collections.abc import Mapping
from typing import Any

from chain.accounts import ASSOCIATION
from chain.errors import MithqalError
from chain.genesis import operator_name
from chain.records.onchain import LEADER_ELECTIONS, ROUND_ROBIN, ConsensusConfig, GasConstants
from chain.records.validators import network_address
from node.client.wallets.book import Entry, WalletError
from node.client.wallets.calls import Call
from node.client.wallets.names import ASSOCIATION_NAME
from node.client.wallets.wallet import Wallet

Json = dict[str, Any]
ELECTION = "leader_election"
"""What is no number in the consensus configuration."""


def association(wallet: Wallet) -> Entry:
    """The association's entry, which the address book gets if it lacks it."""
    return ensure_name(wallet, ASSOCIATION_NAME, ASSOCIATION)


def ensure_name(wallet: Wallet, name: str, address: bytes) -> Entry:
    """The entry of a name, made if it is missing; WalletError (`name_taken`)."""
    known = wallet.book.get(name)
    return known if known is not None and known.address == address else wallet.add_name(name, address)


def validators(wallet: Wallet) -> list[Json]:
    """Every registered validator, as `get_validators` gives it."""
    found: list[Json] = wallet.client.call("get_validators")
    return found


def find_row(rows: list[Json], name: str) -> Json:
    """A registered validator by its name or number; WalletError (`unknown_validator`)."""
    for row in rows:
        if name in (row["name"], str(row["index"])):
            return row
    known = ", ".join(row["name"] for row in rows)
    raise WalletError(f"no validator is called {name!r} on the ledger; there are {known}", name="unknown_validator")


def _by_association(function: str, *arguments: Any) -> Call:
    """A call of the association, free of gas, without a nonce."""
    return Call(ASSOCIATION_NAME, function, (0, *arguments), None)


def create_owner_call(name: str, auth_key: bytes) -> Call:
    """The account of a validator's owner."""
    return _by_association("create_validator_account", auth_key[16:], auth_key[:16], name)


def create_operator_call(name: str, auth_key: bytes) -> Call:
    """The account of its operator."""
    return _by_association("create_validator_operator_account", auth_key[16:], auth_key[:16], operator_name(name))


def choose_operator_call(name: str, operator: bytes) -> Call:
    """The owner hands the validator to its operator."""
    return Call(f"{name}.owner", "set_validator_operator", (operator_name(name), operator), None)


def register_call(
    name: str, account: bytes, consensus_key: bytes, network_key: bytes, addresses: tuple[str, str]
) -> Call:
    """The operator registers keys, and where it listens for validators and for clients."""
    arguments = (account, consensus_key, network_address(network_key, addresses[0]), addresses[1])
    return Call(f"{name}.operator", "register_validator_config", arguments, None)


def rotate_call(row: Json, consensus_key: bytes) -> Call:
    """The operator of a member replaces its consensus key, from the next epoch on. `row` is of `get_validators`."""
    keys = network_address(bytes.fromhex(row["network_key"]), row["network_address"])
    arguments = (bytes.fromhex(row["account"]), consensus_key, keys, row["fullnode_address"])
    return Call(f"{row['name']}.operator", "set_validator_config_and_reconfigure", arguments, None)


def add_member_call(row: Json) -> Call:
    """A registered validator becomes a member."""
    return _by_association("add_validator_and_reconfigure", row["name"], bytes.fromhex(row["account"]))


def remove_member_call(row: Json) -> Call:
    """A member is none from the next epoch on."""
    return _by_association("remove_validator_and_reconfigure", row["name"], bytes.fromhex(row["account"]))


def halt_call(*, halt: bool) -> Call:
    """Only the association and the treasury may send, or everybody again."""
    return _by_association("halt_transactions" if halt else "resume_transactions")


def version_call(major: int) -> Call:
    """A higher protocol version."""
    return _by_association("update_diem_version", major)


def gas_call(current: Json, changes: Mapping[str, int | str]) -> Call:
    """The gas constants with some of them changed; WalletError (`unknown_constant`)."""
    return _by_association("set_gas_constants", *_changed(GasConstants(**current), changes))


def consensus_call(current: Json, changes: Mapping[str, int | str]) -> Call:
    """The consensus configuration with times or its leader election changed; WalletError (`unknown_constant`)."""
    leaders = changes.get(ELECTION, ROUND_ROBIN)
    if leaders not in LEADER_ELECTIONS:
        text = f"no leader election is called {leaders!r}; there are {', '.join(LEADER_ELECTIONS)}"
        raise WalletError(f"{text}; times are {', '.join(ConsensusConfig._fields[1:])}", name="unknown_constant")
    config = _changed(ConsensusConfig(**current), changes)
    return _by_association("update_diem_consensus_config", ConsensusConfig(*config).to_bytes())


def _changed(constants: Any, changes: Mapping[str, int | str]) -> Any:
    """A named tuple with values replaced by name."""
    for name in changes:
        if name not in constants._fields:
            known = ", ".join(constants._fields)
            raise WalletError(f"no constant is called {name!r}; there are {known}", name="unknown_constant")
    return constants._replace(**changes)


def read_changes(words: tuple[str, ...]) -> dict[str, int | str]:
    """`NAME=NUMBER` words, and `leader_election=NAME`; MithqalError (`bad_argument`)."""
    changes: dict[str, int | str] = {}
    for word in words:
        name, equals, number = word.partition("=")
        if equals and name == ELECTION:
            changes[name] = number
            continue
        if not equals or not (number.isascii() and number.isdigit() and len(number) <= 20):
            raise MithqalError(f"{word!r} is not NAME=NUMBER", name="bad_argument")
        changes[name] = int(number)
    return changes
