"""Identifiers in the provider's shapes: 36 characters that look like a UUID."""

import os
import uuid

# The first group of the provider's ids counts seconds since 2000, so they sort roughly by age.
_YEAR_2000 = 946_684_800


def object_id(now_ms: int) -> str:
    """2f0a41b7-000f-5000-8000-1c2d3e4f5a6b"""
    seconds = (now_ms // 1000 - _YEAR_2000) & 0xFFFFFFFF
    return f"{seconds:08x}-000f-5000-8000-{os.urandom(6).hex()}"


def random_id() -> str:
    """For errors, deliveries and faults, which have no age."""
    return str(uuid.UUID(bytes=os.urandom(16), version=4))
