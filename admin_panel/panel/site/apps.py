"""What is shared, as a Django app: it lends unfold the Russian it lacks."""

from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.apps import AppConfig
from django.utils.translation import trans_real

CATALOGUE = Path(__file__).with_name("locale_ru.po")


class SiteConfig(AppConfig):
    """No tables. The catalogue stays text in the repository and is compiled in memory."""

    name = "panel.site"
    label = "panel_site"

    def ready(self) -> None:
        compiled = BytesIO()
        with CATALOGUE.open("rb") as source:
            write_mo(compiled, read_po(source, locale="ru"))
        compiled.seek(0)
        trans_real.translation("ru").merge(GNUTranslations(compiled))
