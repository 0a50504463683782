"""Whatever an id names: kinds, their order, forms, and the error for what names nothing."""

import pytest

from chain.accounts import ASSOCIATION, TREASURY, event_key
from chain.errors import MithqalError
from chain.identifiers import encode_identifier
from chain.primitives import U64_MAX
from node.view.explorer import (
    PAGES,
    View,
    account_by,
    block_by,
    currency_by,
    explore,
    search_page,
    transaction_by,
)
from node.view.lookup import KINDS, PREFIXES, Match, find, find_one
from node.view.names import names_of
from tests.builders import NOW_SECS, ONE
from tests.views import ALICE, BOOK, BRUNO, Story, peopled, text

ALICE_HEX = ALICE.address.hex()


@pytest.fixture(scope="module")
def story() -> Story:
    """A ledger that these tests only read: 11 blocks, version 22."""
    made = peopled()
    made.pay(ALICE, BRUNO, 25 * ONE)
    return made


def exact(story: Story, wanted: str) -> list[tuple[str, str]]:
    """Kind and id of the exact matches, in order."""
    return [(match.kind, match.id) for match in find(story.source, story.names, wanted) if match.is_exact]


def test_every_kind_has_a_page_and_every_prefix_a_kind() -> None:
    """What can be found can be shown."""
    assert set(PAGES) == set(KINDS) == set(PREFIXES.values())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("22", [("transaction", "v22")]),
        ("11", [("transaction", "v11"), ("block", "b11")]),
        ("0", [("transaction", "v0"), ("block", "b0")]),
        ("23", []),
        ("v11", [("transaction", "v11")]),
        ("b11", [("block", "b11")]),
        ("B11", [("block", "b11")]),
        ("b12", []),
        ("v23", []),
        ("block:11", [("block", "b11")]),
        ("block 11", [("block", "b11")]),
        ("Block :  11", [("block", "b11")]),
        ("tx:11", [("transaction", "v11")]),
        ("version 11", [("transaction", "v11")]),
        ("account:11", []),
        ("block:b11", []),
        (ALICE_HEX, [("account", ALICE_HEX)]),
        (ALICE_HEX.upper(), [("account", ALICE_HEX)]),
        ("0x" + ALICE_HEX, [("account", ALICE_HEX)]),
        ("ab" * 16, []),
        ("alice@us-wallet", [("account", ALICE_HEX)]),
        (" alice@us-wallet ", [("account", ALICE_HEX)]),
        ("account:alice@us-wallet", [("account", ALICE_HEX)]),
        ("Alice@us-wallet", []),
        ("validator:alice@us-wallet", []),
        ("treasury", [("account", TREASURY.hex())]),
        ("association", [("account", ASSOCIATION.hex())]),
        ("validator-2", [("validator", "validator-2")]),
        ("VALIDATOR-2", [("validator", "validator-2")]),
        ("validator validator-2", [("validator", "validator-2")]),
        ("xus", [("currency", "XUS")]),
        ("currency:XUS", [("currency", "XUS")]),
        ("INR", []),
        (event_key(1, ALICE.address).hex(), [("events", event_key(1, ALICE.address).hex())]),
        (event_key(9, ALICE.address).hex(), []),
        ("", []),
        ("   ", []),
        ("nobody", []),
        ("block", []),
        ("-1", []),
        ("1.0", []),
        ("\u0661", []),
        ("1" * 21, []),
        ("1" * 5000, []),
    ],
)
def test_what_a_text_names(story: Story, wanted: str, found: list[tuple[str, str]]) -> None:
    """A version, then a height; v and b, or the kind in front, say which; hex in any case; names to the letter."""
    assert exact(story, wanted) == found


def test_hashes_and_block_ids(story: Story) -> None:
    """64 hex digits: a transaction, else a block; the genesis hash is both."""
    row = story.source.call("get_transactions", 22, 1, False)[0]
    block = story.source.call("get_block", 11)
    assert exact(story, row["hash"]) == [("transaction", "v22")]
    assert exact(story, "0x" + row["hash"].upper()) == [("transaction", "v22")]
    assert exact(story, block["id"]) == [("block", "b11")]
    assert exact(story, "block:" + row["hash"]) == []
    assert exact(story, story.ledger.genesis_hash.hex()) == [("transaction", "v0"), ("block", "b0")]
    assert exact(story, "cd" * 32) == []


