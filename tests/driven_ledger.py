"""A ledger that commits each block at once, whatever ends epochs; and drafts of any transaction for it.

`drafts` draws calls of every function of `chain.functions.FUNCTIONS` by the kinds of its parameters, so that a new
function is drawn too without a line here.
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from chain.accounts import Record, account_key
from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, VoteData
from chain.executed import ExecutedBlock
from chain.execution.treasury import receipt_message
from chain.functions import FUNCTIONS, Kind
from chain.genesis import genesis_hash
from chain.primitives import SECOND_US, U64_MAX
from chain.records.onchain import ConsensusConfig, GasConstants
from chain.records.policy import Policy
from chain.storage import WriteBatch
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from tests.accusations import Liar
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    CHAIN_ID,
    COMPLIANCE,
    CUSTODIAN,
    DEALER,
    NOBODY,
    ONE,
    ROOT,
    TC,
    US,
    Party,
    document,
    key,
    party,
    signed_together,
)
from tests.chains import Chain, certify

VALIDATOR, OPERATOR = party(204), party(304)
"""No accounts at first."""
PEOPLE = (ALICE, ANNA, BOB, US, BR, DEALER, TC, ROOT, VALIDATOR, OPERATOR, NOBODY)
CONSENSUS_KEYS = {secret.public_key: secret for secret in (key(number) for number in range(10, 16))}
"""Whoever validates signs with one of these."""


@dataclass(frozen=True)
class Draft:
    """A transaction that is to be signed when its turn comes."""

    sender: Party
    function: str
    arguments: tuple[Any, ...]
    others: tuple[Party, ...] = ()
    sponsor: Party | None = None
    price: int = 0
    gas_currency: str = "XUS"
    max_gas: int = 200_000
    number_offset: int = 0
    """0: the sender's next number; others are too old or too new."""
    expires_in: int = 600
    starts_in: int | None = None
    """None: at once."""


class DrivenLedger(Chain):
    """A ledger of one block a step."""

    def __init__(self) -> None:
        """Genesis only."""
        super().__init__()
        self.records: dict[bytes, Record] = {}
        """The whole state, kept apart from the ledger."""
        for state_key, _ in self.store.states():
            record = self.ledger.state.get(state_key)
            assert record is not None
            self.records[state_key] = record
        self.blocks: list[tuple[Block, ExecutedBlock, list[SignedTransaction], CommitInfo]] = []

    @property
    def now_secs(self) -> int:
        """The time of the next block."""
        return (self.ledger.tip_timestamp_us + SECOND_US) // SECOND_US

    def signed(self, draft: Draft, numbers: dict[bytes, int]) -> SignedTransaction:
        """Sign a draft under the number that `numbers` has for its sender."""
        number = max(0, numbers.get(draft.sender.address, 0) + draft.number_offset)
        arguments = _with_receipt(self.genesis_hash, draft.function, draft.arguments)
        raw = RawTransaction(
            draft.sender.address, number, Payload(draft.function, arguments), draft.max_gas, draft.price,
            draft.gas_currency, max(0, self.now_secs + draft.expires_in), CHAIN_ID,
            0 if draft.starts_in is None else self.now_secs + draft.starts_in,
            b"" if draft.sponsor is None else draft.sponsor.address,
        )  # fmt: skip
        others = (*draft.others, *(() if draft.sponsor is None else (draft.sponsor,)))
        if others:
            return signed_together(raw, draft.sender, others, self.genesis_hash)
        return sign_transaction(raw, draft.sender.key, int(draft.sender.key.scheme), self.genesis_hash)

    def tried(self, transactions: list[SignedTransaction]) -> dict[bytes, Record]:
        """What a block of these would write; nothing is committed."""
        return dict(self.ledger.execute(self.ledger.root(), self._block(transactions), transactions).writes)

    def step(self, transactions: list[SignedTransaction]) -> ExecutedBlock:
        """Execute and commit a block; gives its result, whose writes are in `records` too."""
        ledger, parent = self.ledger, self.ledger.root()
        block = self._block(transactions)
        result = ledger.execute(parent, block, transactions)
        result = replace(result, writes=dict(result.writes))
        commit = CommitInfo(
            ledger.epoch, result.round, result.block_id, result.root, result.version, result.timestamp_us,
            result.next_epoch,
        )  # fmt: skip
        child = VoteData(
            ledger.epoch, result.round + 1, header_id(block.header._replace(round=result.round + 1)), result.round,
            result.block_id, result.root, result.version, result.timestamp_us + 1, None,
        )  # fmt: skip
        members = {
            place: CONSENSUS_KEYS[member.consensus_key] for place, member in enumerate(ledger.validators.members)
        }
        batch = WriteBatch()
        ledger.commit([(block, result)], certify(child, commit, members, self.genesis_hash), batch)
        self.write(batch)
        self.records = {**self.records, **result.writes}
        self.blocks.append((block, result, transactions, commit))
        return result

    def _block(self, transactions: list[SignedTransaction]) -> Block:
        """The next block, a second after the last."""
        ledger, parent = self.ledger, self.ledger.root()
        envelopes = tuple(tx.envelope for tx in transactions)
        qc = ledger.high_commit if ledger.high_commit.data.epoch == ledger.epoch else ledger.genesis_qc
        round_ = parent.round + 2  # the round between certifies it
        header = Header(
            ledger.epoch, round_, parent.height + 1, round_ % len(ledger.validators), parent.timestamp_us + SECOND_US,
            qc.digest(), None, payload_root(envelopes),
        )  # fmt: skip
        return Block(header, qc, None, envelopes, b"", header_id(header))


