"""What codes, reasons and rules mean, and what to do."""

import re

import pytest

from chain.errors import MithqalError
from chain.execution.outcome import REASONS, SENTENCES
from chain.limits import (
    MAX_GAS_PRICE,
    MAX_GAS_UNITS,
    MAX_METADATA_BYTES,
    MAX_NAME_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_URL_BYTES,
    MEMPOOL_PER_ACCOUNT,
    MIN_GAS_UNITS,
)
from chain.validation import DiscardStatus
from cli.exits import BY_NAME, MEANINGS
from node.view.meanings import ADVICE, DISCARDS, POOL, STATUSES, Meaning, meanings_of, status_words
from node.view.pages.meaning import meaning_page
from node.view.rules import RULES
from tests.builders import ONE, TC
from tests.house.rules import ROOT
from tests.views import ALICE, BRUNO, CARLA, peopled, text

CONSEQUENCE = "it ran and failed: it is on the ledger, took its fee and its number, and changed nothing else (T7)"
PAGE_ARGUMENTS = (None, BY_NAME, MEANINGS)


def test_nothing_is_left_without_a_meaning() -> None:
    """Each reason has advice beside its sentence, each validation status both."""
    assert set(ADVICE) == set(SENTENCES) == {name for reasons in REASONS.values() for name in reasons}
    assert set(DISCARDS) == {status.name for status in DiscardStatus}
    assert all(meanings_of(str(int(status)))[0].name == status.name for status in DiscardStatus)
    assert set(POOL) <= set(BY_NAME)


def test_every_failure_names_a_rule_of_the_protocol() -> None:
    """Whoever adds a reason, a status or a refusal of the pool says in `node.view.rules` which rule it breaks, and
    that rule stands in docs/protocol.md."""
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    written = set(re.findall(r"\*\*([A-Z]+[0-9]+)\*\*", page))
    assert set(RULES) == {*SENTENCES, *DISCARDS, *POOL, *STATUSES}
    sections = {rule[0] for rule in written}
    assert {name: rule for name, rule in RULES.items() if rule[0] in sections and rule not in written} == {}


def test_each_rule_has_one_number() -> None:
    """No number is given twice, and none is skipped."""
    page = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    numbers: dict[str, list[int]] = {}
    for letter, number in re.findall(r"\*\*([A-Z]+)([0-9]+)\*\*", page):
        numbers.setdefault(letter, []).append(int(number))
    assert {letter: found for letter, found in numbers.items() if sorted(found) != [*range(1, len(found) + 1)]} == {}


def test_the_numbers_in_the_words_are_the_limits() -> None:
    """A limit that moves must move in the sentences too."""
    assert f"{MAX_TRANSACTION_BYTES:,} bytes" in DISCARDS["EXCEEDED_MAX_TRANSACTION_SIZE"][0]
    assert f"above {MAX_GAS_UNITS:,}" in DISCARDS["MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND"][0]
    assert f"below {MIN_GAS_UNITS:,}" in DISCARDS["MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS"][0]
    assert f"above {MAX_GAS_PRICE:,} " in DISCARDS["GAS_UNIT_PRICE_ABOVE_MAX_BOUND"][0]
    assert f"{MEMPOOL_PER_ACCOUNT} transactions" in POOL["too_many_for_account"][0]
    lengths = f"a name has {MAX_NAME_BYTES} bytes, a URL {MAX_URL_BYTES}, metadata {MAX_METADATA_BYTES:,} at most"
    assert lengths in ADVICE["ETOO_LONG"]


@pytest.mark.parametrize(("status", "exit_code"), [("executed", 0), ("out_of_gas", 5), ("move_abort", 5)])
def test_every_status_on_the_ledger_is_explained(status: str, exit_code: int) -> None:
    """'`mithqal explain CODE` for every status and abort (what happened, which rule, what to do)': also of what was
    kept, in any case of letters."""
    for query in (status, status.upper()):
        page = meaning_page(query, *PAGE_ARGUMENTS)
        (row,) = page.document["meanings"]
        assert (row["kind"], row["name"], row["code"]) == ("kept", status, None)
        assert (row["protocol"], row["exit"]) == ("T7", exit_code)
        assert (row["sentence"], row["consequence"], row["advice"]) == STATUSES[status]
        assert f"{exit_code}: {MEANINGS[exit_code]}" in text(page)


def test_1288_leads_with_its_one_meaning() -> None:
    """'LIMIT_EXCEEDED -> code 1288': five modules have a reason 5, one of them has this category."""
    assert meanings_of("1288") == [
        Meaning(
            "move_abort", 1288, "DiemAccount", "LIMIT_EXCEEDED", "EINSUFFICIENT_BALANCE",
            "the balance is below the amount, or what is left does not cover the fee",
            CONSEQUENCE,
            "look at `mithqal account show NAME`, and send less or fund the account first",
        )
    ]  # fmt: skip
    assert meanings_of("1288")[0].rule == "DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)"


