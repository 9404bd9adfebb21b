"""What can be under way when a process dies. Some scene reaches every point of the registry."""

import random
from dataclasses import dataclass, field
from uuid import UUID

from billing.flows.create_payment import Created
from billing.idempotency.rules import Answered
from billing.platform.crash_points import CrashPoint
from harness import naive
from harness.acts import Order, part_of

HOUR = 3600
P = CrashPoint
CREATE = (
    *(P.CREATE_BEGUN, P.CREATE_INTENT_WRITTEN, P.CREATE_INTENT_KEPT),
    *(P.CREATE_ANSWERED, P.CREATE_SETTLED, P.CREATE_DONE),
)
# The request's key stays taken until its lease is out: the client is told to wait.
LEAVES_LEASE = frozenset({P.CREATE_INTENT_KEPT, P.CREATE_ANSWERED, P.CREATE_SETTLED})
CAPTURE = (
    *(P.CAPTURE_INTENT_WRITTEN, P.CAPTURE_INTENT_KEPT, P.CAPTURE_ANSWERED),
    *(P.CAPTURE_SETTLED, P.CAPTURE_DONE),
)
CANCEL = (
    *(P.CANCEL_INTENT_WRITTEN, P.CANCEL_INTENT_KEPT, P.CANCEL_ANSWERED),
    *(P.CANCEL_SETTLED, P.CANCEL_DONE),
)
SETTLE = (P.SETTLE_MOVED, P.SETTLE_BOOKED)
RECOVER = (P.RECOVERY_CLAIMED, P.RECOVERY_ANSWERED, P.RECOVERY_APPLIED, P.RECOVERY_DONE)


@dataclass(frozen=True)
class Scene:
    """`fault` meets the creating call: before the death, or in the dying act if that creates."""

    name: str
    act: str
    points: tuple[CrashPoint, ...]
    creator: str = "create"
    fault: str | None = None
    paid: bool = False
    noticed: bool = False
    seconds: int = 0
    unmade: bool = False
    two_stages: bool = False
    cancels: bool = False

    @property
    def creates(self) -> bool:
        return self.act == self.creator


SCENES = (
    Scene("create", "create", CREATE),
    Scene("create, answer lost", "create", CREATE[3:], fault="drop_after"),
    Scene("capture", "capture payment", CAPTURE, paid=True, two_stages=True),
    Scene("cancel", "cancel payment", CANCEL, paid=True, two_stages=True, cancels=True),
    Scene("notification", "receive", (P.NOTIFICATION_WRITTEN, P.NOTIFICATION_KEPT), paid=True),
    Scene(
        "inbox",
        "inbox",
        (P.INBOX_CLAIMED, P.INBOX_SEEN, *SETTLE, P.INBOX_APPLIED, P.INBOX_DONE),
        paid=True,
        noticed=True,
    ),
    Scene(
        "poll",
        "poll",
        (P.POLL_TURN_SET, P.POLL_ASKING, P.POLL_SEEN, *SETTLE, P.POLL_APPLIED, P.POLL_DONE),
        paid=True,
        seconds=15,
    ),
    Scene(
        "repeat",
        "recover",
        (*RECOVER, P.RECOVERY_COUNTED),
        fault="error_500_after",
        seconds=10,
    ),
    Scene(
        "repeat of what is paid already",
        "recover",
        (*RECOVER, P.RECOVERY_COUNTED, *SETTLE),
        fault="truncated_json",
        paid=True,
        seconds=10,
    ),
    Scene(
        "repeat of what never arrived",
        "recover",
        (*RECOVER, P.RECOVERY_COUNTED),
        fault="drop_before",
        seconds=10,
    ),
    Scene(
        "try anew",
        "recover",
        (*RECOVER, P.RECOVERY_RENEWED),
        fault="rate_429",
        seconds=10,
    ),
    Scene(
        "look for what was paid",
        "recover",
        (*RECOVER, *SETTLE),
        fault="html_504",
        paid=True,
        seconds=24 * HOUR,
    ),
    Scene(
        "look in vain",
        "recover",
        RECOVER,
        fault="error_500_before",
        seconds=26 * HOUR,
        unmade=True,
    ),
)
CONTROL = (Scene("create without the intent", "naive", naive.POINTS, creator="naive"),)


@dataclass
class Trial:
    """One death and what the client heard; `pays` and `noticed` are what happens afterwards."""

    scene: Scene
    point: CrashPoint
    customer: str
    minor: int
    pays: bool
    noticed: bool
    signal: int = 0
    answers: list[Created] = field(default_factory=list)
    captures: list[Answered] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """What is credited where it is paid."""
        if self.scene.cancels:
            return 0
        return part_of(self.minor) if self.scene.two_stages else self.minor

    def order(self, now: str, notification: str = "") -> Order:
        return Order(
            act=self.scene.act,
            point=self.point.name,
            now=now,
            customer=self.customer,
            minor=self.minor,
            notification=notification,
            two_stages=self.scene.two_stages,
            object_id=self.answers[-1].payment_id if self.answers else "",
        )

    @property
    def payment_id(self) -> UUID:
        return UUID(self.answers[-1].payment_id)


def plan(scenes: tuple[Scene, ...], count: int, chance: random.Random) -> dict[Scene, list[Trial]]:
    """Every point of every scene equally often, in an order that the seed decides."""
    pairs = [(scene, point) for scene in scenes for point in scene.points]
    planned: dict[Scene, list[Trial]] = {scene: [] for scene in scenes}
    for number in range(count):
        scene, point = pairs[number % len(pairs)]
        planned[scene].append(
            Trial(
                scene=scene,
                point=point,
                customer=str(UUID(int=chance.getrandbits(128))),
                minor=chance.randrange(100, 35_000_000),
                pays=scene.paid or chance.random() < 0.8,
                noticed=chance.random() < 0.7,
            )
        )
    for trials in planned.values():
        chance.shuffle(trials)
    return planned
