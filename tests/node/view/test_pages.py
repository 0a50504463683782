"""The pages: what their documents hold, and what people read. docs/explorer.md has each page whole."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, TREASURY, event_key
from chain.errors import MithqalError
from chain.identifiers import encode_identifier
from chain.primitives import SECOND_US
from node.view.explorer import explore
from node.view.pages.account import account_page
from node.view.pages.block import block_page, blocks_page
from node.view.pages.currency import currencies_page, currency_page, totals
from node.view.pages.event import TYPES, account_keys, events_page, stream_key, streams_of
from node.view.pages.transaction import transaction_page, transactions_page
from node.view.source import newest_transactions
from tests.builders import NOW_SECS, ONE, PAYMENT, TC
from tests.views import (
    ALICE,
    BR_WALLET,
    BRUNO,
    CARLA,
    COMPLIANCE,
    DAVI,
    DEALER,
    US_WALLET,
    Story,
    peopled,
    text,
)


@pytest.fixture
def story() -> Story:
    """People with money: 10 blocks, version 20."""
    return peopled()


def page_of(story: Story, row: Any) -> Any:
    """A transaction's page."""
    return transaction_page(story.source, story.names, row)


# --- transactions ---


def test_a_transactions_document_is_the_rpc_document_and_more(story: Story) -> None:
    """--json is the RPC document plus sentence, status, balance_changes, fee, scheme and block."""
    row = story.pay(ALICE, BRUNO, 25 * ONE)
    block = story.source.call("get_block", 11)
    assert page_of(story, row).document == {
        **row,
        "sentence": "alice@us-wallet paid bruno@br-wallet 25 XUS",
        "status_words": "executed",
        "advice": None,
        "balance_changes": [
            {"kind": "account", "party": "alice@us-wallet", "address": ALICE.address.hex(), "currency": "XUS",
             "amount": -25_000_600},
            {"kind": "account", "party": "bruno@br-wallet", "address": BRUNO.address.hex(), "currency": "XUS",
             "amount": 25_000_000},
            {"kind": "fees", "party": "fees", "address": None, "currency": "XUS", "amount": 600},
        ],
        "metadata_words": None,
        "fee": {"amount": 600, "currency": "XUS"},
        "scheme": "Ed25519",
        "signers": [
            {"address": ALICE.address.hex(), "role": "sender", "scheme": "Ed25519", "threshold": 1,
             "keys": [{"scheme": "Ed25519", "public_key": ALICE.key.public_key.hex(), "signed": True}]},
        ],
        "height": 11,
        "epoch": 1,
        "timestamp_usecs": (NOW_SECS + 11) * SECOND_US,
        "signer_names": block["signer_names"],
    }  # fmt: skip


def test_signature_schemes_have_their_names(story: Story) -> None:
    """The signature's scheme by its name, and what it costs."""
    for who, name, fee in ((ALICE, "Ed25519", "0.0006"), (CARLA, "secp256k1", "0.0045"), (DAVI, "P-256", "0.0045")):
        page = page_of(story, story.pay(who, BRUNO, ONE))
        assert page.document["scheme"] == name
        gas = 600 if who is ALICE else 4_500
        assert f"  signature  {name} by {who.key.public_key.hex()}\n" in text(page)
        assert f"  fee        {fee} XUS: {gas} gas at 1 micro-XUS, at most 6000 gas\n" in text(page)


def test_the_call_as_it_was_signed(story: Story) -> None:
    """Function and arguments by name: truth values as words, empty bytes said to be empty."""
    shown = text(page_of(story, story.source.call("get_transactions", 14, 1, True)[0]))
    assert "Call of AccountCreationScripts::create_child_vasp_account\n" in shown
    assert "  add_all_currencies     true\n" in shown
    shown = text(page_of(story, story.source.call("get_transactions", 16, 1, True)[0]))
    assert "  add_all_currencies     false\n" in shown
    assert "  metadata_signature  (empty)\n" in text(page_of(story, story.pay(ALICE, BRUNO, ONE)))