def _with_receipt(genesis_hash: bytes, function: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same arguments; a receipt's signature `b"sign"` becomes the custodian's."""
    names = [name for name, _ in FUNCTIONS[function].parameters]
    named = dict(zip(names, arguments, strict=True))
    if named.get("receipt_signature") != b"sign" or named["currency"] not in CUSTODIAN:
        return arguments
    message = receipt_message(genesis_hash, named["receipt_id"], named["currency"], named["mint_amount"])
    named["receipt_signature"] = CUSTODIAN[named["currency"]].sign(message)
    return tuple(named.values())


def opening() -> list[Draft]:
    """How every story begins: a dealer with coins, two providers that attest, three children with coins."""
    made: list[Draft] = []
    for who, function in (
        (DEALER, "create_designated_dealer"), (US, "create_parent_vasp_account"), (BR, "create_parent_vasp_account"),
    ):  # fmt: skip
        made.append(Draft(TC, function, ("XUS", 0, who.address, _prefix(who), "somebody", True)))
    for child, parent in ((ALICE, US), (ANNA, US), (BOB, BR)):
        made.append(Draft(parent, "create_child_vasp_account", ("XUS", child.address, _prefix(child), True, 0)))
    for who, secret in COMPLIANCE.items():
        made.append(Draft(who, "rotate_dual_attestation_info", (b"https://wallet", secret.public_key)))
    for number, currency in enumerate(("XUS", "XEU")):
        receipt = bytes(31) + bytes([number])
        made.append(Draft(TC, "tiered_mint", (currency, 0, DEALER.address, 10_000 * ONE, 3, receipt, b"sign")))
        rows = tuple((currency, who.address, 1_000 * ONE, b"", b"") for who in (ALICE, ANNA, BOB, US))
        made.append(Draft(DEALER, "pay_batch", (rows,)))
    made.append(Draft(DEALER, "compose", ("XDX", 100 * ONE)))
    made += [Draft(DEALER, "preburn", ("XUS", 600)) for _ in range(3)]
    made += [Draft(ROOT, "publish_window", ("XUS", ROOT.address), (provider,)) for provider in (US, BR)]
    limits = (6 * ONE, 6 * ONE, U64_MAX, 4 * SECOND_US)
    made.append(Draft(TC, "update_limits_definition", ("XUS", 0, ROOT.address, *limits)))
    return made


def _prefix(who: Party) -> bytes:
    return who.key.authentication_key()[:16]


ADDRESSES = [who.address for who in PEOPLE] + [bytes(16), (1_000).to_bytes(16, "big")]
AMOUNTS = st.sampled_from([0, 1, 2, 3, 5, 600, ONE, 999 * ONE, 1_000 * ONE, 1_500 * ONE, 1 << 32, U64_MAX])
CODES = st.sampled_from(["XUS", "XUS", "XEU", "XDX", "XAB", "INR"])
TEXTS = st.sampled_from(["", "BR", "US", "validator-1", "validator-4", "x" * 65])
METADATA = st.sampled_from([b"", b"", b"memo"])
BYTES = [b"", b"sign", b"memo", bytes(64), b"https://wallet", *CONSENSUS_KEYS, *map(_prefix, PEOPLE)]
BYTES += [who.key.authentication_key() for who in (ALICE, BOB)]
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.ADDRESS: st.sampled_from(ADDRESSES),
    Kind.U64: AMOUNTS,
    Kind.BYTES: st.sampled_from(BYTES),
    Kind.TEXT: TEXTS,
    Kind.BOOL: st.booleans(),
    Kind.HASH: st.sampled_from([bytes(32), b"\7" * 32, b"\x08" * 32, key(3).public_key]),
    Kind.CURRENCY: CODES,
    Kind.PAYMENTS: st.lists(
        st.tuples(CODES, st.sampled_from(ADDRESSES), AMOUNTS, METADATA, METADATA), min_size=1, max_size=4
    ).map(tuple),
}
"""What an argument may be, by its kind."""
HOLDERS = [ALICE, BOB, US, ANNA, DEALER, BR]
FRESH = [VALIDATOR, OPERATOR, NOBODY, *(party(number) for number in range(400, 404))]
"""Who has no account at first."""
SANE: dict[str, st.SearchStrategy[Any]] = {
    "sliding_nonce": st.just(0), "receipt_signature": st.just(b"sign"), "metadata_signature": st.just(b""),
    "tier_index": st.just(3), "currency": st.sampled_from(["XUS", "XEU"]), "second_currency": st.just("XEU"),
    "payee": st.sampled_from([who.address for who in HOLDERS]), "amount": st.sampled_from([4 * ONE, 5 * ONE, 1, 600]),
    "second_amount": st.sampled_from([1, 600]), "designated_dealer_address": st.just(DEALER.address),
    "preburn_address": st.just(DEALER.address), "vasp_address": st.sampled_from([US.address, BR.address]),
    "country": st.sampled_from(["BR", "US"]), "limit_address": st.just(ROOT.address),
    "new_limit_address": st.just(ROOT.address), "window_address": st.sampled_from([US.address, BR.address]),
    "human_name": st.just("one"), "validator_name": st.just("one"), "operator_name": st.just("one"),
    "exchange_rate_numerator": st.just(1), "exchange_rate_denominator": st.just(2),
    "fullnode_network_addresses": st.just(""),
    "validator_network_addresses": st.just("/ip4/127.0.0.1/tcp/1"), "aggregate_balance": st.just(0),
    **{f"tier_{tier}_cap": st.just((tier + 1) * 1_000 * ONE) for tier in range(4)},
    "validator_account": st.just(VALIDATOR.address),
    "operator_account": st.just(OPERATOR.address), "validator_address": st.just(VALIDATOR.address),
    "consensus_pubkey": st.sampled_from(sorted(CONSENSUS_KEYS)), "new_exchange_rate_denominator": st.just(2),
    "scaling_factor": st.just(ONE), "fractional_part": st.just(100), "custodian_key": st.just(key(3).public_key),
    "child_initial_balance": st.sampled_from([0, 1, ONE]), "new_time_period": st.just(3 * SECOND_US),
    "mint_amount": st.sampled_from([1, ONE]), "new_max_inflow": st.sampled_from([0, 700, 6 * ONE, U64_MAX]),
    "new_max_outflow": st.sampled_from([0, 700, 6 * ONE, U64_MAX]), "new_url": st.just(b"https://other"),
    "new_key": st.sampled_from([ALICE.key.public_key, BOB.key.public_key]),
    "receipt_id": st.binary(min_size=32, max_size=32), "new_max_holding_balance": st.just(U64_MAX),
    "payments": st.lists(
        st.tuples(
            st.sampled_from(["XUS", "XEU"]), st.sampled_from([who.address for who in HOLDERS]),
            st.sampled_from([1, 600, ONE]), METADATA, st.just(b""),
        ),
        min_size=1, max_size=4,
    ).map(tuple),
}  # fmt: skip
"""What an argument of this name must mostly be, to get anywhere; the others are drawn by their kind."""
_SENDERS: dict[str, list[Party]] = {
    "TreasuryComplianceScripts": [TC], "SystemAdministrationScripts": [ROOT], "Diem": [ROOT],
    "BasketScripts": [DEALER], "AccountCreationScripts": [TC, ROOT], "ValidatorAdministrationScripts": [ROOT, OPERATOR],
    "AccountLimits": [TC, ROOT], "JurisdictionScripts": [TC], "preburn": [DEALER],
    "create_child_vasp_account": [US, BR],
    "rotate_dual_attestation_info": [US, BR], "publish_window": [ROOT], "create_validator_account": [ROOT],
    "create_validator_operator_account": [ROOT], "set_validator_operator": [VALIDATOR],
    "register_validator_config": [OPERATOR], "set_validator_config_and_reconfigure": [OPERATOR],
}  # fmt: skip
"""Who may call a function, by its name or its module; the others are called by whoever holds coins."""
PROOF_OF_GUILT = Liar(key(11), genesis_hash(document()), 1).double_vote().to_bytes()
"""Of validator 1."""
_EXACT: dict[str, dict[str, Any]] = {
    "remove_validator_and_reconfigure": {"validator_name": "validator-1", "validator_address": party(201).address},
    "set_gas_constants": dict(zip(GasConstants._fields, GasConstants(), strict=True)),
    "update_diem_consensus_config": {"config": ConsensusConfig().to_bytes()},
    "submit_evidence": {"consensus_key": key(11).public_key, "evidence": PROOF_OF_GUILT},
    "set_jurisdiction_policy": {"policy": Policy(1, "none", ()).to_bytes()},
}
"""What single functions need."""
QUIET = {"halt_transactions", "freeze_account"}
"""Functions after which less runs: drawn more rarely."""


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Any call by anybody: one in four of anything, the others such that they may succeed."""
    moves = sorted(name for name, listed in FUNCTIONS.items() if listed.module == "PaymentScripts")
    function = draw(st.sampled_from(sorted(FUNCTIONS) if draw(st.booleans()) else moves))
    if function in QUIET and draw(st.integers(0, 9)):
        function = "peer_to_peer_with_metadata"
    return draw(_wild(function) if draw(st.integers(0, 3)) == 3 else _sane(function))


@st.composite
def _sane(draw: st.DrawFn, function: str) -> Draft:
    """A call by somebody who may make it."""
    listed = FUNCTIONS[function]
    sender = draw(st.sampled_from(_SENDERS.get(function, _SENDERS.get(listed.module, HOLDERS))))
    fresh = draw(st.sampled_from(FRESH))
    if function in ("create_validator_account", "create_validator_operator_account"):
        fresh = VALIDATOR if function == "create_validator_account" else OPERATOR
    values: list[Any] = []
    for name, kind in listed.parameters:
        if name == "auth_key_prefix":
            values.append(_prefix(fresh))
        elif name in ("child_address", "new_address", "address", "new_account_address"):
            values.append(fresh.address)
        elif listed.module == "BasketScripts" and kind is Kind.CURRENCY:
            values.append("XDX")
        elif function == "register_scs_currency" and kind is Kind.CURRENCY:
            values.append("XAB")
        elif name == "amount" and "burn" in function:
            values.append(600)
        elif function in _EXACT and name in _EXACT[function]:
            values.append(_EXACT[function][name])
        elif function == "rotate_authentication_key":
            values.append(sender.key.authentication_key())
        else:
            values.append(draw(SANE.get(name, VALUES[kind])))
    seconds = {
        "register_scs_currency": [TC],
        "publish_window": [US, BR],
        "set_validator_operator_with_nonce_admin": [VALIDATOR],
    }
    second = seconds.get(function, [who for who in HOLDERS if who != sender])
    others = tuple(draw(st.sampled_from(second)) for _ in range(listed.secondaries))
    sponsor = draw(st.sampled_from([None, None, None, *HOLDERS]))
    if sponsor in (sender, *others):
        sponsor = None
    price = 0 if sender.address not in {who.address for who in HOLDERS} else draw(st.sampled_from([1, 0, 3]))
    return Draft(
        sender, function, tuple(values), others, sponsor, price, draw(st.sampled_from(["XUS", "XUS", "XEU"])),
        starts_in=draw(st.sampled_from([None, None, None, 0, 1])),
    )  # fmt: skip


@st.composite
def _wild(draw: st.DrawFn, function: str) -> Draft:
    """A call with anything in it, by anybody."""
    listed = FUNCTIONS[function]
    values = tuple(draw(VALUES[kind]) for _, kind in listed.parameters)
    count = draw(st.integers(0, 2))
    return Draft(
        draw(st.sampled_from(PEOPLE)), function, values,
        tuple(draw(st.lists(st.sampled_from(PEOPLE), min_size=count, max_size=count))),
        draw(st.sampled_from([None, None, ALICE, BOB])), draw(st.sampled_from([0, 1, 3])), draw(CODES),
        draw(st.sampled_from([200_000, 600, 1_000])), draw(st.sampled_from([0, 0, 0, -1, 1])),
        draw(st.sampled_from([600, 600, 600, 0])), draw(st.sampled_from([None, None, None, -1, 0, 1])),
    )  # fmt: skip


def sender_of(tx: SignedTransaction) -> bytes:
    """The state key of a transaction's sender."""
    return account_key(tx.raw.sender)
