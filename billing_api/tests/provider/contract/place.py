"""Where the provider is, and how a script plays the payer, the bank, the network and the clock."""

import json
import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

_ID = re.compile(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

SHOP_ID, SECRET_KEY = "100500", "test_sandbox_key_1234567890"


@dataclass(frozen=True)
class Provider:
    """The sandbox over TLS, with whose credentials; no `ca_file` trusts the machine's own."""

    url: str
    ca_file: Path | None
    secret_key: str = SECRET_KEY

    @property
    def api(self) -> str:
        return f"{self.url}/v3"


class Control:
    """Everything but the API itself."""

    def __init__(self, provider: Provider, clock_file: Path) -> None:
        trust = ssl.create_default_context(cafile=str(provider.ca_file))
        self._client = httpx.Client(base_url=provider.url, verify=trust, timeout=20)
        self._clock_file = clock_file

    def is_ready(self) -> bool:
        try:
            return self._client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def pay(self, provider_id: str) -> None:
        self._post(f"/payments/{provider_id}/succeed")

    def decline(self, provider_id: str, reason: str) -> None:
        self._post(f"/payments/{provider_id}/cancel", reason=reason)

    def fault(self, mode: str, *, method: str, times: int = 1, **more: Any) -> None:
        self._post("/faults", mode=mode, method=method, path="/v3/*", times=times, **more)

    def fired(self) -> int:
        """How many calls the faults of this test met."""
        items = self._get("/faults")["items"]
        return sum(item["fired"] for item in items)

    def disturbed(self) -> list[str]:
        """The calls that faults met since the last calm, as `GET /payments/{id}`."""
        seen = [entry["what"] for entry in self._get("/faults")["journal"][-self.fired() :]]
        return [_ID.sub("/{id}", what.replace(" /v3", " ")) for what in seen]

    def calm(self) -> None:
        self._client.delete("/_sandbox/faults").raise_for_status()

    def now(self) -> datetime:
        """The provider's clock."""
        return datetime.fromisoformat(self._get("/clock")["now"])

    def advance(self, seconds: int) -> None:
        offset = 0
        if self._clock_file.exists():
            offset = json.loads(self._clock_file.read_text())["offset_seconds"]
        fresh = self._clock_file.with_suffix(".new")
        fresh.write_text(json.dumps({"offset_seconds": offset + seconds}))
        fresh.rename(self._clock_file)

    def notifications(self, provider_id: str) -> list[dict[str, Any]]:
        """The bodies written for a payment, oldest first."""
        items = self._get("/deliveries", object_id=provider_id)["items"]
        return [item["body"] for item in reversed(items)]

    def payments_of(self, payment_uid: object, among: int = 20) -> list[dict[str, Any]]:
        """Those of the newest that carry our id."""
        items = self._get("/payments", limit=str(among))["items"]
        return [i for i in items if i.get("metadata", {}).get("payment_uid") == str(payment_uid)]

    def refund_in_cabinet(self, payment_id: str) -> None:
        """All that is left, by hand of the shop's staff and under none of our ids."""
        self._post("/refunds", payment_id=payment_id)

    def end_refund(self, refund_id: str, reason: str | None = None) -> None:
        """A pending one succeeds, or is canceled for a reason."""
        if reason is None:
            self._post(f"/refunds/{refund_id}/succeed")
        else:
            self._post(f"/refunds/{refund_id}/cancel", reason=reason)

    def refunds_of(self, payment_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        return list(self._get("/refunds", payment_id=payment_id)["items"])

    def close(self) -> None:
        self._client.close()

    def _get(self, address: str, **query: str) -> Any:
        answer = self._client.get(f"/_sandbox{address}", params=query)
        return answer.raise_for_status().json()

    def _post(self, address: str, **body: Any) -> None:
        answer = self._client.post(f"/_sandbox{address}", json=body)
        assert answer.status_code == 200, answer.text