def test_a_transaction_that_waits() -> None:
    """A hash in the validator's pool is found, and its page says how to wait for it."""
    story = peopled()
    tx = story.sign(ALICE, "add_currency_to_account", "XEU")
    story.mempool.add(tx, 0, NOW_SECS)
    assert exact(story, tx.hash.hex()) == [("pending", tx.hash.hex())]
    page = explore(story.view, tx.hash.hex(), 5)
    assert page.document["kind"] == "pending"
    assert [row["hash"] for row in page.document["transactions"]] == [tx.hash.hex()]
    assert f"mithqal tx wait {tx.hash.hex()}" in text(page)


def test_local_names_win_where_they_look_like_something_else(story: Story) -> None:
    """A name of the address book counts before a validator, a currency and the short forms, not before a number."""
    book = {ALICE_HEX: "b11", BRUNO.address.hex(): "xus", "ab" * 16: "ghost", TREASURY.hex(): "block 3"}
    names = names_of(book, story.source.call("get_validators"))
    first, others = find_one(story.source, names, "b11")
    assert (first.kind, first.id, first.title) == ("account", ALICE_HEX, "account b11")
    assert [other.kind for other in others] == ["block"]
    assert [match.kind for match in find(story.source, names, "xus")] == ["account", "currency"]
    assert [match.kind for match in find(story.source, names, "block 3")] == ["account"]
    assert [match.kind for match in find(story.source, names_of({ALICE_HEX: "11"}), "11")] == [
        "transaction", "block", "account",
    ]  # fmt: skip
    assert [match.is_exact for match in find(story.source, names, "ghost")] == [False]


def test_names_that_contain_the_text_come_last(story: Story) -> None:
    """Similar is for names only, in any case, and never before what is exact."""
    assert [(match.title, match.is_exact) for match in find(story.source, story.names, "us-WALLET")] == [
        ("account alice@us-wallet", False), ("account carla@us-wallet", False), ("account us-wallet", False),
    ]  # fmt: skip
    assert [(match.title, match.is_exact) for match in find(story.source, story.names, "us-wallet")] == [
        ("account us-wallet", True), ("account alice@us-wallet", False), ("account carla@us-wallet", False),
    ]  # fmt: skip
    assert [match.title for match in find(story.source, story.names, "validator-")] == [
        f"validator validator-{index}" for index in range(4)
    ]
    assert [match.title for match in find(story.source, story.names, "validator:2")] == ["validator validator-2"]


def test_exact_ids_go_straight_to_their_page(story: Story) -> None:
    """'Exact id goes straight to the page'; other meanings of the same text are named below."""
    page = explore(story.view, "11", 10)
    assert page.document["kind"] == "transaction"
    assert page.document["version"] == 11
    assert page.document["also"] == [{"kind": "block", "id": "b11", "title": "block 11", "exact": True}]
    assert page.lines()[-1] == "also: block 11: mithqal explorer b11"
    page = explore(story.view, "b11", 10)
    assert (page.document["kind"], page.document["height"], page.document["also"]) == ("block", 11, [])


@pytest.mark.parametrize(
    ("wanted", "kind", "title"),
    [
        ("v22", "transaction", "Transaction 22"),
        ("b11", "block", "Block 11"),
        ("alice@us-wallet", "account", "Account alice@us-wallet"),
        ("validator-3", "validator", "Validator validator-3"),
        ("xeu", "currency", "Currency XEU"),
        (event_key(1, ALICE.address).hex(), "events", "Events"),
    ],
)
def test_each_kind_has_its_page(story: Story, wanted: str, kind: str, title: str) -> None:
    """With an id the page of whatever it names; its document says the kind."""
    page = explore(story.view, wanted, 10)
    assert page.document["kind"] == kind
    assert page.lines()[0] == title


