"""Staff sign-in as a Django app; makes the groups after every migrate."""

from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.http import HttpRequest

from panel.site.clock import now
from panel.site.wording import say


def _make_groups(*, using: str, **_kwargs: Any) -> None:
    from panel.staff.permissions import make_groups

    make_groups(using)


def _limit_session(*, request: HttpRequest, **_kwargs: Any) -> None:
    """Eight hours from the sign-in, whatever is done meanwhile: roles are read only then."""
    request.session.set_expiry(now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))


class StaffConfig(AppConfig):
    """Who may look at what."""

    name = "panel.staff"
    label = "staff"
    verbose_name = say("Сотрудники", "Staff")

    def ready(self) -> None:
        user_logged_in.connect(_limit_session, dispatch_uid="staff_session")
        post_migrate.connect(_make_groups, sender=self, dispatch_uid="staff_groups")
