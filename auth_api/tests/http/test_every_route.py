"""What holds for all routes: problem documents, request ids, pages, the description."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auth.platform.problems import Problem


def test_a_view_that_declares_nothing_is_refused(settings: Any, check_problem: Any) -> None:
    from auth.app import create_app
    from auth.keys.keyring import Keyring

    careless = create_app(settings, Keyring.throwaway())
    careless.add_url_rule("/forgotten", view_func=lambda: "open to all")
    check_problem(careless.test_client().get("/forgotten"), 403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("GET", "/docs/assets/..%2f..%2fdocs.py", 404, "not_found"),
        ("GET", "/swaggerui/assets/docs.py", 404, "not_found"),
        ("GET", "/api/v1/login", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/me", 405, "method_not_allowed"),
    ],
)
def test_wrong_addresses_and_methods_are_problems(
    client: Any, check_problem: Any, method: str, path: str, status: int, code: str
) -> None:
    answer = client.open(path, method=method)
    check_problem(answer, status, code)
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("path", ["/docs/", "/api/v1/me", "/nowhere", "/health/live", "/"])
def test_every_answer_carries_the_request_id(client: Any, path: str) -> None:
    given = client.get(path, headers={"X-Request-ID": "caller-id.12345"})
    assert given.headers["X-Request-ID"] == "caller-id.12345"
    made = client.get(path, headers={"X-Request-ID": "no good id!"})
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["X-Request-ID"])


def test_a_bug_shows_nothing_of_its_inside(settings: Any, check_problem: Any, capsys: Any) -> None:
    from auth.app import create_app
    from auth.keys.keyring import Keyring
    from auth.routes.guards import anyone

    broken = create_app(settings, Keyring.throwaway())

    @broken.get("/broken")
    @anyone
    def view() -> str:
        raise RuntimeError("secret dsn postgresql://")

    answer = broken.test_client().get("/broken")
    document = check_problem(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert document["detail"] == Problem.title


def test_without_a_database_the_answer_is_503(
    settings: Any, check_problem: Any, unused_port: int
) -> None:
    from auth.app import create_app
    from auth.keys.keyring import Keyring

    url = f"postgresql://nobody:nothing@127.0.0.1:{unused_port}/none"
    cut_off = create_app(settings.model_copy(update={"database_url": url}), Keyring.throwaway())
    client = cut_off.test_client()
    check_problem(client.get("/health/ready"), 503, "service_unavailable")
    answer = client.post("/api/v1/login", json={"username": "user_name", "password": "secret-1"})
    check_problem(answer, 503, "service_unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert client.get("/health/live").status_code == 200


def test_health_is_ready_on_a_migrated_database(client: Any) -> None:
    assert client.get("/health/live").get_json() == {"status": "ok"}
    assert client.get("/health/ready").get_json() == {"status": "ok"}


def test_the_pages_use_our_own_files_only(client: Any) -> None:
    for page in ("/docs/", "/swaggerui/"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
        assert "//" not in answer.text.replace("<!DOCTYPE html>", "")
        assert "<script>" not in answer.text
        for name in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
            asset = client.get(page + name)
            assert asset.status_code == 200, name
            asset.close()


def test_the_root_leads_to_the_pages_behind_the_prefix(client: Any) -> None:
    behind = {"X-Forwarded-Prefix": "/auth", "X-Forwarded-Host": "pay.test:8443"}
    assert client.get("/", headers=behind).headers["Location"] == "/auth/docs/"
    assert client.get("/").headers["Location"] == "/docs/"
    slash = client.get("/docs", headers={**behind, "X-Forwarded-Proto": "https"})
    assert slash.headers["Location"] == "https://pay.test:8443/auth/docs/"


def test_the_description_names_the_prefix_and_every_api_route(app: Any, client: Any) -> None:
    for path in ("/swagger.json", "/docs/openapi.json"):
        document = client.get(path).get_json()
        assert document["openapi"].startswith("3.1")
        assert document["servers"] == [{"url": "/auth"}]
        assert set(document["components"]["securitySchemes"]) == {"bearer", "client"}
    described = set(document["paths"])
    served = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
    }
    assert described == served | {"/.well-known/jwks.json"}
    form = document["paths"]["/api/v1/token"]["post"]["requestBody"]["content"]
    for path, item in document["paths"].items():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                media = {"application/problem+json"} if int(status) >= 400 else {"application/json"}
                expected = set() if status == "204" else media
                assert set(answer.get("content", ())) == expected, (path, status)
    assert set(form) == {"application/x-www-form-urlencoded"}
    example = document["components"]["schemas"]["RegistrationBody"]["example"]
    assert example["username"] == "user_name"


def test_every_reference_of_the_description_resolves(client: Any) -> None:
    document = client.get("/swagger.json").get_json()
    text = client.get("/swagger.json").text
    assert "ProblemView" in text
    for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert name in document["components"]["schemas"], name
    assert set(document["components"]["schemas"]["ProblemView"]["required"]) >= {"code", "instance"}
