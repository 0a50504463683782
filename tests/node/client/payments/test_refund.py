"""Refund: back to the payer, with a reference, never more than was paid, whatever is under way or interrupted."""

from collections.abc import Generator
from typing import Any

import pytest

from chain.errors import MithqalError
from chain.metadata import Refund, RefundReason, decode_metadata, encode_metadata
from chain.primitives import U64_MAX
from cli.exits import exit_code
from node.client.operations.treasury import freeze
from node.client.payments.pay import Order, pay
from node.client.payments.refund import REASONS, refund
from node.client.wallets.accounts import create_account
from node.client.wallets.wallet import Wallet
from tests.in_process import Node, running

COIN = 1_000_000
ALICE, SHOP = "alice@us-wallet", "shop@br-wallet"
PAYMENT = "peer_to_peer_with_metadata"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """A buyer in one country, a shop in another."""
    with running(tmp_path_factory.mktemp("refunds") / "net") as (wallet, node):
        for name in (ALICE, SHOP, "late@br-wallet"):
            create_account(wallet, name)
            pay(wallet, Order("dealer-one", name, 5_000 * COIN, "XUS"))
        yield wallet, node


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


@pytest.fixture
def sold(wallet: Wallet) -> int:
    """Version of a payment of 40 XUS to the shop."""
    return int(pay(wallet, Order(ALICE, SHOP, 40 * COIN, "XUS", "chat order 17"))["version"])


def refused(function, *arguments: Any, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments, **options)
    return caught.value


def balances(wallet: Wallet) -> list[int]:
    found = [wallet.client.call("get_account", wallet.find(name).address.hex()) for name in (ALICE, SHOP)]
    return [next(item["amount"] for item in one["balances"] if item["currency"] == "XUS") for one in found]


def test_half_and_then_the_rest(wallet: Wallet, sold: int) -> None:
    """Half goes back, then without an amount what is left, then nothing any more; each with DIP-4's Refund metadata."""
    before = balances(wallet)
    half = refund(wallet, sold, amount=20 * COIN)
    assert decode_metadata(bytes.fromhex(half["metadata"])) == Refund(sold, RefundReason.USER_PARTIAL)
    assert (half["refund_of"], half["amount"], half["status"]) == (sold, 20 * COIN, "executed")
    assert (half["payer"]["name"], half["payee"]["name"]) == (SHOP, ALICE)
    assert balances(wallet) == [before[0] + 20 * COIN, before[1] - 20 * COIN - 600]
    rest = refund(wallet, sold)
    assert rest["amount"] == 20 * COIN
    assert balances(wallet) == [before[0] + 40 * COIN, before[1] - 40 * COIN - 1_200]
    error = refused(refund, wallet, sold)
    assert (error.name, exit_code(error), error.details["left"]) == ("refund_too_large", 9, 0)
    assert f"version {half['version']}, version {rest['version']}" in error.message
    assert "0.000000 can be refunded" in error.message


def test_all_at_once(wallet: Wallet, sold: int) -> None:
    """Without an amount all of it; the reason says so."""
    done = refund(wallet, sold)
    assert done["amount"] == 40 * COIN
    assert decode_metadata(bytes.fromhex(done["metadata"])) == Refund(sold, RefundReason.USER_FULL)


@pytest.mark.parametrize(("words", "reason"), list(REASONS.items()))
def test_reasons(wallet: Wallet, sold: int, words: str, reason: RefundReason) -> None:
    """Every reason of DIP-4 can be given."""
    done = refund(wallet, sold, amount=1, reason=reason)
    assert decode_metadata(bytes.fromhex(done["metadata"])) == Refund(sold, reason)
    assert words == reason.name.lower().replace("_", "-")


@pytest.mark.parametrize("first", [0, 1, 25 * COIN])
def test_never_more_than_was_paid(wallet: Wallet, sold: int, first: int) -> None:
    """'more than the original (or more than what is left after earlier refunds) is refused': both sides."""
    if first:
        refund(wallet, sold, amount=first)
    left = 40 * COIN - first
    before = balances(wallet)
    error = refused(refund, wallet, sold, amount=left + 1)
    assert (error.name, exit_code(error)) == ("refund_too_large", 9)
    assert error.details == {"paid": 40 * COIN, "left": left, "asked": left + 1}
    assert balances(wallet) == before
    assert refund(wallet, sold, amount=left)["amount"] == left


