"""A mirror row has one writer, panel.sync, and it writes by SQL: Django's own ways all refuse.

`_insert`, `_update` and `_raw_delete` are where every door of the ORM ends (save, create,
bulk_*, get_or_create, loaddata, a queryset's update, a cascade), so the refusal sits there too.
"""

from typing import Any, NoReturn

from django.db import models


class MirrorIsReadOnlyError(RuntimeError):
    """Somebody tried to write a copy instead of its original."""

    def __init__(self) -> None:
        super().__init__("mirror rows are written by panel.sync alone")


def _refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise MirrorIsReadOnlyError


class MirrorQuerySet(models.QuerySet[Any]):
    """Reads like any other; each writing method refuses, the asynchronous ones through these."""

    create = _refuse
    bulk_create = _refuse
    bulk_update = _refuse
    get_or_create = _refuse
    update_or_create = _refuse
    update = _refuse
    delete = _refuse
    _insert = _refuse
    _update = _refuse
    _raw_delete = _refuse


class MirrorModel(models.Model):
    """Base of every mirrored table."""

    objects = models.Manager.from_queryset(MirrorQuerySet)()

    class Meta:
        abstract = True
        default_permissions = ("view",)
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise MirrorIsReadOnlyError

    def save_base(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise MirrorIsReadOnlyError

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise MirrorIsReadOnlyError