def test_attested_payments_and_metadata(story: Story) -> None:
    """A payment above the limit carries the receiving provider's signature; long metadata is cut on the screen only."""
    story.do(BR_WALLET, "rotate_dual_attestation_info", b"https://br", COMPLIANCE.public_key)
    signature = story.attest(CARLA, 2_000 * ONE, b"\x07" * 65)
    page = page_of(story, story.pay(CARLA, BRUNO, 2_000 * ONE, b"\x07" * 65, signature))
    shown = text(page)
    assert page.document["transaction"]["script"]["metadata"] == "07" * 65
    assert page.document["metadata_words"] == "bytes that are no metadata"
    assert "  metadata   bytes that are no metadata\n" in shown
    assert f"  metadata            {'07' * 64}... (65 bytes, whole with --json)\n" in shown
    assert f"  attested   signature of the receiving provider {signature.hex()}\n" in shown
    page = page_of(story, story.pay(ALICE, BRUNO, ONE, b"\x07" * 64))
    assert f"  metadata            {'07' * 64}\n" in text(page)
    assert "attested" not in text(page)
    assert page_of(story, story.pay(ALICE, BRUNO, ONE)).document["metadata_words"] is None


def test_a_failure_says_what_to_do(story: Story) -> None:
    """Status with the reason in words and what to do; only the fee moved."""
    page = page_of(story, story.pay(ALICE, BRUNO, 500 * ONE))
    assert page.document["advice"] == "look at `mithqal account show NAME`, and send less or fund the account first"
    lines = page.lines()
    assert lines[2] == (
        "  status     failed: the balance is below the amount, or what is left does not cover the fee"
        " (DiemAccount::EINSUFFICIENT_BALANCE, LIMIT_EXCEEDED, code 1288); final"
    )
    assert lines[3] == f"  to do      {page.document['advice']}"
    start = lines.index("Balance changes")
    assert lines[start : start + 4] == [
        "Balance changes",
        "  alice@us-wallet  -0.000600  XUS",
        "  fees             +0.000600  XUS",
        "  sum               0.000000  XUS",
    ]


def test_each_currency_has_its_sum(story: Story) -> None:
    """Balance changes that sum to zero per currency on screen: a payment in one coin, its fee in another."""
    story.do(TC, "tiered_mint", *story.mint_arguments(5 * ONE, 9, "XEU"))
    row = story.do(DEALER, PAYMENT, "XEU", US_WALLET.address, 2 * ONE, b"", b"")
    lines = page_of(story, row).lines()
    start = lines.index("Balance changes")
    assert lines[start : start + 6] == [
        "Balance changes",
        "  dealer-one  -2.000000  XEU",
        "  us-wallet   +2.000000  XEU",
        "  dealer-one  -0.000600  XUS",
        "  fees        +0.000600  XUS",
        "  sum          0.000000  XEU",
    ]
    assert lines[start + 6] == "  sum          0.000000  XUS"


def test_what_nobody_signed(story: Story) -> None:
    """Genesis and block metadata have no sender, no fee and no balance changes."""
    for version, first in ((0, "genesis: the first state of the network"), (1, "block 1 began, proposed by")):
        row = story.source.call("get_transactions", version, 1, True)[0]
        page = page_of(story, row)
        assert (page.document["fee"], page.document["scheme"], page.document["balance_changes"]) == (None, None, [])
        assert first in text(page)
        assert "Balance changes" not in text(page)


def test_hostile_words_on_the_ledger_do_not_reach_the_screen(story: Story) -> None:
    """human_name, base_url, currency codes and metadata are stripped of control and bidi characters."""
    evil = "\x1b[2J\u202eevil\u2066\r\n"
    name = party_named(story, evil)
    rows = [
        name,
        story.do(BR_WALLET, "rotate_dual_attestation_info", evil.encode(), COMPLIANCE.public_key),
        story.do(ALICE, PAYMENT, evil, BRUNO.address, ONE, evil.encode(), b""),
    ]
    shown = [text(page_of(story, row)) for row in rows]
    shown.append(text(explore(story.view, BR_WALLET.address.hex(), 20)))
    shown.append(text(explore(story.view, rows[0]["transaction"]["script"]["named_arguments"]["new_address"], 20)))
    shown.append(text(explore(story.view, None, 20)))
    assert all("[2Jevil" in page for page in shown)
    for page in shown:
        assert all(char == "\n" or char.isprintable() for char in page)


def party_named(story: Story, name: str) -> Any:
    """A provider with a name of its own choice."""
    return story.do(TC, "create_parent_vasp_account", "XUS", 0, bytes(15) + b"\x77", bytes(16), name, False)


