"""The token endpoint in RFC 6749's words, inside a problem document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

URL = "/api/v1/token"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def check_refusal(check_problem: Any) -> Callable[..., dict[str, Any]]:
    def check(answer: Any, status: int, error: str) -> dict[str, Any]:
        document: dict[str, Any] = check_problem(answer, status, error)
        assert document["error"] == error
        assert answer.headers["Cache-Control"] == "no-store"
        return document

    return check


def test_a_program_trades_its_secret_for_a_token(client: Any, program: Any) -> None:
    answer = client.post(URL, data=GRANT, auth=(program.client_id, program.secret))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
    assert body["scope"] == "auth:changes billing:changes"

    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    claims = jwt.decode(body["access_token"], keys, algorithms=["ES256"]).claims
    assert (claims["sub"], claims["client_id"]) == (program.client_id, program.client_id)
    assert claims["aud"] == ["auth", "billing"]
    assert claims["scope"] == body["scope"]
    assert claims["roles"] == []
    assert "username" not in claims


def test_fewer_scopes_can_be_asked_for(client: Any, program: Any, bearer: Any) -> None:
    data = {**GRANT, "scope": "billing:changes"}
    body = client.post(URL, data=data, auth=(program.client_id, program.secret)).get_json()
    assert body["scope"] == "billing:changes"
    answer = client.get("/api/v1/changes", headers=bearer(body["access_token"]))
    assert answer.status_code == 403


def test_a_form_encoded_secret_is_understood_too(client: Any, program: Any) -> None:
    auth = (quote_plus(program.client_id), quote_plus(program.secret))
    assert client.post(URL, data=GRANT, auth=auth).status_code == 200


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials"] * 2}, 400, "invalid_request"),
        ({**GRANT, "client_secret": "x"}, 400, "invalid_request"),
        ({**GRANT, "scope": "roles:write"}, 400, "invalid_scope"),
        ({**GRANT, "scope": "auth:changes roles:write"}, 400, "invalid_scope"),
        ({**GRANT, "scope": 'a"b'}, 400, "invalid_scope"),
        ({**GRANT, "scope": "nul\0"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_form_is_refused(
    client: Any, check_refusal: Any, program: Any, data: dict[str, Any], status: int, error: str
) -> None:
    answer = client.post(URL, data=data, auth=(program.client_id, program.secret))
    check_refusal(answer, status, error)


def test_json_is_not_a_form(client: Any, check_refusal: Any, program: Any) -> None:
    answer = client.post(URL, json=GRANT, auth=(program.client_id, program.secret))
    check_refusal(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic bm8tY29sb24=",
        "Basic /////w==",
        "Bearer abc",
        "Basic bnVsAGlkOng=",
        "Basic " + "YWFh" * 300 + "OmI=",
    ],
)
def test_no_readable_secret_is_401(client: Any, check_refusal: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.post(URL, data=GRANT, headers=headers)
    check_refusal(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_wrong_secret_and_an_unknown_program_get_one_answer(
    client: Any, check_refusal: Any, program: Any
) -> None:
    wrong = client.post(URL, data=GRANT, auth=(program.client_id, "wrong"))
    unknown = client.post(URL, data=GRANT, auth=("nobody-here", program.secret))
    documents = [check_refusal(answer, 401, "invalid_client") for answer in (wrong, unknown)]
    for document in documents:
        document.pop("instance")
    assert documents[0] == documents[1]


def test_a_person_cannot_ask_here(client: Any, check_refusal: Any, alice: Any) -> None:
    answer = client.post(URL, data=GRANT, auth=(alice.username, alice.password))
    check_refusal(answer, 401, "invalid_client")
