"""The provider: the sandbox as a process, steered as a script would."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from billing_parts.processes import NO_TLS, answers, free_port, process, wait_until

BASE_URL = "https://127.0.0.1:8443"
SHOP_ID, SECRET_KEY = "100500", "test_sandbox_key_1234567890"


@dataclass
class Sandbox:
    """The sandbox process, steered as a script would."""

    url: str
    log: Path

    @property
    def api(self) -> str:
        return f"{self.url}/v3"

    def control(self, address: str, **body: Any) -> None:
        answer = httpx.post(f"{self.url}/_sandbox{address}", json=body, timeout=20, verify=NO_TLS)
        assert answer.status_code == 200, answer.text

    def succeed(self, provider_id: str) -> None:
        self.control(f"/payments/{provider_id}/succeed")

    def cancel(self, provider_id: str) -> None:
        self.control(f"/payments/{provider_id}/cancel")

    def fault(self, mode: str, *, times: int = 1, method: str = "POST", **more: Any) -> None:
        what = {"method": method, "path": "/v3/payments*", "mode": mode, "times": times}
        self.control("/faults", **what, **more)

    def calm(self) -> None:
        httpx.delete(f"{self.url}/_sandbox/faults", timeout=20, verify=NO_TLS).raise_for_status()

    def payments(self) -> list[dict[str, Any]]:
        answer = httpx.get(
            f"{self.api}/payments",
            params={"limit": "100"},
            auth=(SHOP_ID, SECRET_KEY),
            timeout=20,
            verify=NO_TLS,
        )
        answer.raise_for_status()
        return answer.json()["items"]

    def payments_of(self, payment_uid: object) -> list[dict[str, Any]]:
        wanted = str(payment_uid)
        return [p for p in self.payments() if p.get("metadata", {}).get("payment_uid") == wanted]


@contextmanager
def serve_sandbox(folder: Path, **more: str) -> Iterator[Sandbox]:
    """`more` are settings of its own; its state is in `folder`, gone with it."""
    port = free_port()
    environment = {
        "VAR_DIR": str(folder),
        "SANDBOX_PORT": str(port),
        "SANDBOX_SHOP_ID": SHOP_ID,
        "SANDBOX_SECRET_KEY": SECRET_KEY,
        "SANDBOX_STATE_FILE": str(folder / "state.sqlite"),
        "SANDBOX_PAGE_URL": f"{BASE_URL}/sandbox",
        "SANDBOX_HANG_SECONDS": "30",
        **more,
    }
    with process("sandbox.app", environment, folder / "log"):
        sandbox = Sandbox(f"http://127.0.0.1:{port}", folder / "log")
        wait_until(answers(f"{sandbox.url}/health/live"))
        yield sandbox
