"""docs/explorer.md is what the code does, and names every key of every document."""

from tests.house.explorer_samples import KEYS, render, samples, story
from tests.house.rules import ROOT


def test_explorer_page_is_as_generated() -> None:
    """Run `python -m tests.house.explorer_samples > docs/explorer.md` after a deliberate change of a page."""
    assert (ROOT / "docs" / "explorer.md").read_text(encoding="utf-8") == render()


def test_two_days_are_the_same_day() -> None:
    """Fixed keys and times: the samples are the same in every run."""
    assert render() == render()


def test_documents_have_exactly_the_keys_that_are_documented() -> None:
    """`--json` documents are stable: keys documented in docs/explorer.md, none missing, none more."""
    found = samples(story())
    assert {sample.page for sample in found} == set(KEYS)
    for sample in found:
        assert set(sample.made.document) - {"kind", "also"} == set(KEYS[sample.page]), sample.command
