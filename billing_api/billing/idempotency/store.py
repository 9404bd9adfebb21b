"""Writes of keys: claimed with the intention they stand for, answered with its final state."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.idempotency.rules import Claim, KeyScope, StoredAnswer
from billing.platform.database import WriteSession

_CLAIM = text("""
    INSERT INTO idempotency_keys (caller, route, key, body_hash, object_id, created_at, lease_until)
    VALUES (:caller, :route, :key, :body_hash, :object_id, :real_now, :lease_until)
    ON CONFLICT DO NOTHING RETURNING object_id
""")
_SEE = text("""
    SELECT body_hash, object_id, lease_until > :real_now AS leased, answer_status, answer_body
    FROM idempotency_keys WHERE caller = :caller AND route = :route AND key = :key
""")
_ANSWER = text("""
    UPDATE idempotency_keys
    SET answer_status = :status, answer_body = :body, lease_until = NULL
    WHERE caller = :caller AND route = :route AND key = :key AND answer_status IS NULL
""")
_PRUNE = text("DELETE FROM idempotency_keys WHERE created_at < :before")
_RELEASE = text("""
    UPDATE idempotency_keys SET lease_until = NULL
    WHERE caller = :caller AND route = :route AND key = :key
""")


def _place(scope: KeyScope) -> dict[str, object]:
    return {"caller": scope.caller, "route": scope.route, "key": scope.key}


async def claim_key(
    session: WriteSession,
    scope: KeyScope,
    object_id: UUID,
    *,
    real_now: datetime,
    lease_until: datetime,
) -> Claim:
    """Ours, or what it already stands for. Two at once: the second waits here for the first."""
    wanted = {
        **_place(scope),
        "body_hash": scope.body_hash,
        "object_id": object_id,
        "real_now": real_now,
        "lease_until": lease_until,
    }
    if await session.first(_CLAIM, wanted) is not None:
        return Claim(object_id, is_new=True, same_body=True, in_progress=False, answer=None)
    row = await session.one(_SEE, {**_place(scope), "real_now": real_now})
    answer = None
    if row["answer_status"] is not None:
        answer = StoredAnswer(row["answer_status"], bytes(row["answer_body"]))
    return Claim(
        row["object_id"],
        is_new=False,
        same_body=bytes(row["body_hash"]) == scope.body_hash,
        in_progress=bool(row["leased"]),
        answer=answer,
    )


async def keep_answer(session: WriteSession, scope: KeyScope, answer: StoredAnswer) -> None:
    """The first final answer stays; later ones do not replace it."""
    await session.run_later(
        _ANSWER, {**_place(scope), "status": answer.status, "body": answer.body}
    )


async def release_key(session: WriteSession, scope: KeyScope) -> None:
    """The request is over without a final answer: repeats show the object from now on."""
    await session.run(_RELEASE, _place(scope))


async def prune_keys(session: WriteSession, before: datetime) -> int:
    return await session.run(_PRUNE, {"before": before})
