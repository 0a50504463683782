"""Pay: what is signed and kept, ids that make a repeat harmless, memos and receipts, attested payments."""

import dataclasses
import json
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.signing import Scheme, verify
from chain.errors import MithqalError
from chain.execution.attestation import attestation_message
from chain.identifiers import encode_identifier
from chain.metadata import General, TravelRule, UnstructuredBytes, decode_metadata
from cli.exits import exit_code
from node.client.operations.treasury import freeze
from node.client.payments.memos import memo_of
from node.client.payments.pay import Order, keep_receipt, pay
from node.client.payments.payment_call import PaymentCall, payment_in
from node.client.wallets.accounts import create_account
from node.client.wallets.submission import wait_for
from node.client.wallets.wallet import Wallet
from node.keystore import load_key
from tests.in_process import Node, running

COIN = 1_000_000


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """One network for the module, with people at two providers."""
    with running(tmp_path_factory.mktemp("payments") / "net") as (wallet, node):
        for name in ("alice@us-wallet", "anna@us-wallet", "bob@br-wallet", "mallory@br-wallet"):
            create_account(wallet, name)
            pay(wallet, Order("dealer-one", name, 100_000 * COIN, "XUS"))
        yield wallet, node


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


def order(amount: int = 5 * COIN, **changes: Any) -> Order:
    return Order("alice@us-wallet", "bob@br-wallet", amount, "XUS")._replace(**changes)


def refused(function, *arguments: Any, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments, **options)
    return caught.value


def balance(wallet: Wallet, name: str, currency: str = "XUS") -> int:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    return next(int(item["amount"]) for item in found["balances"] if item["currency"] == currency)


def call_of(wallet: Wallet, receipt: dict[str, Any]) -> PaymentCall:
    """What was signed, from the outbox."""
    call = payment_in(wallet.outbox.get(bytes.fromhex(receipt["hash"])).transaction)
    assert call is not None
    return call


def number_of(wallet: Wallet, name: str = "alice@us-wallet") -> int:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    return int(found["sequence_number"])


# --- a plain payment ---


def test_a_payment(wallet: Wallet) -> None:
    """Amounts move to the micro-unit, the fee is paid in the same currency, and the receipt says so."""
    before = balance(wallet, "alice@us-wallet"), balance(wallet, "bob@br-wallet")
    receipt = pay(wallet, order(5 * COIN))
    assert balance(wallet, "alice@us-wallet") == before[0] - 5 * COIN - 600
    assert balance(wallet, "bob@br-wallet") == before[1] + 5 * COIN
    row = wallet.client.call("get_transactions", receipt["version"], 1, False)[0]
    assert row["hash"] == receipt["hash"]
    assert (receipt["status"], receipt["fee"], receipt["fee_currency"]) == ("executed", 600, "XUS")
    assert (receipt["amount"], receipt["currency"], receipt["scheme"]) == (5 * COIN, "XUS", "ed25519")
    assert receipt["payer"] == {
        "name": "alice@us-wallet", "address": wallet.find("alice@us-wallet").address.hex(),
        "identifier": encode_identifier(wallet.find("alice@us-wallet").address),
    }  # fmt: skip
    assert receipt["payee"]["name"] == "bob@br-wallet"
    assert (receipt["metadata"], receipt["memo"], receipt["reference_id"]) == ("", None, None)
    assert (receipt["attested"], receipt["refund_of"], receipt["repeated"]) == (False, None, False)
    assert isinstance(receipt["final_s"], float)


def test_every_coin_can_be_brought_and_paid(wallet: Wallet) -> None:
    """'`account fund` works for every coin'; its fee is paid in it."""
    for currency in ("XEU", "XJP", "XGB", "XSG"):
        pay(wallet, Order("dealer-one", "anna@us-wallet", 3 * COIN, currency))
        receipt = pay(wallet, order(COIN, payer="anna@us-wallet", currency=currency))
        assert (receipt["fee"], receipt["fee_currency"]) == (600, currency)
        assert balance(wallet, "anna@us-wallet", currency) == 2 * COIN - 600


def test_an_empty_fee_currency_is_no_currency(wallet: Wallet) -> None:
    """It is asked for, so it is not quietly the payment's own: exit 6, as any other unknown code."""
    before = number_of(wallet)
    error = refused(pay, wallet, order(fee_currency=""))
    assert (error.name, exit_code(error)) == ("unknown_currency", 6)
    assert number_of(wallet) == before
    paid = pay(wallet, order(fee_currency=None))
    assert (paid["fee_currency"], number_of(wallet)) == ("XUS", before + 1)


