"""The whole ledger under any transactions, valid and not: a state machine of Hypothesis over every function.

After each block: conservation; each kept transaction uses exactly its sender's next number and a discarded one none; a
failed one moves its fee and nothing else; account limits hold; an account and a transaction are proved to the light
client. At the end a replay gives the same roots. The long run is
`HYPOTHESIS_PROFILE=deep scripts/test tests/chain/test_ledger_machine.py`; a failure prints how to repeat it.
"""

from typing import cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chain.accounts import Account, Currency, Record, Role, account_key, currency_key
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_USER, Event, TransactionInfo
from chain.executed import Entry, ExecutedBlock
from chain.execution.conservation import check
from chain.functions import FUNCTIONS
from chain.ledger import Ledger
from chain.light_client import verify_ledger, verify_record, verify_transaction
from chain.records.limits import LimitsDefinition, Window, limits_key
from chain.storage import WriteBatch
from chain.transaction import SignedTransaction
from node.storage.memory import MemoryStore
from tests.builders import ALICE, BOB, ROOT, party
from tests.driven_ledger import PEOPLE, Draft, DrivenLedger, drafts, opening, sender_of


class LedgerMachine(RuleBasedStateMachine):
    """One ledger; each rule makes blocks."""

    def __init__(self) -> None:
        """Genesis only."""
        super().__init__()
        self.ledger = DrivenLedger()
        self.numbers: dict[bytes, int] = {}
        """Each sender's next number, by the naive rule: one more for each kept transaction."""
        self.flows: list[tuple[int, bytes, str, int, int]] = []
        """Payments across providers since limits last changed: time, provider, currency, in, out."""

    @initialize()
    def begin(self) -> None:
        """Accounts and coins."""
        for draft in opening():
            result = self._block([draft])
            assert _status(result.entries[-1]).kind == "executed", draft

    @rule(wanted=st.lists(drafts(), min_size=1, max_size=4), place=st.integers(0, 10**6))
    def block(self, wanted: list[Draft], place: int) -> None:
        """A block of any transactions, and a proof of something."""
        result = self._block(wanted)
        self._prove(result, place)

    @rule()
    def empty_block(self) -> None:
        """The clock ticks."""
        self._block([])

    def teardown(self) -> None:
        """A replay of all blocks gives the same roots."""
        fresh = Ledger(self.ledger.ledger.document, MemoryStore())
        for block, expected, transactions, commit in self.ledger.blocks:
            result = fresh.execute(fresh.root(), block, transactions)
            assert (result.root, result.version) == (expected.root, expected.version)
            batch = WriteBatch()
            proof = fresh.high_commit._replace(
                data=fresh.high_commit.data._replace(epoch=commit.epoch, round=commit.round + 1), commit=commit
            )
            fresh.commit([(block, result)], proof, batch)
            fresh.store.write(batch)

    def _block(self, wanted: list[Draft]) -> ExecutedBlock:
        """One block with every check."""
        ledger, before, numbers = self.ledger, self.ledger.records, dict(self.numbers)
        transactions = []
        for draft in wanted:
            transactions.append(ledger.signed(draft, numbers))
            if not draft.number_offset:  # the next one of this sender counts on it, kept or not
                numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
        steps = [ledger.tried(transactions[:count]) for count in range(len(transactions) + 1)]
        result = ledger.step(transactions)
        kept = {entry.hash: entry for entry in result.entries if entry.kind == KIND_USER}
        check(ledger.records.values())
        for tx, earlier, later in zip(transactions, steps, steps[1:], strict=False):
            entry = kept.get(tx.hash)
            if entry is None:
                assert later == earlier, "a discarded transaction changes nothing"
                continue
            assert tx.raw.sequence_number == self.numbers.get(tx.raw.sender, 0)
            self.numbers[tx.raw.sender] = tx.raw.sequence_number + 1
            if _status(entry).kind != "executed":
                _check_failed(tx, entry, {**before, **earlier}, {**before, **later})
        for record in ledger.records.values():
            if isinstance(record, Account):
                assert record.sequence_number == self.numbers.get(record.address, 0)
                assert all(0 <= amount < 2**64 for _, amount in (*record.balances, *record.preburns))
        self._check_limits(result, before)
        return result

    def _check_limits(self, result: ExecutedBlock, before: dict[bytes, Record]) -> None:
        """1.8: in a window's period a provider receives and sends no more than its limits, summed from the events."""
        records = self.ledger.records
        for entry in result.entries:
            if entry.transaction is None or _status(entry).kind != "executed":
                continue
            if FUNCTIONS[entry.transaction.raw.payload.function].module == "AccountLimits":
                self.flows.clear()
                return
            for event in entry.events:
                self.flows += _flows(event, records, result.timestamp_us)
        for record in records.values():
            if not isinstance(record, Window):
                continue
            limits = before.get(limits_key(record.limit_address, record.currency))
            if not isinstance(limits, LimitsDefinition) or limits.is_unrestricted:
                continue
            own = [flow for flow in self.flows if flow[1:3] == (record.provider, record.currency)]
            own = [flow for flow in own if flow[0] >= record.start_us]
            assert sum(flow[3] for flow in own) <= limits.max_inflow
            assert sum(flow[4] for flow in own) <= limits.max_outflow

    def _prove(self, result: ExecutedBlock, place: int) -> None:
        """A random version and account, present or not, hold against what a quorum signed, from genesis on: across
        all epochs that have ended."""
        ledger = self.ledger
        believed = verify_ledger(ledger.waypoint, ledger.proof(), RealSignatures())
        assert (believed.commit.version, believed.commit.root) == (result.version, result.root)
        verify_transaction(believed, ledger.transaction(place % (result.version + 1)))
        address = PEOPLE[place % len(PEOPLE)].address
        assert verify_record(believed, ledger.account(address)) == ledger.records.get(account_key(address))


