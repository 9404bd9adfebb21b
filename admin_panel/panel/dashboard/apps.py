"""The first page, as a Django app."""

from django.apps import AppConfig

from panel.site.wording import say


class DashboardConfig(AppConfig):
    """Has no tables of its own."""

    name = "panel.dashboard"
    label = "dashboard"
    verbose_name = say("Обзор", "Overview")
