"""A mirror row has one writer, panel.sync, and it writes by SQL: Django's own ways all refuse.

`_insert`, `_update` and `_raw_delete` are where every door of the ORM ends (save, create,
bulk_*, get_or_create, loaddata, a queryset's update), so the refusal sits there too. A collector
deletes without asking any manager, but not without asking a listening signal.
"""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.db import models
from django.db.models.signals import pre_delete, pre_save


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


def refuse_signals(mirrors: Iterable[type[models.Model]]) -> None:
    """Called once the models are there. One listener a model keeps the others' deletes fast."""
    for model in mirrors:
        for signal in (pre_save, pre_delete):
            signal.connect(_refuse, sender=model, dispatch_uid=f"read_only_{model.__name__}")
