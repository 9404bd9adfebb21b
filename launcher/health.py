"""Whether a program answers, and waiting until all do."""

import ssl
import time
from typing import Any

import httpx

from launcher import supervisor
from launcher.layout import Layout
from launcher.programs import Program
from launcher.state import State, Trouble


def client(layout: Layout) -> httpx.Client:
    """HTTP that trusts the suite's own authority and no proxy of the environment."""
    context = ssl.create_default_context(cafile=str(layout.authority))
    return httpx.Client(verify=context, trust_env=False, timeout=5)


def answer(http: httpx.Client, program: Program) -> str:
    """ "ok", or why not, in a few words."""
    if program.health is None:
        return "-"
    try:
        response = http.get(program.health)
    except httpx.HTTPError as error:
        return type(error).__name__
    if response.status_code < 400:
        return "ok"
    try:
        detail = response.json().get("detail", "")
    except ValueError:
        detail = ""
    return f"{response.status_code} {detail}".strip()


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
    sick = {}
    for program in programs:
        row = table.get(program.name)
        if row is None or row["statename"] != "RUNNING":
            sick[program.name] = row["statename"] if row else "not started"
        elif (word := answer(http, program)) not in {"ok", "-"}:
            sick[program.name] = word
    return sick
