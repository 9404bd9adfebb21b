"""Following the feeds, as a Django app."""

from django.apps import AppConfig

from panel.site.wording import say


class SyncConfig(AppConfig):
    """Has no tables of its own."""

    name = "panel.sync"
    label = "sync"
    verbose_name = say("Синхронизация", "Sync")
