"""What a payment can meet: each one sentence with the rule, the numbers and what to type next, and its code."""

from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

from chain.accounts import TREASURY
from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.operations.treasury import freeze
from node.client.payments.pay import Order, pay
from node.client.payments.refusals import explained
from node.client.wallets.accounts import begin_account, create_account, finish_account, make_account
from node.client.wallets.attestation import compliance_key_path
from node.client.wallets.book import WalletError
from node.client.wallets.keys import new_key
from node.client.wallets.wallet import Wallet
from node.keystore import new_secret, save_key
from tests.in_process import RATES, Node, running

COIN = 1_000_000
ALICE, BOB = "alice@us-wallet", "bob@br-wallet"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """People at two providers, with 5,000 XUS each."""
    with running(tmp_path_factory.mktemp("refusals") / "net") as (wallet, node):
        for name in (ALICE, BOB):
            create_account(wallet, name)
            pay(wallet, Order("dealer-one", name, 5_000 * COIN, "XUS"))
        yield wallet, node


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


class Refusal(NamedTuple):
    """What a command would show."""

    name: str
    exit: int
    message: str
    details: dict[str, Any]


def refusal(wallet: Wallet, payer: str, payee: str, amount: int, currency: str = "XUS", **options: Any) -> Refusal:
    with pytest.raises(MithqalError) as caught:
        pay(wallet, Order(payer, payee, amount, currency, **options))
    error = caught.value
    return Refusal(error.name, exit_code(error), error.message, dict(error.details))


def state(wallet: Wallet, *names: str) -> list[Any]:
    return [wallet.client.call("get_account", wallet.find(name).address.hex()) for name in names]


def nothing_signed(wallet: Wallet) -> int:
    return len(wallet.outbox.entries())


# --- before anything is signed: 6 and 2 ---


def test_an_unknown_payer_or_payee(wallet: Wallet) -> None:
    """'unknown account (6)', on either side, with the name."""
    before = nothing_signed(wallet)
    for payer, payee in (("nobody", BOB), (ALICE, "nobody")):
        found = refusal(wallet, payer, payee, 5)
        assert (found.name, found.exit) == ("unknown_account", 6)
        assert "'nobody'" in found.message
    assert nothing_signed(wallet) == before


def test_a_payee_that_has_no_account_yet(wallet: Wallet) -> None:
    """'payee name that has no account on the ledger yet': by name with what to type, by address; a payer too."""
    new_key(wallet, "pending")
    before = nothing_signed(wallet)
    found = refusal(wallet, ALICE, "pending", 5)
    assert (found.name, found.exit) == ("unknown_account", 6)
    assert found.message == "pending has no account on the ledger yet: mithqal account create pending"
    assert refusal(wallet, "pending", BOB, 5).message == found.message
    stranger = "0" * 31 + "7"
    assert refusal(wallet, ALICE, stranger, 5).message == f"{stranger} has no account on the ledger yet"
    assert nothing_signed(wallet) == before


@pytest.mark.parametrize(
    ("code", "hint"), [("XXX", ""), ("xus", "did you mean XUS?"), ("INR", ""), ("", ""), ("x" * 99, "")]
)
def test_an_unknown_currency(wallet: Wallet, code: str, hint: str) -> None:
    """'unknown currency (6, checked before signing against the chain's list)'; a rate without a coin is none."""
    before = nothing_signed(wallet)
    found = refusal(wallet, ALICE, BOB, 5, code)
    assert (found.name, found.exit) == ("unknown_currency", 6)
    assert "XUS, XDX, XEU, XJP, XGB, XSG" in found.message
    assert hint in found.message
    assert len(found.message) < 200
    assert nothing_signed(wallet) == before


def test_to_oneself(wallet: Wallet) -> None:
    """'payer = payee': nothing would move but the fee; by name or by address."""
    for payee in (ALICE, wallet.find(ALICE).address.hex()):
        found = refusal(wallet, ALICE, payee, 5)
        assert (found.name, found.exit) == ("same_account", 2)


def test_a_payer_whose_key_is_elsewhere(wallet: Wallet) -> None:
    """6: the key file is named; a foreign address can be paid, but does not pay from here."""
    create_account(wallet, "far@us-wallet")
    path = wallet.network.keys / "accounts" / "far@us-wallet.json"
    path.rename(path.with_suffix(".away"))
    found = refusal(wallet, "far@us-wallet", BOB, 5)
    assert (found.name, found.exit) == ("key_file_missing", 6)
    assert str(path) in found.message
    assert pay(wallet, Order(ALICE, "far@us-wallet", 5, "XUS"))["status"] == "executed"
    path.with_suffix(".away").rename(path)


