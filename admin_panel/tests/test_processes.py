"""The programs the launcher starts, started as it starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings

from panel.environment import Environment
from panel.mirror.models import FeedCursor, Payment


def start(*module: str, **variables: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.Popen(
        [sys.executable, "-m", *module], env=environment, stdout=subprocess.PIPE, text=True
    )


def stop(process: subprocess.Popen[str]) -> tuple[float, str]:
    """How long it took to end after SIGTERM, and what it had printed."""
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=15)
    return time.monotonic() - asked, output


def wait_for(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("waited in vain")


def test_the_sync_worker_follows_and_stops_within_three_seconds(neighbour, payment_data):
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    process = start(
        "panel.manage", "sync", "--forever",
        AUTH_URL=settings.AUTH_URL, BILLING_URL=settings.BILLING_URL,
    )  # fmt: skip
    try:
        wait_for(lambda: Payment.objects.exists() and FeedCursor.objects.count() == 2)
        seconds, output = stop(process)
    finally:
        process.kill()
    assert process.returncode == 0
    assert seconds < 3
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["service"]["name"] for line in lines} == {"admin"}
    assert lines[-1]["message"] == "stopped"


def test_the_web_process_answers_logs_ecs_and_stops(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start("panel.main", ADMIN_PORT=port, VAR_DIR=tmp_path)
    base = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{base}/health/ready", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_for(answers)
        headers = {"X-Request-ID": "trace-0123456789"}
        httpx.get(f"{base}/admin_panel/admin/login/", headers=headers, trust_env=False)
        seconds, output = stop(process)
    finally:
        process.kill()
    assert seconds < 10
    lines = [json.loads(line) for line in output.splitlines()]
    access = next(line for line in lines if line.get("url"))
    assert access["trace"]["id"] == "trace-0123456789"
    assert access["http"]["response"]["status_code"] == 200
    assert access["log.level"] == "info"


def test_production_refuses_to_start_with_placeholders():
    with pytest.raises(ValueError, match="ADMIN_SECRET_KEY, SERVICE_CLIENT_SECRET"):
        Environment(environment="production", admin_database_url="postgresql://a@b/c")
    with pytest.raises(ValueError, match="shorter"):
        Environment(
            environment="production",
            admin_database_url="postgresql://a@b/c",
            admin_secret_key="short",
            service_client_secret="secret",
        )


def test_the_launchers_file_is_read_when_the_variables_are_not_set(tmp_path: Path):
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "admin.env").write_text('SERVICE_CLIENT_ID="from the file"\nOTHER="x"\n')
    output = subprocess.run(
        [sys.executable, "-c",
         "from panel.environment import read_environment as r; print(r().service_client_id)"],
        env={**os.environ, "VAR_DIR": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert output.stdout.strip() == "from the file"
