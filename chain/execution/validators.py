"""Validators, their operators and their keys (Libra's ValidatorAdministrationScripts; docs/protocol.md, G3 to G9).

The association creates the accounts and decides who is a member; a validator's owner chooses its operator; the operator
registers keys and addresses. Order of checks and codes are Libra's (reference 3.7, 3.8).
"""

from chain.accounts import Role
from chain.crypto.signing import Scheme, is_valid_public_key
from chain.errors import DecodeError
from chain.execution.context import Run
from chain.execution.creation import publish_account
from chain.execution.outcome import Abort, Category
from chain.execution.reconfiguration import reconfigure
from chain.limits import MAX_NAME_BYTES, MAX_REGISTERED_VALIDATORS, MAX_VALIDATORS
from chain.records.validators import (
    VALIDATORS_KEY,
    OperatorConfig,
    SetMember,
    ValidatorConfig,
    is_address,
    read_network_address,
    validator_key,
)


def create_validator_account(run: Run, nonce: int, address: bytes, prefix: bytes, human_name: str) -> None:
    """An owner's account (role 3) with an empty configuration, under the next number."""
    run.check_nonce(nonce)
    publish_account(run, Role.VALIDATOR, address, prefix)
    _check_name(human_name)
    active = run.state.active_set()
    if len(active.registered) >= MAX_REGISTERED_VALIDATORS:
        raise Abort(
            "ValidatorConfig", Category.LIMIT_EXCEEDED, "ETOO_MANY_REGISTERED",
            f"{MAX_REGISTERED_VALIDATORS} validators are registered already",
        )  # fmt: skip
    if any(config.human_name == human_name for config in _configs(run)):
        raise Abort(
            "ValidatorConfig", Category.ALREADY_PUBLISHED, "ENAME_TAKEN", f"a validator is called {human_name} already"
        )
    config = ValidatorConfig(address, len(active.registered), human_name, b"", b"", b"", "", "")
    run.state.put(validator_key(address), config)
    run.state.put(VALIDATORS_KEY, active._replace(registered=(*active.registered, address)))


def create_validator_operator_account(run: Run, nonce: int, address: bytes, prefix: bytes, human_name: str) -> None:
    """An operator's account (role 4)."""
    run.check_nonce(nonce)
    publish_account(run, Role.VALIDATOR_OPERATOR, address, prefix)
    _check_name(human_name)
    run.state.put(validator_key(address), OperatorConfig(address, human_name))


def set_validator_operator(run: Run, operator_name: str, operator: bytes) -> None:
    """An owner hands its validator to an operator, whose name it must know."""
    _check_operator_name(run, operator_name, operator)
    if run.own_account().role != Role.VALIDATOR:
        raise Abort("Roles", Category.REQUIRES_ROLE, "EVALIDATOR", "only a validator's owner may do this")
    _set_operator(run, run.sender, operator)


def set_validator_operator_with_nonce_admin(run: Run, nonce: int, operator_name: str, operator: bytes) -> None:
    """The same by the association, for an owner who signs beside it; leaves an `admintransaction`."""
    run.check_nonce(nonce)
    owner = run.state.account(run.secondaries[0])
    _check_operator_name(run, operator_name, operator)
    if owner is None or owner.role != Role.VALIDATOR:
        raise Abort("Roles", Category.REQUIRES_ROLE, "EVALIDATOR", "the owner must sign beside the association")
    _set_operator(run, owner.address, operator)
    run.emit_admin()


def register_validator_config(
    run: Run, account: bytes, consensus_key: bytes, network_addresses: str, fullnode_addresses: str
) -> None:
    """The operator registers keys and addresses. A member's take effect only when its set changes (E3)."""
    _set_config(run, account, consensus_key, network_addresses, fullnode_addresses)


