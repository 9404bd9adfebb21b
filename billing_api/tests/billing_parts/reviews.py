"""What tests of the review over HTTP say again and again."""

from typing import Any

import httpx

from billing.platform.ids import new_id
from billing_parts.processes import NO_TLS
from billing_parts.provider import SECRET_KEY, SHOP_ID, Sandbox

REVIEW = "/api/v1/review"
CLOSE = {"action": "close", "reason": "Возвращено в кабинете"}
RELEASE = {"action": "release", "reason": "Сверено с кабинетом"}


def one(staff: httpx.Client, item_id: object) -> dict[str, Any]:
    answer = staff.get(f"{REVIEW}/{item_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(staff: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """Every item of all pages."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = staff.get(REVIEW, params={**query, "cursor": cursor}).json()
        items, cursor = items + page["items"], page["next_cursor"]
    return items


def resolve(
    staff: httpx.Client, item_id: object, body: object, key: str | None = None
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return staff.post(f"{REVIEW}/{item_id}/resolve", json=body, headers=headers)


def capture_in_cabinet(sandbox: Sandbox, provider_id: str, value: str) -> None:
    """Somebody takes held money past us."""
    answer = httpx.post(
        f"{sandbox.api}/payments/{provider_id}/capture",
        json={"amount": {"value": value, "currency": "RUB"}},
        headers={"Idempotence-Key": str(new_id())},
        auth=(SHOP_ID, SECRET_KEY),
        verify=NO_TLS,
    )
    assert answer.status_code == 200, answer.text
