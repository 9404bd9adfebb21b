"""The account feed: order, pages, waiting, and who may read it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

URL = "/api/v1/changes"
Read = Callable[..., dict[str, Any]]


@pytest.fixture
def read(client: Any, service_token: str, bearer: Any) -> Read:
    def page(**query: Any) -> dict[str, Any]:
        answer = client.get(URL, query_string=query, headers=bearer(service_token))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.get_json()
        assert set(body) == {"items", "next_after"}
        return body

    return page


@pytest.fixture
def end(read: Read) -> str:
    """The position after everything there is."""
    return str(read(limit=5000)["next_after"])


def test_an_account_appears_with_its_data(read: Read, end: str, new_person: Any) -> None:
    bob = new_person()
    body = read(after=end)
    [item] = body["items"]
    assert set(item) == {"position", "kind", "id", "version", "at", "data"}
    assert (item["kind"], item["id"], item["version"]) == ("account", bob.id, 1)
    assert item["at"].endswith("Z")
    assert set(item["data"]) == {"username", "email", "roles", "created_at", "is_active"}
    assert body["next_after"] == item["position"]


def test_pages_follow_each_other_without_gap_or_repeat(
    read: Read, end: str, new_person: Any
) -> None:
    people = [new_person().id for _ in range(5)]
    seen: list[str] = []
    after = end
    while items := (page := read(after=after, limit=2))["items"]:
        assert len(items) <= 2
        seen += [item["id"] for item in items]
        after = page["next_after"]
    assert seen == people
    assert page["next_after"] == after


def test_an_empty_or_absent_position_is_the_beginning(read: Read, alice: Any) -> None:
    assert read(limit=1)["items"] == read(after="", limit=1)["items"]
    assert read(after="0-0", limit=1)["items"] == read(limit=1)["items"]


def test_nothing_new_gives_the_position_back(read: Read, end: str) -> None:
    begun = time.perf_counter()
    assert read(after=end, wait=1) == {"items": [], "next_after": end}
    assert 0.9 < time.perf_counter() - begun < 3


def test_a_wait_ends_when_something_happens(
    read: Read, end: str, new_person: Any, sql: Any
) -> None:
    waited: list[tuple[dict[str, Any], float]] = []

    def wait() -> None:
        begun = time.perf_counter()
        waited.append((read(after=end, wait=20), time.perf_counter() - begun))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.6)
    # A wait holds no transaction open: it would hold the feed itself back.
    assert sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE 'idle in transaction%'"
    ) == [(0,)]
    bob = new_person()
    thread.join()
    [(body, seconds)] = waited
    assert [item["id"] for item in body["items"]] == [bob.id]
    assert seconds < 5


def test_the_fifth_waiter_is_answered_at_once(read: Read, end: str) -> None:
    threads = [threading.Thread(target=read, kwargs={"after": end, "wait": 2}) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    begun = time.perf_counter()
    assert read(after=end, wait=20)["items"] == []
    assert time.perf_counter() - begun < 1
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "5001"),
        ("limit", "100000"),
        ("limit", "ten"),
        ("limit", ""),
        ("limit", " 10"),
        ("limit", "1_0"),
        ("limit", "1e1"),
        ("limit", "10.0"),
        ("limit", "١٠"),
        ("wait", "31"),
        ("wait", "-1"),
        ("wait", "1.5"),
        ("after", "nonsense"),
        ("after", "1"),
        ("after", "1-2-3"),
        ("after", "18446744073709551616-0"),
        ("after", "0-9223372036854775808"),
        ("after", "1-1\0"),
    ],
)
def test_a_query_that_cannot_be_is_422(
    client: Any, check_problem: Any, service_token: str, bearer: Any, name: str, value: str
) -> None:
    answer = client.get(URL, query_string={name: value}, headers=bearer(service_token))
    document = check_problem(answer, 422, "validation_error")
    assert [error["pointer"] for error in document["errors"]] == [name]


def test_nobody_and_customers_are_refused_before_the_query_is_read(
    client: Any, check_problem: Any, alice: Any, log_in: Any, bearer: Any
) -> None:
    check_problem(client.get(f"{URL}?limit=0"), 401, "unauthorized")
    answer = client.get(f"{URL}?limit=0", headers=bearer(log_in(alice)))
    check_problem(answer, 403, "forbidden")
