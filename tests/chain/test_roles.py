"""The data of roles against the reference's tables (1.2, 1.4), cell by cell."""

import pytest

from chain.accounts import Role
from chain.genesis import initial_records
from chain.roles import ACCOUNT_HANDLES, EVERYBODY, HOLDERS, PRIVILEGES, ROLES, VASPS
from tests.builders import TC, document, new_world

MADE_BY_GENESIS = None


@pytest.mark.parametrize(
    ("number", "json_type", "created_by", "holds_coins", "limits", "is_freezable", "priority"),
    [
        (0, "unknown", MADE_BY_GENESIS, False, "", False, 3),
        (1, "treasury_compliance", MADE_BY_GENESIS, False, "", False, 2),
        (2, "designated_dealer", Role.TREASURY, True, "", True, 1),
        (3, "unknown", Role.ASSOCIATION, False, "", True, 1),
        (4, "unknown", Role.ASSOCIATION, False, "", True, 1),
        (5, "parent_vasp", Role.TREASURY, True, "its own", True, 0),
        (6, "child_vasp", Role.PARENT_VASP, True, "its parent's", True, 0),
    ],
)
def test_what_a_role_is(
    number: int, json_type: str, created_by: Role | None, holds_coins: bool, limits: str, is_freezable: bool,
    priority: int,
) -> None:  # fmt: skip
    """1.2: id, created by, holds balance, account limits, freezable, mempool priority; the JSON-RPC types below it."""
    rule = ROLES[Role(number)]
    assert rule.role == number
    assert (rule.json_type, rule.created_by, rule.holds_coins) == (json_type, created_by, holds_coins)
    assert (rule.limits, rule.is_freezable, rule.priority) == (limits, is_freezable, priority)


def test_each_role_once_in_the_order_of_its_number() -> None:
    """Roles 0 to 6, with names of their own."""
    assert [int(role) for role in ROLES] == list(range(7)) == [int(role) for role in Role]
    assert len({rule.name for rule in ROLES.values()}) == len({rule.words for rule in ROLES.values()}) == 7
    assert (tuple(Role), (2, 5, 6), (5, 6)) == (EVERYBODY, HOLDERS, VASPS)


def test_handles_are_numbered_in_libras_order() -> None:
    """1.4: 'Event handles are numbered per account in creation order', role by role."""
    assert {int(role): list(handles.items()) for role, handles in ACCOUNT_HANDLES.items()} == {
        0: [("createaccount", 0), ("admintransaction", 1), ("receivedpayment", 2), ("sentpayment", 3)],
        1: [("vaspdomain", 0), ("receivedpayment", 1), ("sentpayment", 2)],
        2: [
            ("receivedmint", 0), ("compliancekeyrotation", 1), ("baseurlrotation", 2), ("receivedpayment", 3),
            ("sentpayment", 4),
        ],
        3: [("receivedpayment", 0), ("sentpayment", 1)],
        4: [("receivedpayment", 0), ("sentpayment", 1)],
        5: [("compliancekeyrotation", 0), ("baseurlrotation", 1), ("receivedpayment", 2), ("sentpayment", 3)],
        6: [("receivedpayment", 0), ("sentpayment", 1)],
    }  # fmt: skip
    for role, rule in ROLES.items():
        assert rule.counters == (0 if role == Role.ASSOCIATION else len(rule.handles))


def test_genesis_counts_the_treasurys_streams() -> None:
    """The association's are in the configuration."""
    world = new_world()
    assert world.account(TC).streams == (0, 0, 0)
    assert {type(record).__name__ for record in initial_records(document()).values()} >= {"Account", "Config"}


def test_privileges_in_the_order_of_roles() -> None:
    """Roles of a privilege stand in the order of their numbers, each once; who refuses nobody names everybody."""
    for row in PRIVILEGES:
        assert list(row.roles) == sorted(set(row.roles)), row.words
        assert (row.refusal is None) == (row.roles == EVERYBODY), row.words
        assert row.functions
        assert len(set(row.functions)) == len(row.functions)
