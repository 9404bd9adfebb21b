"""Whether a program answers, and waiting until all do."""

import ssl
import time
from contextlib import closing
from typing import Any

import httpx
import psycopg2

from launcher import environment, postgres, supervisor
from launcher.layout import Layout
from launcher.programs import Program
from launcher.state import State, Trouble
from launcher.worker_health import sync_answer, worker_answer

OK, _STARTING = "ok", "starting"
WELL = frozenset({OK, _STARTING})
_GRACE_SECONDS = 60
# The supervisor's own "STARTING" is a process without an answer yet: nobody may be sent there.
_WORDS = {"STARTING": "being started"}


def client(layout: Layout) -> httpx.Client:
    """HTTP that trusts the suite's own authority and no proxy of the environment."""
    context = ssl.create_default_context(cafile=str(layout.authority))
    return httpx.Client(verify=context, trust_env=False, timeout=5)


def ask(http: httpx.Client, state: State, program: Program, row: dict[str, Any] | None) -> str:
    """ "ok", "starting" or what is wrong, in a few words; `row` is the supervisor's of it.

    A program of ours that has only just begun may owe its first sign of life.
    """
    if row is None or row["statename"] != "RUNNING":
        return _WORDS.get(row["statename"], row["statename"].lower()) if row else "not started"
    ports = state.ports
    if program.name == "postgres":
        return _ask_postgres(state)
    if program.name == "billing_worker":
        said = worker_answer(http, f"http://127.0.0.1:{ports['billing']}/metrics")
    elif program.name == "admin_sync":
        said = sync_answer(http, f"http://127.0.0.1:{ports['admin']}/health/ready")
    else:
        return _ask_over_http(http, program)
    young = row["now"] - row["start"] < _GRACE_SECONDS
    return _STARTING if said != OK and young else said


def _ask_over_http(http: httpx.Client, program: Program) -> str:
    if program.health is None:
        return OK
    try:
        response = http.get(program.health)
    except httpx.HTTPError as error:
        return type(error).__name__
    if response.status_code < 400:
        return OK
    try:
        detail = response.json().get("detail", "")
    except ValueError:
        detail = ""
    return f"{response.status_code} {detail}".strip()


def _ask_postgres(state: State) -> str:
    url = environment.own_database_url(state, postgres.SUPERUSER, "postgres")
    try:
        with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
            connection.cursor().execute("SELECT 1")
    except psycopg2.Error as error:
        # The address is in the table: what is left is "FATAL:  the database system is starting up".
        return str(error).strip().partition("failed: ")[2].partition("\n")[0] or "no answer"
    return OK


def wait_until_healthy(
    layout: Layout, state: State, programs: list[Program], seconds: float = 60
) -> None:
    """Until every program runs and answers; else one sentence names the first that does not."""
    deadline = time.monotonic() + seconds
    with client(layout) as http:
        while True:
            sick = _sick(http, state, programs)
            if not sick:
                return
            if time.monotonic() > deadline:
                name, why = next(iter(sick.items()))
                raise Trouble(
                    f"{name} is not healthy after {seconds:.0f} s ({why});"
                    f" see {layout.log_dir / name}.log"
                )
            time.sleep(0.15)


def is_healthy(layout: Layout, state: State, programs: list[Program]) -> bool:
    """Whether every program runs and answers now."""
    with client(layout) as http:
        return not _sick(http, state, programs)


def _sick(http: httpx.Client, state: State, programs: list[Program]) -> dict[str, str]:
    table: dict[str, dict[str, Any]] = {row["name"]: row for row in supervisor.process_table(state)}
    asked = {one.name: ask(http, state, one, table.get(one.name)) for one in programs}
    return {name: word for name, word in asked.items() if word not in WELL}