def test_refunds_of_other_payments_do_not_count(wallet: Wallet, sold: int) -> None:
    """Only refunds of this version, to its payer, in its coin, that were executed."""
    other = int(pay(wallet, Order(ALICE, SHOP, 40 * COIN, "XUS"))["version"])
    refund(wallet, other)
    pay(wallet, Order(SHOP, ALICE, 30 * COIN, "XUS", "no refund"))
    metadata = encode_metadata(Refund(sold, RefundReason.OTHER))
    third = wallet.find("late@br-wallet").address
    wallet.execute(wallet.sign(SHOP, PAYMENT, "XUS", third, 7 * COIN, metadata, b"", fee_currency="XUS"))
    payer = wallet.find(ALICE).address
    failing = wallet.sign(SHOP, PAYMENT, "XUS", payer, U64_MAX, metadata, b"", fee_currency="XUS")
    assert refused(wallet.execute, failing).name == "failed_on_chain"
    assert refund(wallet, sold)["amount"] == 40 * COIN


def test_a_refund_by_other_means_counts(wallet: Wallet, sold: int) -> None:
    """'what is left after earlier refunds that this address book can see on the ledger', however they were signed."""
    metadata, payer = encode_metadata(Refund(sold, RefundReason.OTHER)), wallet.find(ALICE).address
    wallet.execute(wallet.sign(SHOP, PAYMENT, "XUS", payer, 39 * COIN, metadata, b"", fee_currency="XUS"))
    assert refund(wallet, sold)["amount"] == COIN


def test_only_payments_can_be_refunded(wallet: Wallet, sold: int) -> None:
    """'only a payment can be refunded': not genesis, a block, another call, a failed one, a refund, one to oneself."""
    back = refund(wallet, sold, amount=1)["version"]
    failed = refused(pay, wallet, Order(ALICE, SHOP, 999_999 * COIN, "XUS")).details["version"]
    own = wallet.find(ALICE).address
    to_self = wallet.execute(wallet.sign(ALICE, PAYMENT, "XUS", own, 5, b"", b"", fee_currency="XUS"))["version"]
    block = next(v for v in range(sold, 0, -1) if _kind(wallet, v) == "blockmetadata")
    frozen = freeze(wallet, "late@br-wallet")["version"]
    freeze(wallet, "late@br-wallet", frozen=False)
    for version, why in (
        (0, "writeset"), (block, "blockmetadata"), (frozen, "freeze_account"), (failed, "failed"),
        (back, f"refund itself, of version {sold}"), (to_self, "to itself"),
    ):  # fmt: skip
        error = refused(refund, wallet, version)
        assert (error.name, exit_code(error)) == ("not_a_payment", 6), version
        assert why in error.message
        assert error.message.startswith(f"version {version} is ")


def _kind(wallet: Wallet, version: int) -> str:
    return str(wallet.client.call("get_transactions", version, 1, False)[0]["transaction"]["type"])


@pytest.mark.parametrize("version", [10**6, U64_MAX, U64_MAX + 1, 10**30])
def test_a_version_that_is_not_there(wallet: Wallet, version: int) -> None:
    """6 unknown id."""
    error = refused(refund, wallet, version)
    assert (error.name, exit_code(error)) == ("unknown_transaction", 6)


def test_only_by_a_payee_whose_key_is_here(wallet: Wallet) -> None:
    """6: the payee's key is elsewhere; nothing is signed."""
    version = int(pay(wallet, Order(ALICE, "late@br-wallet", 5, "XUS"))["version"])
    path = wallet.network.keys / "accounts" / "late@br-wallet.json"
    path.rename(path.with_suffix(".away"))
    error = refused(refund, wallet, version)
    path.with_suffix(".away").rename(path)
    assert (error.name, exit_code(error)) == ("key_file_missing", 6)


def test_a_large_refund_needs_attestation_too(wallet: Wallet) -> None:
    """A refund is a payment: the receiving provider, here the first payer's, signs; the metadata stays the refund's."""
    bought = pay(wallet, Order(ALICE, SHOP, 1_500 * COIN, "XUS", attest=True))
    error = refused(refund, wallet, bought["version"])
    assert error.details["reason"] == "EMALFORMED_METADATA_SIGNATURE"
    assert "add --attest" in error.message
    done = refund(wallet, bought["version"], attest=True)
    assert (done["attested"], done["refund_of"], done["reference_id"]) == (True, bought["version"], None)


