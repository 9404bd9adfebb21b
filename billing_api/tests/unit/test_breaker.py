"""The breaker before the provider and the budget of repeats, second by second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.gateway.breaker import Breaker, BreakerState
from billing.platform.budget import Budget

AFTER, PAUSE = 3, 10


class Time:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def now():
    return Time()


@pytest.fixture
def breaker(now):
    return Breaker(AFTER, PAUSE, now)


@pytest.fixture
def is_open(breaker):
    """After as many calls without an answer as it takes."""
    assert [breaker.unanswered(breaker.admit()) for _ in range(AFTER)] == [False, False, True]
    return breaker


def test_it_opens_only_after_so_many_in_a_row(breaker):
    for _ in range(AFTER - 1):
        breaker.unanswered(breaker.admit())
    assert not breaker.answered(breaker.admit())
    for _ in range(AFTER - 1):
        breaker.unanswered(breaker.admit())
    assert breaker.state is BreakerState.CLOSED
    breaker.unanswered(breaker.admit())
    assert breaker.state is BreakerState.OPEN


def test_while_open_no_call_is_made(is_open, now):
    now.seconds += PAUSE - 0.1
    assert is_open.admit() is None
    assert is_open.room(20) == 0


def test_after_its_pause_exactly_one_call_is_let_through(is_open, now):
    now.seconds += PAUSE
    assert (is_open.state, is_open.room(20)) == (BreakerState.HALF_OPEN, 1)
    assert is_open.admit().is_probe
    now.seconds += 5 * PAUSE
    assert is_open.room(20) == 0
    assert is_open.admit() is None


def test_a_probe_without_an_answer_begins_the_next_pause(is_open, now):
    now.seconds += PAUSE
    is_open.unanswered(is_open.admit())
    assert is_open.admit() is None
    now.seconds += PAUSE
    assert is_open.admit().is_probe


def test_an_answer_closes_it(is_open, now):
    now.seconds += PAUSE
    assert is_open.answered(is_open.admit())
    assert (is_open.state, is_open.room(20)) == (BreakerState.CLOSED, 20)
    is_open.unanswered(is_open.admit())
    assert is_open.state is BreakerState.CLOSED, "it counts from the beginning"


def test_a_probe_whose_asker_went_away_leaves_its_place_to_the_next(is_open, now):
    now.seconds += PAUSE
    is_open.abandoned(is_open.admit())
    assert is_open.admit().is_probe


def test_calls_from_before_it_opened_neither_prolong_the_pause_nor_take_the_probe_s_place(
    breaker, now
):
    late = [breaker.admit() for _ in range(5)]
    for admission in late[:AFTER]:
        breaker.unanswered(admission)
    now.seconds += PAUSE
    assert breaker.admit().is_probe
    breaker.unanswered(late[3])
    assert breaker.admit() is None, "the probe is still out"
    assert breaker.answered(late[4]), "an answer is an answer"


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 50)), max_size=60), st.floats(0.5, 20))
def test_no_more_is_done_than_the_budget_earns_and_saves(looks, per_second):
    now = Time()
    budget = Budget(per_second, now)
    done = passed = 0
    for pause, wanted in looks:
        now.seconds += pause
        passed += pause
        room = budget.room(wanted)
        assert 0 <= room <= wanted
        budget.spend(room)
        done += room
    assert done <= passed * per_second + max(1, per_second + 1) + 1e-6


def test_a_budget_is_filled_again_and_survives_a_clock_set_back(now):
    budget = Budget(4, now)
    budget.spend(budget.room(20))
    assert budget.room(20) == 0
    now.seconds += 0.5
    assert budget.room(20) == 2
    now.seconds -= 100
    assert budget.room(20) == 2
    now.seconds += 100
    assert budget.room(20) == 4
