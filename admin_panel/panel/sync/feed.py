"""One feed over HTTP: a page after a position, waiting for news where there are none."""

from dataclasses import dataclass
from typing import Any

import httpx

from panel.sync.token import ServiceToken

PAGE_LIMIT = 2_000
WAIT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes in the feed's order, and where to read on."""

    items: list[dict[str, Any]]
    next_after: str
    full: bool


class FeedError(Exception):
    """The feed does not answer, or not with a page."""


class Feed:
    """`fetch` never holds anything of the database's: the caller opens its transaction later."""

    def __init__(
        self, name: str, base_url: str, token: ServiceToken, *, limit: int = PAGE_LIMIT
    ) -> None:
        self.name = name
        self.limit = limit
        self._url = f"{base_url}/api/v1/changes"
        self._token = token
        self._client = httpx.Client(
            trust_env=False, timeout=httpx.Timeout(10, read=WAIT_SECONDS + 15)
        )

    def fetch(self, after: str, wait: int = WAIT_SECONDS) -> FeedPage:
        """The page after a position. Raises FeedError for whatever went wrong."""
        page = self._get("", {"after": after, "limit": self.limit, "wait": wait})
        match page:
            case {"items": list(items), "next_after": str(next_after)}:
                return FeedPage(items, next_after, full=len(items) >= self.limit)
        raise FeedError("not a page of changes")

    def parity(self, kind: str, at: str) -> list[dict[str, Any]]:
        """What must be held of a kind at a position, a row a day. Raises FeedError."""
        match self._get("/parity", {"kind": kind, "at": at}):
            case {"days": list(days)}:
                return days
        raise FeedError("not a list of days")

    def _get(self, path: str, query: dict[str, str | int]) -> Any:
        try:
            answer = self._ask(path, query)
            if answer.status_code == 401:
                answer = self._ask(path, query)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise FeedError(f"{type(error).__name__}: {error}"[:500]) from error

    def _ask(self, path: str, query: dict[str, str | int]) -> httpx.Response:
        token = self._token.get(self._client)
        answer = self._client.get(
            f"{self._url}{path}", params=query, headers={"Authorization": f"Bearer {token}"}
        )
        if answer.status_code == 401:
            self._token.forget(token)
        return answer

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()
