"""What a list is asked for: whose things, how many, from where."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from billing.platform.paging import PageQuery, decode_cursor
from billing.platform.problems import Forbidden
from billing.platform.texts import is_kept
from billing.platform.tokens import Caller
from billing.routes.caller import owner_of


def kept(text: str) -> str:
    if not is_kept(text):
        raise ValueError("NUL or half of a surrogate pair is not text")
    return text


# Whose things a list shows; empty for everybody's, or the caller's own.
CustomerQuery = Annotated[str, Query(max_length=255), AfterValidator(kept)]


class ListQuery:
    """The query parameters of a list of customers' things, as a dependency."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: str = "",
        customer_id: CustomerQuery = "",
    ) -> None:
        # Empty is the same as left out, as in `?limit=10&cursor=`.
        self._after = decode_cursor(cursor) if cursor else None
        self._limit, self._named = limit, customer_id

    def seen_by(self, caller: Caller, *scopes_of_all: str) -> PageQuery:
        """One customer's things, or everybody's to who may see them; raises Forbidden."""
        owner = owner_of(caller, *scopes_of_all)
        if owner is not None and self._named not in {"", owner}:
            raise Forbidden("only the own ones may be listed")
        return PageQuery(owner or self._named or None, self._after, self._limit)