def test_every_match_of_a_search_leads_to_its_page(story: Story) -> None:
    """`mithqal explorer` with the id of a match shows exactly that."""
    for wanted in ("11", "wallet", "validator", "xus", event_key(1, ALICE.address).hex(), "association"):
        for match in search_page(story.view, wanted).document["matches"]:
            assert explore(story.view, match["id"], 1).document["kind"] == match["kind"]


def test_account_identifiers(story: Story) -> None:
    """DIP-5: an identifier opens its account, in small letters or capitals, with a subaddress or without."""
    for subaddress in (None, b"\x01" * 8):
        text = encode_identifier(ALICE.address, subaddress)
        assert exact(story, text) == exact(story, text.upper()) == [("account", ALICE_HEX)]
        assert exact(story, f"account:{text}") == [("account", ALICE_HEX)]
        assert find(story.source, story.names, text)[0].title == "account alice@us-wallet"
        assert account_by(story.source, story.names, text)["address"] == ALICE_HEX
    assert exact(story, encode_identifier(b"\x01" * 16)) == []
    with pytest.raises(MithqalError) as caught:
        account_by(story.source, story.names, encode_identifier(b"\x01" * 16))
    assert caught.value.name == "unknown_account"
    good = encode_identifier(ALICE.address)
    mistyped = good[:-1] + ("q" if good[-1] != "q" else "p")
    for text, name in ((mistyped, "bad_identifier"), (encode_identifier(ALICE.address, prefix="dm"), "wrong_prefix")):
        for look in (explore, search):
            with pytest.raises(MithqalError) as caught:
                look(story.view, text, 5)
            assert caught.value.name == name


def search(view: View, text: str, _: int) -> object:
    """A search, called as the explorer is."""
    return search_page(view, text)


def test_a_search_lists_kinds(story: Story) -> None:
    """search ANYTHING: all matches with their kinds; none is an error."""
    page = search_page(story.view, "11")
    assert page.document == {
        "query": "11",
        "matches": [
            {"kind": "transaction", "id": "v11", "title": "transaction 11", "exact": True},
            {"kind": "block", "id": "b11", "title": "block 11", "exact": True},
        ],
    }
    assert page.lines() == [
        "What '11' names",
        "  kind         what            match  page",
        "  transaction  transaction 11  exact  mithqal explorer v11",
        "  block        block 11        exact  mithqal explorer b11",
    ]
    with pytest.raises(MithqalError) as caught:
        search_page(story.view, "nothing at all")
    assert caught.value.name == "unknown_id"


def test_what_names_nothing_says_what_was_tried(story: Story) -> None:
    """Unknown: exit 6 with what was tried, and names that resemble it."""
    with pytest.raises(MithqalError) as caught:
        explore(story.view, "alise@us-wallet", 10)
    assert caught.value.name == "unknown_id"
    assert caught.value.message == (
        "nothing here is called 'alise@us-wallet': no version, height, hash, block id, event stream, address, local"
        " name, identifier, validator or currency; did you mean alice@us-wallet or carla@us-wallet or us-wallet?"
    )
    assert caught.value.details == {
        "tried": [
            "version", "height", "hash", "block id", "event stream", "address", "local name", "identifier",
            "validator", "currency",
        ],
        "near": ["alice@us-wallet", "carla@us-wallet", "us-wallet"],
    }  # fmt: skip
    with pytest.raises(MithqalError) as caught:
        explore(story.view, "\x1b[2Jzzz", 10)
    assert caught.value.message.startswith("nothing here is called '[2Jzzz': no version")
    assert caught.value.message.endswith("; `mithqal search` finds parts of names")
    with pytest.raises(MithqalError):
        explore(story.view, "us-WALLET", 10)  # similar is not exact


def test_hostile_names_are_cleaned(story: Story) -> None:
    """Names of the book and of validators reach the screen without what acts on it."""
    names = names_of({**BOOK, ALICE_HEX: "al\x1b[1mice\u202e"}, [{"name": "v\x07-0"}])
    view = View(story.source, names, "w")
    assert find(story.source, names, "al\x1b[1mice\u202e")[0] == Match("account", ALICE_HEX, "account al[1mice", True)
    for page in (explore(view, ALICE_HEX, 5), explore(view, None, 5), search_page(view, "v\x07")):
        assert "\x1b" not in text(page)
        assert "\u202e" not in text(page)
        assert "\x07" not in text(page)