def test_parties_by_address_and_by_identifier(wallet: Wallet) -> None:
    """Names, 32 hex digits and identifiers mean the same people."""
    alice, bob = wallet.find("alice@us-wallet").address, wallet.find("bob@br-wallet").address
    for payer, payee in ((alice.hex(), bob.hex()), (encode_identifier(alice), encode_identifier(bob).upper())):
        receipt = pay(wallet, order(payer=payer, payee=payee))
        assert (receipt["payer"]["name"], receipt["payee"]["name"]) == ("alice@us-wallet", "bob@br-wallet")


def test_subaddresses_go_into_the_metadata(wallet: Wallet) -> None:
    """N6: an identifier's subaddress is not lost: General metadata carries it, and nothing else fits beside it."""
    alice, bob, sub = wallet.find("alice@us-wallet").address, wallet.find("bob@br-wallet").address, bytes(range(1, 9))
    receipt = pay(wallet, order(payee=encode_identifier(bob, sub)))
    assert decode_metadata(bytes.fromhex(receipt["metadata"])) == General(sub, None, None)
    receipt = pay(wallet, order(payer=encode_identifier(alice, sub)))
    assert decode_metadata(bytes.fromhex(receipt["metadata"])) == General(None, sub, None)
    for wrong in (
        order(payee=encode_identifier(bob, sub), memo="x"),
        order(payee=encode_identifier(bob, sub), attest=True),
    ):
        error = refused(pay, wallet, wrong)
        assert (error.name, exit_code(error)) == ("metadata_conflict", 2)


# --- ids (A3, A4) ---


def test_the_same_id_and_details_pay_once(wallet: Wallet) -> None:
    """A3: 'the same details give the first payment's answer without paying again'."""
    first = pay(wallet, order(memo="rent"), key="rent-1")
    before = balance(wallet, "bob@br-wallet"), number_of(wallet)
    again = pay(Wallet(wallet.network), order(memo="rent"), key="rent-1")
    assert again == {**first, "repeated": True}
    assert (balance(wallet, "bob@br-wallet"), number_of(wallet)) == before
    by_address = order(payee=wallet.find("bob@br-wallet").address.hex(), memo="rent")
    assert pay(wallet, by_address, key="rent-1")["hash"] == first["hash"]


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 5 * COIN + 1}, {"currency": "XEU"}, {"payer": "anna@us-wallet"}, {"payee": "mallory@br-wallet"},
        {"memo": "Rent"}, {"memo": None}, {"memo": ""},
    ],
)  # fmt: skip
def test_a_used_id_with_other_details_is_refused(wallet: Wallet, changes: dict[str, Any]) -> None:
    """A4: '`--id` repeated with different payment details must be refused (`id_used`)'."""
    first = pay(wallet, order(memo="rent"), key="rent-2")
    before = number_of(wallet)
    error = refused(pay, wallet, order(memo="rent")._replace(**changes), key="rent-2")
    assert (error.name, exit_code(error)) == ("id_used", 2)
    assert error.details["hash"] == first["hash"]
    assert "rent-2" in error.message
    assert number_of(wallet) == before


def test_an_id_of_something_else_is_used_too(wallet: Wallet) -> None:
    """A4: whatever has the id, such as the network's own first transactions."""
    tx = wallet.sign("us-wallet", "add_currency_to_account", "XUS", fee_currency=None, key="other")
    wallet.discard(tx)
    error = refused(pay, wallet, order(), key="other")
    assert error.name == "id_used"
    bob = wallet.find("bob@br-wallet").address
    odd = wallet.sign(
        "alice@us-wallet",
        "peer_to_peer_with_metadata",
        "XUS",
        bob,
        5 * COIN,
        b"\xff",
        b"",
        fee_currency="XUS",
        key="odd",
    )
    wallet.discard(odd)
    assert refused(pay, wallet, order(), key="odd").name == "id_used"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "a\0"])
def test_an_id_is_printable(wallet: Wallet, key: str) -> None:
    """A3: 1 to 200 printable characters (both sides below)."""
    error = refused(pay, wallet, order(), key=key)
    assert (error.name, exit_code(error)) == ("bad_id", 2)


