"""What the supervisor calls starting is not yet well: `make up` waits for an answer."""

import httpx
import pytest

from launcher import health
from launcher.programs import Program
from launcher.state import State


@pytest.mark.parametrize("state", ["STARTING", "STOPPED", "BACKOFF", "FATAL", None])
def test_a_process_that_does_not_run_yet_is_not_well(state):
    row = None if state is None else {"statename": state, "now": 10, "start": 9}
    program = Program.__new__(Program)
    with httpx.Client() as http:
        word = health.ask(http, State(instance="x"), program, row)
    assert word not in health.WELL
    assert word
