"""Tries are counted in the database: per source in a sliding minute, per name after failures."""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from auth.platform.clock import ManualClock
from auth.platform.database import Database
from auth.platform.problems import TooManyRequests
from auth.settings import Settings
from auth.throttle.rules import minute_of, seconds_until_free, source_of
from auth.throttle.store import count_try

# A minute's first second, so that windows begin where the tests begin.
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def is_within(hits: int, before: int, limit: int, now: datetime) -> bool:
    """The oracle: one more after so many tries of this minute and of the one before."""
    still_counts = 1 - (now.second + now.microsecond / 1_000_000) / 60
    return hits + 1 + before * still_counts <= limit


def post(client: Client, path: str, body: dict[str, Any], source: str) -> TestResponse:
    return client.post(f"/api/v1/{path}", json=body, environ_base={"REMOTE_ADDR": source})


def login(client: Client, person: Any, source: str, password: str | None = None) -> TestResponse:
    body = {"username": person.username, "password": password or person.password}
    return post(client, "login", body, source)


def test_the_sixty_first_registration_of_a_source_waits(
    limited: Client, check_problem: Any, source: str, sql: Any, clock: ManualClock
) -> None:
    body = {"username": "taken_twice", "password": "newpassword1", "email": "t@test.com"}
    answers = [post(limited, "registration", body, source).status_code for _ in range(60)]
    assert set(answers) <= {201, 409}
    refused = post(limited, "registration", body, source)
    check_problem(refused, 429, "too_many_requests")
    assert refused.headers["Retry-After"] == "61"
    assert post(limited, "registration", body, f"{source}0").status_code == 409
    clock.advance(timedelta(seconds=90))
    # Half of the minute before still counts: 30 are free again.
    answers = [post(limited, "registration", body, source).status_code for _ in range(32)]
    assert answers == [409] * 30 + [429] * 2


def test_the_hundred_and_twenty_first_log_in_of_a_source_waits(
    limited: Client, check_problem: Any, source: str
) -> None:
    names = [f"nobody_{number}" for number in range(121)]
    answers = [
        post(limited, "login", {"username": name, "password": "wrong-password"}, source)
        for name in names
    ]
    assert {answer.status_code for answer in answers[:120]} == {401}
    check_problem(answers[120], 429, "too_many_requests")


def test_refreshes_are_counted_apart(limited: Client, check_problem: Any, source: str) -> None:
    body = {"refresh_token": "nonsense"}
    for _ in range(120):
        assert post(limited, "refresh", body, source).status_code == 401
    check_problem(post(limited, "refresh", body, source), 429, "too_many_requests")
    wrong = {"username": "nobody", "password": "wrong-password"}
    assert post(limited, "login", wrong, source).status_code == 401


def test_failures_in_a_row_cost_a_growing_pause_that_ends_by_itself(
    limited: Client, alice: Any, clock: ManualClock, check_problem: Any
) -> None:
    sources = (f"192.0.2.{number}" for number in range(250))
    for _ in range(5):
        assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    pauses = []
    for _ in range(9):
        refused = login(limited, alice, next(sources), "wrong-password")
        check_problem(refused, 429, "too_many_requests")
        pauses.append(int(refused.headers["Retry-After"]))
        clock.advance(timedelta(seconds=pauses[-1]))
        assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    clock.advance(timedelta(seconds=60))
    assert login(limited, alice, next(sources)).status_code == 200
    # A success forgives: the next failures are free again.
    assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    assert login(limited, alice, next(sources), "wrong-password").status_code == 401


def test_a_name_that_does_not_exist_pauses_as_one_that_does(
    limited: Client, check_problem: Any, source: str
) -> None:
    body = {"username": f"no_{secrets.token_hex(6)}", "password": "wrong-password"}
    for _ in range(5):
        assert post(limited, "login", body, source).status_code == 401
    check_problem(post(limited, "login", body, source), 429, "too_many_requests")


def test_a_stranger_cannot_keep_the_owner_out(
    limited: Client, alice: Any, check_problem: Any, source: str
) -> None:
    assert login(limited, alice, source).status_code == 200
    for _ in range(5):
        login(limited, alice, "198.51.100.7", "wrong-password")
    check_problem(login(limited, alice, "198.51.100.7"), 429, "too_many_requests")
    assert login(limited, alice, source).status_code == 200


def test_a_source_that_never_stops_asking_still_gets_what_is_its_own(
    limited: Client, clock: ManualClock, source: str
) -> None:
    """Who hammers, or sits behind one address with somebody who does, is not kept out for ever."""
    passed = []
    for _minute in range(4):
        count = 0
        for _second in range(60):
            for _ in range(3):
                answer = post(limited, "refresh", {"refresh_token": "nonsense"}, source)
                count += answer.status_code != 429
            clock.advance(timedelta(seconds=1))
        passed.append(count)
    assert passed[0] == 120
    assert all(100 <= count <= 125 for count in passed[1:]), passed


