"""What a status, an abort or a rule means: what happened, which rule, what to do; for the explorer and `explain`."""

from typing import Any, NamedTuple

from chain.execution.outcome import REASONS, SENTENCES, Category, abort_sentence, explain_abort
from chain.validation import DiscardStatus
from node.view.rules import RULES

Json = Any

KEPT = "it ran and failed: it is on the ledger, took its fee and its number, and changed nothing else (T7)"
DISCARDED = "it never ran: it is not on the ledger, took no fee and used no number (T6)"
REFUSED = "the validator did not take it into its pool: it is not on the ledger and took no fee"

ADVICE: dict[str, str] = {
    "EDIEM_ROOT": "let the association sign it",
    "EVALIDATOR": "let the owner of the validator sign it",
    "EVALIDATOR_OPERATOR": "let the operator of the validator sign it",
    "EEMPTY_NAME": "give it a name",
    "EVALIDATOR_CONFIG": "`mithqal validator list` names all",
    "EINVALID_TRANSACTION_SENDER": "`mithqal validator list` names each validator's operator",
    "EINVALID_CONSENSUS_KEY": "make one with `mithqal validator rotate-key NAME`",
    "ENOT_A_VALIDATOR_OPERATOR": "let the association create the operator's account first",
    "EINVALID_ADDRESS": "write it as 127.0.0.1:6180",
    "EINVALID_NETWORK_KEY": "make one with `mithqal validator add NAME`",
    "EKEY_IN_USE": "make a new key",
    "ENAME_TAKEN": "`mithqal validator list` names all; choose another name",
    "ETOO_MANY_REGISTERED": "add a validator that is registered already",
    "EVALIDATOR_OPERATOR_CONFIG": "let the association create the operator's account first",
    "ENAME_MISMATCH": "`mithqal validator list` has the names",
    "EINVALID_PROSPECTIVE_VALIDATOR": "let its operator register its keys first",
    "EALREADY_A_VALIDATOR": "nothing is left to do",
    "ENOT_AN_ACTIVE_VALIDATOR": "`mithqal validator add NAME` makes it a member",
    "ECONFIG_UPDATE_RATE_LIMITED": "wait a moment; `mithqal epoch show` has the interval",
    "EMAX_VALIDATORS": "remove another one first",
    "ELAST_VALIDATOR": "add another one first",
    "EEVIDENCE": "`mithqal evidence verify FILE` says what does not hold",
    "EALREADY_ACCUSED": "nothing is left to do; `mithqal validator remove NAME` takes it out of the set",
    "EUNKNOWN_KEY": "`mithqal evidence verify FILE` shows whose key it is",
    "EACCUSED": "its operator must register another consensus key first",
    "EDIEM_CONFIG": "`mithqal governance set-consensus` changes it",
    "EINVALID_MAJOR_VERSION_NUMBER": "`mithqal epoch show` has the version; name a higher one",
    "EGAS_CONSTANT_INCONSISTENCY": "`mithqal epoch show` has the constants; no minimum is above its maximum",
    "EGAS_CONSTANT_TOO_LARGE": "name a lower bound",
    "EINVALID_CONSENSUS_CONFIG": "`mithqal governance set-consensus` writes one that is valid",
    "EALREADY_HALTED": "`mithqal governance resume` ends it",
    "ENOT_HALTED": "`mithqal governance halt` halts them",
    "ECOIN_DEPOSIT_IS_ZERO": "name an amount above 0",
    "EROLE_CANT_STORE_BALANCE": "use an account of a wallet provider, a child or a dealer",
    "EINSUFFICIENT_BALANCE": "look at `mithqal account show NAME`, and send less or fund the account first",
    "EMALFORMED_AUTHENTICATION_KEY": "give the 32 bytes of SHA3-256(public key, scheme byte)",
    "ECANNOT_CREATE_AT_VM_RESERVED": "use the address that the account's first key gives",
    "EADD_EXISTING_CURRENCY": "nothing is left to do",
    "EPAYEE_DOES_NOT_EXIST": "check the address; `mithqal account create NAME` makes an account",
    "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": "pay in a currency that the payee holds, or let it add this one",
    "EPAYER_DOESNT_HOLD_CURRENCY": "pay in a currency that the payer holds, or let it add this one",
    "EGAS": "fund the account in the currency of the fee",
    "ECANNOT_CREATE_AT_CORE_CODE": "use the address that the account's first key gives",
    "EBALANCE_OVERFLOW": "send less",
    "EROLE_ID": "use the account that is there, or another key",
    "EPARENT_VASP": "sign as the wallet provider",
    "EPARENT_VASP_OR_CHILD_VASP": "sign as a wallet provider or one of its children",
    "EPARENT_VASP_OR_DESIGNATED_DEALER": "sign as a wallet provider or a dealer",
    "EDESIGNATED_DEALER": "sign as a designated dealer",
    "ETREASURY_COMPLIANCE": "let the treasury sign it",
    "ECURRENCY_INFO": "`mithqal currency list` names all currencies",
    "EMINTING_NOT_ALLOWED": "the treasury may switch minting on again",
    "EIS_SYNTHETIC_CURRENCY": "mint the coins that it stands on",
    "ECOIN": "use a smaller amount",
    "EPREBURN_QUEUE": "let the treasury burn or cancel requests first",
    "EPREBURN_NOT_FOUND": "`mithqal account show DEALER` lists the requests with their amounts",
    "ERECEIPT_USED": "get a new receipt from the custodian",
    "ERECEIPT_SIGNATURE": "get a receipt that the currency's custodian signed for exactly this id, currency and amount",
    "EDEALER": "name a designated dealer",
    "EINVALID_MINT_AMOUNT": "name an amount above 0",
    "ECREDENTIAL": "sign as a wallet provider or a dealer",
    "EMALFORMED_METADATA_SIGNATURE": "get the receiving provider's signature, or stay below the limit",
    "EINVALID_METADATA_SIGNATURE": "ask the receiving provider to sign exactly this payer, amount and metadata",
    "EPAYEE_COMPLIANCE_KEY_NOT_SET": "the receiving provider must publish the key that it attests with",
    "EPAYEE_BASE_URL_NOT_SET": "the receiving provider must publish where it attests",
    "EINVALID_PUBLIC_KEY": "publish a valid Ed25519 key of 32 bytes",
    "ECANNOT_FREEZE_DIEM_ROOT": "nothing: this account is exempt",
    "ECANNOT_FREEZE_TC": "nothing: this account is exempt",
    "EACCOUNT_FROZEN": "ask the treasury, which alone can unfreeze it",
    "EFREEZING_BIT": "check the address",
    "ETOO_MANY_CHILDREN": "use another wallet provider",
    "EACCOUNT": "check the address",
    "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": (
        "change the key as it was handed over: `mithqal account recovery rotate NAME`, or by publishing a new one;"
        " `mithqal account show NAME` says which"
    ),
    "ECHILD_VASP": "sign as a child of a wallet provider",
    "ESLIDING_NONCE": "use the function without a nonce",
    "ENONCE_TOO_OLD": "use a higher nonce, or 0, which skips the check",
    "ENONCE_TOO_NEW": "use a lower nonce, or 0, which skips the check",
    "ENONCE_ALREADY_RECORDED": "look whether the transaction was executed already; if not, use another nonce",
    "ENONCE_ALREADY_PUBLISHED": "nothing is left to do",
    "ENOT_A_VASP": "sign as a wallet provider or one of its children",
    "EKEY_ROTATION_DEPENDENCY_CYCLE": "let each account hand over its own right",
    "ECANNOT_ROTATE_KEY": "sign as the recovery account, or as the account whose key it is",
    "EINVALID_KEY_ROTATION_DELEGATION": "choose a recovery account of the same wallet provider",
    "EACCOUNT_NOT_RECOVERABLE": "`mithqal account show NAME` says who may change its key",
    "ERECOVERY_ADDRESS": "`mithqal account recovery create NAME` makes a recovery account",
    "EMAX_KEYS_REGISTERED": "make another recovery account",
    "EMALFORMED_PUBLIC_KEY": "publish a valid Ed25519 key of 32 bytes",
    "ESHARED_KEY": "publish a key first, or change the key with rotate_authentication_key",
    "EVASP_DOMAINS": "nothing is left to do",
    "EVASP_DOMAIN_MANAGER": "start from a genesis that has the treasury's account",
    "EVASP_DOMAIN_NOT_FOUND": "`mithqal treasury domain list` shows whose each domain is",
    "EVASP_DOMAIN_ALREADY_EXISTS": "choose another name; `mithqal treasury domain list` shows those that are taken",
    "EVASP_DOMAINS_NOT_PUBLISHED": "name a wallet provider",
    "EINVALID_VASP_DOMAIN": "write it with letters, digits and dots only, such as us.wallet",
    "EVASP_DOMAINS_FULL": "take another domain away first: `mithqal treasury domain remove PROVIDER DOMAIN`",
    "EPARENT_OR_CHILD_VASP": "use another account",
    "ENOT_A_PARENT_VASP": "name a wallet provider",
    "ESIGNER_COUNT": "let exactly the signers sign whom the function names, and after them at most the fee payer",
    "ESAME_CURRENCY": "exchange two different currencies, or pay the difference",
    "EDENOMINATOR": "use a denominator above 0",
    "ERATIO_OUT_OF_RANGE": "keep the rate between 2^-32 and 2^32",
    "EDEPOSIT_EXCEEDS_LIMITS": "`mithqal account limits NAME` shows the payee's limits, and when they count anew",
    "EWITHDRAWAL_EXCEEDS_LIMITS": "`mithqal account limits NAME` shows the payer's limits, and when they count anew",
    "EBASKET": "`mithqal currency list` says which currency is synthetic",
    "ECURRENCY_CODE_ALREADY_TAKEN": "choose another code",
    "EBAD_CURRENCY": "use a code of up to 16 capitals and digits, a scale of 1 to 10^10 and an Ed25519 key",
    "ETOO_MANY_CURRENCIES": "nothing: there can be no more",
    "EINVALID_TIER_START": "let each cap be above the one before, and put zeros last",
    "EINVALID_TIER_INDEX": "name one of the dealer's tiers, which count from 0",
    "EINVALID_AMOUNT_FOR_TIER": "mint less, name a higher tier, or wait until the window of 24 hours is over",
    "ELIMITS_DEFINITION": "publish one there first",
    "EWINDOW": "let the association publish a window, which the provider signs too",
    "ELIMITS_DEFINITION_PUBLISHED": "let the treasury change its numbers",
    "EWINDOW_PUBLISHED": "let the treasury point it to another definition",
    "ECORRIDOR_HALTED": "`mithqal treasury policy show` names the rule; the treasury alone can open the corridor",
    "EPAYMENT_CAP": "`mithqal treasury policy show --account NAME` shows the cap; send less",
    "EDAILY_COUNT": "wait until midnight UTC; `mithqal treasury policy show --account NAME` shows what is used",
    "EDAILY_CAP": "send less, or wait until midnight UTC; `mithqal treasury policy show --account NAME` says how much",
    "EMONTHLY_CAP": "send less, or wait for the next month; `mithqal treasury policy show --account NAME` shows more",
    "ERATE_MISSING": "let the treasury publish a rate: `mithqal treasury rates`",
    "EPOLICY_VERSION": "give it a higher version: `mithqal treasury policy show` says which is in force",
    "EPOLICY_MALFORMED": "let `mithqal treasury policy set` make the bytes",
    "ECOUNTRY": "use the ISO 3166-1 code, such as BR",
    "ETOO_LONG": "shorten it: a name has 64 bytes, a URL 256, metadata 1,024 at most",
}
"""What to do about each abort reason; a test holds that none is missing."""