def test_an_insufficient_balance_is_explained(wallet: Wallet) -> None:
    """5: the payee spent the money; a failed refund leaves all to be refunded."""
    create_account(wallet, "spender@br-wallet")
    version = int(pay(wallet, Order(ALICE, "spender@br-wallet", 10 * COIN, "XUS"))["version"])
    pay(wallet, Order("spender@br-wallet", SHOP, 9 * COIN, "XUS"))
    error = refused(refund, wallet, version)
    assert (exit_code(error), error.details["reason"]) == (5, "EINSUFFICIENT_BALANCE")
    assert "mithqal account fund spender@br-wallet" in error.message
    pay(wallet, Order("dealer-one", "spender@br-wallet", 20 * COIN, "XUS"))
    assert refund(wallet, version)["amount"] == 10 * COIN


def test_the_same_id_refunds_once(wallet: Wallet, sold: int) -> None:
    """A3: with or without the amount; another amount or version under the id is refused, and a payment's id too."""
    done = refund(wallet, sold, amount=10 * COIN, key=f"back-{sold}")
    before = balances(wallet)
    for amount in (10 * COIN, None):
        again = refund(Wallet(wallet.network), sold, amount=amount, key=f"back-{sold}")
        assert again == {**done, "repeated": True}
    assert balances(wallet) == before
    other = int(pay(wallet, Order(ALICE, SHOP, 40 * COIN, "XUS"), key=f"sale-{sold}")["version"])
    for version, amount, key in (
        (sold, 11 * COIN, f"back-{sold}"),
        (other, None, f"back-{sold}"),
        (sold, None, f"sale-{sold}"),
    ):
        error = refused(refund, wallet, version, amount=amount, key=key)
        assert (error.name, exit_code(error)) == ("id_used", 2)
    wrong = Order(SHOP, ALICE, 10 * COIN, "XUS")
    assert refused(pay, wallet, wrong, key=f"back-{sold}").name == "id_used"


def test_a_refund_under_way_counts(chain: tuple[Wallet, Node], wallet: Wallet, sold: int, monkeypatch) -> None:
    """A refund whose outcome is unknown is not made twice: it counts until it is known, and the sentence names it."""
    node, real = chain[1], Wallet.execute

    def go_down(self: Wallet, *arguments: Any, **options: Any) -> Any:
        node.down = True
        return real(self, *arguments, **options)

    before = balances(wallet)
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", go_down)
        error = refused(refund, wallet, sold, amount=30 * COIN, timeout_s=0.3)
    node.down = False
    assert error.name == "timed_out"
    again = Wallet(wallet.network)
    second = refused(refund, again, sold, amount=11 * COIN)
    assert (second.name, second.details["left"]) == ("refund_too_large", 10 * COIN)
    assert f"mithqal tx wait {error.details['hash']}" in second.message
    again.resume(bytes.fromhex(str(error.details["hash"])))
    assert refund(again, sold)["amount"] == 10 * COIN
    assert balances(wallet) == [before[0] + 40 * COIN, before[1] - 40 * COIN - 1_200]


def test_a_refund_whose_end_was_not_noted_counts_once(wallet: Wallet, sold: int) -> None:
    """The process died before the outbox knew: it is on the ledger, and under way no more."""
    done = refund(wallet, sold, amount=10 * COIN)
    wallet.outbox.database.run("UPDATE entry SET status = 'submitted' WHERE hash = ?", bytes.fromhex(done["hash"]))
    assert refund(wallet, sold)["amount"] == 30 * COIN


def test_a_refund_that_expired_unused_does_not_count(
    wallet: Wallet, sold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can never run."""
    with monkeypatch.context() as patch:
        patch.setattr("node.client.wallets.wallet.LIFETIME_S", -100)
        patch.setattr(Wallet, "execute", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            refund(wallet, sold, amount=10 * COIN)
    assert refund(wallet, sold)["amount"] == 40 * COIN


def test_many_refunds_are_all_seen(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is looked at page by page: refunds on every page count."""
    monkeypatch.setattr("node.client.payments.refund.PAGE", 2)
    version = int(pay(wallet, Order(ALICE, SHOP, 5, "XUS"))["version"])
    for _ in range(2):
        refund(wallet, version, amount=1)
    for _ in range(3):
        pay(wallet, Order(SHOP, ALICE, 1, "XUS"))
    refund(wallet, version, amount=1)
    assert refused(refund, wallet, version, amount=3).details["left"] == 2
