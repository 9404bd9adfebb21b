"""Every journal and account of the books has words for staff: docs/money.md lists them all."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from panel.mirror.words import account_word, journal_word

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "money.md").read_text()


def names_in(page: str, section: str) -> list[str]:
    """The first cell of each row of the section's table; a cell may name several."""
    table = page.partition(f"## {section}")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


JOURNALS, ACCOUNTS = names_in(PAGE, "Journals"), names_in(PAGE, "Chart of accounts")


def test_the_page_lists_journals_and_accounts():
    assert {"payment", "charge", "promo_expiry"} <= set(JOURNALS)
    assert {"customer_paid", "revenue", "adjustment"} <= set(ACCOUNTS)


@pytest.mark.parametrize("kind", JOURNALS)
def test_a_journal_has_words_in_both_languages(kind):
    with translation.override("ru"):
        assert re.fullmatch(r"[А-Яа-яё ]+", str(journal_word(kind)))
    with translation.override("en"):
        assert re.fullmatch(r"[A-Z][a-z -]+", str(journal_word(kind)))


@pytest.mark.parametrize("kind", ACCOUNTS)
def test_an_account_has_words_in_both_languages(kind):
    with translation.override("ru"):
        assert re.fullmatch(r"[А-Яа-яё ]+", str(account_word(kind, kind)))
    with translation.override("en"):
        assert re.fullmatch(r"[A-Z][a-z' -]+", str(account_word(kind, kind)))


def test_what_has_no_words_is_shown_as_it_is():
    """The control: the two tests above would refuse it."""
    assert journal_word("a_new_kind") == "a_new_kind"