def set_validator_config_and_reconfigure(
    run: Run, account: bytes, consensus_key: bytes, network_addresses: str, fullnode_addresses: str
) -> None:
    """The same for a member, at once: its new keys are those of the next epoch. Without a change no epoch ends."""
    config = _set_config(run, account, consensus_key, network_addresses, fullnode_addresses)
    if run.own_account().role != Role.VALIDATOR_OPERATOR:
        raise Abort("Roles", Category.REQUIRES_ROLE, "EVALIDATOR_OPERATOR", "only an operator may do this")
    active, now_us = run.state.active_set(), run.context.timestamp_us
    member = active.member(config.number)
    if member is None:
        raise _not_active(config.human_name)
    updated = SetMember(config.number, config.human_name, config.consensus_key, config.network_key, now_us)
    if updated._replace(updated_us=member.updated_us) == member:
        return
    interval_us = run.state.onchain().consensus.config_update_interval_us
    if now_us <= member.updated_us + interval_us:
        raise Abort(
            "DiemSystem", Category.RAW, "ECONFIG_UPDATE_RATE_LIMITED",
            f"{config.human_name} changed its keys {now_us - member.updated_us} us ago, it may again after"
            f" {interval_us} us",
        )  # fmt: skip
    reconfigure(run, tuple(updated if item is member else item for item in active.members))


def add_validator_and_reconfigure(run: Run, nonce: int, name: str, account: bytes) -> None:
    """A registered validator becomes a member of the next epoch."""
    run.check_nonce(nonce)
    config = _check_validator_name(run, name, account)
    active = run.state.active_set()
    if not config.is_valid:
        raise Abort(
            "DiemSystem", Category.INVALID_ARGUMENT, "EINVALID_PROSPECTIVE_VALIDATOR", f"{name} has registered no keys"
        )
    if run.state.accusation(account).names(config.consensus_key):
        raise Abort(
            "Evidence", Category.INVALID_STATE, "EACCUSED",
            f"{name}'s key was caught lying: its operator registers another one first",
        )  # fmt: skip
    if len(active.members) >= MAX_VALIDATORS:
        raise Abort(
            "DiemSystem", Category.LIMIT_EXCEEDED, "EMAX_VALIDATORS", f"the set has {MAX_VALIDATORS} members already"
        )
    if active.member(config.number) is not None:
        raise Abort("DiemSystem", Category.INVALID_ARGUMENT, "EALREADY_A_VALIDATOR", f"{name} is a member already")
    member = SetMember(
        config.number, name, config.consensus_key, config.network_key, run.context.timestamp_us
    )  # fmt: skip
    reconfigure(run, (*active.members, member))


def remove_validator_and_reconfigure(run: Run, nonce: int, name: str, account: bytes) -> None:
    """A member is none in the next epoch. The last one stays: an empty set could never decide anything again."""
    run.check_nonce(nonce)
    config = _check_validator_name(run, name, account)
    active = run.state.active_set()
    if active.member(config.number) is None:
        raise _not_active(name)
    if len(active.members) == 1:
        raise Abort("DiemSystem", Category.INVALID_STATE, "ELAST_VALIDATOR", f"{name} is the only member")
    reconfigure(run, tuple(item for item in active.members if item.number != config.number))


def _set_config(run: Run, account: bytes, consensus_key: bytes, network: str, fullnode: str) -> ValidatorConfig:
    """ValidatorConfig::set_config: sender, consensus key, then our own: network key, addresses, keys of its own."""
    config = run.state.validator(account)
    if config is None:
        raise _no_config(account)
    if run.sender != config.operator:
        raise Abort(
            "ValidatorConfig", Category.INVALID_ARGUMENT, "EINVALID_TRANSACTION_SENDER",
            f"{run.sender.hex()} does not operate {config.human_name}",
        )  # fmt: skip
    if not is_valid_public_key(Scheme.ED25519, consensus_key):
        raise Abort(
            "ValidatorConfig", Category.INVALID_ARGUMENT, "EINVALID_CONSENSUS_KEY", "not a valid Ed25519 public key"
        )
    try:
        network_key, address = read_network_address(network)
    except DecodeError as error:
        raise Abort("ValidatorConfig", Category.INVALID_ARGUMENT, "EINVALID_ADDRESS", error.message) from error
    if not is_address(fullnode):
        raise Abort("ValidatorConfig", Category.INVALID_ARGUMENT, "EINVALID_ADDRESS", "an address is host:port")
    if not is_valid_public_key(Scheme.ED25519, network_key):
        raise Abort(
            "ValidatorConfig", Category.INVALID_ARGUMENT, "EINVALID_NETWORK_KEY", "not a valid Ed25519 public key"
        )
    _check_own_keys(run, config, consensus_key, network_key)
    config = config._replace(
        consensus_key=consensus_key, network_key=network_key, network_address=address, fullnode_address=fullnode
    )
    run.state.put(validator_key(account), config)
    return config


