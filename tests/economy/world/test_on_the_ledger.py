"""What a run left on the ledger, read back from its file: signatures, certificates, the dates of rules."""

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from chain.block import Block, proposal_message
from chain.civil import day_number, day_start_us
from chain.crypto.signing import RealSignatures, Scheme, SignatureCheck
from chain.entries import KIND_USER, TransactionInfo
from chain.execution.outcome import explain_abort
from chain.genesis import first_validators
from chain.ledger import read_block, read_entry
from chain.metadata import Refund, decode_metadata
from chain.storage import Column
from chain.transaction import SignedTransaction, decode_transaction
from economy.world.cast import Cast, cast_of
from economy.world.simulate import Life, Result, simulate
from node.client.network import Network, load_network
from node.storage.sqlite import SqliteStore
from tests.economy.world.worlds import small


class Seen(NamedTuple):
    """One user transaction of the ledger."""

    time_us: int
    tx: SignedTransaction
    reason: str | None


class World(NamedTuple):
    result: Result
    network: Network
    cast: Cast
    blocks: list[tuple[Block, bool]]
    """With whether it is committed."""
    seen: list[Seen]


def us(year: int, month: int, day: int) -> int:
    return day_start_us(day_number(year, month, day))


def blocks_of(store: SqliteStore) -> Iterator[tuple[Block, tuple[int, int]]]:
    for _, data in store.rows(Column.BLOCK, 1, 1 << 20):
        block, span, certificate = read_block(data)
        assert block is not None
        assert certificate is not None, "each block has the certificate that commits it"
        yield block, span


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    directory = tmp_path_factory.mktemp("ledger") / "network"
    life = Life(small(), 150, 9)
    result = simulate(directory, life, days=33, workers=0)
    network = load_network(directory)
    blocks, seen = [], []
    with closing(SqliteStore(directory / "validator-2" / "data" / "ledger.sqlite", network.genesis_hash)) as store:
        for block, (first, last) in blocks_of(store):
            blocks.append((block, True))
            for _, row in store.rows(Column.TRANSACTION, first, last + 1 - first):
                kind, data, info, _ = read_entry(row)
                if kind == KIND_USER:
                    status = TransactionInfo.from_bytes(info).status
                    reason = explain_abort(status.module, status.code)[1] if status.kind == "move_abort" else None
                    seen.append(Seen(block.header.timestamp_us, decode_transaction(data), reason))
    return World(result, network, cast_of(life.scenario, life.people, life.seed), blocks, seen)


def test_every_signature_of_every_transaction_and_block_verifies(world):
    """Signed transactions; blocks certified by the genesis validators' keys."""
    document, signatures = world.network.genesis, RealSignatures()
    validators = first_validators(document)
    for item in world.seen:
        for check in item.tx.checks(world.network.genesis_hash):
            assert signatures.verify(check)
    before: Block | None = None
    for block, _ in world.blocks:
        key = validators.members[block.header.author].consensus_key
        message = proposal_message(block.header, world.network.genesis_hash)
        assert signatures.verify(SignatureCheck(Scheme.ED25519, key, message, block.signature))
        assert block.header.author == block.round % 4
        if before is not None:
            assert block.parent_id == before.id
            assert block.round == before.round + 1
            block.parent_qc.verify(validators, world.network.genesis_hash, signatures)
        before = block
    assert {author for block, _ in world.blocks for author, _ in block.parent_qc.signatures} == {0, 1, 2, 3}


def test_the_counts_are_those_of_the_ledger(world):
    tally = world.result.tally
    assert tally["transactions"] == len(world.seen)
    assert sum(tally["refused"].values()) == sum(1 for item in world.seen if item.reason is not None)
    halted = sum(1 for item in world.seen if item.reason == "ECORRIDOR_HALTED")
    assert tally["refused"]["corridor_halted"] == halted > 0
    payments = [item for item in world.seen if item.tx.raw.payload.function == "pay_batch"]
    assert tally["kinds"]["wages"] == len(payments)


