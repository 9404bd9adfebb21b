"""The commands behind `make`: up, down, status, logs, reset, env, demo."""

import errno
import shlex
import sys
from typing import Annotated

import typer

from launcher import environment, log_reader, suite, supervisor
from launcher import status as process_status
from launcher.demo import run as run_demo
from launcher.layout import current
from launcher.state import State, Trouble, load

_OF_A_FOLDER = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.EEXIST}
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
    """One line a process: pid, port, health, memory, uptime, restarts; 0 when all is well."""
    layout = current()
    state = load(layout)
    if state is None or not supervisor.is_running(state):
        left = [one.pid for one in supervisor.marked(layout, state)] if state else []
        print(
            f"down, but processes of it still run without their supervisor: {left}"
            " (make up ends them and starts the suite)"
            if left
            else "down (make up starts the suite)"
        )
        raise typer.Exit(1)
    rows = process_status.read_rows(layout, state)
    for text in process_status.write(rows, state):
        print(text)
    raise typer.Exit(0 if all(row.is_well for row in rows) else 1)


@app.command()
def logs(
    *,
    service: Annotated[str, typer.Option(envvar="SERVICE", help="one or more, by commas")] = "",
    level: Annotated[str, typer.Option(envvar="LEVEL", help="this or worse")] = "",
    request: Annotated[str, typer.Option(envvar="REQUEST", help="a request id or a part")] = "",
    last: Annotated[str, typer.Option(envvar="LAST", help="how many of each first, or all")] = "",
    follow: Annotated[bool, typer.Option(envvar="FOLLOW")] = True,
    whole_ids: Annotated[bool, typer.Option(envvar="WHOLE_IDS")] = False,
) -> None:
    """Follow the logs of all processes as one stream; with a request, its whole story first."""
    last = last or ("all" if request else "20")
    if last != "all" and not (last.isascii() and last.isdecimal()):
        raise Trouble(f"LAST={last} is neither a number nor all")
    log_reader.run(
        current().log_dir,
        log_reader.make_choice(service, level, request),
        log_reader.Form(log_reader.wants_colour(), whole_ids),
        last=None if last == "all" else int(last),
        follow=follow,
    )


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
        _give_up(str(trouble))
    except OSError as error:
        # No room, no right to write, a file where a folder should be: the system's words say it.
        if error.errno not in _OF_A_FOLDER:
            raise
        _give_up(f"{error.strerror}: {error.filename or current().var}")


def _give_up(sentence: str) -> None:
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
