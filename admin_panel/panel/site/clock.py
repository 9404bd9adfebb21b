"""The hour the business lives in: real time, moved by the suite's clock file in development."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

MOSCOW = ZoneInfo("Europe/Moscow")


def now() -> datetime:
    """Aware real time: leases, sessions, the age of a poll."""
    return timezone.now()


def business_now() -> datetime:
    """Aware business time: what billing stamps on payments and changes."""
    return now() + _offset()


def _offset() -> timedelta:
    """Zero wherever the file is missing, unreadable or forbidden (production)."""
    if settings.PRODUCTION or not settings.BUSINESS_CLOCK_FILE:
        return timedelta(0)
    try:
        document = json.loads(Path(settings.BUSINESS_CLOCK_FILE).read_text(encoding="utf-8"))
        return timedelta(seconds=int(document["offset_seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return timedelta(0)
