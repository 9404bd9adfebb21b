"""docs/access.md says what the tables of contracts/access say; a gap in a table is seen."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import access

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / "docs" / "generate_access.py"
KEPT = REPOSITORY / "docs" / "access.md"


def test_the_page_of_access_is_the_one_made_from_the_tables():
    made = subprocess.run([sys.executable, SCRIPT], capture_output=True, check=True, text=True)
    assert made.stdout == KEPT.read_text(), "run `make access`"


@pytest.mark.parametrize("service", access.SERVICES)
def test_a_status_that_the_page_does_not_have_is_found(service):
    """The control: any cell changed makes another page."""
    section, kept = runpy.run_path(str(SCRIPT))["section"], KEPT.read_text()
    table = access.read(service)
    assert section(table) in kept
    for row in table.rows.values():
        row[-1], before = "299", row[-1]
        assert section(table) not in kept
        row[-1] = before


def test_every_table_is_on_the_page():
    assert {path.stem for path in access.FOLDER.iterdir()} == set(access.SERVICES)


@pytest.mark.parametrize("service", access.SERVICES)
def test_each_gap_of_a_table_is_found(service):
    """The controls: a route without a row, a row without a route, an empty cell, one too many."""
    table = access.read(service)
    served = set(table.routes)
    assert not table.gaps(served)
    route = next(iter(table.rows))
    assert table.gaps(served | {"GET /stray"}) == ["GET /stray has no row"]
    assert table.gaps(served - {route}) == [f"the row {route} has no route"]
    for cells in (
        table.rows[route][:-1],
        [*table.rows[route][:-1], "-"],
        [*table.rows[route], "200"],
        [],
    ):
        table.rows[route] = cells
        [gap] = table.gaps(served)
        assert gap.startswith(f"{route} has {len(cells)} statuses for {len(table.callers)} callers")
        with pytest.raises(ValueError, match="statuses for"):
            table.cells()
        table.rows[route] = access.read(service).rows[route]
