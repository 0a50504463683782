"""The arithmetic of the bench: percentiles, the bound, what the window counts, what balances must be afterwards."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.crypto.signing import PrivateKey, RealSignatures
from chain.limits import MEMPOOL_PER_ACCOUNT
from chain.transaction import decode_transaction
from node.api.schema import MAX_BATCH, MAX_BODY_BYTES, parse_body, parse_request
from node.lab.bench.audits import Expected, Observation, expected_balances, signatures_checked
from node.lab.bench.crypto import AMOUNT, FEE, WAIT_MS, Lane, received, sign_lane
from node.lab.bench.figures import (
    BenchError,
    Report,
    Window,
    committed_within,
    latencies_us,
    percentile,
    ratio_by_cpu,
    signature_bound,
)
from node.lab.bench.load import _errors, _missing
from node.lab.bench.throughput import LANES, MAX_LANES, Plan, Shape, shape_of

CHAIN = b"\x47" * 32


@pytest.mark.parametrize(
    ("values", "per_cent", "found"),
    [
        ([7], 50, 7),
        ([7], 99, 7),
        ([1, 2], 50, 1),
        ([1, 2], 51, 2),
        ([1, 2, 3, 4], 50, 2),
        (list(range(1, 101)), 50, 50),
        (list(range(1, 101)), 99, 99),
        (list(range(1, 102)), 99, 100),
        (list(range(1, 1001)), 99, 990),
        ([1, 2, 3], 0, 1),
        ([1, 2, 3], 100, 3),
    ],
)
def test_a_percentile_is_the_nearest_rank(values: list[int], per_cent: int, found: int) -> None:
    """'The smallest value that at least so many per cent of the values do not exceed (nearest rank).'"""
    assert percentile(values, per_cent) == found


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_a_percentile_meets_its_definition(values: list[int], per_cent: int) -> None:
    """The definition itself, counted."""
    values.sort()
    found = percentile(values, per_cent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= per_cent * len(values)
    assert sum(value < found for value in values) * 100 < per_cent * len(values)


def test_nothing_measured_is_an_error_and_not_a_figure() -> None:
    """BenchError (`no_measurements`) without any value."""
    with pytest.raises(BenchError) as caught:
        percentile([], 50)
    assert caught.value.name == "no_measurements"


def test_the_bound_is_all_cores_checks_shared_by_the_validators() -> None:
    """'Payments a second that signature checks alone allow on this machine, where each validator checks each.'"""
    assert signature_bound([16_000.0, 15_000.0], 4) == 7_750.0
    assert signature_bound([16_000.0, 15_000.0], 1) == 31_000.0
    assert signature_bound([10.0], 3) == 10 / 3


def test_the_ratio_by_processor_time_counts_all_that_was_used() -> None:
    """'The bound's processor time a payment over all that was used': four checks of 50 of 4 x 140 + 15 us."""
    found = ratio_by_cpu(check_us=50.0, validator_us=140.0, load_us=15.0, validators=4)
    assert found == pytest.approx(200 / 575)
    assert ratio_by_cpu(check_us=50.0, validator_us=50.0, load_us=0.0, validators=7) == 1.0


def test_the_window_counts_reports_from_its_start_to_before_its_end() -> None:
    """'Payments that were reported committed within the window, whenever they were submitted.'"""
    window = Window(1_000, 2_000)
    reports = [
        Report(10, 999, 1), Report(10, 1_000, 2), Report(990, 1_500, 4), Report(1_900, 1_999, 8),
        Report(1_900, 2_000, 16),
    ]  # fmt: skip
    assert committed_within(reports, window) == 2 + 4 + 8
    assert committed_within([], window) == 0
    assert Window(1_000_000, 3_500_000).seconds == 2.5


def test_latency_counts_what_was_submitted_in_the_window_however_late_it_came() -> None:
    """A slow answer after the end must not vanish from the percentiles."""
    window = Window(1_000, 2_000)
    reports = [Report(999, 1_500, 1), Report(1_000, 1_300, 1), Report(1_999, 9_999, 1), Report(2_000, 2_001, 1)]
    assert latencies_us(reports, window) == [300, 8_000]


@given(st.integers(1, 16), st.integers(1, 60), st.one_of(st.none(), st.integers(1, 20_000)), st.floats(100, 50_000))
def test_the_load_respects_the_limits_of_pool_and_api(
    validators: int, seconds: int, rate: int | None, bound: float
) -> None:
    """At most 100 payments of a sender wait; a request carries at most 20 calls; enough is signed for the plan."""
    shape = shape_of(Plan(validators=validators, seconds=seconds, ramp_seconds=3, rate=rate), bound)
    batch = shape.senders * shape.each
    assert 1 <= batch <= MAX_BATCH
    assert shape.senders <= MAX_BATCH
    assert shape.each <= MEMPOOL_PER_ACCOUNT, "a lane has one batch under way"
    signed = shape.lanes * batch * shape.batches
    if rate is None:
        assert shape.lanes == LANES
        assert signed >= math.floor(bound * 0.7 * (seconds + 3))
    else:
        assert signed >= rate * (seconds + 3)
        assert shape.lanes * batch >= 3 * rate or shape.lanes == MAX_LANES, "three seconds may be under way"
    assert 2 * shape.lanes < 1_000, "files that a process may open"


def test_shapes_by_number() -> None:
    """One payment a batch up to 199/s, so that time to finality is each payment's own."""
    assert shape_of(Plan(seconds=17, ramp_seconds=3, rate=100), 7_000.0) == Shape(300, 1, 1, 9)
    assert shape_of(Plan(rate=199), 1.0).senders == 1
    assert shape_of(Plan(rate=200), 1.0).senders == 2
    assert shape_of(Plan(rate=5_000), 1.0).senders == 20
    assert shape_of(Plan(seconds=7, ramp_seconds=3), 8_000.0) == Shape(160, 2, 10, 19)


