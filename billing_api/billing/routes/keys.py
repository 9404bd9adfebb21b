"""A caller's Idempotency-Key: asked of programs, offered to people."""

from typing import Annotated

from fastapi import Header

from billing.idempotency.problems import IdempotencyKeyInvalid, IdempotencyKeyRequired
from billing.idempotency.rules import KeyScope, hash_request, is_key
from billing.platform.tokens import Caller

KEY_HELP = "1 to 255 visible ASCII characters; a repeat with the same key does it once"
# The pattern is for the description alone: what is not a key has a problem of its own.
KeyHeader = Annotated[
    str | None, Header(description=KEY_HELP, json_schema_extra={"pattern": r"^[!-~]{1,255}$"})
]


def key_scope(
    caller: Caller, route: str, key: str | None, meaning: dict[str, object]
) -> KeyScope | None:
    """`meaning` is what is asked, whatever its spelling. Raises both problems of a key."""
    if key is None:
        if caller.is_service:
            raise IdempotencyKeyRequired
        return None
    if not is_key(key):
        raise IdempotencyKeyInvalid("1 to 255 visible ASCII characters")
    return KeyScope(caller.subject, route, key, hash_request(meaning))
