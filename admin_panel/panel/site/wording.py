"""Two languages without catalogues: each string of ours carries its Russian and its English.

Django's own words come from its translations; the reader's browser picks the language,
Russian is the default and the first.
"""

from django.utils.functional import lazy
from django.utils.translation import get_language


def _choose(russian: str, english: str) -> str:
    return english if (get_language() or "ru").startswith("en") else russian


say = lazy(_choose, str)
"""say("Платежи", "Payments"): a lazy string in the reader's language."""


def beside(russian: str, english: str) -> str:
    """The other language of a heading, for the small print beside it."""
    return _choose(english, russian)
