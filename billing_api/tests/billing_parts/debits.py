"""What tests of debits over HTTP say again and again."""

STAFF = "payments:read payments:write balance:read payments:read_all refunds:write"
FINANCE = f"{STAFF} balance:adjust"
ADMIN = f"{FINANCE} roles:write"
CHARGE, HOLD, ADJUST = "/api/v1/charge", "/api/v1/balance_hold", "/api/v1/balance_adjustment"
BODY = {"value": "25.00", "currency": "RUB", "reason": "Доступ на день"}


def balance(client) -> tuple[str, str]:
    """What may be spent, and what is held."""
    item = client.get("/api/v1/balance").json()["items"][0]
    return item["available"], item["held"]
