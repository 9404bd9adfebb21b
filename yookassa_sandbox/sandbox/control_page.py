"""`/`: a developer's view of what the sandbox holds."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import to_wire
from sandbox.pages import language, prefix, render
from sandbox.suite import Suite

_SHOWN = 50


class ControlPage:
    """Looks, does not touch: what steers is /_sandbox."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    def routes(self) -> list[Route]:
        """The root alone."""
        return [Route("/", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Newest first."""
        suite = self._suite
        suite.payments.sweep()
        suite.refunds.sweep()
        rows = suite.payments.store.page([], _SHOWN)
        refunds = suite.refunds.store.page([], _SHOWN)
        return render(
            request,
            "control.html",
            lang=language(request),
            self_url=f"{prefix(request)}/?",
            payments=[payment.document for _, payment in rows],
            refunds=[refund.document for _, refund in refunds],
            deliveries=suite.deliveries.show(limit=_SHOWN),
            faults=[fault for fault in suite.faults.show()["items"] if fault["remaining"]],
            now=to_wire(suite.clock.now_ms()),
            shop_id=suite.settings.shop_id,
        )