def test_a_list_of_transactions(story: Story) -> None:
    """Newest first, and the command that goes on."""
    listing = newest_transactions(story.source, 2)
    page = transactions_page(story.source, story.names, listing, "Transactions", "mithqal tx list")
    assert page.document == {
        "transactions": [
            {
                "version": 20, "hash": listing.rows[0]["hash"], "type": "user", "status": "executed",
                "sentence": "br-wallet opened the child account davi@br-wallet, holding every currency,"
                " with 5 XUS to begin with",
                "sender": BR_WALLET.address.hex(), "sequence_number": 1, "height": 10,
                "timestamp_usecs": (NOW_SECS + 10) * SECOND_US,
            },
            {
                "version": 18, "hash": listing.rows[1]["hash"], "type": "user", "status": "executed",
                "sentence": "us-wallet opened the child account carla@us-wallet, holding every currency,"
                " with 5000 XUS to begin with",
                "sender": US_WALLET.address.hex(), "sequence_number": 1, "height": 9,
                "timestamp_usecs": (NOW_SECS + 9) * SECOND_US,
            },
        ],
        "next_before": 18,
    }  # fmt: skip
    assert page.lines()[-1] == "older: mithqal tx list --before 18"
    everything = newest_transactions(story.source, 99, wanted=lambda _: True)
    page = transactions_page(story.source, story.names, everything, "Transactions", "mithqal tx list --all")
    assert [row["type"] for row in page.document["transactions"][-3:]] == ["user", "blockmetadata", "writeset"]
    assert (page.document["transactions"][-1]["sender"], page.document["next_before"]) == (None, None)
    assert "older:" not in text(page)


# --- blocks ---


def test_a_block_with_what_it_holds(story: Story) -> None:
    """Proposer, signers, versions, neighbours, transactions in words; no more of them than the limit."""
    story.block(*[story.sign(ALICE, "add_currency_to_account", "XEU", number=n) for n in range(3)])
    block = story.source.call("get_block", 11)
    page = block_page(story.source, story.names, block, 2)
    assert {**block, **page.document} == page.document
    assert [row["version"] for row in page.document["contents"]] == [22, 23]
    assert (page.document["previous"], page.document["next"]) == (10, None)
    assert page.lines()[-1] == "1 more: mithqal block show 11 --limit 3"
    assert "  proposed by    validator-3 in round 11, epoch 1\n" in text(page)
    assert "  signed by      validator-1 validator-2 validator-3 (3 of 4)\n" in text(page)
    assert "  neighbours     previous block 10\n" in text(page)
    story.block()
    page = block_page(story.source, story.names, story.source.call("get_block", 11), 3)
    assert (page.document["next"], len(page.document["contents"])) == (12, 3)
    assert "more:" not in text(page)
    page = block_page(story.source, story.names, story.source.call("get_block", 0), 3)
    assert (page.document["previous"], page.document["next"], page.document["contents"]) == (None, 1, [])
    assert "  signed by      nobody: genesis\n" in text(page)
    assert "none: the ledger's clock ticked" in text(page)


def test_a_list_of_blocks(story: Story) -> None:
    """Newest first, below a height, in pages of a hundred."""
    page = blocks_page(story.source, story.names, 3, None)
    assert [block["height"] for block in page.document["blocks"]] == [10, 9, 8]
    assert (page.document["next_before"], page.lines()[-1]) == (8, "older: mithqal block list --before 8")
    page = blocks_page(story.source, story.names, 3, 2)
    assert [block["height"] for block in page.document["blocks"]] == [1, 0]
    assert page.document["next_before"] is None
    assert [block["height"] for block in blocks_page(story.source, story.names, 3, 1).document["blocks"]] == [0]
    assert [block["height"] for block in blocks_page(story.source, story.names, 1, 99).document["blocks"]] == [10]
    assert blocks_page(story.source, story.names, 3, 0).document == {"blocks": [], "next_before": None}
    for _ in range(120):
        story.block()
    page = blocks_page(story.source, story.names, 125, None)
    assert [block["height"] for block in page.document["blocks"]] == list(range(130, 5, -1))


# --- accounts ---


