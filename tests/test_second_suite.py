"""A second suite beside the first: whatever was broken before, `make up` ends in a running suite or
in one clear sentence.

The tests stand in the order of a suite's life and share one, for a start costs a quarter of a
minute; it lies on a small disk of its own where root may mount one.
"""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DISK_MEGABYTES = 600
PROGRAMS = (
    "postgres", "sandbox", "auth", "billing", "admin", "billing_worker", "admin_sync", "nginx",
)  # fmt: skip
BACK_SECONDS = 5
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder():
    """With a space in its name, on a disk that can be filled where we may make one."""
    with tempfile.TemporaryDirectory(prefix="second suite ") as made:
        size = f"size={DISK_MEGABYTES}m"
        mounting = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", made]
        mounted = os.geteuid() == 0 and subprocess.run(mounting, check=False).returncode == 0
        try:
            yield Path(made)
        finally:
            if mounted:
                subprocess.run(["umount", "--lazy", made], check=True)


@pytest.fixture(scope="module")
def second(suite, suite_at, folder):
    made = suite_at(folder)
    yield made
    made.command("reset", check=False)
    assert family(made) == {}


def up(second):
    second.up()
    assert second.client().get("/api/v1/balance").status_code == 401


def refusal(second, *words):
    """The one sentence a command ends with."""
    done = second.command(*words, check=False)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    [sentence] = done.stderr.strip().splitlines()
    return sentence.removeprefix("error: ")


