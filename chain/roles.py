"""Who may do what: roles, what each is made with, and the privilege that every function of a transaction asks for.

One table for the executor, the mempool, the API, the explorer, the documents (docs/accounts.md is generated from it)
and the tests. Numbers, names and order are Libra's (docs/protocol.md, W1 to W6).
"""

from typing import NamedTuple

from chain.accounts import Role


class RoleRule(NamedTuple):
    """What an account of a role is."""

    role: Role
    name: str
    """Our name of the role, in JSON `role.name`."""
    json_type: str
    """Libra's name in JSON-RPC, `role.type`."""
    words: str
    """What such an account is: "a wallet provider"."""
    purpose: str
    """What it is there for, to go on after the words; empty where they say it."""
    created_by: Role | None
    """Whose transaction makes it; None: genesis does."""
    how_many: str
    holds_coins: bool
    limits: str
    """Whose account limits (windows of in- and outflow) apply; empty: nobody's."""
    is_freezable: bool
    priority: int
    """In the mempool: who has more goes first."""
    made_with: tuple[str, ...]
    """What an account is made with beside its key, its sequence number and its freezing bit."""
    handles: dict[str, int]
    """Its event streams by type: Libra's numbers, in the order of creation."""
    counters: int
    """How many of them are counted in the account itself."""


_PAYMENTS_ONLY = {"receivedpayment": 0, "sentpayment": 1}

ROLES: dict[Role, RoleRule] = {
    rule.role: rule
    for rule in (
        RoleRule(
            Role.ASSOCIATION, "association", "unknown", "the association", "root of the network", None, "one",
            holds_coins=False, limits="", is_freezable=False, priority=3,
            made_with=("sliding nonce", "all configuration and currencies"),
            handles={"createaccount": 0, "admintransaction": 1, "receivedpayment": 2, "sentpayment": 3}, counters=0,
        ),
        RoleRule(
            Role.TREASURY, "treasury_compliance", "treasury_compliance",
            "the treasury", "which mints, burns and freezes", None, "one",
            holds_coins=False, limits="", is_freezable=False, priority=2,
            made_with=("sliding nonce", "the stream of domains"),
            handles={"vaspdomain": 0, "receivedpayment": 1, "sentpayment": 2}, counters=3,
        ),
        RoleRule(
            Role.DESIGNATED_DEALER, "designated_dealer", "designated_dealer",
            "a designated dealer", "who buys coins from the treasury and sells them on", Role.TREASURY, "any number",
            holds_coins=True, limits="", is_freezable=True, priority=1,
            made_with=("preburn queues", "credential with a name, without URL and key", "balances"),
            handles={
                "receivedmint": 0, "compliancekeyrotation": 1, "baseurlrotation": 2, "receivedpayment": 3,
                "sentpayment": 4,
            },
            counters=5,
        ),
        RoleRule(
            Role.VALIDATOR, "validator", "unknown", "a validator's owner", "", Role.ASSOCIATION, "one a member",
            holds_coins=False, limits="", is_freezable=True, priority=1,
            made_with=("validator configuration with a name, without keys and operator",),
            handles=_PAYMENTS_ONLY, counters=2,
        ),
        RoleRule(
            Role.VALIDATOR_OPERATOR, "validator_operator", "unknown", "a validator's operator", "", Role.ASSOCIATION,
            "at most one a validator",
            holds_coins=False, limits="", is_freezable=True, priority=1,
            made_with=("operator configuration with a name",),
            handles=_PAYMENTS_ONLY, counters=2,
        ),
        RoleRule(
            Role.PARENT_VASP, "parent_vasp", "parent_vasp", "a wallet provider", "", Role.TREASURY, "one a provider",
            holds_coins=True, limits="its own", is_freezable=True, priority=0,
            made_with=(
                "counter of children", "credential with a name, without URL and key", "empty list of domains",
                "balances",
            ),
            handles={"compliancekeyrotation": 0, "baseurlrotation": 1, "receivedpayment": 2, "sentpayment": 3},
            counters=4,
        ),
        RoleRule(
            Role.CHILD_VASP, "child_vasp", "child_vasp", "a child account", "", Role.PARENT_VASP,
            "at most 65,536 a provider",
            holds_coins=True, limits="its parent's", is_freezable=True, priority=0,
            made_with=("its parent's address", "balances"),
            handles=_PAYMENTS_ONLY, counters=2,
        ),
    )
}  # fmt: skip
"""Reference 1.2 and 1.4."""