@pytest.mark.parametrize(
    ("query", "module", "rules"),
    [
        ("18", None, ["SENDING_ACCOUNT_FROZEN"]),
        ("6", None, [
            "TRANSACTION_EXPIRED", "DiemSystem::ECONFIG_UPDATE_RATE_LIMITED (RAW)",
            "Roles::EROLE_ID (ALREADY_PUBLISHED)",
            "VASP::EPARENT_OR_CHILD_VASP (ALREADY_PUBLISHED)", "VASPDomain::EVASP_DOMAINS (ALREADY_PUBLISHED)",
        ]),
        ("6", "Roles", ["Roles::EROLE_ID (ALREADY_PUBLISHED)"]),
        ("1288", "Diem", []),
        ("1281", None, [
            "AccountFreezing::EACCOUNT_FROZEN (INVALID_STATE)", "Diem::EMINTING_NOT_ALLOWED (INVALID_STATE)",
            "DualAttestation::EPAYEE_COMPLIANCE_KEY_NOT_SET (INVALID_STATE)",
        ]),
        ("einsufficient_balance", None, ["DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)"]),
        ("EINSUFFICIENT_BALANCE", "Roles", []),
        ("sequence_number_too_old", None, ["SEQUENCE_NUMBER_TOO_OLD"]),
        ("SEQUENCE_NUMBER_TOO_OLD", "Roles", []),
        ("mempool_is_full", None, ["mempool_is_full"]),
        ("MEMPOOL_IS_FULL", "Limits", []),
        ("0", None, ["ValidatorAdministrationScripts::ENAME_MISMATCH (RAW)"]),
        ("01288", None, []),
        ("29", None, []),
        ("", None, []),
    ],
)  # fmt: skip
def test_codes_reasons_and_rules(query: str, module: str | None, rules: list[str]) -> None:
    """The likeliest first: a validation status, a rule of the pool, aborts by module; with a module its aborts only."""
    assert [meaning.rule for meaning in meanings_of(query, module)] == rules


def test_every_abort_code_means_every_reason_that_has_it() -> None:
    """Nothing is listed that the code never is, nothing is missing."""
    for module, reasons in REASONS.items():
        for name, reason in reasons.items():
            found = {(item.module, item.name) for item in meanings_of(str(reason.code)) if item.kind == "move_abort"}
            assert (module, name) in found
            assert found == {(m, n) for m, rs in REASONS.items() for n, r in rs.items() if r.code == reason.code}


def test_a_meaning_as_a_page() -> None:
    """What happened, which rule, what to do, which exit code."""
    page = meaning_page("1288", *PAGE_ARGUMENTS)
    assert page.document == {
        "query": "1288",
        "code": 1288,
        "meanings": [
            {
                "kind": "move_abort", "code": 1288, "module": "DiemAccount", "category": "LIMIT_EXCEEDED",
                "name": "EINSUFFICIENT_BALANCE",
                "sentence": "the balance is below the amount, or what is left does not cover the fee",
                "consequence": CONSEQUENCE,
                "advice": "look at `mithqal account show NAME`, and send less or fund the account first",
                "rule": "DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)", "protocol": "U1", "exit": 5,
            }
        ],
    }  # fmt: skip
    assert page.lines() == [
        "1288 is DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)",
        "  what happened  the balance is below the amount, or what is left does not cover the fee",
        f"  consequence    {CONSEQUENCE}",
        "  rule           U1 of docs/protocol.md",
        "  what to do     look at `mithqal account show NAME`, and send less or fund the account first",
        "  exit code      5: executed and failed on chain: the fee is charged, nothing else changed",
    ]


def test_a_rules_name_as_a_page() -> None:
    """By name the code is told; the pool's rules have none; other rules of the command line have their exit code."""
    page = meaning_page(" sequence_number_too_old ", *PAGE_ARGUMENTS)
    assert (page.document["query"], page.document["code"]) == ("sequence_number_too_old", 3)
    assert page.lines() == [
        "SEQUENCE_NUMBER_TOO_OLD, code 3",
        "  what happened  the sequence number was used already",
        "  consequence    it never ran: it is not on the ledger, took no fee and used no number (T6)",
        "  rule           T6 of docs/protocol.md",
        "  what to do     `mithqal tx list --account NAME` shows by what; sign with the next number",
        "  exit code      4: refused before inclusion: not on the ledger, no fee",
    ]
    page = meaning_page("invalid_update", *PAGE_ARGUMENTS)
    assert (page.document["code"], page.document["meanings"][0]["kind"]) == (None, "refused")
    assert page.lines()[0] == "invalid_update"
    page = meaning_page("timed_out", *PAGE_ARGUMENTS)
    assert page.document["meanings"] == [
        {
            "kind": "command", "code": None, "module": None, "category": None, "name": "timed_out",
            "sentence": "timed out: the outcome is unknown, and `mithqal tx wait HASH` finds it",
            "consequence": "the command stopped, with what to do in its message", "advice": None,
            "rule": "timed_out", "protocol": None, "exit": 7,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "exit_"),
    [("EACCOUNT_FROZEN", 9), ("SENDING_ACCOUNT_FROZEN", 9), ("EROLE_ID", 5), ("INVALID_SIGNATURE", 4)],
)
def test_exit_codes(query: str, exit_: int) -> None:
    """'9 refused by policy: a frozen sender or receiver'; other aborts 5, other discards 4."""
    assert meaning_page(query, *PAGE_ARGUMENTS).document["meanings"][0]["exit"] == exit_