def test_an_account_in_words(story: Story) -> None:
    """Balances, role, state, latest payments."""
    paid = story.pay(ALICE, BRUNO, 25 * ONE)
    account = story.source.call("get_account", ALICE.address.hex())
    page = account_page(story.source, story.names, account, 1)
    assert {**page.document, **account} == page.document
    assert page.document["name"] == "alice@us-wallet"
    assert page.document["identifier"] == encode_identifier(ALICE.address)
    assert page.document["identifier"].startswith("tdm1p")
    assert f"  identifier       {page.document['identifier']}\n" in text(page)
    assert [row["hash"] for row in page.document["transactions"]] == [paid["hash"]]
    assert "  role             a child account of us-wallet\n" in text(page)
    assert (
        "  balance           0.000000 XDX\n                    0.000000 XEU\n                   74.999400 XUS\n"
        in text(page)
    )
    assert "  state            active\n" in text(page)
    story.do(TC, "freeze_account", 0, ALICE.address)
    page = explore(story.view, "alice@us-wallet", 5)
    assert "  state            frozen by the treasury: it neither sends nor receives\n" in text(page)


def test_a_dealer_and_a_provider(story: Story) -> None:
    """What each says of itself, its children, its queue of coins to be burned, oldest first."""
    for amount in (3, 1):
        story.do(DEALER, "preburn", "XUS", amount * ONE)
    shown = text(explore(story.view, "dealer-one", 5))
    assert "  calls itself     “dealer-one”\n" in shown
    assert "  burn queue       3 XUS, 1 XUS (oldest first)\n" in shown
    story.do(BR_WALLET, "rotate_dual_attestation_info", b"https://br", COMPLIANCE.public_key)
    shown = text(explore(story.view, "br-wallet", 5))
    assert "  attests at       “https://br”\n" in shown
    assert f"  attests by       {COMPLIANCE.public_key.hex()}\n" in shown
    assert "  children         2 accounts\n" in shown
    page = explore(story.view, "treasury", 2)
    assert "  balance      holds no coins\n" in text(page)
    assert "  role         the treasury, which mints, burns and freezes\n" in text(page)
    assert [row["version"] for row in page.document["transactions"]] == [8, 6]


def test_an_account_that_the_book_does_not_name(story: Story) -> None:
    """Its name is null, and its address stands for it."""
    party_named(story, "somebody")
    address = (bytes(15) + b"\x77").hex()
    page = explore(story.view, address, 5)
    assert page.document["name"] is None
    assert page.lines()[0] == f"Account {address}"


# --- currencies ---


def test_currencies_and_what_backs_them(story: Story) -> None:
    """Supply, where it is, and receipts, which are counted apart from it."""
    story.do(DEALER, "preburn", "XUS", 4 * ONE)
    page = currencies_page(story.source, 64)
    xus, xeu, xdx = page.document["currencies"]
    assert (xus["total_value"], xus["preburn_value"], xus["fees"]) == (10**12, 4 * ONE, 5_400)
    assert (xus["in_accounts"], xus["receipts"], xus["is_backed"]) == (10**12 - 4 * ONE - 5_400, 10**12, True)
    assert (xeu["is_backed"], xdx["is_backed"]) == (True, None)
    assert page.document["local_rates"] == [{"currency": "INR", "rate_fixed_point32": 1 << 26}]
    assert page.lines()[-1] == "  INR   0.015625"
    short = currencies_page(story.source, 1).document
    assert ([row["code"] for row in short["currencies"]], len(short["local_rates"])) == (["XUS"], 1)
    broken = totals({**xus, "receipts_released": 1})
    assert broken["is_backed"] is False


def test_a_currency_whose_receipts_do_not_match_shouts(story: Story) -> None:
    """The reserve is the sum of receipts, counted apart from supply, and the two are compared."""
    xus = {**story.source.call("get_currencies")[0], "receipts_deposited": 5}
    assert "0.000005: RECEIPTS DO NOT EQUAL THE SUPPLY" in text(currency_page(story.source, story.names, xus, 5))


def test_a_currencys_mints_and_burns(story: Story) -> None:
    """Newest first, both kinds together."""
    for receipt in (2, 3):
        story.do(TC, "tiered_mint", *story.mint_arguments(receipt * ONE, receipt))
        story.do(DEALER, "preburn", "XUS", ONE)
        story.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, ONE)
    page = explore(story.view, "XUS", 3)
    assert [(event["data"]["type"], event["transaction_version"]) for event in page.document["events"]] == [
        ("burn", 32), ("mint", 28), ("burn", 26),
    ]  # fmt: skip
    assert page.lines()[-3:] == [
        "       32  1 XUS of dealer-one burned",
        f"       28  3 XUS minted against receipt {3:064x}",
        "       26  1 XUS of dealer-one burned",
    ]


