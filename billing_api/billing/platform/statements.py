"""Statements in the driver's spelling: one, or several that travel as one."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

Parameters = Mapping[str, Any]
_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_PLACE = re.compile(r"\$([0-9]+)")


@lru_cache(maxsize=500)
def _compiled(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """The driver's spelling, `$1` for `:name`, and the names in that order."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


def bind(statement: TextClause, parameters: Parameters | None) -> tuple[str, list[Any]]:
    sql, names = _compiled(statement)
    given = parameters or {}
    return sql, [given[name] for name in names]


def _moved(sql: str, by: int) -> str:
    return _PLACE.sub(lambda found: f"${int(found[1]) + by}", sql)


@lru_cache(maxsize=200)
def _joined(statements: tuple[TextClause, ...]) -> str:
    """All but the last as parts of a WITH: PostgreSQL runs each to its end, read or not."""
    parts, before = [], 0
    for statement in statements:
        sql, names = _compiled(statement)
        if sql.lstrip().upper().startswith("WITH"):
            raise ValueError("a statement that begins with WITH travels alone")
        parts.append(_moved(sql, before))
        before += len(names)
    named = [f"step_{number} AS ({sql})" for number, sql in enumerate(parts[:-1])]
    return f"WITH {', '.join(named)} {parts[-1]}"


def bind_together(
    several: Sequence[tuple[TextClause, Parameters | None]],
) -> tuple[str, list[Any]]:
    """None of them begins with WITH, sees what another does, or writes a table of another."""
    if len(several) == 1:
        return bind(*several[0])
    values = [value for statement, given in several for value in bind(statement, given)[1]]
    return _joined(tuple(statement for statement, _ in several)), values
