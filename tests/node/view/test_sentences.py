"""Each kind of entry in a sentence, from transactions that a real ledger executed."""

from typing import Any

import pytest

from chain.execution.outcome import EVENT_FIELDS
from chain.functions import FUNCTIONS
from node.view.events import WORDS, event_sentence
from node.view.names import Names
from node.view.sentences import PHRASES, sentence
from tests.builders import NOBODY, ONE, PAYMENT, TC, key, party, signed_together
from tests.views import ALICE, BR_WALLET, BRUNO, CARLA, COMPLIANCE, DEALER, US_WALLET, Story, peopled

NEW = party(80)
PREFIX = NEW.key.authentication_key()[:16]


@pytest.fixture
def story() -> Story:
    """People with money."""
    return peopled()


def last(story: Story) -> list[str]:
    """The events of the newest transaction, in words."""
    row = story.source.call("get_transactions", story.ledger.tip_version, 1, True)[0]
    return [event_sentence(event, story.names) for event in row["events"]]


def test_no_function_and_no_event_is_without_words() -> None:
    """Every function of FUNCTIONS gets a sentence, every type of EVENT_FIELDS words."""
    assert set(PHRASES) == set(FUNCTIONS)
    assert set(WORDS) == set(EVENT_FIELDS)


def test_a_payment(story: Story) -> None:
    """'alice@us-wallet paid bruno@br-wallet 25 XUS'."""
    assert story.said(ALICE, PAYMENT, "XUS", BRUNO.address, 25 * ONE, b"", b"") == (
        "alice@us-wallet paid bruno@br-wallet 25 XUS"
    )
    assert last(story) == [
        "alice@us-wallet sent 25 XUS to bruno@br-wallet",
        "bruno@br-wallet received 25 XUS from alice@us-wallet",
    ]
    assert story.said(ALICE, PAYMENT, "XUS", ALICE.address, 1, b"", b"") == "alice@us-wallet paid itself 0.000001 XUS"
    assert last(story) == [
        "alice@us-wallet sent 0.000001 XUS to itself", "alice@us-wallet received 0.000001 XUS from itself",
    ]  # fmt: skip


def together(story: Story, function: str, *arguments: Any) -> Any:
    """Alice and bruno sign one transaction."""
    raw = story.sign(ALICE, function, *arguments).raw
    version = story.block(signed_together(raw, ALICE, [BRUNO], story.ledger.genesis_hash)) + 1
    return story.source.call("get_transactions", version, 1, True)[0]


def test_what_two_sign(story: Story) -> None:
    """The second signer is named; an exchange says what goes and what comes."""
    story.pay(ALICE, BRUNO, 2 * ONE)
    story.do(DEALER, PAYMENT, "XUS", ALICE.address, 2 * ONE, b"", b"")
    row = together(story, "peer_to_peer_by_signers", "XUS", ONE, b"")
    assert sentence(row, story.names) == "alice@us-wallet paid bruno@br-wallet 1 XUS, with its signature"
    assert row["transaction"]["secondary_signers"] == [BRUNO.address.hex()]
    assert row["transaction"]["secondary_signature_schemes"] == ["Scheme::Ed25519"]
    assert row["transaction"]["secondary_public_keys"] == [BRUNO.key.public_key.hex()]
    assert len(bytes.fromhex(row["transaction"]["secondary_signatures"][0])) == 64
    assert row["transaction"]["script"]["receiver"] == BRUNO.address.hex()
    row = together(story, "exchange_by_signers", "XUS", 3 * ONE, "XEU", 2 * ONE, b"")
    assert sentence(row, story.names) == (
        "alice@us-wallet tried to exchange 3 XUS for 2 XEU with bruno@br-wallet, both signing, and failed: the payer"
        " holds no balance in this currency"
    )


def test_somebody_unknown_is_an_address(story: Story) -> None:
    """Names live in the local address book, never on chain."""
    row = story.pay(ALICE, BRUNO, ONE)
    assert sentence(row, Names()) == f"{ALICE.address.hex()} paid {BRUNO.address.hex()} 1 XUS"


