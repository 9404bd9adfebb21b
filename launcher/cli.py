"""The commands behind `make`: up, down, status, logs, reset, env, demo."""

import shlex
import subprocess
import sys

import psutil
import typer

from launcher import environment, health, suite, supervisor
from launcher.demo import run as run_demo
from launcher.layout import current
from launcher.state import State, Trouble, load

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def up() -> None:
    """Start the suite in the background; back when everything is healthy."""
    state = suite.up(current())
    print(f"up: {environment.base_url(state)}/   (make status, make logs, make down)")


@app.command()
def down() -> None:
    """Stop the suite; its data stays."""
    print("down" if suite.down(current()) else "nothing to stop")


@app.command()
def reset() -> None:
    """Stop the suite and delete its local state."""
    suite.reset(current())
    print("reset: the local state is gone")


@app.command()
def status() -> None:
    """One line a process: pid, port, health, memory."""
    layout = current()
    state = load(layout)
    if state is None or not supervisor.is_running(state):
        print("down (make up starts the suite)")
        raise typer.Exit(1)
    print(f"{'process':<16}{'state':<10}{'pid':>8}{'port':>7}  {'health':<22}{'memory':>9}")
    total = 0
    with health.client(layout) as http:
        rows = {row["name"]: row for row in supervisor.process_table(state)}
        for program in suite.programs_of(layout, state):
            row = rows.get(program.name, {"statename": "UNKNOWN", "pid": 0})
            memory = _memory(row["pid"])
            total += memory
            print(
                f"{program.name:<16}{row['statename'].lower():<10}{row['pid'] or '-':>8}"
                f"{program.port or '-':>7}  {health.answer(http, program):<22}{memory >> 20:>6} MB"
            )
    print(f"{'':<63}{total >> 20:>6} MB")
    print(f"{environment.base_url(state)}/")


def _memory(pid: int) -> int:
    """Proportional set size of a process and its children, in bytes."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if pid else []
        return sum(member.memory_full_info().pss for member in family)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


@app.command()
def logs() -> None:
    """Follow the logs of all processes."""
    layout = current()
    files = sorted(str(path) for path in layout.log_dir.glob("*.log"))
    if not files:
        print("no logs yet (make up starts the suite)")
        raise typer.Exit(1)
    try:
        subprocess.run(["tail", "-n", "20", "-F", *files], check=False)
    except KeyboardInterrupt:
        return


@app.command()
def env() -> None:
    """KEY=VALUE lines, quoted for a shell's eval."""
    for key, value in environment.for_scripts(current(), _known_state()).items():
        print(f"{key}={shlex.quote(value)}")


@app.command()
def demo() -> None:
    """Start the suite if needed and drive the main job through nginx, as a customer would."""
    layout = current()
    state = suite.up(layout)
    run_demo(layout, state)


def _known_state() -> State:
    state = load(current())
    if state is None:
        raise Trouble("the suite was never started here: run `make up` first")
    return state


def main() -> None:
    """Entry point: a Trouble is one sentence and exit code 1, anything else is a bug."""
    try:
        app()
    except Trouble as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
