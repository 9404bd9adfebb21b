"""What people and programs do with secrets, rightly and wrongly, and what each secret is."""

import json
import re
import secrets
from typing import Any

import httpx

ADMIN = "/admin_panel/admin"
NOTIFICATION = "the suite's notification_secret"
CARD = "4175001000000017"
DECLINED_CARD = "4532015112830366"
FAULTS = (
    *("timeout_after_accept", "drop_before", "drop_after", "error_500_before", "error_500_after"),
    *("processing_202", "rate_429", "html_502", "html_503", "html_504", "truncated_json"),
    *("html_403", "html_404", "html_413", "wrong_content_type", "empty_200"),
    *("auth_401", "forbidden_403", "strange_words"),
)


class Journeys:
    """`secrets` grows as the suite gives them out; `trace` is the id of one of the payments."""

    def __init__(self, suite: Any) -> None:
        self._suite = suite
        mark = secrets.token_hex(4)
        self.trace = f"canary-trace-{mark}"
        self.payment: dict[str, Any] = {}
        self.username = f"kan4rie_{mark}"
        self.secrets = {
            "a password": f'kan4rie"\\{secrets.token_hex(6)}',
            "a new password": f"kan4rie+/{secrets.token_hex(6)}",
            "a wrong password": f"kan4rie&={secrets.token_hex(6)}",
            "an e-mail": f"{self.username}@kan4rie.test",
            "a name": self.username,
            "a description": f"kan4rie {secrets.token_hex(6)}",
            "a card": CARD,
            "a declined card": DECLINED_CARD,
        }
        # The provider's key, the notification's, the databases', the clients', the staff's: all.
        kept = json.loads((suite.var / "suite.json").read_text())
        self.ports: dict[str, int] = kept["ports"]
        self.secrets |= {f"the suite's {name}": value for name, value in kept["secrets"].items()}
        for number, key in enumerate(sorted(suite.var.rglob("*.pem"))):
            if "PRIVATE" in key.read_text():
                self.secrets[f"private key {number}"] = key.read_text().splitlines()[1]

    def client(self, **options: Any) -> httpx.Client:
        return self._suite.client(**options)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets['an access token']}"}

    def accounts(self) -> None:
        own, name = self.secrets, self.username
        with self.client(base_url=f"{self._suite.env['BASE_URL']}/auth/api/v1") as http:
            body = {"username": name, "password": own["a password"], "email": own["an e-mail"]}
            for status in (201, 409):
                _expect(status, http.post("/registration", json=body))
            weak = body | {"username": f"{name}_x", "password": own["an e-mail"][:7]}
            _expect(422, http.post("/registration", json=weak))
            wrong = {"username": name, "password": own["a wrong password"]}
            _expect(401, http.post("/login", json=wrong))
            pair = _expect(200, http.post("/login", json=wrong | {"password": own["a password"]}))
            own |= {
                "an access token": pair["access_token"],
                "a refresh token": pair["refresh_token"],
            }
            _expect(200, http.get("/me", headers=self.bearer))
            change = {
                "current_password": own["a wrong password"],
                "new_password": own["a new password"],
            }
            _expect((401, 403, 422), http.put("/auth_change", json=change, headers=self.bearer))
            change["current_password"] = own["a password"]
            _expect(200, http.put("/auth_change", json=change, headers=self.bearer))
            own["a changed e-mail"] = f"new.{own['an e-mail']}"
            change = {"current_password": own["a new password"], "email": own["a changed e-mail"]}
            _expect(200, http.put("/auth_change", json=change, headers=self.bearer))
            login = {"username": name, "password": own["a new password"]}
            pair = _expect(200, http.post("/login", json=login))
            own |= {"an access token": pair["access_token"]}
            own |= {"a second refresh token": pair["refresh_token"]}
            used = {"refresh_token": pair["refresh_token"]}
            pair = _expect(200, http.post("/refresh", json=used))
            own |= {"a rotated refresh token": pair["refresh_token"]}
            _expect(401, http.post("/refresh", json={"refresh_token": own["a wrong password"]}))
            _expect(200, http.get("/auth_history", headers=self.bearer))
            spare = _expect(200, http.post("/login", json=login))
            own |= {"an ended access token": spare["access_token"]}
            ended = {"Authorization": f"Bearer {spare['access_token']}"}
            _expect((200, 204), http.post("/logout", headers=ended))

    def staff(self) -> None:
        env, own = self._suite.env, self.secrets
        with self.client(base_url=f"{env['BASE_URL']}/auth/api/v1") as http:
            login = {"username": env["STAFF_USERNAME"], "password": env["STAFF_PASSWORD"]}
            pair = _expect(200, http.post("/login", json=login))
            own |= {"a staff token": pair["access_token"], "staff's refresh": pair["refresh_token"]}
            headers = {"Authorization": f"Bearer {pair['access_token']}"}
            role = {
                "name": f"role_{secrets.token_hex(3)}",
                "scopes": [],
                "description": own["a description"],
            }
            _expect(201, http.post("/roles", json=role, headers=headers))
            _expect(409, http.post("/roles", json=role, headers=headers))
            _expect(204, http.delete(f"/roles/{role['name']}", headers=headers))
            _expect(404, http.get(f"/roles/{own['a description']}", headers=headers))
            grant = {"grant_type": "client_credentials"}
            right = ("admin-sync", own["the suite's service_client_secret"])
            token = _expect(200, http.post("/token", data=grant, auth=right))
            own |= {"a service token": token["access_token"]}
            wrong = ("admin-sync", own["a wrong password"])
            _expect(401, http.post("/token", data=grant, auth=wrong))
            _expect(400, http.post("/token", data={**grant, "client_secret": right[1]}))
            service = {"Authorization": f"Bearer {token['access_token']}"}
            _expect(200, http.get("/changes", params={"limit": 1}, headers=service))

    def payments(self) -> None:
        own, suite = self.secrets, self._suite
        body = {"value": "137.00", "currency": "RUB", "description": own["a description"]}
        with self.client() as http:
            trace = {"X-Request-ID": self.trace}
            self.payment = _expect(
                201, http.post("/api/v1/payment", json=body, headers=self.bearer | trace)
            )
            for fault in FAULTS:
                suite.faults({"mode": fault, "method": "POST", "path": "/payments", "times": 1})
                _expect(
                    (201, 202, 422, 502, 503),
                    http.post("/api/v1/payment", json=body, headers=self.bearer),
                )
            suite.faults()
            other = _expect(201, http.post("/api/v1/payment", json=body, headers=self.bearer))
            path = f"/api/v1/payment/{other['id']}"
            _expect((200, 202), http.post(f"{path}/cancel", headers=self.bearer))
            _expect(200, http.get(path, headers=self.bearer))
            _expect(200, http.get("/api/v1/payment", params={"limit": 2}, headers=self.bearer))
            wrong = {"cursor": own["a refresh token"]}
            _expect((400, 422), http.get("/api/v1/payment", params=wrong, headers=self.bearer))
            wrong = {"from": own["a password"], "to": own["a card"]}
            _expect(422, http.get("/api/v1/statement", params=wrong, headers=self.bearer))
            _expect(200, http.get("/api/v1/balance", headers=self.bearer))

    def checkout(self) -> None:
        order = self.payment["confirmation_url"].partition("orderId=")[2]
        form = {"orderId": order, "action": "pay", "expiry": "12/35", "cvc": "737"}
        with self.client() as http:
            assert http.get("/sandbox/checkout", params=form | {"number": CARD}).status_code == 200
            for change in (
                {"number": DECLINED_CARD}, {"number": DECLINED_CARD[:-1] + "0"},
                {"number": CARD, "cvc": "737 737"}, {"number": CARD},
            ):  # fmt: skip
                answer = http.post("/sandbox/checkout", data=form | change)
                assert answer.status_code < 500, answer.text
            page = http.get(f"/pay/return/{self.payment['id']}", params=form)
            assert page.status_code == 200, page.text

    def notifications(self) -> None:
        own = self.secrets
        path = f"/api/v1/notification/{own[NOTIFICATION]}"
        told = {"type": "notification", "event": "payment.succeeded",
                "object": {**own, "id": own["a card"]}}  # fmt: skip
        tls = self._suite.tls
        for address, status in (("127.0.0.53", 200), ("127.0.0.2", 403)):
            transport = httpx.HTTPTransport(verify=tls, local_address=address)
            with self.client(transport=transport) as http:
                assert http.post(path, json=told).status_code == status
                assert http.post(path, content=json.dumps(told)[:-1]).status_code == status
                assert http.get(path).status_code == 405
                assert http.post(f"{path}x", json=told).status_code in (403, 404)
                assert http.post(path, content=b"x" * 300_000).status_code == 413
                assert http.post(path.replace("notif", "%6eotif"), json=told).status_code == status
                assert http.post(path.replace("/v1/", "/v1//"), json=told).status_code < 500
                assert http.post(f"/x/..{path}/?a", json=told).status_code < 500

    def admin(self) -> None:
        env, own = self._suite.env, self.secrets
        pairs = (
            (self.username, own["a new password"]),
            (env["STAFF_USERNAME"], own["a wrong password"]),
            ("local_admin", own["the suite's local_admin_password"]),
            (env["STAFF_USERNAME"], env["STAFF_PASSWORD"]),
        )  # fmt: skip
        for number, pair in enumerate(pairs):
            with self.client() as http:
                answer = self.sign_in(http, *pair)
                assert answer.status_code == (302 if number > 1 else 200)
                given = {name: value for name, value in http.cookies.items() if len(value) > 16}
                own |= {f"cookie {name} {number}": value for name, value in given.items()}
                for params in ({"q": own["an e-mail"]}, {"o": own["a card"]}, own):
                    http.get(f"{ADMIN}/mirror/payment/", params=params)
                page = f"{ADMIN}/mirror/payment/{self.payment['id']}/change/"
                referer = {"Referer": f"{env['BASE_URL']}{page}?{own['a password']}"}
                data = {**own, "csrfmiddlewaretoken": http.cookies.get("csrftoken", "")}
                assert http.post(page, data=data, headers=referer).status_code in (302, 403)
                assert http.post(page, data=own, headers=referer).status_code in (302, 403)

    def sign_in(self, http: httpx.Client, username: str, password: str) -> httpx.Response:
        page = http.get(f"{ADMIN}/login/")
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[:1]
        form = {"csrfmiddlewaretoken": token, "username": username, "password": password,
                "next": f"{ADMIN}/"}  # fmt: skip
        referer = {"Referer": f"{self._suite.env['BASE_URL']}{ADMIN}/login/"}
        return http.post(f"{ADMIN}/login/", data=form, headers=referer)


def _expect(status: int | tuple[int, ...], answer: httpx.Response) -> dict[str, Any]:
    wanted = status if isinstance(status, tuple) else (status,)
    assert answer.status_code in wanted, (answer.request.url.path, answer.status_code, answer.text)
    return answer.json() if answer.content else {}