def role_words(number: int) -> str:
    """What an account with this role number is, in words."""
    return ROLES[Role(number)].words if number in ROLES else f"an account of role {number}"


ACCOUNT_HANDLES: dict[int, dict[str, int]] = {role: rule.handles for role, rule in ROLES.items()}
"""Event handles by role. The association's are counted in the configuration, with its other streams."""


class Refusal(NamedTuple):
    """How everybody else is refused: module and reason of the abort."""

    module: str
    reason: str
    is_first: bool = True
    """Whether the executor asks before the function looks at anything; else the function finds out in its own order."""


class Privilege(NamedTuple):
    """What some roles may do, and the functions by which they do it."""

    words: str
    roles: tuple[Role, ...]
    functions: tuple[str, ...]
    refusal: Refusal | None = None
    """None: nobody is refused."""
    note: str = ""


EVERYBODY = tuple(ROLES)
HOLDERS = tuple(role for role, rule in ROLES.items() if rule.holds_coins)
VASPS = (Role.PARENT_VASP, Role.CHILD_VASP)
_ROOT, _TREASURY = (Role.ASSOCIATION,), (Role.TREASURY,)
_NOT_ROOT = Refusal("CoreAddresses", "EDIEM_ROOT")
_NOT_TREASURY = Refusal("CoreAddresses", "ETREASURY_COMPLIANCE")
_NOT_PARENT = Refusal("Roles", "EPARENT_VASP")