DISCARDS: dict[str, tuple[str, str]] = {
    "INVALID_SIGNATURE": (
        "a signature does not verify, or there are more than 32",
        "sign again, for this network, with the account's key",
    ),
    "INVALID_AUTH_KEY": ("the public key is not the account's", "sign with the key that the account has now"),
    "SEQUENCE_NUMBER_TOO_OLD": (
        "the sequence number was used already",
        "`mithqal tx list --account NAME` shows by what; sign with the next number",
    ),
    "SEQUENCE_NUMBER_TOO_NEW": (
        "an earlier sequence number of this account has not been used yet",
        "send the transaction with the missing number",
    ),
    "INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE": (
        "the balance does not cover the highest possible fee",
        "fund the account in the fee's currency, or lower max_gas_amount",
    ),
    "TRANSACTION_EXPIRED": ("it expired before it could run", "sign it again with a later expiration"),
    "SENDING_ACCOUNT_DOES_NOT_EXIST": (
        "there is no account at the sender's address",
        "`mithqal account create NAME` makes an account",
    ),
    "UNKNOWN_SCRIPT": (
        "the association has halted transactions: only it and the treasury may send",
        "wait; `mithqal epoch show` says when it has resumed them",
    ),
    "EXCEEDED_MAX_TRANSACTION_SIZE": (
        "the transaction is above 4,096 bytes, or a batch of payments above 65,536",
        "shorten its metadata, or split the batch",
    ),
    "MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND": ("max_gas_amount is above 4,000,000", "lower it"),
    "MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS": ("max_gas_amount is below 600", "raise it"),
    "GAS_UNIT_PRICE_BELOW_MIN_BOUND": ("the gas price is below the minimum", "raise it"),
    "GAS_UNIT_PRICE_ABOVE_MAX_BOUND": ("the gas price is above 10,000 micro-units", "lower it"),
    "INVALID_GAS_SPECIFIER": ("the fee's currency is no currency code", "`mithqal currency list` names all currencies"),
    "SENDING_ACCOUNT_FROZEN": (
        "the treasury froze the sender: it neither sends nor receives",
        "ask the treasury, which alone can unfreeze it",
    ),
    "CURRENCY_INFO_DOES_NOT_EXIST": (
        "the fee's currency is not registered",
        "`mithqal currency list` names all currencies",
    ),
    "BAD_CHAIN_ID": ("it was signed for another chain", "sign it with this network's chain id"),
    "SEQUENCE_NUMBER_TOO_BIG": ("the sequence number 2^64-1 is never used", "sign with the account's next number"),
    "BAD_TRANSACTION_FEE_CURRENCY": (
        "the sender holds no balance in the fee's currency",
        "pay the fee in a currency that it holds",
    ),
    "NOT_YET_VALID": (
        "it is scheduled, and the ledger's time has not reached its start",
        "wait: validators keep it until then, and `mithqal tx wait HASH` hands it in again",
    ),
    "VALIDITY_EMPTY": ("it expires before it becomes valid", "sign it with a later expiration"),
    "FEE_PAYER_NOT_A_SIGNER": (
        "the account that shall pay the fee did not sign",
        "let the fee payer sign as a secondary signer: `mithqal pay --sponsor NAME`",
    ),
    "BLOCK_GAS_EXCEEDED": ("the block had no room for its gas", "wait: it runs in one of the next blocks"),
    "FEATURE_UNDER_GATING": (
        "the signature scheme is not enabled",
        "sign with Ed25519, secp256k1 or P-256, or with K of N such keys",
    ),
    "SECONDARY_KEYS_ADDRESSES_COUNT_MISMATCH": (
        "there are not as many keys as secondary signers",
        "nothing: in this chain's form each signer's address stands beside its key, so it cannot happen",
    ),
    "SIGNERS_CONTAIN_DUPLICATES": ("an account signs twice; the sender counts too", "let each account sign once"),
}
"""What each validation status means, and what to do; a test holds that none is missing."""