def test_the_longest_id(wallet: Wallet) -> None:
    """A3: 200 characters are an id; any script."""
    key = "é" * 200
    assert pay(wallet, order(), key=key)["hash"] == pay(wallet, order(), key=key)["hash"]


def test_an_id_of_a_refused_payment(wallet: Wallet) -> None:
    """A3: 'also when the first one was refused (say so truthfully)': it is not paid though it could be now."""
    freeze(wallet, "mallory@br-wallet")
    spends = order(payer="mallory@br-wallet", payee="bob@br-wallet")
    first = refused(pay, wallet, spends, key="refused-1")
    assert (first.name, exit_code(first)) == ("sending_account_frozen", 9)
    freeze(wallet, "mallory@br-wallet", frozen=False)
    before = balance(wallet, "mallory@br-wallet")
    again = refused(pay, Wallet(wallet.network), spends, key="refused-1")
    assert (again.name, exit_code(again)) == ("sending_account_frozen", 9)
    assert "'refused-1' was made before" in again.message
    assert "use another id" in again.message
    assert again.details["hash"] == first.details["hash"]
    assert balance(wallet, "mallory@br-wallet") == before
    assert pay(wallet, spends, key="refused-2")["status"] == "executed"
    assert refused(pay, wallet, order(9), key="refused-1").name == "id_used"


def test_an_id_of_a_failed_payment(wallet: Wallet) -> None:
    """A3: 'or failed': it ran, and is not tried again."""
    first = refused(pay, wallet, order(999_999_999 * COIN), key="failed-1")
    assert (first.name, exit_code(first)) == ("failed_on_chain", 5)
    before = number_of(wallet)
    again = refused(pay, Wallet(wallet.network), order(999_999_999 * COIN), key="failed-1")
    assert (again.name, exit_code(again)) == ("failed_on_chain", 5)
    assert again.details["reason"] == "EINSUFFICIENT_BALANCE"
    assert (again.details["version"], again.details["hash"]) == (first.details["version"], first.details["hash"])
    assert "'failed-1' was made before" in again.message
    assert number_of(wallet) == before