PRIVILEGES: tuple[Privilege, ...] = (
    Privilege(
        "make wallet providers and dealers", _TREASURY,
        ("create_parent_vasp_account", "create_designated_dealer"), _NOT_TREASURY,
    ),
    Privilege("open child accounts", (Role.PARENT_VASP,), ("create_child_vasp_account",), _NOT_PARENT),
    Privilege(
        "make validators' accounts and their operators'", _ROOT,
        ("create_validator_account", "create_validator_operator_account"), _NOT_ROOT,
    ),
    Privilege(
        "pay", HOLDERS,
        ("peer_to_peer_with_metadata", "pay_batch", "peer_to_peer_by_signers", "exchange_by_signers"),
        Refusal("DiemAccount", "EPAYER_DOESNT_HOLD_CURRENCY", is_first=False),
    ),
    Privilege(
        "open a balance in a further currency", HOLDERS, ("add_currency_to_account",),
        Refusal("DiemAccount", "EROLE_CANT_STORE_BALANCE", is_first=False),
    ),
    Privilege(
        "change its own key", EVERYBODY,
        (
            "rotate_authentication_key", "publish_shared_ed25519_public_key", "rotate_shared_ed25519_public_key",
        ),
        note="until it has handed its rotation capability over",
    ),
    Privilege(
        "change its own key under a sliding nonce", (*_ROOT, *_TREASURY), ("rotate_authentication_key_with_nonce",),
        Refusal("SlidingNonce", "ESLIDING_NONCE"),
    ),
    Privilege(
        "change the key of any account, such as a lost one", _ROOT, ("rotate_authentication_key_with_nonce_admin",),
        _NOT_ROOT, note="Libra's write-set as another account",
    ),
    Privilege(
        "be a recovery account", VASPS, ("create_recovery_address",),
        Refusal("RecoveryAddress", "ENOT_A_VASP", is_first=False),
    ),
    Privilege(
        "hand its rotation capability to a recovery account of the same provider", VASPS,
        ("add_recovery_rotation_capability",),
        Refusal("RecoveryAddress", "EINVALID_KEY_ROTATION_DELEGATION", is_first=False),
    ),
    Privilege(
        "change a key that was handed over", VASPS, ("rotate_authentication_key_with_recovery_address",),
        Refusal("RecoveryAddress", "ECANNOT_ROTATE_KEY", is_first=False),
        note="the recovery account, and whoever handed it over",
    ),
    Privilege(
        "publish where it attests payments, and by which key", (Role.DESIGNATED_DEALER, Role.PARENT_VASP),
        ("rotate_dual_attestation_info",), Refusal("DualAttestation", "ECREDENTIAL", is_first=False),
    ),
    Privilege(
        "have a list of domains", (Role.PARENT_VASP,), ("create_vasp_domains", "create_diem_id_domains"), _NOT_PARENT,
        note="every provider is made with one",
    ),
    Privilege(
        "give a provider a domain, or take it away", _TREASURY,
        ("add_vasp_domain", "remove_vasp_domain", "add_diem_id_domain", "remove_diem_id_domain"), _NOT_TREASURY,
    ),
    Privilege(
        "register a coin", _ROOT, ("register_scs_currency",), _NOT_ROOT, note="the treasury signs too",
    ),
    Privilege("mint to a dealer", _TREASURY, ("tiered_mint",), _NOT_TREASURY),
    Privilege("set the caps of a dealer's tiers", _TREASURY, ("update_dealer_tiers",), _NOT_TREASURY),
    Privilege("switch minting on and off", _TREASURY, ("update_minting_ability",), _NOT_TREASURY),
    Privilege(
        "give coins back to be burned", (Role.DESIGNATED_DEALER,), ("preburn",), Refusal("Roles", "EDESIGNATED_DEALER")
    ),
    Privilege(
        "burn what was given back, or cancel that", _TREASURY, ("burn_with_amount", "cancel_burn_with_amount"),
        _NOT_TREASURY,
    ),
    Privilege("burn collected fees", _TREASURY, ("burn_txn_fees",), _NOT_TREASURY),
    Privilege(
        "make the basket's coin of others, and take it apart", (Role.DESIGNATED_DEALER,), ("compose", "decompose"),
        Refusal("Roles", "EDESIGNATED_DEALER"),
    ),
    Privilege("freeze and unfreeze accounts", _TREASURY, ("freeze_account", "unfreeze_account"), _NOT_TREASURY),
    Privilege("publish exchange rates", _TREASURY, ("update_exchange_rate",), _NOT_TREASURY),
    Privilege("set the dual-attestation limit", _TREASURY, ("update_dual_attestation_limit",), _NOT_TREASURY),
    Privilege(
        "publish limits that restrict nothing", EVERYBODY, ("publish_unrestricted_limits",),
        note="the treasury then sets their numbers",
    ),
    Privilege(
        "let limits bind a wallet provider", _ROOT, ("publish_window",), _NOT_ROOT, note="the provider signs too"
    ),
    Privilege(
        "change limits, and whose limits bind a provider", _TREASURY,
        ("update_limits_definition", "update_window_info"), _NOT_TREASURY,
    ),
    Privilege(
        "set the jurisdiction policy, and providers' countries", _TREASURY,
        ("set_jurisdiction_policy", "set_vasp_country"), _NOT_TREASURY,
    ),
    Privilege(
        "add and remove validators", _ROOT, ("add_validator_and_reconfigure", "remove_validator_and_reconfigure"),
        _NOT_ROOT,
    ),
    Privilege(
        "show that a validator lied", EVERYBODY, ("submit_evidence",), note="the evidence itself must hold",
    ),
    Privilege(
        "choose its validator's operator", (Role.VALIDATOR,), ("set_validator_operator",),
        Refusal("Roles", "EVALIDATOR", is_first=False),
    ),
    Privilege(
        "choose a validator's operator for its owner", _ROOT, ("set_validator_operator_with_nonce_admin",), _NOT_ROOT,
        note="the owner signs too",
    ),
    Privilege(
        "register a validator's keys and addresses", (Role.VALIDATOR_OPERATOR,),
        ("register_validator_config", "set_validator_config_and_reconfigure"),
        Refusal("ValidatorConfig", "EINVALID_TRANSACTION_SENDER", is_first=False),
        note="of the validators that chose it",
    ),
    Privilege(
        "change gas, consensus and protocol version", _ROOT,
        (
            "set_gas_constants", "initialize_diem_consensus_config", "update_diem_consensus_config",
            "update_diem_version",
        ),
        _NOT_ROOT,
    ),
    Privilege(
        "halt and resume everybody else's transactions", _ROOT, ("halt_transactions", "resume_transactions"), _NOT_ROOT
    ),
)  # fmt: skip
"""Reference 1.3 and 3.8, row by row; each function of `chain.functions.FUNCTIONS` stands in exactly one row."""

PRIVILEGE_OF: dict[str, Privilege] = {name: row for row in PRIVILEGES for name in row.functions}
"""The privilege that a function asks for."""