# --- by the chain: 4, 5, 9 ---


def test_insufficient_balance(wallet: Wallet) -> None:
    """5: the balance, the amount, the fee, the most that can be paid, how to get the rest: to the micro-unit."""
    (before,) = state(wallet, BOB)
    balance = next(item["amount"] for item in before["balances"] if item["currency"] == "XUS")
    found = refusal(wallet, BOB, ALICE, balance + 1)
    assert (found.name, found.exit, found.details["reason"]) == ("failed_on_chain", 5, "EINSUFFICIENT_BALANCE")
    assert (found.details["code"], len(found.details["hash"])) == (1288, 64)
    left = balance - 600

    def coins(micro: int) -> str:
        return f"{micro // COIN}.{micro % COIN:06d} XUS"

    assert found.message == (
        f"EINSUFFICIENT_BALANCE at version {found.details['version']}, nothing was paid and the fee was charged: {BOB}"
        f" has {coins(left)}, the payment is {coins(balance + 1)} and its fee 0.000600 XUS: at most {coins(left - 600)}"
        f" can be paid; for more: mithqal account fund {BOB} 1 XUS"
    )


@pytest.mark.parametrize(("short", "coins"), [(601, 1), (1_000_000, 1), (1_000_001, 2), (2_500_000, 3)])
def test_how_much_to_bring(wallet: Wallet, short: int, coins: int) -> None:
    """The hint is enough: whole coins for the amount and the fee of another try, rounded up."""
    create_account(wallet, f"short-{short}@us-wallet")
    pay(wallet, Order("dealer-one", f"short-{short}@us-wallet", 10 * COIN, "XUS"))
    found = refusal(wallet, f"short-{short}@us-wallet", ALICE, 10 * COIN - 600 + short - 600)
    assert found.message.endswith(f"mithqal account fund short-{short}@us-wallet {coins} XUS")


def test_the_most_that_can_be_paid_can_be_paid(wallet: Wallet) -> None:
    """Both sides of the limit that the sentence names: one micro-unit more fails, for the fee is not covered."""
    create_account(wallet, "edge@us-wallet")
    pay(wallet, Order("dealer-one", "edge@us-wallet", 10 * COIN, "XUS"))
    found = refusal(wallet, "edge@us-wallet", ALICE, 10 * COIN - 599)
    assert found.details["reason"] == "EINSUFFICIENT_BALANCE"
    assert "at most 9.998800 XUS can be paid" in found.message
    assert refusal(wallet, "edge@us-wallet", ALICE, 10 * COIN - 1_199).details["reason"] == "EINSUFFICIENT_BALANCE"
    assert pay(wallet, Order("edge@us-wallet", ALICE, 10 * COIN - 1_800, "XUS"))["status"] == "executed"


def test_no_coins_for_the_fee(wallet: Wallet) -> None:
    """4: discarded, so no fee; what is there, what the fee may reach, and what to type."""
    create_account(wallet, "empty@us-wallet")
    found = refusal(wallet, "empty@us-wallet", BOB, 5)
    assert (found.name, found.exit) == ("insufficient_balance_for_transaction_fee", 4)
    assert found.message == (
        "the fee may reach 0.006000 XUS, and empty@us-wallet has 0.000000 XUS;"
        " for more: mithqal account fund empty@us-wallet 1 XUS"
    )
    (account,) = state(wallet, "empty@us-wallet")
    assert account["sequence_number"] == 0


def test_a_dealer_without_a_coin_asks_the_treasury(wallet: Wallet) -> None:
    """Dealers get coins by minting."""
    found = refusal(wallet, "dealer-one", BOB, 5, "XDX")
    assert found.name == "insufficient_balance_for_transaction_fee"
    assert "mithqal treasury mint dealer-one 1 XDX" in found.message


def test_a_frozen_receiver(wallet: Wallet) -> None:
    """9: it ran and failed, the fee was charged; who is frozen, and who can lift it."""
    create_account(wallet, "cold@br-wallet")
    freeze(wallet, "cold@br-wallet")
    (before,) = state(wallet, ALICE)
    found = refusal(wallet, ALICE, "cold@br-wallet", 5)
    assert (found.name, found.exit, found.details["reason"]) == ("account_frozen", 9, "EACCOUNT_FROZEN")
    assert found.message.startswith(
        f"EACCOUNT_FROZEN at version {found.details['version']}, nothing was paid and the fee"
    )
    assert "the treasury froze cold@br-wallet" in found.message
    assert found.message.endswith("mithqal treasury unfreeze cold@br-wallet")
    (after,) = state(wallet, ALICE)
    assert after["sequence_number"] == before["sequence_number"] + 1


