"""The pages of the network as a whole: overview, validators, epoch, pool."""

from types import SimpleNamespace

import pytest

from chain.primitives import SECOND_US
from chain.storage import Column, WriteBatch
from chain.validators import Validator, ValidatorSet
from node.view.events import event_sentence
from node.view.explorer import explore
from node.view.pages.network import epoch_page, mempool_page, validator_page, validators_page
from tests.accusations import Liar
from tests.builders import NOW_SECS, ONE, TC, key
from tests.views import ALICE, BRUNO, Story, peopled, text


@pytest.fixture
def story() -> Story:
    """People with money: 10 blocks, version 20."""
    return peopled()


def test_the_overview(story: Story) -> None:
    """Play money, chain, waypoint, height, blocks with proposer and signers, payments in words, validators, coins."""
    paid = story.pay(ALICE, BRUNO, 25 * ONE)
    failed = story.pay(ALICE, BRUNO, 500 * ONE)
    story.do(TC, "freeze_account", 0, BRUNO.address)
    page = explore(story.view, None, 10)
    document = page.document
    tip = story.source.call("get_metadata")
    assert (document["chain_id"], document["genesis_hash"]) == (4, story.ledger.genesis_hash.hex())
    assert (document["waypoint"], document["version"]) == (story.ledger.waypoint(), 26)
    assert (document["height"], document["epoch"]) == (13, 1)
    assert document["accumulator_root_hash"] == tip["accumulator_root_hash"]
    assert document["timestamp_usecs"] == (NOW_SECS + 13) * SECOND_US
    assert [block["height"] for block in document["blocks"]] == [13, 12, 11, 10, 9]
    assert [row["hash"] for row in document["payments"][:2]] == [failed["hash"], paid["hash"]]
    assert [row["version"] for row in document["payments"]] == [24, 22, 12, 10]
    assert document["validators"] == story.source.call("get_validators")
    assert [row["code"] for row in document["currencies"]] == ["XUS", "XEU", "XDX"]
    shown = text(page)
    assert shown.startswith(document["notice"] + "\n\nNetwork\n")
    assert "alice@us-wallet paid bruno@br-wallet 25 XUS\n" in shown
    assert "froze" not in shown


def test_the_overview_of_a_new_network() -> None:
    """Nothing but genesis."""
    page = explore(Story().view, None, 10)
    assert (page.document["height"], page.document["epoch"], page.document["payments"]) == (0, 0, [])
    assert "none yet: mithqal pay FROM TO AMOUNT CURRENCY" in text(page)


def test_the_overview_shows_as_many_payments_as_asked_for(story: Story) -> None:
    """--limit: the newest payments."""
    for _ in range(11):
        story.pay(ALICE, BRUNO, ONE)
    assert [len(explore(story.view, None, limit).document["payments"]) for limit in (1, 10, 20)] == [1, 10, 13]


def test_the_overview_takes_few_round_trips(story: Story) -> None:
    """One batch, the newest versions, and one call for each block that holds a payment."""
    story.source.round_trips = 0
    explore(story.view, None, 10)
    assert story.source.round_trips == 5


def test_validators_and_what_each_did(story: Story) -> None:
    """Proposed and signed over the newest hundred blocks, genesis not counted."""
    page = validators_page(story.source, 256)
    counted = [(row["name"], row["proposed_recently"], row["signed_recently"]) for row in page.document["validators"]]
    assert counted == [("validator-0", 2, 8), ("validator-1", 3, 8), ("validator-2", 3, 7), ("validator-3", 2, 7)]
    assert page.document["recent_blocks"] == 10
    assert page.lines()[0] == "Validators in epoch 1, over the newest 10 blocks"
    assert [row["name"] for row in validators_page(story.source, 2).document["validators"]] == [
        "validator-0",
        "validator-1",
    ]
    for _ in range(100):
        story.block()
    page = validators_page(story.source, 256)
    assert page.document["recent_blocks"] == 100
    assert [row["proposed_recently"] for row in page.document["validators"]] == [25] * 4
    assert [row["signed_recently"] for row in page.document["validators"]] == [75] * 4


def test_one_validator(story: Story) -> None:
    """Its keys, its part in the newest blocks, and blocks that it proposed."""
    page = validator_page(story.source, story.names, 1, None)
    assert [block["height"] for block in page.document["blocks"]] == [9, 5, 1]
    assert (page.document["name"], page.document["index"], page.document["is_self"]) == ("validator-1", 1, False)
    assert "  proposed       3 of the newest 10 blocks\n" in text(page)
    assert "  signed         8 of the newest 10 blocks\n" in text(page)
    assert "  signing        not known: it does not answer here\n" in text(page)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("signs", "yes"), ("asks", "not yet: it asks the others what it signed before"), ("follower", "no"),
        ("observer", "observer: signing record lost; a new key: mithqal validator rotate-key v1 --network /x"),
    ],
)  # fmt: skip
def test_what_a_validator_says_of_its_signing(story: Story, state: str, words: str) -> None:
    """D6: 'explorer validator page show "observer: signing record lost"', with what to type."""
    said = {"state": state, "reason": "signing record lost", "message": "long",
            "command": "mithqal validator rotate-key v1 --network /x"}  # fmt: skip
    page = validator_page(story.source, story.names, 1, said)
    assert f"  signing        {words}\n" in text(page)
    assert page.document["signing"] == said


