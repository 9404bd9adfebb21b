"""The four programs write the lines of log.schema.json, and drop what it does not list."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((REPOSITORY / "contracts" / "log.schema.json").read_text())
LINE = Draft202012Validator(SCHEMA, validate_formats=True)
PROGRAMS = {
    "billing": "from billing.platform.logs import configure_logs; configure_logs('billing')",
    "auth": "from auth.platform.logs import configure_logs; configure_logs()",
    "admin": "import logging.config\n"
    "from panel.site.logs import configure_structlog, logging_config\n"
    "logging.config.dictConfig(logging_config()); configure_structlog()",
    "yookassa-sandbox": "from sandbox.logs import configure_logs; configure_logs()",
}
FILTERS = {
    "billing": "billing_api/billing/platform/log_fields.py",
    "auth": "auth_api/auth/platform/log_fields.py",
    "admin": "admin_panel/panel/site/log_fields.py",
    "yookassa-sandbox": "yookassa_sandbox/sandbox/log_fields.py",
}
SECRET = "correct-horse-battery-1"
SECRET_SETTINGS = {
    "ADMIN_SECRET_KEY": SECRET, "AUTH_DATABASE_URL": f"postgresql://a:{SECRET}@127.0.0.1/a",
    "BILLING_DATABASE_URL": f"postgresql://a:{SECRET}@127.0.0.1/a",
    "NOTIFICATION_SECRET": SECRET, "SANDBOX_SECRET_KEY": SECRET, "TOKEN_ISSUER": SECRET,
    "YOOKASSA_SECRET_KEY": SECRET,
}  # fmt: skip
BAD_SETTINGS = [
    ("billing.main", {"BILLING_PORT": f"{SECRET}"}),
    ("billing.worker", {"ENVIRONMENT": "production", "BASE_URL": f"http://{SECRET}"}),
    ("auth.main", {"AUTH_PORT": f"{SECRET}", "LOGINS_PER_MINUTE": "0"}),
    ("panel.main", {"ADMIN_PORT": f"{SECRET}"}),
    ("panel.main", {"ENVIRONMENT": "production", "ADMIN_DATABASE_URL": ""}),
    ("sandbox.app", {"SANDBOX_PORT": f"{SECRET}"}),
    ("sandbox.app", {"ENVIRONMENT": "production"}),
    ("sandbox.app", {"SANDBOX_TLS_CERT": f"/{SECRET}"}),
]
CARELESS = f"""
import logging, structlog, warnings
secret = {SECRET!r}
ours, theirs = structlog.get_logger("some.logger"), logging.getLogger("library")
elsewhere = {{"http.request.body": secret, "url.query": secret}}
ours.info("first", password=secret, token=secret, **elsewhere)
ours.info("second", http={{"request": {{"method": "GET", "headers": {{"authorization": secret}}}}}})
elsewhere = {{"user.id": object(), "url.path": None}}
ours.info("third", feed={{"id": secret}}, state=[secret], **elsewhere)
theirs.warning("fourth", extra={{"card": secret}})
try:
    try:
        int(secret)
    except ValueError as cause:
        raise KeyError(secret) from cause
except KeyError:
    ours.exception("fifth")
    theirs.exception("sixth")
    ours.warning("seventh", exc_info=True)
ours.info("eighth", **{{"url.path": "/api/v1//notification/" + secret}})
theirs.info("ninth %s of %d", secret, 7)
theirs.info("ninths %(a)s and %(b)s", {{"a": secret, "b": 7}})
theirs.info("tenths '" + secret + "' by " + secret + "-1\\nmore of " + secret)
warnings.warn("eleventh " + secret)
try:
    raise ValueError("between " + secret)
except ValueError as error:
    theirs.warning("twelfth " + str(error))
ours.warning("thirteenth", error=ValueError(secret))
ours.info("fourteenth", **{{"http.request.method": secret}})
ours.info("tenth", stack_info=True)
"""


def _fields(schema: dict, above: str = "") -> set[str]:
    found = set()
    for name, part in schema["properties"].items():
        inner = _fields(part, f"{above}{name}.") if "properties" in part else {f"{above}{name}"}
        found |= inner
    return found


def _listed(path: str) -> set[str]:
    """The names in a program's filter, without importing the program."""
    tree = ast.parse((REPOSITORY / path).read_text())
    [call] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "FIELDS"  # type: ignore[attr-defined]
    ]
    return ast.literal_eval(call.args[0])  # type: ignore[attr-defined]