def test_accounts_are_opened_and_made(story: Story) -> None:
    """Child accounts by their provider, providers and dealers by the treasury; with one currency or with all."""
    new = NEW.address.hex()
    child = ("XUS", NEW.address, PREFIX)
    assert story.said(US_WALLET, "create_child_vasp_account", *child, False, 3 * ONE) == (
        f"us-wallet opened the child account {new}, holding XUS, with 3 XUS to begin with"
    )
    assert last(story) == [
        f"{new} became a child account", f"us-wallet sent 3 XUS to {new}", f"{new} received 3 XUS from us-wallet",
    ]  # fmt: skip
    other = party(81)
    auth_key = other.key.authentication_key()
    arguments = ("XUS", 0, other.address, auth_key[:16], "gb \u202ewallet”\x1b[2J")
    assert story.said(TC, "create_parent_vasp_account", *arguments, True) == (
        f"treasury made {other.address.hex()} a wallet provider, called “gb wallet'[2J” on the ledger,"
        " holding every currency"
    )
    assert last(story) == [f"{other.address.hex()} became a wallet provider"]
    third = party(82)
    auth_key = third.key.authentication_key()
    arguments = ("XEU", 0, third.address, auth_key[:16], "eu-dealer")
    assert story.said(TC, "create_designated_dealer", *arguments, False) == (
        f"treasury made {third.address.hex()} a designated dealer, called “eu-dealer” on the ledger, holding XEU"
    )
    assert last(story) == [f"{third.address.hex()} became a designated dealer"]
    fourth = party(83)
    auth_key = fourth.key.authentication_key()
    assert story.said(
        US_WALLET, "create_child_vasp_account", "XUS", fourth.address, auth_key[:16], True, 0
    ) == (f"us-wallet opened the child account {fourth.address.hex()}, holding every currency")  # fmt: skip


def test_what_an_account_does_to_itself(story: Story) -> None:
    """A currency, a key, attestation."""
    assert story.said(BRUNO, "add_currency_to_account", "XEU", price=0) == "bruno@br-wallet opened a balance in XEU"
    assert last(story) == []
    assert story.said(BR_WALLET, "rotate_dual_attestation_info", b"https://br\x1b\xff", COMPLIANCE.public_key) == (
        "br-wallet published where it attests payments, “https://br�”, and the key that it attests with"
    )
    assert last(story) == [
        f"attests at “https://br�” since 2023-11-14 22:13:{20 + story.ledger.tip_height}.000 UTC",
        f"the key that attests is {COMPLIANCE.public_key.hex()} since 2023-11-14 22:13:32.000 UTC",
    ]
    new_key = key(90).authentication_key()
    assert story.said(ALICE, "rotate_authentication_key", new_key) == (
        "alice@us-wallet changed its key; the address stays"
    )


def test_the_life_of_a_coin(story: Story) -> None:
    """tiered_mint, preburn, burn, cancel_burn."""
    assert story.said(TC, "tiered_mint", *story.mint_arguments(7 * ONE, 2)) == (
        "treasury minted 7 XUS to dealer-one against a custodian's receipt"
    )
    assert last(story) == [
        "dealer-one bought 7 XUS from the treasury",
        f"7 XUS minted against receipt {2:064x}",
        "dealer-one received 7 XUS, newly minted",
    ]
    assert story.said(DEALER, "preburn", "XUS", 2 * ONE, price=0) == (
        "dealer-one put 2 XUS into the queue to be burned"
    )
    assert last(story) == ["dealer-one sent 2 XUS to itself", "2 XUS of dealer-one wait to be burned"]
    story.do(DEALER, "preburn", "XUS", 3 * ONE)
    assert story.said(TC, "burn_with_amount", "XUS", 0, DEALER.address, 2 * ONE) == (
        "treasury burned 2 XUS from the queue of dealer-one; the custodian releases as much"
    )
    assert last(story) == ["2 XUS of dealer-one burned", "the custodian releases 2 XUS, burned for dealer-one"]
    assert story.said(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 3 * ONE) == (
        "treasury gave dealer-one 3 XUS back from its queue"
    )
    assert last(story) == ["3 XUS given back to dealer-one", "dealer-one received 3 XUS from itself"]


