"""The service token the feeds ask for: client credentials at auth, kept until it nearly expires."""

import threading
import time

import httpx

EARLY_SECONDS = 60.0


class ServiceToken:
    """Shared by the feeds' threads; one of them asks while the others wait."""

    def __init__(self, auth_url: str, client_id: str, client_secret: str) -> None:
        self._url = f"{auth_url}/api/v1/token"
        self._credentials = httpx.BasicAuth(client_id, client_secret)
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def get(self, client: httpx.Client) -> str:
        """A token with a while to live. Raises httpx.HTTPError or ValueError when auth is down."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._fetch(client)
            return self._token

    def forget(self, token: str) -> None:
        """A service refused it: ask anew, unless another thread has already done so."""
        with self._lock:
            if token == self._token:
                self._good_until = 0.0

    def _fetch(self, client: httpx.Client) -> None:
        answer = client.post(
            self._url, data={"grant_type": "client_credentials"}, auth=self._credentials, timeout=10
        )
        answer.raise_for_status()
        match answer.json():
            case {"access_token": str(token), "expires_in": int(lifetime)}:
                self._token = token
            case _:
                raise ValueError("auth's answer holds no token")
        self._good_until = time.monotonic() + max(lifetime - EARLY_SECONDS, lifetime / 2)
