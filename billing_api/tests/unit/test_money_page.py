"""docs/money.md shows every journal the system can write, and no other."""

import re
from pathlib import Path

from billing.ledger.chart import AccountKind
from billing.ledger.kinds import WORDS, JournalKind

PAGE = Path(__file__).resolve().parents[3] / "docs" / "money.md"


def rows_of(page: str) -> dict[str, list[str]]:
    """The table of journals: kind to when, postings and example."""
    table = page.partition("## Journals")[2].partition("\n## ")[0]
    rows = (line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| `"))
    return {cells[0].strip().strip("`"): cells[1:] for cells in rows}


def test_every_journal_is_on_the_page_with_postings_and_an_example():
    rows = rows_of(PAGE.read_text())
    assert set(rows) == set(JournalKind) == set(WORDS)
    for kind, cells in rows.items():
        assert len(cells) == 3, kind
        assert all(cell.strip() for cell in cells), kind


def test_examples_name_real_accounts_and_sum_to_zero():
    for kind, (_, _, example) in rows_of(PAGE.read_text()).items():
        if "as above" in example:
            continue
        postings = re.findall(r"`(\w+)` ([−+])(\d+)", example)
        assert {name for name, _, _ in postings} <= set(AccountKind), kind
        assert sum(int(n) * (1 if sign == "+" else -1) for _, sign, n in postings) == 0, kind


def test_a_missing_journal_is_found():
    """The control."""
    page = PAGE.read_text()
    without = "\n".join(line for line in page.splitlines() if not line.startswith("| `charge` "))
    assert set(JournalKind) - set(rows_of(without)) == {JournalKind.CHARGE}