def test_what_the_treasury_decides(story: Story) -> None:
    """Freezing, the limit of attestation, rates, minting."""
    assert story.said(TC, "freeze_account", 0, BRUNO.address) == (
        "treasury froze bruno@br-wallet: it neither sends nor receives"
    )
    assert last(story) == ["bruno@br-wallet is frozen"]
    assert story.said(TC, "unfreeze_account", 0, BRUNO.address) == "treasury unfroze bruno@br-wallet"
    assert last(story) == ["bruno@br-wallet is no longer frozen"]
    assert story.said(TC, "update_dual_attestation_limit", 0, 1_500 * ONE) == (
        "treasury set the limit from which two providers must attest to 1500 XDX"
    )
    assert story.said(TC, "update_exchange_rate", "XEU", 0, 11, 10) == "treasury set the rate of XEU to 1.1 XDX"
    assert last(story) == ["1 XEU is 1.1 XDX"]
    assert story.said(TC, "update_minting_ability", "XUS", False) == "treasury switched minting of XUS off"
    assert story.said(TC, "update_minting_ability", "XUS", True) == "treasury switched minting of XUS on"


FAILURES: list[tuple[Any, str, tuple[Any, ...], str]] = [
    (
        ALICE, PAYMENT, ("XUS", BRUNO.address, 500 * ONE, b"", b""),
        ("alice@us-wallet tried to pay bruno@br-wallet 500 XUS, and failed: the balance is below the amount, or what is"
        " left does not cover the fee"),
    ),
    (
        ALICE, PAYMENT, ("XUS", NOBODY.address, 1, b"", b""),
        (f"alice@us-wallet tried to pay {NOBODY.address.hex()} 0.000001 XUS, and failed: there is no account at the"
        " payee's address"),
    ),
    (
        ALICE, PAYMENT, ("\x1b[31mX\u202e", BRUNO.address, ONE, b"", b""),
        "alice@us-wallet tried to pay bruno@br-wallet 1 [31mX, and failed: the payer holds no balance in this currency",
    ),
    (
        ALICE, "create_child_vasp_account", ("XUS", NEW.address, PREFIX, True, 0),
        (f"alice@us-wallet tried to open the child account {NEW.address.hex()}, holding every currency, and failed:"
        " only a wallet provider (parent VASP) may do this"),
    ),
    (
        ALICE, "create_parent_vasp_account", ("XUS", 0, NEW.address, PREFIX, "me", False),
        (f"alice@us-wallet tried to make {NEW.address.hex()} a wallet provider, called “me” on the ledger, holding XUS,"
        " and failed: only the treasury may do this"),
    ),
    (
        ALICE, "create_designated_dealer", ("XUS", 0, NEW.address, PREFIX, "me", True),
        (f"alice@us-wallet tried to make {NEW.address.hex()} a designated dealer, called “me” on the ledger, holding"
        " every currency, and failed: only the treasury may do this"),
    ),
    (
        ALICE, "add_currency_to_account", ("XUS",),
        "alice@us-wallet tried to open a balance in XUS, and failed: the account holds this currency already",
    ),
    (
        ALICE, "rotate_authentication_key", (b"short",),
        ("alice@us-wallet tried to change its key; the address stays, and failed: an authentication key has 32 bytes: a"
        " prefix of 16, then the address"),
    ),
    (
        ALICE, "rotate_dual_attestation_info", (b"u", b"k"),
        ("alice@us-wallet tried to publish where it attests payments, “u”, and the key that it attests with, and"
        " failed: only wallet providers and dealers publish dual-attestation information"),
    ),
    (
        ALICE, "tiered_mint", ("XUS", 0, DEALER.address, ONE, 0, bytes(32), b""),
        ("alice@us-wallet tried to mint 1 XUS to dealer-one against a custodian's receipt, and failed: only the"
        " treasury may do this"),
    ),
    (
        ALICE, "peer_to_peer_by_signers", ("XUS", ONE, b""),
        ("alice@us-wallet tried to pay nobody 1 XUS, with its signature, and failed: another number of secondary"
        " signers signed than the function takes"),
    ),
    (
        ALICE, "exchange_by_signers", ("XUS", ONE, "XEU", ONE, b""),
        ("alice@us-wallet tried to exchange 1 XUS for 1 XEU with nobody, both signing, and failed: another number of"
        " secondary signers signed than the function takes"),
    ),
    (
        ALICE, "preburn", ("XUS", ONE),
        ("alice@us-wallet tried to put 1 XUS into the queue to be burned, and failed: only a designated dealer may do"
        " this"),
    ),
    (
        TC, "burn_with_amount", ("XUS", 0, DEALER.address, ONE),
        ("treasury tried to burn 1 XUS from the queue of dealer-one; the custodian releases as much, and failed: the"
        " dealer has no preburn request of exactly this amount"),
    ),
    (
        TC, "cancel_burn_with_amount", ("XUS", DEALER.address, ONE),
        ("treasury tried to give dealer-one 1 XUS back from its queue, and failed: the dealer has no preburn request of"
        " exactly this amount"),
    ),
    (
        TC, "freeze_account", (0, TC.address),
        "treasury tried to freeze treasury: it neither sends nor receives, and failed: the treasury cannot be frozen",
    ),
    (
        ALICE, "unfreeze_account", (0, BRUNO.address),
        "alice@us-wallet tried to unfreeze bruno@br-wallet, and failed: only the treasury may do this",
    ),
    (
        TC, "update_dual_attestation_limit", (1, 5),
        ("treasury tried to set the limit from which two providers must attest to 0.000005 XDX, and failed: only the"
        " sliding nonce 0 is supported"),
    ),
    (
        TC, "update_exchange_rate", ("XEU", 0, 1, 0),
        "treasury tried to set the rate of XEU to 1/0 XDX, and failed: the denominator of the rate is 0",
    ),
    (
        TC, "update_minting_ability", ("XDX", True),
        "treasury tried to switch minting of XDX on, and failed: a synthetic currency is never minted",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("who", "function", "arguments", "expected"), FAILURES, ids=lambda value: str(value)[:24])
def test_what_was_tried_and_failed(story: Story, who: Any, function: str, arguments: Any, expected: str) -> None:
    """A failed transaction says what was tried, and why it failed."""
    assert story.said(who, function, *arguments) == expected
    assert last(story) == []


def test_every_function_is_seen_to_fail() -> None:
    """No infinitive is left untested."""
    assert {function for _, function, _, _ in FAILURES} == set(FUNCTIONS)


def test_running_out_of_gas(story: Story) -> None:
    """out_of_gas is no abort: it has a sentence of its own. secp256k1 costs 4,500 gas."""
    row = story.do(CARLA, PAYMENT, "XUS", BRUNO.address, ONE, b"", b"", max_gas=600)
    assert row["vm_status"] == {"type": "out_of_gas"}
    assert sentence(row, story.names) == (
        "carla@us-wallet tried to pay bruno@br-wallet 1 XUS, and failed: its max_gas_amount does not cover what it"
        " costs"
    )


def test_genesis_and_block_metadata(story: Story) -> None:
    """Version 0 is genesis; each block begins with its metadata."""
    genesis, metadata = story.source.call("get_transactions", 0, 2, True)
    assert sentence(genesis, story.names) == "genesis: the first state of the network"
    assert sentence(metadata, story.names) == "block 1 began, proposed by validator-1 in round 1"
    assert [event_sentence(event, story.names) for event in metadata["events"]] == [
        "round 1, proposed by validator-1 at 2023-11-14 22:13:21.000 UTC"
    ]


def test_what_a_later_version_may_hold() -> None:
    """An unknown function, kind, role or event type is named, and never breaks a page."""
    call = {"function_name": "compose\x1b", "named_arguments": {}}
    row = {"transaction": {"type": "user", "sender": "ab" * 16, "script": call}, "vm_status": {"type": "executed"}}
    assert sentence(row, Names()) == f"{'ab' * 16} called compose"
    row["vm_status"] = {"type": "verification_error"}
    assert sentence(row, Names()) == f"{'ab' * 16} tried to call compose, and failed: verification error"
    row["vm_status"] = {"type": "move_abort", "location": "00::Nowhere", "abort_code": 5}
    assert sentence(row, Names()) == f"{'ab' * 16} tried to call compose, and failed: Nowhere code 5"
    assert sentence({"transaction": {"type": "epoch\x07"}}, Names()) == "an entry of the kind epoch"
    assert event_sentence({"data": {"type": "new\x07kind"}}, Names()) == "newkind"
    created = {"data": {"type": "createaccount", "created_address": "ab" * 16, "role_id": 3}}
    assert event_sentence(created, Names()) == f"{'ab' * 16} became an account of role 3"
