"""Each kind of entry in a sentence, from transactions that a real ledger executed."""

from typing import Any

import pytest

from chain.execution.outcome import EVENT_FIELDS
from chain.functions import FUNCTIONS
from chain.records.policy import Policy, Rule
from node.view.events import WORDS, event_sentence
from node.view.names import Names
from node.view.sentences import PHRASES, sentence
from tests.builders import ONE, PAYMENT, ROOT, TC, key, party, signed_together
from tests.tried import FAILURES, NEW, PREFIX
from tests.views import ALICE, BR_WALLET, BRUNO, CARLA, COMPLIANCE, DEALER, US_WALLET, Story, peopled


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


def test_keys_that_are_handed_over(story: Story) -> None:
    """Recovery accounts, shared keys, and the association's help."""
    new_key = key(90).authentication_key()
    assert story.said(US_WALLET, "create_recovery_address") == (
        "us-wallet became a recovery account, which may change the keys that are handed to it"
    )
    assert story.said(ALICE, "add_recovery_rotation_capability", US_WALLET.address) == (
        "alice@us-wallet handed the right to change its key to the recovery account us-wallet"
    )
    recover = "rotate_authentication_key_with_recovery_address"
    assert story.said(US_WALLET, recover, US_WALLET.address, ALICE.address, new_key) == (
        "us-wallet changed the key of alice@us-wallet by what the recovery account us-wallet holds; the address stays"
    )
    own = US_WALLET.key.authentication_key()
    assert story.said(US_WALLET, recover, US_WALLET.address, US_WALLET.address, own) == (
        "us-wallet changed its own key by what the recovery account us-wallet holds; the address stays"
    )
    shared = BRUNO.key.public_key
    for function in ("publish_shared_ed25519_public_key", "rotate_shared_ed25519_public_key"):
        assert story.said(BRUNO, function, shared, price=0) == (
            f"bruno@br-wallet published its public key, {shared.hex()}, by which it signs from now on"
        )
    function = "rotate_authentication_key_with_nonce"
    assert story.said(TC, function, 1, TC.key.authentication_key()) == "treasury changed its key; the address stays"
    assert last(story) == []
    assert story.said(ROOT, f"{function}_admin", 1, DEALER.address, new_key, price=0) == (
        "association changed the key of dealer-one; the address stays"
    )
    assert last(story) == [
        f"the association acted for another account at 2023-11-14 22:13:{20 + story.ledger.tip_height}.000 UTC"
    ]


def test_domains(story: Story) -> None:
    """In both spellings of the function; a name of strangers stands in quotation marks."""
    for add, remove in (("add_vasp_domain", "remove_vasp_domain"), ("add_diem_id_domain", "remove_diem_id_domain")):
        assert story.said(TC, add, US_WALLET.address, b"us.wallet") == (
            "treasury gave us-wallet the domain “us.wallet”"
        )
        assert last(story) == ["us-wallet has the domain “us.wallet”"]
        assert story.said(TC, remove, US_WALLET.address, b"us.wallet") == (
            "treasury took the domain “us.wallet” away from us-wallet"
        )
        assert last(story) == ["us-wallet no longer has the domain “us.wallet”"]


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