def test_retry_after_says_when_the_next_try_is_good(
    limited: Client, clock: ManualClock, source: str
) -> None:
    def ask() -> TestResponse:
        return post(limited, "refresh", {"refresh_token": "nonsense"}, source)

    for _ in range(120):
        ask()
    clock.advance(timedelta(seconds=17))
    refused = ask()
    assert refused.status_code == 429
    clock.advance(timedelta(seconds=int(refused.headers["Retry-After"])))
    while (answer := ask()).status_code == 401:
        pass
    assert answer.status_code == 429
    clock.advance(timedelta(seconds=int(answer.headers["Retry-After"])))
    assert ask().status_code == 401


def test_guesses_made_at_once_get_no_more_answers_than_one_after_the_other(
    limited: Client, alice: Any, clock: ManualClock, settings: Settings
) -> None:
    """Sixteen fit into the pool of hashes; all begin before the pause of the first one does."""
    for number in range(5):
        login(limited, alice, f"192.0.2.{number}", "wrong-password")
    clock.advance(timedelta(seconds=2))
    together = threading.Barrier(12)

    def guess(number: int) -> int:
        together.wait()
        return login(limited, alice, f"198.51.100.{number}", "wrong-password").status_code

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(12)))
    assert sorted(answers) == [401] + [429] * 11


def test_a_stranger_who_fails_all_day_does_not_stop_the_owner_from_changing_the_password(
    limited: Client, alice: Any, bearer: Any, source: str
) -> None:
    token = login(limited, alice, source).get_json()["access_token"]
    for number in range(8):
        login(limited, alice, f"198.51.100.{number}", "wrong-password")
    body = {"current_password": alice.password, "new_password": f"new-{secrets.token_hex(8)}"}
    changed = limited.put("/api/v1/auth_change", json=body, headers=bearer(token))
    assert changed.status_code == 200, changed.text


def test_guesses_at_the_current_password_are_counted(
    limited: Client, alice: Any, bearer: Any, check_problem: Any, source: str
) -> None:
    token = login(limited, alice, source).get_json()["access_token"]
    body = {"current_password": "wrong-password", "email": "new@test.com"}

    def change() -> TestResponse:
        return limited.put("/api/v1/auth_change", json=body, headers=bearer(token))

    for _ in range(5):
        check_problem(change(), 403, "wrong_password")
    check_problem(change(), 429, "too_many_requests")


def test_old_counters_are_forgotten(
    limited: Client, sql: Callable[..., list[Any]], clock: ManualClock, source: str
) -> None:
    wrong = {"username": "nobody", "password": "wrong-password"}
    post(limited, "login", wrong, source)
    clock.advance(timedelta(minutes=5))
    post(limited, "login", wrong, f"{source}1")
    assert sql("SELECT count(*) FROM tries WHERE subject = :source", source=source) == [(0,)]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_a_source_is_an_address_or_a_network_of_one_customer(
    address: str | None, source: str
) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("hits", "before", "second", "allowed"),
    [(59, 0, 0, True), (60, 0, 59, False), (0, 60, 0, False), (0, 60, 1, True), (29, 60, 30, True)],
)
def test_the_window_slides(
    app: Any, sql: Any, source: str, hits: int, before: int, second: int, allowed: bool
) -> None:
    """The database decides as the oracle says."""
    moment = START + timedelta(seconds=second)
    assert is_within(hits, before, 60, moment) is allowed
    for minute, count in ((minute_of(START), hits), (minute_of(START) - 1, before)):
        sql(
            "INSERT INTO tries (kind, subject, minute, hits) VALUES ('login', :s, :m, :hits)",
            s=source, m=minute, hits=count,
        )  # fmt: skip
    refused = nullcontext() if allowed else pytest.raises(TooManyRequests)
    with app.app_context(), Database().begin() as session, refused:
        count_try(session, "login", source, limit=60, now=moment)


@given(st.integers(1, 200), st.integers(0, 59), st.data())
def test_the_next_try_is_good_when_the_pause_is_over_and_not_a_second_before(
    limit: int, second: int, data: Any
) -> None:
    hits, before = data.draw(st.integers(0, limit)), data.draw(st.integers(0, limit))
    now = START + timedelta(seconds=second)
    if is_within(hits, before, limit, now):
        return
    wait = seconds_until_free(hits, before, limit, now)
    for pause, good in ((math.ceil(wait), True), (wait - 1, False)):
        if pause < 0:
            continue
        later = now + timedelta(seconds=pause)
        minutes = minute_of(later) - minute_of(now)
        then = [(hits, before), (0, hits), (0, 0)][min(minutes, 2)]
        assert is_within(*then, limit, later) is good
