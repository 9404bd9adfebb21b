"""What waits for a person, over HTTP: listed with the legal ways out, and decided."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from starlette.responses import Response

from billing.flows.decide_payment import decide_payment
from billing.flows.decide_refund import decide_refund
from billing.ledger import debts
from billing.ledger.queries import find_debt, list_debts
from billing.platform.database import ReadSession
from billing.platform.paging import decode_cursor, encode_cursor
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.review.documents import describe_item
from billing.review.problems import (
    DecisionError,
    ProviderIdNeeded,
    ProviderShowsNothing,
    ProviderSilent,
    ReviewItemNotFound,
    StillDisagrees,
)
from billing.review.queries import find_kind, get_reviewed, list_for_review
from billing.review.rules import Action, Decision, Kind
from billing.routes.amounts import StrictBody
from billing.routes.answers import answered, shown
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import ADJUST, READ_ALL, caller_with
from billing.routes.context import context_of
from billing.routes.debit_bodies import Reason, said
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.listing import kept
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals
from billing.routes.review_documents import ReviewItemView, ReviewKind, ReviewPage

router = APIRouter(prefix="/api/v1/review", tags=["review"])
ROUTE = "POST /api/v1/review/{id}/resolve"
EXAMPLE: dict[str, object] = {"action": "release", "reason": "Сверено с кабинетом ЮKassa"}
DECIDE = {Kind.PAYMENT: decide_payment, Kind.REFUND: decide_refund}
# The provider's ids as it writes them; it becomes a part of an address there.
ProviderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class ResolveBody(StrictBody):
    """`provider_id` is for a release where we do not know the provider's object."""

    action: Literal["release", "close"]
    reason: Reason
    provider_id: ProviderId | None = None

    _said = field_validator("reason")(said)

    @field_validator("provider_id")
    @classmethod
    def _of_release(cls, provider_id: str | None, info: ValidationInfo) -> str | None:
        if provider_id is not None and info.data.get("action") == "close":
            raise ValueError("only for a release")
        return provider_id


@router.get(
    "",
    summary="Что ждёт человека, новое сверху · What waits for a person, newest first",
    responses={200: {"model": ReviewPage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_review(
    request: Request,
    _: Annotated[Caller, Depends(caller_with(READ_ALL))],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str = "",
    kind: Literal[""] | ReviewKind = "",
    reason: Annotated[str, Query(max_length=100), AfterValidator(kept)] = "",
) -> Response:
    """Everybody's. A payment or a refund leaves the list when it is decided or goes on by itself, a
    debt when it is repaid; a reason that nothing has is an empty page.
    """
    context = context_of(request)
    # Empty is the same as left out, as in `?limit=10&cursor=&kind=`.
    after, found = decode_cursor(cursor) if cursor else None, []
    async with context.database.read() as session:
        now, wanted = context.clock.now(), reason or None
        for each in Kind:
            if kind in {"", each}:
                items = await list_for_review(
                    session, each, now, limit + 1, after=after, reason=wanted
                )
                found += [(item.subject.id, describe_item(item)) for item in items]
        if kind in {"", "receivable"} and reason in {"", debts.OWES}:
            owed = await list_debts(session, limit + 1, after=after)
            found += [(debt.id, debts.describe_item(debt)) for debt in owed]
    found = sorted(found, key=lambda one: one[0], reverse=True)
    page = found[:limit]
    more = len(found) > limit
    next_cursor = encode_cursor(page[-1][0]) if more else None
    return shown({"items": [item for _, item in page], "next_cursor": next_cursor})


@router.get(
    "/{item_id}",
    summary="Один случай · One item",
    responses={200: {"model": ReviewItemView}, **refusals(*OF_TOKENS, ReviewItemNotFound)},
)
async def get_review_item(
    request: Request,
    item_id: str,
    _: Annotated[Caller, Depends(caller_with(READ_ALL))],
) -> Response:
    """A debt, or any payment or refund: `reason` is null where nothing about it waits, and the
    decisions about it stay.
    """
    context = context_of(request)
    identity = read_id(item_id, ReviewItemNotFound)
    async with context.database.read() as session:
        try:
            item = await get_reviewed(session, identity, context.clock.now())
        except ReviewItemNotFound:
            return shown(await _debt(session, identity))
    return shown(describe_item(item))


async def _debt(session: ReadSession, identity: UUID) -> dict[str, Any]:
    debt = await find_debt(session, identity)
    if debt is None:
        raise ReviewItemNotFound
    return debts.describe_item(debt)


@router.post(
    "/{item_id}/resolve",
    summary="Решить · Decide",
    responses={
        200: {"model": ReviewItemView, "description": "Done: the item as it is now"},
        **refusals(
            *(*OF_TOKENS, *OF_BODIES, *OF_KEYS, ReviewItemNotFound, DecisionError),
            *(ProviderIdNeeded, ProviderShowsNothing, StillDisagrees, ProviderSilent),
        ),
    },
    openapi_extra=describe_body(ResolveBody, EXAMPLE),
)
async def post_resolve(
    request: Request,
    item_id: str,
    caller: Annotated[Caller, Depends(caller_with(ADJUST))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """`release` asks the provider again and applies its object if it agrees now; `close` says that
    nothing more is to be done, a held payment or refund that is not over ends canceled. The reason
    and who gave it are kept for good.
    """
    context = context_of(request)
    body = await read_model(request, ResolveBody, None)
    identity = read_id(item_id, ReviewItemNotFound)
    decision = Decision(
        identity, Action(body.action), body.reason, caller.subject, body.provider_id
    )
    meaning: dict[str, object] = {
        "id": str(identity),
        "action": body.action,
        "reason": body.reason,
        "provider_id": body.provider_id,
    }
    scope = key_scope(caller, ROUTE, idempotency_key, meaning)
    async with context.database.read() as session:
        kind = await _kind_to_decide(session, identity)
    done = await DECIDE[kind](context.database, context.gateway, context.clock, decision, scope)
    return answered(done.answer, replayed=done.replayed)


async def _kind_to_decide(session: ReadSession, identity: UUID) -> Kind:
    try:
        return await find_kind(session, identity)
    except ReviewItemNotFound:
        await _debt(session, identity)
        raise DecisionError("nobody decides about a debt: later top-ups repay it") from None