def test_the_halt_begins_and_ends_on_its_days(world):
    """One regulator's halt and return, by policy with effective dates: not a second earlier or later."""
    first, returns = us(2021, 1, 6), us(2021, 1, 20)
    outcomes: dict[str, int] = {"before": 0, "inside": 0, "after": 0}
    for item in world.seen:
        if item.tx.raw.payload.function != "peer_to_peer_with_metadata":
            continue
        sender = world.cast.by_address[item.tx.raw.sender]
        payee = world.cast.by_address[bytes(item.tx.raw.payload.argument("payee"))]
        actors = world.cast.actors
        if min(actors[sender].place, actors[payee].place) < 0:
            continue
        is_corridor = world.cast.country(payee) == "BR" != world.cast.country(sender)
        if not is_corridor or actors[payee].role != "person":
            assert item.reason != "ECORRIDOR_HALTED"
            continue
        where = "before" if item.time_us < first else "inside" if item.time_us < returns else "after"
        outcomes[where] += 1
        assert (item.reason == "ECORRIDOR_HALTED") == (where == "inside")
    assert outcomes["inside"] > 0
    assert outcomes["after"] > 0


def test_a_provider_sends_no_more_than_its_limit(world):
    """Wallet providers with caps: within 24 hours in-pay-wallet sends at most its limit to others."""
    limit = world.result.life.scenario.limit
    assert limit is not None
    provider = next(number for number in world.cast.providers if world.cast.actors[number].name == limit.provider)
    members = {provider} | {
        number for number, actor in enumerate(world.cast.actors) if actor.provider == provider
    }  # fmt: skip
    people = sum(1 for person in world.cast.people if person.actor in members)
    most = limit.outflow_each * people
    sent: list[tuple[int, int]] = []
    refused = 0
    for item in world.seen:
        call = item.tx.raw.payload
        if call.function != "peer_to_peer_with_metadata" or call.argument("currency") != "XUS":
            continue
        sender = world.cast.by_address[item.tx.raw.sender]
        payee = world.cast.by_address[bytes(call.argument("payee"))]
        if sender not in members or payee in members:
            assert item.reason != "EWITHDRAWAL_EXCEEDS_LIMITS"
            continue
        refused += item.reason == "EWITHDRAWAL_EXCEEDS_LIMITS"
        if item.reason is None:
            sent.append((item.time_us, int(call.argument("amount"))))
    assert refused > 0
    for day in range(33):
        start = us(2021, 1, 1) + day * 86_400_000_000
        assert sum(amount for time_us, amount in sent if start <= time_us < start + 86_400_000_000) <= 2 * most


def test_refunds_name_the_purchase_that_they_send_back(world):
    """Shops with refunds: the metadata has the purchase's version, and shop, payer and amount are its own."""
    with closing(
        SqliteStore(world.result.directory / "validator-1" / "data" / "ledger.sqlite", world.network.genesis_hash)
    ) as store:
        refunds = [
            item
            for item in world.seen
            if item.tx.raw.payload.function == "peer_to_peer_with_metadata"
            and bytes(item.tx.raw.payload.argument("metadata"))[:1] == b"\x04"
        ]
        assert len(refunds) == world.result.tally["kinds"]["refund"] > 0
        for item in refunds:
            call = item.tx.raw.payload
            said = decode_metadata(bytes(call.argument("metadata")))
            assert isinstance(said, Refund)
            row = store.row(Column.TRANSACTION, said.transaction_version)
            assert row is not None
            purchase = decode_transaction(read_entry(row)[1]).raw
            assert purchase.payload.argument("payee") == item.tx.raw.sender
            assert purchase.sender == call.argument("payee")
            assert purchase.payload.argument("amount") == call.argument("amount")


def test_each_receipt_is_used_once_and_only_on_business_days(world):
    """Dealers mint against receipts; custodians sign none on a weekend."""
    mints = [item for item in world.seen if item.tx.raw.payload.function == "tiered_mint"]
    receipts = [item.tx.raw.payload.argument("receipt_id") for item in mints]
    assert len(set(map(bytes, receipts))) == len(receipts)
    genesis_us = world.network.genesis.timestamp_us
    for item in mints:
        if item.time_us > genesis_us + 3_600_000_000:
            weekday = (item.time_us // 86_400_000_000 + 3) % 7
            assert weekday < 5
            assert item.reason is None
