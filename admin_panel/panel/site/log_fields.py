"""What may stand in a line of the log: `contracts/log.schema.json`, as a filter before the output.

The four programs carry this file word for word (they share no code; a test compares the copies).
"""

import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

FIELDS = frozenset({
    "@timestamp", "log.level", "log.logger", "message", "ecs.version", "service.name",
    "event.action", "event.duration", "trace.id", "user.id", "source.ip",
    "http.version", "http.request.method", "http.request.bytes",
    "http.response.status_code", "http.response.bytes", "url.domain", "url.path",
    "error.type", "error.code", "error.message", "error.stack_trace",
    "tls.version", "tls.cipher",
    "suite.attempt", "suite.delivery", "suite.dropped", "suite.fault", "suite.feed",
    "suite.object", "suite.retry_seconds", "suite.state",
    "suite.upstream.address", "suite.upstream.seconds", "suite.upstream.status",
})  # fmt: skip
TEXT_MAX = 1000
STACK_MAX = 16_000
_OWN = __name__.partition(".")[0]
# What JSON leaves as it is and some reader takes for the end of a line, or cannot encode.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Whoever knows the whole address may notify us.
_NOTIFICATION = re.compile(r"(/notification)/.*", re.IGNORECASE | re.DOTALL)


def keep_fields(_logger: Any, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with what is listed; the rest is dropped and counted, for it may be anything.

    A bare name goes below `suite`, so that our words never clash with ECS's.
    """
    kept: dict[str, Any] = {}
    dropped = 0
    for name, value in _flat(_with_error(event)):
        listed = name if name in FIELDS else f"suite.{name}"
        if name == "event":
            kept["event"] = _text(str(value))
        elif name.startswith("_"):  # structlog's own, taken out before the output
            kept[name] = value
        elif value is None:
            continue
        elif listed in FIELDS and isinstance(value, str | int | float):
            kept[listed] = _clean(listed, value)
        else:
            dropped += 1
    if dropped:
        kept["suite.dropped"] = dropped
    return kept


def _flat(event: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in event.items():
        if isinstance(value, Mapping) and not name.startswith("_"):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _clean(name: str, value: str | float) -> str | float:
    if not isinstance(value, str):
        return value
    if name == "url.path":
        value = _NOTIFICATION.sub(r"\1/-", value)
    return _text(value, STACK_MAX if name == "error.stack_trace" else TEXT_MAX)


def _text(value: str, most: int = TEXT_MAX) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value[:most])


def _with_error(event: Mapping[str, Any]) -> dict[str, Any]:
    """Frames, types and codes of an exception; its words only where they are ours or the system's.

    Others quote what they were given: a row, a statement's parameters, a client's input.
    """
    rest = {name: value for name, value in event.items() if name != "exc_info"}
    error = event.get("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return rest
    found: dict[str, Any] = {"error.type": _name(error), "error.stack_trace": _stack(error)}
    if isinstance(error, OSError) and error.strerror:
        found["error.message"] = error.strerror
    elif type(error).__module__.partition(".")[0] == _OWN:
        found["error.message"] = str(error)
    return found | rest


def _stack(error: BaseException) -> str:
    parts: list[str] = []
    link: BaseException | None = error
    while link is not None and len(parts) < 8:
        parts.append("".join(traceback.format_tb(link.__traceback__)) + _name(link))
        hidden = link.__suppress_context__
        link = link.__cause__ or (None if hidden else link.__context__)
    return "\nbecause of:\n".join(parts)


def _name(error: BaseException) -> str:
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name} [{code}]" if isinstance(code, str) else name