POOL: dict[str, tuple[str, str]] = {
    "invalid_update": (
        "another transaction waits under this sequence number",
        "`mithqal mempool list` shows it; wait until it is final or expires",
    ),
    "too_many_for_account": ("100 transactions of this account wait already", "wait until some are final"),
    "too_many_checks": (
        "the signatures of this account that wait to be checked cost too much together",
        "send fewer at once; a signature of Ed25519 costs a fortieth of one of secp256k1 or P-256",
    ),
    "mempool_is_full": ("the validator's pool is full", "wait, or ask another validator"),
    "valid_from_too_far": (
        "it is scheduled for more than 30 days ahead",
        "sign it for an earlier time, or sign it later",
    ),
    "waits_for_scheduled": (
        "an earlier number of the account is scheduled for later, and an account's numbers run in order",
        "pay from another account, or with --at that time or later, or `mithqal tx cancel HASH`",
    ),
    "batch_would_fail": (
        "a payment of the batch would fail on the ledger, and with it the whole batch; nothing was signed",
        "correct the payments that are named, and pay the batch again",
    ),
    "batch_size": ("a batch has 1 to 500 payments", "split it"),
    "expiration_too_far": ("it expires more than a day ahead", "sign it with an expiration within a day"),
}
"""What else a validator's pool refuses, by the rule's name."""