def family(second):
    """Its processes by pid, as the operating system knows them."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("VAR_DIR") == str(second.var):
                found[process.pid] = " ".join(process.cmdline())
    return found


def pids(second):
    """The main process of each program, as `make status` shows them."""
    head, *rows = second.command("status", check=False).stdout.splitlines()
    place = head.split().index("pid")
    cells = (row.split() for row in rows)
    return {row[0]: int(row[place]) for row in cells if row and row[0] in PROGRAMS
            and row[place].isdigit()}  # fmt: skip


@pytest.mark.parametrize("variable", ["HTTPS_PORT", "HTTP_PORT"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_an_outer_port_that_is_taken_is_named_with_its_variable(second, variable, address):
    port = second.https_port if variable == "HTTPS_PORT" else second.http_port
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as other:
        try:
            other.bind((address, port))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        other.listen()
        sentence = refusal(second, "up")
    assert re.match(f"port {port} is taken by another program: set {variable} to", sentence)
    assert family(second) == {}


def test_a_start_that_is_killed_anywhere_is_made_good_by_the_next(second):
    """The launcher alone is killed, or all that it has begun: initdb, supervisor, migrations."""
    words, environment = second.launcher
    for seconds, all_of_it in ((1.2, False), (1.6, True), (3.0, False), (4.5, True), (7.0, True)):
        begun = subprocess.Popen(
            [*words, "up"], cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(seconds)
        victims = [begun.pid, *(family(second) if all_of_it else ())]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        begun.wait()
    up(second)
    assert set(pids(second)) == set(PROGRAMS)


def test_two_suites_stand_side_by_side(suite, second):
    kept = json.loads((suite.var / "suite.json").read_text())["ports"]
    ours = json.loads((second.var / "suite.json").read_text())["ports"]
    assert not set(kept.values()) & set(ours.values())
    assert suite.env["BILLING_DATABASE_URL"] != second.env["BILLING_DATABASE_URL"]
    for each in (suite, second):
        assert each.client().get("/app/openapi.json").status_code == 200
    # Each trusts its own authority alone.
    with (
        pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"),
        closing(socket.create_connection(("127.0.0.1", second.https_port))) as plain,
    ):
        suite.tls.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_killed_is_back_within_five_seconds(second, program, capsys):
    seen = []
    for _ in range(3):
        old = pids(second)[program]
        began = time.monotonic()
        os.kill(old, signal.SIGKILL)
        while pids(second).get(program, old) == old or not is_healthy(second):
            assert time.monotonic() - began < 60, f"{program} does not come back"
            time.sleep(0.05)
        seen.append(time.monotonic() - began)
        if seen[-1] < BACK_SECONDS:
            break
        # A machine that does something else besides: again, and not within its first second.
        time.sleep(2)
    with capsys.disabled():
        print(f"\n{program} killed: back after {seen} s")
    assert min(seen) < BACK_SECONDS


def is_healthy(second):
    return second.command("status", check=False).returncode == 0


def test_after_its_supervisor_is_killed_the_next_start_ends_what_it_left(second):
    before = family(second)
    [supervisor] = [pid for pid, words in before.items() if "supervisord" in words]
    os.kill(supervisor, signal.SIGKILL)
    time.sleep(0.5)
    assert len(family(second)) > 5, "its children live on"
    up(second)
    assert not set(before) & set(family(second))
    assert set(pids(second)) == set(PROGRAMS)


def test_code_that_changed_since_the_start_is_started_anew(second):
    before = pids(second)
    second.command("up")
    assert pids(second) == before, "nothing changed: nothing is touched"
    state = second.var / "suite.json"
    values = json.loads(state.read_text())
    state.write_text(json.dumps({**values, "code": "of yesterday"}))
    assert "restarting" in second.command("up").stdout
    assert not set(before.values()) & set(pids(second).values())
    assert json.loads(state.read_text())["code"] == values["code"]


@pytest.mark.parametrize(
    ("variable", "table", "columns", "row"),
    [
        ("BILLING_DATABASE_URL", "alembic_version", "version_num", ("9999",)),
        ("AUTH_DATABASE_URL", "alembic_version", "version_num", ("9999",)),
        ("ADMIN_DATABASE_URL", "django_migrations", "app, name, applied",
         ("mirror", "9999_later", "2027-01-01")),
    ],
)  # fmt: skip
def test_a_database_of_a_newer_suite_is_refused_in_one_sentence(
    second, variable, table, columns, row
):
    values = ", ".join(["%s"] * len(row))
    with closing(psycopg2.connect(second.env[variable])) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)
        forget_the_code(second)
        before = family(second)
        sentence = refusal(second, "up")
        assert set(before) <= set(family(second)), "what runs goes on"
        column = columns.split(", ")[len(row) > 1]
        cursor.execute(f"DELETE FROM {table} WHERE {column} = %s", (row[len(row) > 1],))
    service = variable.partition("_")[0].lower()
    assert sentence.startswith(f"the database of {service} was last used by a newer version")
    assert "9999" in sentence


def forget_the_code(second):
    state = second.var / "suite.json"
    values = json.loads(state.read_text())
    state.write_text(json.dumps({**values, "code": ""}))


def test_a_full_disk_is_named_with_what_is_missing(second, folder):
    if not os.path.ismount(folder):
        pytest.skip("only root can mount a disk small enough to fill")
    second.command("down")
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    filler = folder / "filler"
    filler.write_bytes(b"x" * (free - (3 << 20)))
    sentence = refusal(second, "up")
    assert re.match(
        rf"the disk of {re.escape(str(second.var))} has 3 MB free and a start needs \d+ MB",
        sentence,
    )
    with filler.open("ab") as file, suppress(OSError):
        file.write(b"x" * (4 << 20))
    sentence = refusal(second, "up")
    assert "has 0 MB free" in sentence or "No space left on device" in sentence
    filler.unlink()
    up(second)


BROKEN = {
    "tls/server.pem": b"", "tls/server.key": b"-----BEGIN", "env/billing.env": b'"\xff\n=',
    "env/auth.env": b"", "supervisord.conf": b"[superv", "nginx/conf/nginx.conf": b"http {",
    "static": None,
}  # fmt: skip


def test_files_that_were_half_written_are_made_anew(second):
    up(second)
    second.command("down")
    (second.var / "supervisord.pid").write_text("1")
    for name, content in BROKEN.items():
        path = second.var / name
        if content is None:
            path.rename(path.with_name("elsewhere"))
        else:
            assert path.exists(), name
            path.write_bytes(content)
    [key] = (second.var / "keys" / "auth").glob("*.pem")
    key.write_bytes(key.read_bytes()[:40])
    up(second)
    assert (key.parent / f"{key.name}.broken").exists()


def test_a_state_that_cannot_be_read_is_named_and_reset_ends_all_the_same(second):
    """Reset is what the sentence proposes, so it must work without the state: while all runs."""
    up(second)
    state = second.var / "suite.json"
    home = Path(json.loads(state.read_text())["cluster_home"])
    state.write_bytes(state.read_bytes()[:100])
    for verb in ("up", "status", "env", "down"):
        sentence = refusal(second, verb)
        assert "suite.json cannot be read" in sentence
        assert "make reset" in sentence
    assert len(family(second)) > 5
    second.command("reset")
    assert family(second) == {}
    assert not home.exists()
    assert not state.exists()


def test_inner_ports_that_are_taken_are_replaced_and_kept(second):
    """The last start, of a suite without a past, while others hold what it would like to have."""
    preferred = (8010, 8001, 8011, 8020, 8432, 8099)
    with ExitStack() as stack:
        for port in preferred:
            holder = stack.enter_context(socket.socket())
            # Else what an earlier suite left waiting there would keep us from holding it.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):  # the first suite may have it
                holder.bind(("127.0.0.1", port))
                holder.listen()
        up(second)
        chosen = json.loads((second.var / "suite.json").read_text())["ports"]
        assert not set(chosen.values()) & set(preferred)
        second.command("down")
    second.command("up")
    assert json.loads((second.var / "suite.json").read_text())["ports"] == chosen
