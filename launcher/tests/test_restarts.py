"""Restarts are counted in the supervisor's log since the supervisor that runs began."""

from launcher.restarts import count_restarts

DAEMON = "2026-11-27 17:00:00,000 INFO supervisord started with pid {}\n"
SPAWNED = "2026-11-27 17:00:00,000 INFO spawned: '{}' with pid {}\n"
KILLED = "2026-11-27 17:00:09,000 WARN exited: {} (terminated by SIGKILL; not expected)\n"


def test_every_start_but_the_first_is_a_restart(tmp_path):
    log = tmp_path / "supervisord.log"
    first = DAEMON.format(1) + SPAWNED.format("auth", 2) + SPAWNED.format("auth", 3)
    second = DAEMON.format(9) + SPAWNED.format("auth", 10) + SPAWNED.format("billing", 11)
    log.write_text(first)
    assert count_restarts(log, 1) == {"auth": 1}
    log.write_text(first + second)
    assert count_restarts(log, 9) == {"auth": 0, "billing": 0}
    log.write_text(first + second + KILLED.format("billing") + SPAWNED.format("billing", 12))
    assert count_restarts(log, 9) == {"auth": 0, "billing": 1}


def test_older_files_are_counted_and_a_log_that_forgot_is_not_trusted(tmp_path):
    log = tmp_path / "supervisord.log"
    (tmp_path / "supervisord.log.10").write_text(DAEMON.format(9) + SPAWNED.format("auth", 1))
    (tmp_path / "supervisord.log.2").write_text(SPAWNED.format("auth", 2))
    log.write_text(SPAWNED.format("auth", 3))
    assert count_restarts(log, 9) == {"auth": 2}
    assert count_restarts(log, 8) is None
    (tmp_path / "supervisord.log.10").unlink()
    assert count_restarts(log, 9) is None
    assert count_restarts(tmp_path / "nothing.log", 9) is None