# --- events ---


def test_streams_of_an_account(story: Story) -> None:
    """By type, for each role; the association has the root's."""
    dealer = story.source.call("get_account", DEALER.address.hex())
    assert streams_of(dealer) == {
        "sentpayment": event_key(4, DEALER.address).hex(),
        "receivedpayment": event_key(3, DEALER.address).hex(),
        "compliancekeyrotation": event_key(1, DEALER.address).hex(),
        "baseurlrotation": event_key(2, DEALER.address).hex(),
        "receivedmint": event_key(0, DEALER.address).hex(),
    }
    child = story.source.call("get_account", ALICE.address.hex())
    assert streams_of(child) == {
        "sentpayment": event_key(1, ALICE.address).hex(), "receivedpayment": event_key(0, ALICE.address).hex(),
    }  # fmt: skip
    root = story.source.call("get_account", ASSOCIATION.hex())
    assert streams_of(root) == {
        name: event_key(handle, ASSOCIATION).hex()
        for name, handle in {
            "createaccount": 0,
            "admintransaction": 1,
            "newepoch": 4,
            "freeze": 15,
            "unfreeze": 16,
            "newblock": 17,
            "receiptreleased": 1_000,
            "policypass": 1_001,
            "policyupdate": 1_002,
            "compose": 1_003,
            "decompose": 1_004,
            "validatoraccused": 1_005,
        }.items()
    }
    assert streams_of(story.source.call("get_account", TREASURY.hex())) == {
        "sentpayment": event_key(2, TREASURY).hex(),
        "receivedpayment": event_key(1, TREASURY).hex(),
        "vaspdomain": event_key(0, TREASURY).hex(),
    }
    assert account_keys(child, "alice", "sent") == [event_key(1, ALICE.address).hex()]
    assert account_keys(child, "alice", None) == [event_key(1, ALICE.address).hex(), event_key(0, ALICE.address).hex()]
    with pytest.raises(MithqalError) as caught:
        account_keys(child, "alice", "receivedmint")
    assert caught.value.name == "unknown_stream"
    assert caught.value.message == ("alice has no stream of the type receivedmint; it has sentpayment, receivedpayment")
    assert TYPES[:4] == ("sent", "received", "sentpayment", "receivedpayment")


@pytest.mark.parametrize("key", ["", "ab", "zz" * 24, "ab" * 25, "\u0661" * 48])
def test_what_is_no_event_key(key: str) -> None:
    """48 hex digits, in any case."""
    with pytest.raises(MithqalError) as caught:
        stream_key(key)
    assert caught.value.name == "unknown_stream"
    assert stream_key("0x" + "AB" * 24) == "ab" * 24


def test_events_in_words(story: Story) -> None:
    """Newest first; several streams together; one stream can be paged."""
    first = story.pay(ALICE, BRUNO, ONE)["version"]
    story.pay(ALICE, BRUNO, 2 * ONE)
    got = story.pay(CARLA, ALICE, 3 * ONE)["version"]
    sent, received = event_key(1, ALICE.address).hex(), event_key(0, ALICE.address).hex()
    page = events_page(story.source, story.names, [sent, received], 2)
    assert [event["transaction_version"] for event in page.document["events"]] == [got, first + 2]
    assert page.document["events"][0]["sentence"] == "alice@us-wallet received 3 XUS from carla@us-wallet"
    assert page.document["events"][0]["data"]["type"] == "receivedpayment"
    assert page.document["next_before"] is None
    page = events_page(story.source, story.names, [sent], 1)
    assert page.document["next_before"] == 1
    assert page.lines()[-1] == f"older: mithqal event list {sent} --before 1"
    page = events_page(story.source, story.names, [sent], 1, 1)
    assert [event["transaction_version"] for event in page.document["events"]] == [first]
    assert page.document["next_before"] is None
    assert events_page(story.source, story.names, ["ab" * 24], 5).lines() == ["Events", "  none"]