def test_what_a_validator_is_accused_of() -> None:
    """Evidence against it, and none against another one."""
    story = Story()
    liar = Liar(key(11), story.ledger.genesis_hash, 1)
    rows = [(Column.EVIDENCE, at, item.to_bytes()) for at, item in enumerate((liar.double_vote(), liar.lock_lie()))]
    story.store.write(WriteBatch(rows=rows))  # type: ignore[arg-type]
    page = validator_page(story.source, story.names, 1, None)
    assert page.document["evidence"] == [
        {"number": 0, "kind": "double_vote", "epoch": 1, "rounds": [3, 3]},
        {"number": 1, "kind": "lock_lie", "epoch": 1, "rounds": [6, 9]},
    ]
    assert "lock_lie" in text(page)
    assert page.document["accusations"] == []
    assert validator_page(story.source, story.names, 2, None).document["evidence"] == []


def test_what_the_ledger_accuses_a_validator_of(story: Story) -> None:
    """EV15: the event in words, the mark on its page, and its state in the list; another one has none of it."""
    liar = Liar(key(11), story.ledger.genesis_hash, 1)
    done = story.do(ALICE, "submit_evidence", key(11).public_key, liar.lock_lie().to_bytes())
    (event,) = done["events"]
    shown_key = key(11).public_key.hex()
    assert event["data"] == {
        "type": "validatoraccused", "validator": 1, "consensus_key": shown_key, "kind": "lock_lie", "epoch": 1,
        "first_round": 6, "second_round": 9,
    }  # fmt: skip
    assert event_sentence(event, story.names) == (
        f"validator-1 hid a certificate that it had voted on in epoch 1, rounds 6 and 9: its key {shown_key} is accused"
    )
    assert f"its key {shown_key} is accused" in text(explore(story.view, str(done["version"]), 5))
    assert f"its key {shown_key} is accused" in text(explore(story.view, event["key"], 5))
    page = validator_page(story.source, story.names, 1, None)
    assert page.document["is_accused"] is True
    assert page.document["accusations"] == [
        {"consensus_key": shown_key, "kind": "lock_lie", "epoch": 1, "rounds": [6, 9]}
    ]
    assert "Accused on the ledger\n" in text(page)
    lines = validators_page(story.source, 256).lines()
    assert [("member, accused" in line, "earlier key" in line) for line in lines[-4:]] == [
        (False, False), (True, False), (False, False), (False, False),
    ]  # fmt: skip
    other = validator_page(story.source, story.names, 2, None).document
    assert (other["is_accused"], other["accusations"]) == (False, [])


def test_the_epoch(story: Story) -> None:
    """Quorum floor(2n/3) + 1, and how many may fail."""
    page = epoch_page(story.source, "0:abc")
    assert page.document == {
        "epoch": 1, "round": 10, "height": 10, "waypoint": "0:abc",
        "validators": ["validator-0", "validator-1", "validator-2", "validator-3"], "quorum": 3, "may_fail": 1,
    }  # fmt: skip
    assert page.lines()[2:4] == ["  quorum      3 of 4 must sign", "  may fail    1 of 4, and the network goes on"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 10, 16, 100])
def test_quorums(size: int) -> None:
    """V2: a quorum is floor(2n/3) + 1; V3: floor((n-1)/3) may fail."""
    validators = [{"name": f"validator-{index}", "state": "member"} for index in range(size)]
    validators.insert(size // 2, {"name": "spare", "state": "registered"})
    blocks = [{"epoch": 3, "round": 9, "height": 8}]
    source = SimpleNamespace(batch=lambda calls: [blocks, validators, {"epoch": 3}])
    members = tuple(Validator(f"v{index}", bytes([index]) * 32, bytes(32), index) for index in range(size))
    expected = ValidatorSet(1, members)
    document = epoch_page(source, "w").document
    assert (document["quorum"], document["may_fail"]) == (expected.quorum, expected.one_honest - 1)
    assert (document["epoch"], document["round"], document["height"], len(document["validators"])) == (3, 9, 8, size)


def test_the_moment_after_an_epochs_end() -> None:
    """E4: the newest block is the last of the old epoch, the set is the new one's: the page is of the new epoch."""
    validators = [{"name": "validator-0", "state": "member"}, {"name": "validator-1", "state": "registered"}]
    answers = [[{"epoch": 1, "round": 9, "height": 8}], validators, {"epoch": 2}]
    page = epoch_page(SimpleNamespace(batch=lambda _calls: answers), "w")
    assert (page.document["epoch"], page.document["validators"]) == (2, ["validator-0"])
    assert page.lines()[0] == "Epoch 2"


def test_what_waits(story: Story) -> None:
    """The pool of the validator that answers, with the limit."""
    for number in (0, 2):
        story.mempool.add(story.sign(ALICE, "add_currency_to_account", "XEU", number=number), 0, NOW_SECS)
    page = mempool_page(story.source, story.names, 1)
    assert (page.document["validator"], page.document["count"], len(page.document["transactions"])) == (
        "validator-0",
        2,
        1,
    )
    waiting = page.document["transactions"][0]
    assert page.lines() == [
        f"2 transactions of {page.document['bytes']} bytes on validator-0",
        f"  sender           number  function                 expires                      {'hash':64}".rstrip(),
        f"  alice@us-wallet       0  add_currency_to_account  2023-11-14 23:13:20.000 UTC  {waiting['hash']}",
    ]
