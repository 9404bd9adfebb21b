"""What staff may do, as a Django app."""

from django.apps import AppConfig

from panel.site.wording import say


class ActionsConfig(AppConfig):
    """Has no tables of its own."""

    name = "panel.actions"
    label = "actions"
    verbose_name = say("Действия", "Actions")