def test_an_id_of_a_payment_that_expired(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """'expired (4)': it can never run; a repeat says the same and pays nothing."""
    with monkeypatch.context() as patch:
        patch.setattr("node.client.wallets.wallet.LIFETIME_S", -100)
        first = refused(pay, wallet, order(), key="late-1")
    assert (first.name, exit_code(first)) == ("transaction_expired", 4)
    assert "can never run" in first.message
    before = number_of(wallet)
    again = refused(pay, Wallet(wallet.network), order(), key="late-1")
    assert (again.name, exit_code(again)) == ("transaction_expired", 4)
    assert number_of(wallet) == before
    assert pay(wallet, order(), key="late-2")["status"] == "executed"


def test_an_open_payment_is_resumed(
    chain: tuple[Wallet, Node], wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A3: 'When the first is still open it is resumed': signed once, paid once. Exit 7 names `mithqal tx wait HASH`."""
    node, real = chain[1], Wallet.execute

    def go_down(self: Wallet, *arguments: Any, **options: Any) -> Any:
        node.down = True
        return real(self, *arguments, **options)

    before = balance(wallet, "bob@br-wallet")
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", go_down)
        error = refused(pay, wallet, order(memo="open"), key="open-1", timeout_s=0.3)
    assert (error.name, exit_code(error)) == ("timed_out", 7)
    assert f"mithqal tx wait {error.details['hash']}" in error.message
    node.down = False
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "resume", lambda *_, **__: (_ for _ in ()).throw(error))
        again = refused(pay, Wallet(wallet.network), order(memo="open"), key="open-1")
    assert again is error
    done = pay(Wallet(wallet.network), order(memo="open"), key="open-1")
    assert (done["hash"], done["repeated"]) == (error.details["hash"], True)
    assert done["memo"]["text"] == "open"
    assert balance(wallet, "bob@br-wallet") == before + 5 * COIN
    assert pay(wallet, order(memo="open"), key="open-1")["version"] == done["version"]
    assert balance(wallet, "bob@br-wallet") == before + 5 * COIN


def test_a_payment_whose_answer_was_lost(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3: the process dies after the payment was on the ledger: a repeat finds it there, with the memo."""
    real = Wallet.execute

    def die(self: Wallet, *arguments: Any, **options: Any) -> Any:
        real(self, *arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", die)
        with pytest.raises(KeyboardInterrupt):
            pay(wallet, order(memo="lost"), key="lost-1")
    before = number_of(wallet)
    done = pay(Wallet(wallet.network), order(memo="lost"), key="lost-1")
    assert (done["status"], done["repeated"], done["final_s"]) == ("executed", True, None)
    assert done["memo"]["text"] == "lost"
    assert number_of(wallet) == before
    assert json.loads(Path(done["receipt_file"]).read_text())["hash"] == done["hash"]


def test_the_bytes_are_kept_before_they_leave(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """'`pay` stores the signed bytes in the network's outbox before it submits', under its id; the memo first."""
    seen: list[Any] = []

    def look(self: Wallet, tx: Any, **_: Any) -> Any:
        again = Wallet(self.network)
        entry = again.outbox.by_key("kept-1")
        assert entry is not None
        call = payment_in(entry.transaction)
        assert call is not None
        seen.append((entry.hash == tx.hash, memo_of(again.network.keys, call.metadata)))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", look)
        with pytest.raises(KeyboardInterrupt):
            pay(wallet, order(memo="kept"), key="kept-1")
    ((is_same, memo),) = seen
    assert is_same
    assert memo.text == "kept"
    pay(wallet, order(memo="kept"), key="kept-1")


def test_an_id_that_two_processes_use_at_once(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3: whoever comes second finds the first one's payment where he wanted to keep his own, and is answered by it."""
    real = Wallet.sign

    def sign_second(self: Wallet, *arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(Wallet, "sign", real)
        pay(Wallet(self.network), order(memo="race"), key="race-1")
        return real(self, *arguments, **options)

    before = balance(wallet, "bob@br-wallet")
    monkeypatch.setattr(Wallet, "sign", sign_second)
    done = pay(wallet, order(memo="race"), key="race-1")
    assert (done["status"], done["repeated"]) == ("executed", True)
    assert balance(wallet, "bob@br-wallet") == before + 5 * COIN


# --- memos and attestation (N5, N6, A5) ---


def test_a_memo_goes_on_chain_only_as_a_commitment(wallet: Wallet) -> None:
    """N5: 'The memo goes on chain only as commitment'; text and salt are in the receipt and beside the keys."""
    receipt = pay(wallet, order(memo="for the garden gate"))
    memo = memo_of(wallet.network.keys, bytes.fromhex(receipt["metadata"]))
    assert memo is not None
    assert receipt["memo"] == {"text": "for the garden gate", "salt": memo.salt.hex()}
    assert decode_metadata(bytes.fromhex(receipt["metadata"])) == UnstructuredBytes(memo.commitment)
    row = wallet.client.call("get_transactions", receipt["version"], 1, True)[0]
    assert "garden" not in json.dumps(row)
    assert b"garden" not in bytes.fromhex(row["bytes"])
    other = pay(wallet, order(memo="for the garden gate"))
    assert other["metadata"] != receipt["metadata"]


def test_an_attested_payment(wallet: Wallet) -> None:
    """A5: '`--attest` signs with the payee's provider's compliance key'; TravelRule metadata carries a reference id."""
    receipt = pay(wallet, order(2_000 * COIN, attest=True))
    call = call_of(wallet, receipt)
    key = load_key(wallet.network.keys / "compliance" / "br-wallet.json")
    message = attestation_message(call.metadata, wallet.find("alice@us-wallet").address, 2_000 * COIN)
    assert verify(Scheme.ED25519, key.public_key, message, call.metadata_signature)
    assert decode_metadata(call.metadata) == TravelRule(receipt["reference_id"])
    assert str(uuid.UUID(receipt["reference_id"])) == receipt["reference_id"]
    assert receipt["attested"] is True
    assert pay(wallet, order(2_000 * COIN, attest=True))["reference_id"] != receipt["reference_id"]


def test_an_attested_payment_with_a_memo(wallet: Wallet) -> None:
    """N6: there is room for one: the reference id is the commitment to the memo, in hex."""
    receipt = pay(wallet, order(2_000 * COIN, attest=True, memo="invoice 7"))
    memo = memo_of(wallet.network.keys, bytes.fromhex(receipt["metadata"]))
    assert memo is not None
    assert receipt["memo"]["text"] == memo.text == "invoice 7"
    assert receipt["reference_id"] == memo.commitment.hex()


def test_a_small_payment_may_be_attested_too(wallet: Wallet) -> None:
    """A5: a signature that is supplied is checked, whatever the amount; also within one provider."""
    assert pay(wallet, order(COIN, attest=True))["attested"]
    assert pay(wallet, order(COIN, payee="anna@us-wallet", attest=True))["attested"]


def test_an_id_counts_whether_attested_or_not(wallet: Wallet) -> None:
    """A4: the refusal for want of --attest is the answer, and says that another id is needed."""
    first = refused(pay, wallet, order(2_000 * COIN), key="attest-1")
    again = refused(pay, wallet, order(2_000 * COIN, attest=True), key="attest-1")
    assert (again.name, again.details["reason"]) == ("failed_on_chain", "EMALFORMED_METADATA_SIGNATURE")
    assert again.details["version"] == first.details["version"]


# --- receipts are written ---


def test_receipts_are_kept(wallet: Wallet, tmp_path: Path) -> None:
    """Always under receipts/ by the payment's hash, 0600; and where --receipt says."""
    file = tmp_path / "receipt.json"
    done = pay(wallet, order(memo="x"), receipt_file=file)
    kept = wallet.network.directory / "receipts" / f"{done['hash']}.json"
    assert done["receipt_file"] == str(file)
    assert json.loads(file.read_text()) == json.loads(kept.read_text())
    assert {key: done[key] for key in json.loads(kept.read_text())} == json.loads(kept.read_text())
    assert set(done) - set(json.loads(kept.read_text())) == {"receipt_file", "repeated", "problems"}
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert pay(wallet, order())["receipt_file"] != str(file)


def test_a_spoilt_receipt_is_written_anew(wallet: Wallet) -> None:
    """A repeat makes it again from what was signed; how long it took is not known any more."""
    first = pay(wallet, order(memo="x"), key="spoilt-1")
    kept = Path(first["receipt_file"])
    kept.write_text("{")
    again = pay(wallet, order(memo="x"), key="spoilt-1")
    assert again == {**first, "repeated": True, "final_s": None}
    assert json.loads(kept.read_text()) == {key: again[key] for key in json.loads(kept.read_text())}


def test_a_receipt_that_cannot_be_written_is_known_before_it_is_paid(wallet: Wallet, tmp_path: Path) -> None:
    """2 usage: nothing is paid when the folder is missing or the path is a folder."""
    before = number_of(wallet)
    for path in (tmp_path / "none" / "receipt.json", tmp_path):
        error = refused(pay, wallet, order(), receipt_file=path)
        assert (error.name, exit_code(error)) == ("receipt_unwritable", 2)
    assert number_of(wallet) == before


def test_a_full_disk_does_not_hide_a_payment(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is paid is told as paid, with what went wrong beside it."""

    def full(path: Path, _: Any) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("node.client.payments.pay.write_receipt", full)
    done = pay(wallet, order())
    assert done["status"] == "executed"
    assert len(done["problems"]) == 1
    assert "No space left" in done["problems"][0]


def test_the_receipt_of_what_was_waited_for(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """After exit 7 `tx wait` finds the payment and writes its receipt; other transactions have none."""
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            pay(wallet, order(memo="later"), key="later-1")
    entry = wallet.outbox.by_key("later-1")
    assert entry is not None
    path = keep_receipt(wallet, entry.hash, wait_for(wallet, entry.hash))
    assert path is not None
    assert json.loads(path.read_text())["memo"]["text"] == "later"
    tx = wallet.sign("us-wallet", "add_currency_to_account", "XUS", fee_currency=None)
    wallet.discard(tx)
    assert keep_receipt(wallet, tx.hash, {}) is None
    assert keep_receipt(wallet, bytes(32), {}) is None


# --- another network ---


def test_another_network_gets_nothing_signed(wallet: Wallet) -> None:
    """'wrong chain': by its number or its genesis; nothing is signed, one clear error."""
    before = len(wallet.outbox.entries())
    for network in (
        dataclasses.replace(wallet.network, chain_id=5), dataclasses.replace(wallet.network, genesis_hash=bytes(32)),
    ):  # fmt: skip
        error = refused(pay, Wallet(network), order())
        assert (error.name, exit_code(error)) == ("wrong_chain", 3)
    assert len(wallet.outbox.entries()) == before
