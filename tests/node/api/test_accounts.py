"""get_account: Libra's fields for every role (reference 6.4), and ours beside them."""

from typing import Any

from chain.accounts import ASSOCIATION, TREASURY, event_key
from tests.builders import ROOT, TC, key, party
from tests.views import ALICE, BR_WALLET, BRUNO, COMPLIANCE, DEALER, US_WALLET, Story, peopled

OWNER, OPERATOR = party(200), party(300)


def account(story: Story, address: bytes) -> dict[str, Any]:
    found: dict[str, Any] = story.source.call("get_account", address.hex())
    return found


def test_a_parent() -> None:
    """parent_vasp {human_name, base_url, expiration_time, compliance_key, num_children, ..., vasp_domains and
    diem_id_domains}."""
    story = peopled()
    story.do(BR_WALLET, "rotate_dual_attestation_info", b"https://br", COMPLIANCE.public_key)
    story.do(TC, "add_vasp_domain", BR_WALLET.address, b"Br.Wallet")
    story.do(TC, "add_diem_id_domain", BR_WALLET.address, b"br2")
    found = account(story, BR_WALLET.address)
    assert found["role"] == {
        "type": "parent_vasp",
        "human_name": "br-wallet",
        "base_url": "https://br",
        "expiration_time": 2**64 - 1,
        "compliance_key": COMPLIANCE.public_key.hex(),
        "compliance_key_rotation_events_key": event_key(0, BR_WALLET.address).hex(),
        "base_url_rotation_events_key": event_key(1, BR_WALLET.address).hex(),
        "num_children": 2,
        "vasp_domains": ["Br.Wallet", "br2"],
        "diem_id_domains": ["Br.Wallet", "br2"],
        "country": "",
        "limited_currencies": [],
    }
    assert (found["role_id"], found["role_name"], found["key_rotation"]) == (5, "parent_vasp", None)
    assert found["delegated_key_rotation_capability"] is False
    assert account(story, US_WALLET.address)["role"]["vasp_domains"] == []


def test_a_child_and_who_may_change_its_key() -> None:
    """child_vasp {parent_vasp_address}; the capability is told by Libra's flag, and where it went by ours."""
    story = peopled()
    assert account(story, ALICE.address)["role"] == {
        "type": "child_vasp", "parent_vasp_address": US_WALLET.address.hex()
    }  # fmt: skip
    story.do(US_WALLET, "create_recovery_address")
    story.do(ALICE, "add_recovery_rotation_capability", US_WALLET.address)
    found = account(story, ALICE.address)
    assert found["delegated_key_rotation_capability"] is True
    assert found["key_rotation"] == {"type": "recovery_address", "address": US_WALLET.address.hex()}
    assert "recovers" not in found
    assert account(story, US_WALLET.address)["recovers"] == [US_WALLET.address.hex(), ALICE.address.hex()]
    new = key(4242)
    story.do(BRUNO, "publish_shared_ed25519_public_key", new.public_key, price=0)
    found = account(story, BRUNO.address)
    assert found["key_rotation"] == {"type": "shared_ed25519_public_key", "address": BRUNO.address.hex()}
    assert found["shared_ed25519_public_key"] == new.public_key.hex()
    assert found["authentication_key"] == new.authentication_key().hex()
    assert list(found).index("is_frozen") > list(found).index("delegated_withdrawal_capability")


def test_a_dealer() -> None:
    """designated_dealer {as parent minus children and domains, plus the queues and received_mint_events_key}."""
    story = peopled()
    for amount in (3, 5):
        story.do(DEALER, "preburn", "XUS", amount)
    role = account(story, DEALER.address)["role"]
    assert role == {
        "type": "designated_dealer",
        "human_name": "dealer-one",
        "base_url": "",
        "expiration_time": 2**64 - 1,
        "compliance_key": "",
        "compliance_key_rotation_events_key": event_key(1, DEALER.address).hex(),
        "base_url_rotation_events_key": event_key(2, DEALER.address).hex(),
        "preburn_balances": [{"amount": 8, "currency": "XUS"}],
        "preburn_queues": [
            {
                "currency": "XUS",
                "preburns": [
                    {"preburn": {"amount": 3, "currency": "XUS"}, "metadata": ""},
                    {"preburn": {"amount": 5, "currency": "XUS"}, "metadata": ""},
                ],
            }
        ],
        "received_mint_events_key": event_key(0, DEALER.address).hex(),
    }


def test_association_treasury_and_validators() -> None:
    """1.2: 'Root, validators and operators all read unknown'; the treasury has its stream of domains, in both
    spellings; both of the first have sliding nonces."""
    story = peopled()
    story.do(TC, "update_dual_attestation_limit", 7, 5)
    events = event_key(0, TREASURY).hex()
    found = account(story, TREASURY)
    assert found["role"] == {
        "type": "treasury_compliance", "vasp_domain_events_key": events, "diem_id_domain_events_key": events
    }  # fmt: skip
    assert found["sliding_nonce"] == {"min_nonce": 0, "nonce_mask": f"{1 << 7:032x}"}
    assert (found["received_events_key"], found["sent_events_key"]) == (
        event_key(1, TREASURY).hex(), event_key(2, TREASURY).hex(),
    )  # fmt: skip
    root = account(story, ASSOCIATION)
    assert root["sliding_nonce"] == {"min_nonce": 0, "nonce_mask": "00" * 16}
    assert (root["received_events_key"], root["sent_events_key"]) == (
        event_key(2, ASSOCIATION).hex(), event_key(3, ASSOCIATION).hex(),
    )  # fmt: skip
    for who, number, name in ((ROOT, 0, "association"), (OWNER, 3, "validator"), (OPERATOR, 4, "validator_operator")):
        found = account(story, who.address)
        assert (found["role"], found["role_id"], found["role_name"]) == ({"type": "unknown"}, number, name)
        assert ("sliding_nonce" in found) == (who is ROOT)
    assert account(story, OWNER.address)["received_events_key"] == event_key(0, OWNER.address).hex()
