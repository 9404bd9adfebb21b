"""The mirror as a Django app."""

from django.apps import AppConfig

from panel.site.wording import say


class MirrorConfig(AppConfig):
    """Tables that only panel.sync fills, by SQL of its own."""

    name = "panel.mirror"
    label = "mirror"
    verbose_name = say("Зеркало", "Mirror")

    def ready(self) -> None:
        from panel.mirror.guard import refuse_signals

        refuse_signals(self.get_models())
