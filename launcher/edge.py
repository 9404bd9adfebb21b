"""Starts nginx after ending what an earlier nginx of this suite left behind.

A killed nginx master leaves workers that go on listening, so its successor could not bind. nginx
writes its title over its environment, so the SUITE_INSTANCE mark is lost; but the supervisor makes
each program the leader of a process group, which the workers keep, and nginx.pid names the leader.
"""

import os
import signal
import sys
from pathlib import Path

import psutil

PID_FILE = "nginx.pid"


def end_orphans(nginx_dir: Path) -> None:
    """End the nginx processes of the group that nginx.pid names."""
    try:
        leader = int((nginx_dir / PID_FILE).read_text())
    except (OSError, ValueError):
        return
    members = [process for process in psutil.process_iter() if _is_member(process, leader)]
    for process in members:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(members, timeout=5)


def _is_member(process: psutil.Process, leader: int) -> bool:
    try:
        return os.getpgid(process.pid) == leader and process.name().startswith("nginx")
    except (OSError, psutil.Error):
        return False


if __name__ == "__main__":
    folder, *command = sys.argv[1:]
    end_orphans(Path(folder))
    os.execv(command[0], command)  # noqa: S606 - the point: nginx itself is what is supervised
