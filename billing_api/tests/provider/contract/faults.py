"""What goes wrong on the way, what is left at the provider, and what each client makes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from contract.our_side import NOBODY, PATIENCE_SECONDS, fresh, make_body
from contract.outcomes import Outcome
from contract.place import Control
from contract.refund_cases import make_refund, paid

HURRY_SECONDS, LATE_SECONDS = 0.3, 0.6
LOST, PAGE = "AttributeError", "JSONDecodeError"  # the SDK's words for a lost answer, a foreign one


@dataclass(frozen=True)
class Fault:
    """`sdk`: what it raises on POST and on GET, or done. `ours`: the kind on POST, GET, list.

    `done`: whether the provider has carried the call out all the same; `hurried`: our client gives
    it HURRY_SECONDS.
    """

    mode: str
    done: bool
    sdk: tuple[str, str]
    ours: tuple[str, str, str] = ("unknown", "unknown", "unknown")
    options: dict[str, Any] = field(default_factory=dict)
    hurried: bool = False

    @property
    def name(self) -> str:
        known = "_".join(f"{name}_{value}" for name, value in self.options.items())
        return f"{self.mode}_{known}" if known else self.mode


REFUSED = ("refused", "unknown", "unknown")
FINE = ("done", "done", "done")


def _refusal(status: int, error: str, ours: tuple[str, str, str] = REFUSED) -> Fault:
    return Fault("refusal", False, (error, error), ours, {"status": status})


_ALL = (
    Fault(
        "timeout_after_accept", True, (LOST, LOST), options={"delay": LATE_SECONDS}, hurried=True
    ),
    Fault("drop_before", False, (LOST, LOST)),
    Fault("drop_after", True, (LOST, LOST)),
    Fault("error_500_before", False, ("InternalServerError", "InternalServerError")),
    Fault("error_500_after", True, ("InternalServerError", "InternalServerError")),
    Fault("processing_202", True, (LOST, "ResponseProcessingError")),
    Fault("html_502", False, (PAGE, PAGE)),
    Fault("html_503", False, (PAGE, PAGE)),
    Fault("html_504", True, (PAGE, PAGE)),
    Fault("html_403", False, (PAGE, PAGE)),
    Fault("html_404", False, (PAGE, PAGE)),
    Fault("html_413", False, (PAGE, PAGE)),
    Fault("truncated_json", True, (PAGE, PAGE)),
    Fault("empty_200", True, (PAGE, PAGE)),
    # The SDK does not look at the content type, and reads on for as long as it takes.
    Fault("wrong_content_type", True, ("done", "done")),
    Fault("slow", True, ("done", "done"), FINE, {"delay": 0.1}),
    Fault("slow", True, ("done", "done"), options={"delay": LATE_SECONDS}, hurried=True),
    Fault("drip", True, ("done", "done"), options={"delay": LATE_SECONDS}, hurried=True),
    Fault("strange_words", True, ("done", "done"), FINE),
    Fault("rate_429", False, ("TooManyRequestsError", "TooManyRequestsError"), REFUSED),
    Fault(
        "rate_429",
        False,
        ("TooManyRequestsError", "TooManyRequestsError"),
        REFUSED,
        {"retry_after": 7},
    ),
    Fault("auth_401", False, ("UnauthorizedError", "UnauthorizedError"), REFUSED),
    Fault("forbidden_403", False, ("ForbiddenError", "ForbiddenError"), REFUSED),
    _refusal(400, "BadRequestError"),
    _refusal(404, "NotFoundError", ("refused", "missing", "unknown")),
    _refusal(405, "ApiError"),
    _refusal(410, "GoneError"),
    _refusal(415, "ApiError"),
)
FAULTS = {fault.name: fault for fault in _ALL}


@dataclass(frozen=True)
class Scene:
    """One call to disturb; `happened` counts what it has done at the provider."""

    act: Callable[[], Awaitable[Outcome]]
    happened: Callable[[], int]
    column: int = 0  # of a fault's `ours`
    method: str = "POST"


async def _creation(side: Any, control: Control) -> Scene:
    uid, key = fresh()
    body = make_body(uid)
    return Scene(lambda: side.create(key, body), lambda: len(control.payments_of(uid)))


async def _held(side: Any, control: Control) -> tuple[Any, str]:
    uid, key = fresh()
    created = await side.create(key, make_body(uid, capture=False))
    control.pay(created.payment.id)

    def status() -> str:
        [theirs] = control.payments_of(uid)
        return theirs["status"]

    return status, created.payment.id


async def _cancellation(side: Any, control: Control) -> Scene:
    status, provider_id = await _held(side, control)
    _, key = fresh()
    return Scene(lambda: side.cancel(key, provider_id), lambda: status() == "canceled")


async def _capture(side: Any, control: Control) -> Scene:
    status, provider_id = await _held(side, control)
    _, key = fresh()
    return Scene(lambda: side.capture(key, provider_id), lambda: status() == "succeeded")


async def _look(side: Any, control: Control) -> Scene:
    uid, key = fresh()
    created = await side.create(key, make_body(uid))
    return Scene(lambda: side.get(created.payment.id), lambda: 0, 1, "GET")


async def _description(side: Any, control: Control) -> Scene:
    return Scene(side.me, lambda: 0, 1, "GET")


async def _listing(side: Any, control: Control) -> Scene:
    now = control.now()
    return Scene(lambda: side.list(now.replace(year=now.year - 1), now), lambda: 0, 2, "GET")


async def _refund(side: Any, control: Control) -> Scene:
    payment = await paid(side, control)
    _, key = fresh()
    body = make_refund(payment.id)
    return Scene(lambda: side.create_refund(key, body), lambda: len(control.refunds_of(payment.id)))


async def _refund_look(side: Any, control: Control) -> Scene:
    payment = await paid(side, control)
    made = await side.create_refund(fresh()[1], make_refund(payment.id))
    return Scene(lambda: side.find_refund(made.refund.id), lambda: 0, 1, "GET")


async def _refund_listing(side: Any, control: Control) -> Scene:
    now = control.now()
    since = now.replace(year=now.year - 1)
    return Scene(lambda: side.list_refunds(since, now), lambda: 0, 2, "GET")


SCENES = {
    "POST /payments": _creation,
    "POST /payments/{id}/cancel": _cancellation,
    "POST /payments/{id}/capture": _capture,
    "GET /payments/{id}": _look,
    "GET /payments": _listing,
    "GET /me": _description,
    "POST /refunds": _refund,
    "GET /refunds/{id}": _refund_look,
    "GET /refunds": _refund_listing,
}


async def check_fault(route: str, fault: Fault, side: Any, control: Control) -> None:
    """The call is disturbed, then repeated with the same key and bytes: done, and done once."""
    scene = await SCENES[route](side, control)
    if fault.hurried:
        await side.get(NOBODY)  # so that the hurry is not spent on a handshake
    # Enough for a transport that repeats a harmless GET on a lost connection by itself.
    control.fault(fault.mode, method=scene.method, times=4, **fault.options)
    side.seconds = HURRY_SECONDS if fault.hurried else PATIENCE_SECONDS
    outcome = await scene.act()
    side.seconds = PATIENCE_SECONDS
    if side.name == "sdk":
        expected = fault.sdk[scene.method == "GET"]
        assert (outcome.raised or "done") == expected, outcome
    else:
        assert outcome.kind == fault.ours[scene.column], outcome
    [disturbed] = set(control.disturbed())
    assert disturbed == route
    control.calm()
    if scene.method == "POST":
        assert scene.happened() == fault.done
    again = await scene.act()
    assert again.kind == "done", again
    if scene.method == "POST":
        assert scene.happened() == 1
