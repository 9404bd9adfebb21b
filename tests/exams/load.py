"""Customers who pay through the edge as fast as they are served, and remember what they were told.

A client repeats a request under its Idempotency-Key until it has an answer: what was acknowledged
is only what came back as 201 or 202.
"""

import secrets
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

AMOUNT, KOPECKS = "10.00", 1000
PASSWORD = "newpassword1"


class Target:
    """Where to send: what `make env` prints."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.base_url, self.sandbox_url = settings["BASE_URL"], settings["SANDBOX_URL"]
        self._shop = (settings["SANDBOX_SHOP_ID"], settings["SANDBOX_SECRET_KEY"])
        self._tls = ssl.create_default_context(cafile=settings["CA_FILE"])
        self._probe = self.client(timeout=2)

    def client(self, timeout: float = 20, **options: Any) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self._tls)
        options.setdefault("base_url", self.base_url)
        return httpx.Client(transport=transport, trust_env=False, timeout=timeout, **options)

    def answers(self) -> bool:
        """Through the edge into billing and its database: a refused token needs no database."""
        try:
            page = self._probe.get(f"/pay/return/{'0' * 8}-0000-7000-8000-{'0' * 12}")
        except httpx.HTTPError:
            return False
        return page.status_code == 404

    def provider_uids(self) -> Counter[str]:
        """How many payments the provider has for each of our ids."""
        found: Counter[str] = Counter()
        with self.client(base_url=self.sandbox_url, auth=self._shop) as http:
            cursor: dict[str, str] = {}
            while True:
                page = http.get("/v3/payments", params={"limit": "100", **cursor}).json()
                found.update(item["metadata"]["payment_uid"] for item in page["items"])
                if "next_cursor" not in page:
                    return found
                cursor = {"cursor": page["next_cursor"]}


@dataclass
class Audit:
    """What is there, compared with what was said."""

    lost: list[str]
    uncredited: list[str]
    doubled: int
    balances_agree: bool

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.uncredited or self.doubled) and self.balances_agree


@dataclass
class _Customer:
    target: Target
    stopping: threading.Event
    acknowledged: dict[str, str] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.http = self.target.client()
        name = f"k_{secrets.token_hex(6)}"
        account = {"username": name, "password": PASSWORD, "email": f"{name}@test.com"}
        self.http.post("/auth/api/v1/registration", json=account).raise_for_status()
        entered = self.http.post(
            "/auth/api/v1/login", json={"username": name, "password": PASSWORD}
        )
        # The exam is kept shorter than a day, but not than a token's quarter of an hour.
        self.credentials = {"username": name, "password": PASSWORD}
        self.http.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"
        self._entered = time.monotonic()

    def run(self) -> None:
        with self.target.client(base_url=self.target.sandbox_url) as provider:
            while not self.stopping.is_set():
                self._refresh()
                payment = self._create()
                address = payment and self._address_of(payment)
                if payment and address:
                    self._pay(provider, payment["id"], address.partition("orderId=")[2])

    def _refresh(self) -> None:
        if time.monotonic() - self._entered > 600:
            answer = self._send("POST", "/auth/api/v1/login", json=self.credentials)
            if answer is not None and answer.status_code == 200:
                self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                self._entered = time.monotonic()

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        try:
            answer = self.http.request(method, path, **more)
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            time.sleep(0.2)
            return None
        self.answers[str(answer.status_code)] += 1
        return answer

    def _create(self) -> dict[str, Any] | None:
        key = {"Idempotency-Key": secrets.token_hex(16)}
        body = {"value": AMOUNT, "currency": "RUB"}
        for _ in range(150):
            answer = self._send("POST", "/api/v1/payment", json=body, headers=key)
            if answer is not None and answer.status_code in {201, 202}:
                payment = answer.json()
                self.acknowledged[payment["id"]] = payment["status"]
                return payment
            if answer is not None:
                time.sleep(0.3)
        return None

    def _address_of(self, payment: dict[str, Any]) -> str | None:
        """Where to pay; an undecided payment has none yet."""
        for _ in range(200):
            if payment["confirmation_url"] or self.stopping.is_set():
                return payment["confirmation_url"]
            time.sleep(0.3)
            answer = self._send("GET", f"/api/v1/payment/{payment['id']}")
            if answer is not None and answer.status_code == 200:
                payment = answer.json()
        return None

    def _pay(self, provider: httpx.Client, payment_id: str, provider_id: str) -> None:
        if provider.post(f"/_sandbox/payments/{provider_id}/succeed").status_code == 200:
            self.paid.add(payment_id)

    def listed(self) -> dict[str, str]:
        found: dict[str, str] = {}
        cursor = ""
        while True:
            page = self.http.get("/api/v1/payment", params={"limit": 100, "cursor": cursor})
            page.raise_for_status()
            found |= {item["id"]: item["status"] for item in page.json()["items"]}
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return found

    def balance(self) -> int:
        [item] = self.http.get("/api/v1/balance").raise_for_status().json()["items"]
        return int(item["available"].replace(".", ""))


class Load:
    """`with Load(target, clients=4) as load: ...`, then `load.audit()`."""

    def __init__(self, target: Target, clients: int) -> None:
        self._target = target
        self._stopping = threading.Event()
        self._customers = [_Customer(target, self._stopping) for _ in range(clients)]
        self._threads = [threading.Thread(target=each.run) for each in self._customers]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> set[str]:
        return {payment_id for each in self._customers for payment_id in each.acknowledged}

    @property
    def paid(self) -> set[str]:
        return {payment_id for each in self._customers for payment_id in each.paid}

    def answers(self) -> dict[str, int]:
        return dict(sum((each.answers for each in self._customers), Counter()))

    def audit(self, patience: float) -> Audit:
        """Compare, again and again until it agrees or patience ends."""
        until = time.monotonic() + patience
        while True:
            audit = self._compare()
            if audit.is_clean or time.monotonic() > until:
                return audit
            time.sleep(1)

    def _compare(self) -> Audit:
        listed: dict[str, str] = {}
        agree = True
        for customer in self._customers:
            own = customer.listed()
            listed |= own
            succeeded = sum(status == "succeeded" for status in own.values())
            agree = agree and customer.balance() == succeeded * KOPECKS
        at_provider = self._target.provider_uids()
        return Audit(
            lost=sorted(self.acknowledged - set(listed)),
            uncredited=sorted(i for i in self.paid if listed.get(i) != "succeeded"),
            doubled=sum(count - 1 for count in at_provider.values()),
            balances_agree=agree,
        )
