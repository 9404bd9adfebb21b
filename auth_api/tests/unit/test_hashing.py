"""Password hashing: real parameters, bounded, the same for a name that does not exist."""

from __future__ import annotations

import threading
import time

import pytest

from auth.platform.hashing import PasswordPool
from auth.platform.problems import TooManyRequests


@pytest.fixture(scope="module")
def pool() -> PasswordPool:
    return PasswordPool(workers=1, waiting_max=1)


def test_argon2id_with_the_measured_parameters(pool: PasswordPool) -> None:
    stored = pool.hash("newpassword1")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert pool.matches(stored, "newpassword1")
    assert not pool.matches(stored, "newpassword2")
    assert not pool.is_outdated(stored)


def test_1024_bytes_count_to_the_last(pool: PasswordPool) -> None:
    stored = pool.hash("x" * 1024)
    assert not pool.matches(stored, "x" * 1023 + "y")


def test_one_password_typed_two_ways_is_one_password(pool: PasswordPool) -> None:
    assert pool.matches(pool.hash("пароль-й1"), "пароль-и\u03061")


def test_an_unknown_name_costs_as_much_as_a_known_one(pool: PasswordPool) -> None:
    stored = pool.hash("newpassword1")

    def median(known: str | None) -> float:
        times = []
        for _ in range(9):
            begun = time.perf_counter()
            assert not pool.matches(known, "wrong-password")
            times.append(time.perf_counter() - begun)
        return sorted(times)[4]

    assert 0.3 < median(None) / median(stored) < 3


def test_beyond_its_places_the_pool_says_come_back(pool: PasswordPool) -> None:
    outcomes: list[str] = []

    def attempt() -> None:
        try:
            pool.hash("newpassword1")
            outcomes.append("hashed")
        except TooManyRequests as refused:
            outcomes.append(f"{refused.code}, come back in {refused.headers['Retry-After']}")

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "hashed" in outcomes
    assert "too_many_requests, come back in 1" in outcomes
    assert pool.hash("the pool is free again")