@pytest.mark.parametrize(
    ("by", "which", "name"),
    [
        (transaction_by, "99", "unknown_transaction"),
        (transaction_by, "cd" * 32, "unknown_transaction"),
        (transaction_by, "zz" * 32, "unknown_transaction"),
        (transaction_by, "-1", "unknown_transaction"),
        (transaction_by, "9" * 19, "unknown_transaction"),
        (transaction_by, "9" * 30, "unknown_transaction"),
        (transaction_by, str(U64_MAX), "unknown_transaction"),
        (transaction_by, str(U64_MAX + 1), "unknown_transaction"),
        (transaction_by, "0" * 21, "unknown_transaction"),
        (block_by, str(U64_MAX), "unknown_block"),
        (block_by, str(U64_MAX + 1), "unknown_block"),
        (block_by, "0" * 21, "unknown_block"),
        (block_by, "", "unknown_block"),
        (transaction_by, "\u0661", "unknown_transaction"),
        (transaction_by, "", "unknown_transaction"),
        (block_by, "99", "unknown_block"),
        (block_by, "b", "unknown_block"),
        (block_by, "cd" * 32, "unknown_block"),
        (block_by, "zz" * 32, "unknown_block"),
        (block_by, "first", "unknown_block"),
        (currency_by, "USD", "unknown_currency"),
    ],
)
def test_one_kind_by_its_ids(story: Story, by, which: str, name: str) -> None:
    """What one noun does not know has that noun's error."""
    with pytest.raises(MithqalError) as caught:
        by(story.source, which)
    assert caught.value.name == name


def test_one_kind_is_found_by_each_of_its_ids(story: Story) -> None:
    """A transaction by version and hash, a block by height, id and latest, an account by name and address."""
    row = transaction_by(story.source, "22")
    assert row["events"] != []
    assert transaction_by(story.source, "0" * 18 + "22") == row
    assert transaction_by(story.source, row["hash"]) == row
    assert transaction_by(story.source, row["hash"].upper()) == row
    block = block_by(story.source, "11")
    assert block["height"] == 11
    assert [block_by(story.source, which) for which in ("b11", block["id"], block["id"].upper(), "latest")] == [
        block
    ] * 4
    account = account_by(story.source, story.names, "alice@us-wallet")
    assert account["address"] == ALICE_HEX
    for which in (ALICE_HEX, ALICE_HEX.upper(), "0x" + ALICE_HEX):
        assert account_by(story.source, story.names, which) == account
    assert currency_by(story.source, "xus")["code"] == "XUS"
    for which, message in (
        ("alise", "no account is called 'alise': `mithqal account list` names all"),
        ("ab" * 16, f"{'ab' * 16} has no account on the ledger"),
    ):
        with pytest.raises(MithqalError) as caught:
            account_by(story.source, story.names, which)
        assert (caught.value.name, caught.value.message) == ("unknown_account", message)
    with pytest.raises(MithqalError, match="no currency is called 'USD'; there are XUS, XEU, XDX"):
        currency_by(story.source, "USD")


def test_errors_quote_no_more_than_a_line_of_what_was_typed(story: Story) -> None:
    """Whatever is typed, the sentence stays one, and holds nothing that acts on a terminal."""
    evil = "\x1b[2J\u202e" + "x" * 5_000
    names = names_of({"ab" * 16: evil})
    lookups = [
        lambda: transaction_by(story.source, evil),
        lambda: block_by(story.source, evil),
        lambda: currency_by(story.source, evil),
        lambda: account_by(story.source, story.names, evil),
        lambda: account_by(story.source, names, evil),
        lambda: find_one(story.source, story.names, evil),
    ]
    for lookup in lookups:
        with pytest.raises(MithqalError) as caught:
            lookup()
        assert caught.value.message.count("x") in range(20, 85)
        assert caught.value.message.isprintable()
