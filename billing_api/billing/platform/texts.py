"""What a database keeps as text. JSON and a command line can spell more than that."""

import re

_NEVER_KEPT = re.compile("[\x00\ud800-\udfff]")


def is_kept(text: str) -> bool:
    """False with NUL or half of a surrogate pair in it."""
    return _NEVER_KEPT.search(text) is None
