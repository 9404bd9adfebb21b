"""Where the provider notifies. Whoever knows the address is still asked where they come from."""

import hmac
from ipaddress import ip_address

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from billing.flows.receive_notification import receive_notification
from billing.inbox.rules import Arrival
from billing.platform.problems import Forbidden, NotFound
from billing.routes.bodies import read_body
from billing.routes.context import NotificationTerms, context_of
from billing.routes.rendering import request_id_of

router = APIRouter(prefix="/api/v1/notification", include_in_schema=False)
logger = structlog.get_logger("billing.notifications")
BODY_BYTES_MAX = 256 * 1024


@router.post("/{secret}")
async def post_notification(request: Request, secret: str) -> Response:
    """200 as soon as it is kept; anything but 200 makes the provider send it again."""
    context = context_of(request)
    terms = context.notifications
    if not hmac.compare_digest(secret.encode(), terms.secret.encode()):
        raise NotFound
    source = request.client.host if request.client else ""
    if not _is_trusted(source, terms):
        context.metrics.refused_notifications.inc()
        logger.warning("notification from a foreign address", **{"source.ip": source})
        if terms.enforce:
            raise Forbidden("this address is not the provider's")
    body = await read_body(request, BODY_BYTES_MAX)
    arrival = Arrival(body, source, request_id_of(request))
    await receive_notification(context.database, context.clock, arrival)
    context.waker.wake()
    return Response(status_code=200)


def _is_trusted(source: str, terms: NotificationTerms) -> bool:
    try:
        address = ip_address(source)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in terms.networks)
