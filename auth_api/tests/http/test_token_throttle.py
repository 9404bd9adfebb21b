"""A program's secret can be guessed at no faster than a password, and the trail stays bounded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from werkzeug.test import Client, TestResponse

from auth.platform.clock import ManualClock

GRANT = {"grant_type": "client_credentials"}


def ask(client: Client, client_id: str, secret: str, source: str) -> TestResponse:
    return client.post(
        "/api/v1/token",
        data=GRANT,
        auth=(client_id, secret),
        environ_base={"REMOTE_ADDR": source},
    )


def test_failures_of_a_program_cost_a_growing_pause_that_ends_by_itself(
    limited: Client, program: Any, clock: ManualClock, check_problem: Any, source: str
) -> None:
    for _ in range(5):
        assert ask(limited, program.client_id, "wrong", source).status_code == 401
    for pause in (1, 2, 4, 8):
        refused = ask(limited, program.client_id, program.secret, source)
        check_problem(refused, 429, "too_many_requests")
        assert refused.headers["Retry-After"] == str(pause)
        clock.advance(timedelta(seconds=pause))
        assert ask(limited, program.client_id, "wrong", source).status_code == 401
    clock.advance(timedelta(seconds=16))
    assert ask(limited, program.client_id, program.secret, source).status_code == 200
    # A success forgives.
    assert ask(limited, program.client_id, "wrong", source).status_code == 401
    assert ask(limited, program.client_id, program.secret, source).status_code == 200


def test_a_stranger_cannot_keep_a_program_out(limited: Client, program: Any, source: str) -> None:
    stranger = "198.51.100.77"
    for _ in range(8):
        ask(limited, program.client_id, "wrong", stranger)
    assert ask(limited, program.client_id, "wrong", stranger).status_code == 429
    assert ask(limited, program.client_id, program.secret, source).status_code == 200


def test_a_stranger_cannot_grow_the_audit_trail_without_bounds(
    limited: Client, sql: Any, source: str
) -> None:
    """Other names do not help: a source has so many tries a minute as for log-ins."""
    answers = [ask(limited, f"guess-{n}", "wrong", source).status_code for n in range(150)]
    assert answers == [401] * 120 + [429] * 30
    [(kept,)] = sql("SELECT count(*) FROM audit_events WHERE address = :source", source=source)
    assert kept == 120