def _status(entry: Entry):
    return TransactionInfo.from_bytes(entry.info).status


def _check_failed(tx: SignedTransaction, entry: Entry, before: dict[bytes, Record], after: dict[bytes, Record]) -> None:
    """T7: 'what runs and fails is kept: the fee is charged and the sequence number used, nothing else changes'."""
    raw = tx.raw
    assert entry.events == ()
    sender = cast(Account, before[sender_of(tx)])
    expected = {**before, sender_of(tx): sender._replace(sequence_number=raw.sequence_number + 1)}
    fee = TransactionInfo.from_bytes(entry.info).gas_used * raw.gas_unit_price
    if fee:
        payer_key = account_key(raw.fee_payer or raw.sender)
        payer, currency = cast(Account, expected[payer_key]), cast(Currency, before[currency_key(raw.gas_currency)])
        balance = payer.balance(raw.gas_currency)
        assert balance is not None
        expected[payer_key] = payer.with_balance(raw.gas_currency, balance - fee)
        expected[currency_key(raw.gas_currency)] = currency._replace(fees=currency.fees + fee)
    assert after == expected


def _flows(event: Event, records: dict[bytes, Record], time_us: int) -> list[tuple[int, bytes, str, int, int]]:
    """What a payment across providers counts on either side."""
    if event.type != "sentpayment":
        return []
    amount, code, sender, receiver = cast("tuple[int, str, bytes, bytes]", event.data[:4])
    providers = [_provider(cast(Account, records[account_key(address)])) for address in (sender, receiver)]
    if providers[0] == providers[1]:
        return []
    return [(time_us, providers[0], code, 0, amount), (time_us, providers[1], code, amount, 0)]


def _provider(account: Account) -> bytes:
    return account.parent if account.role == Role.CHILD_VASP else account.address


def test_proofs_hold_in_every_epoch() -> None:
    """The same steps once with the ends of three epochs among them, each proved in the block that ends it and after."""
    machine = LedgerMachine()
    machine.begin()
    first = machine.ledger.ledger.epoch
    removed = {"validator_name": "validator-1", "validator_address": party(201).address}
    epochs = []
    for place, draft in enumerate((
        Draft(ROOT, "remove_validator_and_reconfigure", (0, *removed.values())),
        Draft(ALICE, "peer_to_peer_with_metadata", ("XUS", BOB.address, 1, b"", b""), price=1),
        Draft(ROOT, "add_validator_and_reconfigure", (0, *removed.values())),
        Draft(ROOT, "update_diem_version", (0, 9)),
        Draft(ALICE, "peer_to_peer_with_metadata", ("XUS", BOB.address, 1, b"", b""), price=1),
    )):  # fmt: skip
        result = machine._block([draft])
        assert _status(result.entries[-1]).kind == "executed", draft
        for version in range(0, result.version + 1, 5):
            machine._prove(result, version + place)
        epochs.append(machine.ledger.ledger.epoch - first)
    assert epochs == [1, 1, 2, 3, 3]
    machine.teardown()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(stateful_step_count=12)
