"""A row of any table, known by its columns alone."""

from typing import Any
from uuid import uuid4

from django.db import connection


def make_row(model: Any) -> Any:
    """One row, made by SQL from the table's columns: the ORM refuses, and no model is special."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        values[field.column] = _value(field)
    with connection.cursor() as sql:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(["%s"] * len(values))
        sql.execute(
            f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})",
            list(values.values()),
        )
    return values[model._meta.pk.column]


def _value(field: Any) -> Any:
    kind = field.target_field if field.is_relation else field
    if field.is_relation and not field.null and field.db_constraint:
        related = field.related_model(username=uuid4().hex)
        related.save()
        return related.pk
    if field.null:
        return None
    return {
        "UUIDField": uuid4,
        "JSONField": lambda: "{}",
        "ArrayField": list,
        "BooleanField": lambda: False,
        "DateTimeField": lambda: "2026-11-22T10:00:00Z",
        "CharField": lambda: "RUB",
        "TextField": lambda: "text",
    }.get(kind.get_internal_type(), lambda: 1)()