@pytest.mark.parametrize(
    ("query", "module", "message"),
    [
        ("99999", None, "no status or abort has the code 99999"),
        ("1288", "Diem", "no status or abort has the code 1288 in Diem"),
        ("timed_out", "Diem", "no status, abort or rule is called 'timed_out' in Diem; did you mean timed_out?"),
        ("EINSUFICIENT_BALANCE", None,
         ("no status, abort or rule is called 'EINSUFICIENT_BALANCE'; did you mean EINSUFFICIENT_BALANCE"
         " or INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE?")),
        ("zzz\x1b", None, "no status, abort or rule is called 'zzz'"),
    ],
)  # fmt: skip
def test_what_means_nothing(query: str, module: str | None, message: str) -> None:
    """Unknown: the error says what resembles it."""
    with pytest.raises(MithqalError) as caught:
        meaning_page(query, module, BY_NAME, MEANINGS)
    assert caught.value.name == "unknown_code"
    assert caught.value.message == message


def test_a_status_in_words_and_what_to_do() -> None:
    """status with the reason in words and what to do."""
    story = peopled()
    assert status_words(story.pay(ALICE, BRUNO, ONE)["vm_status"]) == ("executed", None)
    assert status_words(story.pay(ALICE, BRUNO, 500 * ONE)["vm_status"]) == (
        (
            "failed: the balance is below the amount, or what is left does not cover the fee"
            " (DiemAccount::EINSUFFICIENT_BALANCE, LIMIT_EXCEEDED, code 1288)"
        ),
        "look at `mithqal account show NAME`, and send less or fund the account first",
    )
    story.do(TC, "freeze_account", 0, BRUNO.address)
    assert status_words(story.pay(ALICE, BRUNO, ONE)["vm_status"]) == (
        (
            "failed: the treasury froze the account: it neither sends nor receives (AccountFreezing::EACCOUNT_FROZEN,"
            " INVALID_STATE, code 1281)"
        ),
        "ask the treasury, which alone can unfreeze it",
    )
    out_of_gas = story.do(CARLA, "add_currency_to_account", "XEU", max_gas=600)["vm_status"]
    assert status_words(out_of_gas) == (
        "failed: its max_gas_amount does not cover what it costs (out_of_gas); the whole max_gas_amount was charged",
        "sign it with a higher max_gas_amount",
    )
    assert status_words({"type": "verification_error"}) == ("failed: verification error", None)
    assert text(meaning_page("1281", "AccountFreezing", BY_NAME, MEANINGS)).startswith("1281 is AccountFreezing::")


def test_a_function_says_who_may_call_it() -> None:
    """The table of privileges, for one function; its name in any case."""
    page = meaning_page("Freeze_Account", *PAGE_ARGUMENTS)
    assert page.lines() == [
        "freeze_account(sliding_nonce: u64, to_freeze_account: address)",
        "  who   the treasury may freeze and unfreeze accounts",
        "  and   everybody else is refused with CoreAddresses::ETREASURY_COMPLIANCE, code 258",
        "  rule  W3 of docs/protocol.md; docs/accounts.md has the whole table",
    ]
    (row,) = page.document["meanings"]
    assert (row["kind"], row["module"], row["exit"], row["protocol"]) == (
        "function", "TreasuryComplianceScripts", None, "W3",
    )  # fmt: skip
    (row,) = meaning_page("rotate_authentication_key", *PAGE_ARGUMENTS).document["meanings"]
    assert row["sentence"].startswith("everybody may change its own key (until it has handed")
    assert row["consequence"] == "nobody is refused for its role"
    with pytest.raises(MithqalError, match="did you mean freeze_account"):
        meaning_page("freeze_acount", *PAGE_ARGUMENTS)


@pytest.mark.parametrize("query", ["child_vasp", "CHILD_VASP"])
def test_a_role_says_what_it_may_do(query: str) -> None:
    """By its name in JSON."""
    (row,) = meaning_page(query, *PAGE_ARGUMENTS).document["meanings"]
    assert (row["kind"], row["name"], row["rule"], row["exit"]) == ("role", "child_vasp", "role child_vasp", None)
    assert row["sentence"] == (
        "a child account: role 6, made by a wallet provider, at most 65,536 a provider; it holds coins"
    )
    assert row["consequence"].startswith("it may pay; open a balance in a further currency; change its own key; ")
    with pytest.raises(MithqalError, match="no status, abort or rule is called 'child_vasp' in Diem"):
        meaning_page(query.lower(), "Diem", BY_NAME, MEANINGS)