def test_a_frozen_sender(wallet: Wallet) -> None:
    """9: discarded before it ran, no fee."""
    create_account(wallet, "ice@us-wallet")
    pay(wallet, Order("dealer-one", "ice@us-wallet", COIN, "XUS"))
    freeze(wallet, "ice@us-wallet")
    before = state(wallet, "ice@us-wallet", BOB)
    found = refusal(wallet, "ice@us-wallet", BOB, 5)
    assert (found.name, found.exit) == ("sending_account_frozen", 9)
    assert "the treasury froze ice@us-wallet" in found.message
    assert "mithqal treasury unfreeze ice@us-wallet" in found.message
    assert "no fee was charged" in found.message
    after = state(wallet, "ice@us-wallet", BOB)
    assert [item["balances"] for item in after] == [item["balances"] for item in before]


def test_missing_attestation_and_its_limit(wallet: Wallet) -> None:
    """5: 'shown with the rule, the limit, the amount and "add --attest"'; both sides of the limit."""
    limit = wallet.client.call("get_metadata")["dual_attestation_limit"]
    first = -(-(limit << 32) // RATES.coins["XUS"])
    assert (limit, first) == (1_000_000_000, 968_992_249)
    found = refusal(wallet, ALICE, BOB, first)
    assert (found.name, found.exit) == ("failed_on_chain", 5)
    assert (found.details["reason"], found.details["code"]) == ("EMALFORMED_METADATA_SIGNATURE", 775)
    assert found.message == (
        f"EMALFORMED_METADATA_SIGNATURE at version {found.details['version']}, nothing was paid and the fee was"
        " charged: 968.992249 XUS is worth 1000.000000 XDX, and from 1000.000000 XDX on a"
        " payment between two providers (us-wallet and br-wallet) needs the signature of the receiving one: add"
        " --attest"
    )
    assert pay(wallet, Order(ALICE, BOB, first - 1, "XUS"))["attested"] is False
    assert pay(wallet, Order(ALICE, BOB, first, "XUS", attest=True))["attested"] is True
    found = refusal(wallet, ALICE, BOB, 2_000 * COIN)
    assert "2000.000000 XUS is worth 2063.999999 XDX" in found.message
    create_account(wallet, "near@us-wallet")
    assert pay(wallet, Order(ALICE, "near@us-wallet", first, "XUS"))["attested"] is False


def test_attestation_without_the_key(wallet: Wallet) -> None:
    """6: 'when this directory holds it': the file that lacks is named, and nothing is signed."""
    path = compliance_key_path(wallet.network.keys, "br-wallet")
    path.rename(path.with_suffix(".away"))
    before = nothing_signed(wallet)
    found = refusal(wallet, ALICE, BOB, 5, attest=True)
    path.with_suffix(".away").rename(path)
    assert (found.name, found.exit) == ("no_compliance_key", 6)
    assert "br-wallet, the receiving provider" in found.message
    assert str(path) in found.message
    assert nothing_signed(wallet) == before
    assert refusal(wallet, ALICE, "dealer-one", 5, attest=True).name == "no_compliance_key"


def test_attestation_with_a_key_that_was_not_published(wallet: Wallet) -> None:
    """5: the signature does not verify under the key on the ledger."""
    path = compliance_key_path(wallet.network.keys, "br-wallet")
    path.rename(path.with_suffix(".away"))
    save_key(path, "br-wallet/compliance", new_secret())
    found = refusal(wallet, ALICE, BOB, 5, attest=True)
    path.unlink()
    path.with_suffix(".away").rename(path)
    assert (found.exit, found.details["reason"]) == (5, "EINVALID_METADATA_SIGNATURE")
    assert "br-wallet is not the one that it has published" in found.message


def test_a_provider_that_published_nothing(wallet: Wallet) -> None:
    """5: nobody can attest for it, and the sentence says what it must do."""
    for name, role, provider in (("mute-wallet", "parent", None), ("kid@mute-wallet", "child", "mute-wallet")):
        entry = begin_account(wallet, name, role=role, provider=provider)
        make_account(wallet, entry)
        finish_account(wallet, entry)
        if role == "parent":
            pay(wallet, Order("dealer-one", name, 10 * COIN, "XUS"))
    save_key(compliance_key_path(wallet.network.keys, "mute-wallet"), "mute-wallet/compliance", new_secret())
    found = refusal(wallet, ALICE, "kid@mute-wallet", 5, attest=True)
    assert (found.exit, found.details["reason"]) == (5, "EPAYEE_COMPLIANCE_KEY_NOT_SET")
    assert "mute-wallet, the receiving provider, has published no compliance key" in found.message
    assert "rotate_dual_attestation_info" in found.message


def test_a_payee_that_holds_no_such_coin(wallet: Wallet) -> None:
    """5: the treasury holds no coins at all."""
    found = refusal(wallet, ALICE, "treasury", 5)
    assert (found.exit, found.details["reason"]) == (5, "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE")
    assert found.message.endswith("treasury holds no balance in XUS, nor in any other")


def test_a_payer_that_holds_no_such_coin(wallet: Wallet) -> None:
    """4: it cannot even pay the fee in it."""
    found = refusal(wallet, "treasury", BOB, 5)
    assert (found.name, found.exit) == ("bad_transaction_fee_currency", 4)
    assert found.message == "treasury holds no balance in XUS, nor in any other"


def test_a_key_that_was_replaced_on_the_ledger(wallet: Wallet) -> None:
    """4: whose key it is, and that it is not the account's."""
    create_account(wallet, "turned@us-wallet")
    pay(wallet, Order("dealer-one", "turned@us-wallet", COIN, "XUS"))
    wallet.execute(wallet.sign("turned@us-wallet", "rotate_authentication_key", bytes(32), fee_currency="XUS"))
    found = refusal(wallet, "turned@us-wallet", BOB, 5)
    assert (found.name, found.exit) == ("invalid_auth_key", 4)
    assert found.message == "the key of turned@us-wallet that is kept here is not the one of the account on the ledger"


def test_an_expired_payment(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """'expired (4)': when, the ledger's time, and that it can never run."""
    monkeypatch.setattr("node.client.wallets.wallet.LIFETIME_S", -100)
    found = refusal(wallet, ALICE, BOB, 5)
    assert (found.name, found.exit) == ("transaction_expired", 4)
    assert "it expired at 1" in found.message
    assert "it can never run, and nothing was paid" in found.message


def test_nobody_answers(chain: tuple[Wallet, Node], wallet: Wallet) -> None:
    """'3 cannot connect': nothing is signed."""
    before = nothing_signed(wallet)
    chain[1].down = True
    try:
        found = refusal(wallet, ALICE, BOB, 5)
    finally:
        chain[1].down = False
    assert (found.name, found.exit) == ("cannot_connect", 3)
    assert nothing_signed(wallet) == before


# --- the explanation itself ---


def some_payment(wallet: Wallet, payee: bytes):
    tx = wallet.sign(ALICE, "peer_to_peer_with_metadata", "XUS", payee, 5, b"", b"", fee_currency="XUS")
    wallet.discard(tx)
    return tx


def test_what_there_is_no_more_to_say_about_stays_as_it_is(chain: tuple[Wallet, Node], wallet: Wallet) -> None:
    """An unknown reason, and a known one that nobody can be asked about any more, are told as they came."""
    tx = some_payment(wallet, TREASURY)
    odd = WalletError("odd", name="failed_on_chain", reason="EGAS", version=7)
    assert explained(wallet, tx, odd) is odd
    known = WalletError("as it came", name="failed_on_chain", reason="EINSUFFICIENT_BALANCE", version=7)
    chain[1].down = True
    try:
        assert explained(wallet, tx, known) is known
    finally:
        chain[1].down = False
    assert explained(wallet, tx, known).message.startswith("EINSUFFICIENT_BALANCE at version 7")


@pytest.mark.parametrize(
    ("reason", "words"),
    [("EPAYEE_DOES_NOT_EXIST", "treasury has no account on the ledger yet"),
     ("EBALANCE_OVERFLOW", "with 0.000005 XUS more treasury would have more than 2^64-1 micro-units")],
)  # fmt: skip
def test_reasons_that_only_a_race_can_bring(wallet: Wallet, reason: str, words: str) -> None:
    """Checked before signing, or out of reach of a test; the chain may still say them. Name and details stay."""
    error = WalletError("x", name="failed_on_chain", reason=reason, version=7, code=3)
    tx = some_payment(wallet, TREASURY)
    found = explained(wallet, tx, error)
    assert found.message == f"{reason} at version 7, nothing was paid and the fee was charged: {words}"
    assert (found.name, found.details) == ("failed_on_chain", {"hash": tx.hash.hex(), **error.details})
