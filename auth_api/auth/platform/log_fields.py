"""What may stand in a line of the log: `contracts/log.schema.json`, as a filter before the output.

The four programs carry this file word for word (they share no code; a test compares the copies).
What is allowed is listed; whatever else comes, a library's words about a request too, is left out.
"""

import logging
import re
import sys
import threading
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
HIDDEN = "…"
_OWN = __name__.partition(".")[0]
# What JSON leaves as it is and some reader takes for the end of a line, or cannot encode.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Whoever knows the whole address may notify us.
_NOTIFICATION = re.compile(r"(/notification)/.*", re.IGNORECASE | re.DOTALL)
# Words, short numbers and ids. A token, a card number or a password with a digit is none of these.
# nginx/includes/logging.conf says the same.
_PLAIN_PATH = re.compile(
    r"(?:/(?:v[0-9]|[a-z_.-]{1,40}|[0-9]{1,11}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?(?![^/]))*+"
)
_METHOD = re.compile(r"[A-Z]{1,10}")
_WARNING = re.compile(r"[^\n]*?:\d+: \w+(?=:)")
_QUOTED_OR_WITH_DIGITS = re.compile(r"(?<!\w)(['\"`]).*?\1|\S*\d\S*")


def keep_fields(_logger: Any, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with what is listed; the rest is dropped and counted, for it may be anything.

    A bare name goes below `suite`, so that our words never clash with ECS's. An exception is given
    as `exc_info` (with its frames) or as `error` (without).
    """
    kept: dict[str, Any] = {}
    dropped = 0
    for name, value in _flat(_with_error(event)):
        listed = name if name in FIELDS else f"suite.{name}"
        if name == "event":
            kept["event"] = _text(_sentence(event))
        elif name.startswith("_"):  # structlog's own, taken out before the output
            kept[name] = value
        elif value is None or name == "positional_args":
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
        if isinstance(value, Mapping) and name != "positional_args" and not name.startswith("_"):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _clean(name: str, value: str | float) -> str | float:
    if not isinstance(value, str):
        return value
    if name == "url.path":
        value = plain_path(value)
    if name == "http.request.method" and not _METHOD.fullmatch(value):
        value = "-"
    return _text(value, STACK_MAX if name == "error.stack_trace" else TEXT_MAX)


def plain_path(path: str) -> str:
    """Up to its first part that may be a secret, which is `-`."""
    path = _NOTIFICATION.sub(r"\1/-", path)
    known = _PLAIN_PATH.match(path)
    kept = known.group() if known else ""
    return kept if kept == path and path else f"{kept}/-"


def _text(value: str, most: int = TEXT_MAX) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value[:most])


def _sentence(event: Mapping[str, Any]) -> str:
    """Our sentences are constants; a library's are kept without what they are about."""
    record = event.get("_record")
    if event.get("_from_structlog", True) or not isinstance(record, logging.LogRecord):
        return str(event["event"])
    template = str(record.msg)
    if record.name == "py.warnings":
        found = _WARNING.match(template)
        return found.group() if found else "a warning"
    given = event.get("positional_args")
    text = _filled(template, given) if given else _stripped(template, record)
    return text.partition("\n")[0]


class _Hidden:
    """Stands for an argument of a library's sentence."""

    def __repr__(self) -> str:
        return HIDDEN


def _filled(template: str, given: Any) -> str:
    try:
        if isinstance(given, Mapping):
            return template % {name: _argument(value) for name, value in given.items()}
        return template % tuple(_argument(value) for value in given)
    except (TypeError, ValueError, KeyError):
        return template


def _argument(value: object) -> object:
    return value if isinstance(value, int | float) and abs(value) < 10**11 else _Hidden()


def _stripped(text: str, record: logging.LogRecord) -> str:
    """A sentence made elsewhere: without the exception at hand, what is quoted, what has digits."""
    for error in (sys.exc_info()[1], (record.exc_info or (None, None))[1]):
        words = str(error) if error else ""
        text = text.replace(words, HIDDEN) if words else text
    return _QUOTED_OR_WITH_DIGITS.sub(HIDDEN, text)


def _with_error(event: Mapping[str, Any]) -> dict[str, Any]:
    """Frames, types and codes of an exception; its words only where they are ours or the system's.

    Others quote what they were given: a row, a statement's parameters, a client's input.
    """
    rest = {name: value for name, value in event.items() if name != "exc_info"}
    plain = rest.pop("error") if isinstance(rest.get("error"), BaseException) else None
    error = event.get("exc_info")
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        return _told(error) | {"error.stack_trace": _stack(error)} | rest
    return _told(plain) | rest if plain else rest


def _told(error: BaseException) -> dict[str, Any]:
    found: dict[str, Any] = {"error.type": _name(error)}
    if isinstance(error, OSError) and error.strerror:
        found["error.message"] = error.strerror
    elif type(error).__module__.partition(".")[0] == _OWN:
        found["error.message"] = str(error)
    return found


def _stack(error: BaseException) -> str:
    parts: list[str] = []
    links: list[BaseException] = [error]
    while links and len(parts) < 8:
        link = links.pop(0)
        parts.append("".join(traceback.format_tb(link.__traceback__)) + _name(link))
        cause = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        links += [cause] if cause else []
        links += link.exceptions if isinstance(link, BaseExceptionGroup) else ()
    return "\nbecause of:\n".join(parts)


def _name(error: BaseException) -> str:
    """With PostgreSQL's code; SQLAlchemy keeps the driver's exception as `orig`."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    for known in (error, getattr(error, "orig", None)):
        code = getattr(known, "sqlstate", None) or getattr(known, "pgcode", None)
        if isinstance(code, str):
            return f"{name} [{code}]"
    return name


def log_uncaught() -> None:
    """What nobody catches, and warnings, become lines too: their own words would go to stderr."""
    logging.captureWarnings(True)  # noqa: FBT003 - the library's own argument
    log = logging.getLogger(_OWN)

    def tell(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        log.critical("uncaught", exc_info=error or kind())

    sys.excepthook = tell
    threading.excepthook = lambda found: tell(found.exc_type, found.exc_value, found.exc_traceback)
    sys.unraisablehook = lambda found: tell(found.exc_type, found.exc_value, found.exc_traceback)


def refused_settings(error: Any) -> str:
    """The variables of a pydantic ValidationError of settings, and why, never their values."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']).upper() or 'settings'}: {fault['msg']}"
        for fault in faults
    )
