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
        try:
            answer = self._ask(after, wait)
            if answer.status_code == 401:
                answer = self._ask(after, wait)
            answer.raise_for_status()
            return self._read(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise FeedError(f"{type(error).__name__}: {error}"[:500]) from error

    def _ask(self, after: str, wait: int) -> httpx.Response:
        token = self._token.get(self._client)
        answer = self._client.get(
            self._url,
            params={"after": after, "limit": self.limit, "wait": wait},
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status_code == 401:
            self._token.forget(token)
        return answer

    def _read(self, body: Any) -> FeedPage:
        match body:
            case {"items": list(items), "next_after": str(next_after)}:
                return FeedPage(items, next_after, full=len(items) >= self.limit)
        raise ValueError("not a page of changes")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()
