"""Staff sign-in as a Django app; makes the groups after every migrate."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from panel.site.wording import say


def _make_groups(*, using: str, **_kwargs: Any) -> None:
    from panel.staff.permissions import make_groups

    make_groups(using)


class StaffConfig(AppConfig):
    """Who may look at what."""

    name = "panel.staff"
    label = "staff"
    verbose_name = say("Сотрудники", "Staff")

    def ready(self) -> None:
        post_migrate.connect(_make_groups, sender=self, dispatch_uid="staff_groups")