STATUSES: dict[str, tuple[str, str, str]] = {
    "executed": ("it ran", "it is on the ledger: all that it does is done, and its fee is paid", "nothing"),
    "out_of_gas": (
        "its max_gas_amount does not cover what it costs",
        "it is on the ledger: all of its max_gas_amount was charged, its number is used, and nothing else changed (T7)",
        "sign it with a higher max_gas_amount",
    ),
    "move_abort": (
        "a rule of the function refused it; module and abort code say which",
        KEPT,
        "`mithqal explain` with its abort code or reason",
    ),
}
"""What each status of a transaction on the ledger means, what follows, and what to do."""


class Meaning(NamedTuple):
    """One thing that a code or a name may mean."""

    kind: str
    """`kept` (a status on the ledger), `discarded`, `move_abort` or `refused`."""
    code: int | None
    module: str | None
    category: str | None
    name: str
    sentence: str
    consequence: str
    advice: str

    @property
    def rule(self) -> str:
        """The rule as it stands on the ledger or in a refusal."""
        return f"{self.module}::{self.name} ({self.category})" if self.module else self.name

    @property
    def protocol(self) -> str:
        """The rule's number in docs/protocol.md."""
        return RULES[self.name]


def meanings_of(query: str, module: str | None = None) -> list[Meaning]:
    """What a code ("1288"), a reason ("EINSUFFICIENT_BALANCE") or a rule's name ("sequence_number_too_old") may mean.

    The likeliest comes first: a validation status, then aborts by module. With a module, only its aborts count.
    """
    found = [] if module else [*_discards(query), *_statuses(query), *_pool(query)]
    for owner, reasons in sorted(REASONS.items()):
        if module in (None, owner):
            found += [_abort(owner, name) for name, reason in reasons.items() if _is_called(query, name, reason.code)]
    return found