def test_limits_policy_and_basket(story: Story) -> None:
    """What they say when they succeed, and what their events say."""
    assert story.said(TC, "set_vasp_country", 0, US_WALLET.address, "US") == (
        "treasury set the country of us-wallet to US"
    )
    rule = Rule("us-in", "US", "", 0, 0, True, "INR", 0, 0, 0, 0)
    assert story.said(TC, "set_jurisdiction_policy", 0, Policy(3, "caps", (rule,)).to_bytes()) == (
        "treasury set version 3 of the jurisdiction policy “caps”, with 1 rule"
    )
    assert last(story) == ["version 3 of the jurisdiction policy “caps” is in force, with 1 rule"]
    story.pay(ALICE, BRUNO, ONE)
    assert last(story)[0] == (
        "a payment of alice@us-wallet from US to any country passed rule us-in of policy 3 as 64 INR: with it 64 INR"
        " and 1 payment today, 64 INR this month"
    )
    assert story.said(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, ONE, 2 * ONE, 0, 0) == (
        "treasury capped minting to dealer-one within 24 hours at 1 XUS, 2 XUS"
    )
    assert story.said(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, 0, 0, 0, 0) == (
        "treasury lifted the caps on minting XUS to dealer-one"
    )
    assert story.said(US_WALLET, "publish_unrestricted_limits", "XUS") == (
        "us-wallet published a definition of account limits in XUS, without limits yet"
    )
    assert story.said(TC, "update_limits_definition", "XUS", 0, US_WALLET.address, 0, ONE, 0, 0) == (
        "treasury set the account limits in XUS of us-wallet: outflow 1 XUS"
    )
    assert story.said(TC, "update_limits_definition", "XUS", 0, US_WALLET.address, 0, 0, 0, 0) == (
        "treasury set the account limits in XUS of us-wallet: nothing"
    )
    assert story.said(TC, "burn_txn_fees", "XUS").startswith("treasury burned the fees collected in XUS")
    assert last(story) == [
        "0.006 XUS of treasury wait to be burned", "0.006 XUS of treasury burned",
        "the custodian releases 0.006 XUS, burned for treasury",
    ]  # fmt: skip


def test_the_basket(story: Story) -> None:
    """Composing and decomposing name what moved."""
    story.do(TC, "tiered_mint", *story.mint_arguments(100 * ONE, 2, "XEU"))
    assert story.said(DEALER, "compose", "XDX", 3 * ONE) == "dealer-one composed 3 XDX of the coins that it stands on"
    assert last(story) == ["dealer-one gave 1.500001 XUS, 1 XEU for 3 XDX"]
    assert story.said(DEALER, "decompose", "XDX", 2 * ONE) == (
        "dealer-one decomposed 2 XDX into the coins that it stands on"
    )
    assert last(story) == ["dealer-one gave 2 XDX for 1 XUS, 0.666666 XEU"]


def test_what_two_roots_sign(story: Story) -> None:
    """A registration and a window name the second signer."""
    raw = story.sign(ROOT, "register_scs_currency", "XSG", 3, 4, ONE, 100, key(6).public_key, price=0).raw
    version = story.block(signed_together(raw, ROOT, [TC], story.ledger.genesis_hash)) + 1
    row = story.source.call("get_transactions", version, 1, True)[0]
    assert sentence(row, story.names) == "association registered the currency XSG at 0.75 XDX, treasury signing too"
    raw = story.sign(ROOT, "publish_window", "XUS", ROOT.address, price=0).raw
    version = story.block(signed_together(raw, ROOT, [US_WALLET], story.ledger.genesis_hash)) + 1
    row = story.source.call("get_transactions", version, 1, True)[0]
    assert sentence(row, story.names) == "association bound us-wallet to the account limits in XUS of association"
    assert story.said(TC, "update_window_info", "XUS", US_WALLET.address, ONE, ROOT.address) == (
        "treasury bound us-wallet, holding 1 XUS, to the account limits in XUS of association"
    )


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
    created = {"data": {"type": "createaccount", "created_address": "ab" * 16, "role_id": 7}}
    assert event_sentence(created, Names()) == f"{'ab' * 16} became an account of role 7"


def test_governance_in_words() -> None:
    """What the association did, and what its streams say."""
    row = {
        "transaction": {
            "type": "user", "sender": "0000000000000000000000000a550c18", "secondary_signers": [],
            "script": {"function_name": "add_validator_and_reconfigure", "named_arguments": {"validator_name": "v4"}},
        },
        "vm_status": {"type": "executed"},
    }  # fmt: skip
    assert sentence(row, Names()) == "association took “v4” into the validator set"
    assert event_sentence({"data": {"type": "newepoch", "epoch": 7}}, Names()) == "epoch 7 begins after this block"
    admin = {"data": {"type": "admintransaction", "committed_timestamp_secs": 1_700_000_000}}
    assert event_sentence(admin, Names()) == (
        "the association acted for another account at 2023-11-14 22:13:20.000 UTC"
    )