def _check_own_keys(run: Run, config: ValidatorConfig, consensus_key: bytes, network_key: bytes) -> None:
    """No key stands for two validators, ever, or for two purposes: who signed must be one and the same (E13)."""
    used = {key for other in _configs(run) if other.number != config.number for key in _keys(other)}
    used |= {
        key for member in run.state.active_set().members if member.number != config.number for key in _keys(member)
    }
    is_others = run.state.key_owner(consensus_key) not in (None, config.account)
    if consensus_key == network_key or is_others or used & {consensus_key, network_key}:
        raise Abort(
            "ValidatorConfig", Category.INVALID_ARGUMENT, "EKEY_IN_USE", "a validator's keys are its own, and differ"
        )


def _keys(item: ValidatorConfig | SetMember) -> tuple[bytes, bytes]:
    """Both keys, for comparison."""
    return item.consensus_key, item.network_key


def _configs(run: Run) -> list[ValidatorConfig]:
    """Every registered validator's configuration."""
    found = [run.state.validator(account) for account in run.state.active_set().registered]
    return [config for config in found if config is not None]


def _set_operator(run: Run, owner: bytes, operator: bytes) -> None:
    """ValidatorConfig::set_operator."""
    config = run.state.validator(owner)
    if config is None:
        raise _no_config(owner)
    run.state.put(validator_key(owner), config._replace(operator=operator))


def _check_operator_name(run: Run, name: str, operator: bytes) -> None:
    """The script's own check: the sender knows whom it means."""
    record = run.state.get(validator_key(operator))
    if not isinstance(record, OperatorConfig):
        raise Abort(
            "ValidatorOperatorConfig", Category.NOT_PUBLISHED, "EVALIDATOR_OPERATOR_CONFIG",
            f"{operator.hex()} is no validator operator",
        )  # fmt: skip
    _same_name(record.human_name, name)


def _check_validator_name(run: Run, name: str, account: bytes) -> ValidatorConfig:
    """As `_check_operator_name`, for a validator."""
    config = run.state.validator(account)
    if config is None:
        raise _no_config(account)
    _same_name(config.human_name, name)
    return config


def _same_name(found: str, given: str) -> None:
    """Libra's scripts abort with the bare code 0."""
    if found != given:
        raise Abort(
            "ValidatorAdministrationScripts", Category.RAW, "ENAME_MISMATCH", f"it is called {found}, not {given[:64]}"
        )


def _check_name(name: str) -> None:
    """A name is shown everywhere: 1 to 64 bytes."""
    if not name:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "EEMPTY_NAME", "a name has at least one byte")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"a name has at most {MAX_NAME_BYTES} bytes")


def _no_config(account: bytes) -> Abort:
    """No validator there."""
    return Abort("ValidatorConfig", Category.NOT_PUBLISHED, "EVALIDATOR_CONFIG", f"{account.hex()} is no validator")


def _not_active(name: str) -> Abort:
    """Not in the set."""
    return Abort("DiemSystem", Category.INVALID_ARGUMENT, "ENOT_AN_ACTIVE_VALIDATOR", f"{name} is no member")