def _is_called(query: str, name: str, code: int) -> bool:
    """Whether the query is this name, in any case, or this code."""
    return query.upper() == name or query == str(code)


def _discards(query: str) -> list[Meaning]:
    """Validation statuses."""
    return [
        Meaning("discarded", int(status), None, None, status.name, DISCARDS[status.name][0], DISCARDED,
                DISCARDS[status.name][1])
        for status in DiscardStatus
        if _is_called(query, status.name, status)
    ]  # fmt: skip


def _statuses(query: str) -> list[Meaning]:
    """Statuses of what is on the ledger."""
    name = query.lower()
    if name not in STATUSES:
        return []
    return [Meaning("kept", None, None, None, name, *STATUSES[name])]


def _pool(query: str) -> list[Meaning]:
    """Refusals of the pool that are no validation status."""
    name = query.lower()
    if name not in POOL:
        return []
    return [Meaning("refused", None, None, None, name, POOL[name][0], REFUSED, POOL[name][1])]


def _abort(module: str, name: str) -> Meaning:
    """An abort reason."""
    reason = REASONS[module][name]
    category = Category(reason.category).name
    return Meaning("move_abort", reason.code, module, category, name, SENTENCES[name], KEPT, ADVICE[name])


def abort_reason(status: Json) -> str:
    """Why a transaction failed, in words, from its vm_status."""
    if status["type"] == "out_of_gas":
        return "its max_gas_amount does not cover what it costs"
    if status["type"] != "move_abort":
        return str(status["type"]).replace("_", " ")
    module, code = _abort_place(status)
    return abort_sentence(module, code) or f"{module} code {code}"


def status_words(status: Json) -> tuple[str, str | None]:
    """A vm_status in words, and what to do where it failed."""
    if status["type"] == "executed":
        return "executed", None
    why = abort_reason(status)
    if status["type"] == "out_of_gas":
        return (
            f"failed: {why} (out_of_gas); the whole max_gas_amount was charged",
            "sign it with a higher max_gas_amount",
        )
    if status["type"] != "move_abort":
        return f"failed: {why}", None
    module, code = _abort_place(status)
    category, name = explain_abort(module, code)
    where = "" if status.get("payment") is None else f" at payment {status['payment']} (from 0), and nothing was paid"
    return f"failed{where}: {why} ({module}::{name}, {category}, code {code})", ADVICE.get(name)


def _abort_place(status: Json) -> tuple[str, int]:
    """Module and code of a move_abort."""
    return status["location"].rpartition("::")[2], status["abort_code"]
