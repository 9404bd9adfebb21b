"""`make status` and `make logs` on a running suite."""

import os
import re
import signal

import pytest

ROW = re.compile(
    r"(?P<name>\w+) +(?P<pid>\d+|-) +(?P<port>\d+|-)  (?P<health>.+?) +(?P<memory>~?\d+) MB"
    r" +(?P<uptime>\S+) +(?P<restarts>\d+|\?)"
)
PROGRAMS = [
    *("postgres", "sandbox", "auth", "billing", "admin", "billing_worker", "admin_sync"),
    *("nginx", "supervisor"),
]


def _status(suite):
    """The exit code, name: row, the last sentence."""
    done = suite.command("status", check=False)
    _, *rows, last = done.stdout.splitlines()
    return done.returncode, {(found := ROW.fullmatch(row))["name"]: found for row in rows}, last


def _logs(suite, *options):
    return suite.command("logs", "--no-follow", *options).stdout.splitlines()


@pytest.fixture(scope="module")
def healthy(suite, eventually):
    """The suite once nothing in it is sick, whatever an earlier test did."""
    suite.command("up")
    eventually(lambda: _status(suite)[0] == 0)
    return suite


def test_status_has_a_line_for_each_process(healthy):
    code, rows, last = _status(healthy)
    assert (code, list(rows)) == (0, PROGRAMS)
    for name, row in rows.items():
        assert row["health"] in {"ok", "starting"}, name
        assert int(row["memory"].lstrip("~")) > 0, name
        os.kill(int(row["pid"]), 0)
    assert {name for name, row in rows.items() if row["port"] == "-"} == {
        "billing_worker", "admin_sync"
    }  # fmt: skip
    total = sum(int(row["memory"].lstrip("~")) for row in rows.values())
    said = int(re.search(r"(\d+) MB in all", last)[1])
    assert abs(total - said) <= len(rows)
    assert last.startswith("all 9 healthy; ")
    assert healthy.env["BASE_URL"] in last


@pytest.mark.parametrize("victim", ["sandbox", "billing_worker"])
def test_a_killed_process_counts_one_restart_and_the_others_none(healthy, eventually, victim):
    _, before, _ = _status(healthy)
    os.kill(int(before[victim]["pid"]), signal.SIGKILL)

    def back():
        code, rows, _ = _status(healthy)
        return code == 0 and rows[victim]["pid"] != before[victim]["pid"] and rows

    after = eventually(back)
    raised = {
        name for name in PROGRAMS
        if int(after[name]["restarts"]) == int(before[name]["restarts"]) + 1
    }  # fmt: skip
    same = {name for name in PROGRAMS if after[name]["restarts"] == before[name]["restarts"]}
    assert raised == {victim}
    assert same == set(PROGRAMS) - {victim}


def test_a_process_that_is_stuck_is_named_and_the_exit_code_says_so(healthy, eventually):
    _, rows, _ = _status(healthy)
    pid = int(rows["sandbox"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    try:
        code, rows, last = _status(healthy)
    finally:
        os.kill(pid, signal.SIGCONT)
    health = rows["sandbox"]["health"]
    assert (code, health[-7:]) == (1, "Timeout")
    assert last.startswith(f"not healthy: sandbox ({health}); ")
    eventually(lambda: _status(healthy)[0] == 0)


def test_one_request_is_found_again_in_every_process(healthy, customer, eventually):
    trace = f"looked-for-{customer.name}"[:60]
    customer.create(**{"X-Request-ID": trace})

    def told():
        rows = _logs(healthy, "--request", trace)
        return {"nginx", "billing"} <= {row.split()[2] for row in rows} and rows

    rows = eventually(told, 10)
    assert all(f" {trace[-8:]} " in row for row in rows)
    assert all(trace in row for row in _logs(healthy, "--request", trace, "--whole-ids"))
    [call] = [row for row in rows if "provider call" in row]
    assert re.search(r" billing +info +\S+ provider call  POST \S+ 200 [\d.]+ ms", call)
    assert re.search(r" nginx +info +\S+ request  POST /api/v1/payment 201 ", "\n".join(rows))
    assert _logs(healthy, "--request", f"{trace}-no") == []
    only = _logs(healthy, "--request", trace, "--service", "nginx")
    assert {row.split()[2] for row in only} == {"nginx"}