def lane(senders: int = 3, batches: int = 2, each: int = 2) -> Lane:
    """A small lane whose payees are two accounts."""
    secrets = tuple(bytes([at + 1]) * 32 for at in range(senders))
    return Lane(secrets, (b"\xaa" * 16, b"\xbb" * 16), batches, each, CHAIN, 4, 1_000)


def body(request: bytes) -> Any:
    """The JSON of a request, whose head is checked."""
    head, _, rest = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST / HTTP/1.1"
    assert b"Content-Type: application/json" in lines
    assert b"Content-Length: %d" % len(rest) in lines
    return parse_body(rest)


def test_every_payment_has_its_own_signature_and_its_own_number() -> None:
    """'One user transaction with its own signature a payment'; the wait is for each sender's last."""
    made = lane()
    keys = {key.public_key: key for key in map(PrivateKey, made.secrets)}
    signatures: list[bytes] = []
    numbers: dict[bytes, list[int]] = {}
    batches = sign_lane(made)
    assert [batch.payments for batch in batches] == [6, 6]
    for batch in batches:
        last: dict[bytes, tuple[int, bytes]] = {}
        for call in map(parse_request, body(batch.submit)):
            assert call.method == "submit"
            assert isinstance(call.params, list)
            tx = decode_transaction(bytes.fromhex(call.params[0]))
            assert tx.public_key in keys
            assert RealSignatures().verify(tx.checks(CHAIN)[0])
            assert (tx.raw.chain_id, tx.raw.expiration_secs, tx.raw.payload.argument("amount")) == (4, 1_000, AMOUNT)
            assert tx.raw.max_gas_amount * tx.raw.gas_unit_price == FEE
            signatures.append(tx.signature)
            numbers.setdefault(tx.raw.sender, []).append(tx.raw.sequence_number)
            last[tx.raw.sender] = tx.raw.sequence_number, tx.hash
        waits = [call.params for call in map(parse_request, body(batch.wait))]
        assert waits == [[sender.hex(), number, tx_hash.hex(), WAIT_MS] for sender, (number, tx_hash) in last.items()]
    assert len(set(signatures)) == len(signatures) == 12
    assert list(numbers.values()) == [[0, 1, 2, 3]] * 3


def test_a_full_batch_fits_in_a_request() -> None:
    """The API refuses bodies above its limit."""
    (batch,) = sign_lane(Lane((b"\x01" * 32,), (b"\xaa" * 16,), 1, MAX_BATCH, CHAIN, 4, 2**40))
    assert len(batch.submit) < MAX_BODY_BYTES


@given(st.integers(1, 4), st.integers(0, 4), st.integers(1, 5))
def test_payees_are_counted_as_they_were_signed(senders: int, used: int, each: int) -> None:
    """`received` against the signed bytes themselves."""
    made = lane(senders, 4, each)
    counted: dict[bytes, int] = {}
    for batch in sign_lane(made)[:used]:
        for call in map(parse_request, body(batch.submit)):
            assert isinstance(call.params, list)
            payee = decode_transaction(bytes.fromhex(call.params[0])).raw.payload.argument("payee")
            assert isinstance(payee, bytes)
            counted[payee] = counted.get(payee, 0) + 1
    assert received(made, used) == counted


def test_expected_balances_follow_from_the_batches_that_were_used() -> None:
    """Each payment costs its sender AMOUNT + FEE, and brings its payee AMOUNT; numbers count the payments."""
    senders = [bytes([at]) * 16 for at in range(3)]
    lanes = [
        Lane((b"\x01" * 32, b"\x02" * 32), (senders[2], senders[0]), 9, 2, CHAIN, 4, 1),
        Lane((b"\x03" * 32,), (senders[0],), 9, 1, CHAIN, 4, 1),
    ]
    found = expected_balances(lanes, [1, 3], senders, 1_000_000)
    assert found == {
        senders[0]: Expected(1_000_000 - 2 * (AMOUNT + FEE) + 2 * AMOUNT + 3 * AMOUNT, 2),
        senders[1]: Expected(1_000_000 - 2 * (AMOUNT + FEE), 2),
        senders[2]: Expected(1_000_000 - 3 * (AMOUNT + FEE) + 2 * AMOUNT, 3),
    }
    assert sum(item.balance for item in found.values()) == 3_000_000 - 7 * FEE


def test_all_signatures_means_on_every_validator() -> None:
    """`signature_checks` is "all" only if each validator checked as many signatures as payments were committed."""
    before = [Observation(0.0, 0, 10), Observation(0.0, 0, 20)]
    assert signatures_checked(before, [Observation(0.0, 0, 15), Observation(0.0, 0, 25)], 5) == "all"
    with pytest.raises(BenchError) as caught:
        signatures_checked(before, [Observation(0.0, 0, 15), Observation(0.0, 0, 24)], 5)
    assert caught.value.name == "invariant_violated"
    assert "validator 1 checked 4 signatures of 5" in caught.value.message


def test_answers_are_read_for_what_went_wrong() -> None:
    """A refused submission is counted; a wait that ended without an executed payment is no report."""
    good = {"result": {"vm_status": {"type": "executed"}}}
    assert _errors([{"result": {}}, {"error": {}}, {"error": {}}], 3) == 2
    assert _errors({"error": {}}, 20) == 20
    assert not _missing([good, good])
    assert _missing([good, {"result": None}])
    assert _missing([good, {"error": {}}])
    assert _missing([{"result": {"vm_status": {"type": "move_abort", "abort_code": 1288}}}])
    assert _missing({"error": {}})
