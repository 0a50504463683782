"""Pages as plain text, and who is who."""

from chain.accounts import ASSOCIATION, TREASURY
from node.view.layout import Fields, Note, Page, Table
from node.view.names import Names, names_of

PAGE = Page(
    {"a": 1},
    [
        Note("Hello\x1b[2J."),
        Fields("Things", [("one", "1"), ("twenty", "20"), ("", "more")]),
        Table("Sums", ("who", "amount"), [("alice", "5"), ("bruno\u202e", "25")], "nobody", frozenset({1})),
        Table("", ("", ""), [("x", "y")]),
        Table("Empty", ("who",), [], "nobody"),
    ],
)


def test_a_page_in_plain_text() -> None:
    """No colour, columns aligned, nothing cut, nothing that acts on a terminal."""
    assert PAGE.lines() == [
        "Hello[2J.",
        "",
        "Things",
        "  one     1",
        "  twenty  20",
        "          more",
        "",
        "Sums",
        "  who    amount",
        "  alice       5",
        "  bruno      25",
        "",
        "  x  y",
        "",
        "Empty",
        "  nobody",
    ]


def test_long_values_stay_whole() -> None:
    """Ids are never cut when piped."""
    long = "ab" * 200
    assert Page({}, [Fields("", [("id", long)])]).lines() == [f"  id  {long}"]
    assert Page({}, [Table("", ("id",), [(long,)])]).lines() == ["  id", f"  {long}"]


def test_names_are_the_readers() -> None:
    """The address book first, then the two reserved accounts, else the address."""
    names = Names({TREASURY.hex(): "boss\x07", "ab" * 16: "alice"})
    assert names.of(TREASURY.hex()) == "boss"
    assert names.of(ASSOCIATION.hex()) == "association"
    assert names.of("ab" * 16) == "alice"
    assert names.of("cd" * 16) == "cd" * 16
    assert names.address("alice") == "ab" * 16
    assert names.address("association") == ASSOCIATION.hex()
    assert names.address("Alice") is None
    assert list(names.all()) == [
        ("alice", "ab" * 16), ("association", ASSOCIATION.hex()), ("boss\x07", TREASURY.hex()),
        ("treasury", TREASURY.hex()),
    ]  # fmt: skip
    assert ("treasury", TREASURY.hex()) in Names().all()


def test_an_address_may_have_several_names() -> None:
    """Each of them finds it; it is called by the first."""
    aliases = {"al": "ab" * 16, "alice": "ab" * 16, "treasury": "cd" * 16}
    names = names_of({"ab" * 16: "al", "cd" * 16: "treasury"}, [], aliases)
    assert names.of("ab" * 16) == "al"
    assert [names.address(name) for name in ("al", "alice", "treasury")] == ["ab" * 16, "ab" * 16, "cd" * 16]
    assert [name for name, _ in names.all()] == ["al", "alice", "association", "treasury"]
    assert names.of(TREASURY.hex()) == "treasury"


def test_validators_are_named_by_their_numbers() -> None:
    """The validator set's order numbers them; genesis has no proposer."""
    names = names_of({}, [{"name": "validator-0", "index": 0}, {"name": "v\x1b1", "index": 1}])
    assert [names.validator(index) for index in (0, 1, 2, -1, None)] == [
        "validator-0", "v1", "validator number 2", "validator number -1", "nobody",
    ]  # fmt: skip