def _written(program: str, script: str, given: str = "", code: int = 0) -> list[str]:
    fields = ".".join(Path(FILTERS[program]).with_suffix("").parts[1:])
    uncaught = f"from {fields} import log_uncaught; log_uncaught()"
    done = subprocess.run(
        [sys.executable, "-c", f"{PROGRAMS[program]}\n{uncaught}\n{script}"],
        input=given.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr == b""
    return done.stdout.decode().split("\n")[:-1]


def test_the_schema_lists_each_field_and_nothing_beside():
    assert len(_fields(SCHEMA)) > 30

    def closed(part: dict) -> bool:
        inner = part.get("properties", {}).values()
        return (part.get("additionalProperties") is False or not inner) and all(map(closed, inner))

    assert closed(SCHEMA)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_list_of_a_program_is_the_schemas(program):
    assert _listed(FILTERS[program]) == _fields(SCHEMA)
    assert program in SCHEMA["properties"]["service"]["properties"]["name"]["enum"]


def test_the_filter_is_the_same_in_all_programs():
    assert len({(REPOSITORY / path).read_text() for path in FILTERS.values()}) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_careless_call_leaks_nothing_and_is_counted(program):
    lines = [json.loads(line) for line in _written(program, CARELESS)]
    for line in lines:
        LINE.validate(line)
    assert SECRET not in json.dumps(lines)
    by_word = {line["message"].split()[0].partition(":")[0]: line for line in lines}
    dropped = {word: line.get("suite", {}).get("dropped") for word, line in by_word.items()}
    assert dropped == {
        "first": 4, "second": 1, "third": 3, "fourth": None, "fifth": None, "sixth": None,
        "seventh": None, "eighth": None, "ninth": None, "ninths": None, "tenth": 1, "tenths": None,
        "<string>": None, "twelfth": None, "thirteenth": None, "fourteenth": None,
    }  # fmt: skip
    assert by_word["second"]["http"]["request"] == {"method": "GET"}
    assert by_word["eighth"]["url"]["path"] == "/api/v1//notification/-"
    assert by_word["ninth"]["message"] == "ninth … of 7"
    assert by_word["ninths"]["message"] == "ninths … and 7"
    assert by_word["tenths"]["message"] == "tenths … by …"
    assert re.fullmatch(r"<string>:\d+: UserWarning", by_word["<string>"]["message"])
    assert by_word["twelfth"]["message"] == "twelfth …"
    assert by_word["thirteenth"]["error"] == {"type": "ValueError"}
    assert by_word["fourteenth"]["http"]["request"]["method"] == "-"
    for word in ("fifth", "sixth", "seventh"):
        error = by_word[word]["error"]
        assert error["type"] == "KeyError"
        assert "because of:" in error["stack_trace"]
        assert "ValueError" in error["stack_trace"]
        assert "message" not in error
    assert {line["service"]["name"] for line in lines} == {program}


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_exception_of_the_system_or_of_the_program_keeps_its_words(program):
    package = FILTERS[program].split("/")[1]
    script = f"""
import structlog
class Own(Exception): __module__ = "{package}.somewhere"
class Database(Exception): sqlstate = "28P01"
for error in (ConnectionRefusedError(111, "Connection refused"), Own("ours"), Database("x")):
    structlog.get_logger("a").error("failed", exc_info=error)
"""
    found = [json.loads(line)["error"] for line in _written(program, script)]
    assert [error.get("message") for error in found] == ["Connection refused", "ours", None]
    assert found[2]["type"] == "__main__.Database [28P01]"


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_nobody_catches_is_a_line_too(program):
    script = f"""
import asyncio, threading
def fall(): raise ValueError({SECRET!r})
thread = threading.Thread(target=fall)
thread.start(); thread.join()
class Falls:
    def __del__(self): fall()
Falls()
async def loses():
    async def fall_later(): fall()
    task = asyncio.create_task(fall_later())
    await asyncio.sleep(0)
    del task
asyncio.run(loses())
try: fall()
except ValueError as error: raise ExceptionGroup({SECRET!r}, [error])
"""
    lines = [json.loads(line) for line in _written(program, script, code=1)]
    assert SECRET not in json.dumps(lines)
    for line in lines:
        LINE.validate(line)
        assert "in fall" in line["error"]["stack_trace"]
    types = [line["error"]["type"] for line in lines]
    assert types == [*["ValueError"] * 3, "ExceptionGroup"]
    levels = [line["log.level"] for line in lines]
    assert levels == ["critical", "critical", "error", "critical"]


@pytest.mark.parametrize(("module", "change"), BAD_SETTINGS)
def test_a_program_without_good_settings_says_which_and_no_value(module, change, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, "VAR_DIR": str(tmp_path), **SECRET_SETTINGS, **change},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == ""
    [line] = map(json.loads, done.stdout.splitlines())
    LINE.validate(line)
    assert line["message"] == "settings are refused"
    assert line["log.level"] == "critical"
    assert all(name in line["error"]["message"] for name in change if name.endswith("_PORT"))
    assert line["error"]["message"]
    assert SECRET not in done.stdout


def test_a_path_is_logged_up_to_what_may_be_a_secret():
    """nginx is held to the same list (nginx/tests/test_access_log.py)."""
    paths = json.loads((REPOSITORY / "contracts" / "log_paths.json").read_text())["paths"]
    script = """
import json, sys, structlog
for path in json.load(sys.stdin):
    structlog.get_logger("a").info("request", **{"url.path": path})
"""
    lines = _written("billing", script, json.dumps([path for path, _ in paths]))
    assert [json.loads(line)["url"]["path"] for line in lines] == [kept for _, kept in paths]


def test_the_schema_refuses_a_foreign_field():
    [line] = map(
        json.loads, _written("billing", "import structlog; structlog.get_logger().info('a')")
    )
    LINE.validate(line)
    for path in ((), ("service",), ("log",)):
        broken = json.loads(json.dumps(line))
        place = broken
        for name in path:
            place = place[name]
        place["password"] = SECRET
        assert not LINE.is_valid(broken)


@pytest.mark.parametrize("program", PROGRAMS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=st.lists(st.text(st.characters(), max_size=40), min_size=50, max_size=50))
def test_one_event_is_one_line_whatever_is_in_it(program, words):
    words += ["a\r\nb", "\x1b[31m", "\u2028", "\ud800", "\x00", '"}', "\x85", "я" * 5000]
    script = """
import json, sys, structlog
for word in json.load(sys.stdin):
    structlog.get_logger("a").info(word, **{"url.path": word})
"""
    lines = _written(program, script, json.dumps(words))
    assert len(lines) == len(words)
    for line, word in zip(lines, words, strict=True):
        LINE.validate(json.loads(line))
        assert line.splitlines() == [line]
        assert "\x1b" not in line
        if word.isalnum() and word.isascii():
            assert json.loads(line)["message"] == word
