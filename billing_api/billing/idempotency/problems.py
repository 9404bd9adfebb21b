"""Refusals about keys."""

from billing.platform.problems import Problem


class IdempotencyKeyReused(Problem):
    """The key already stands for another request."""

    status, code, title = 422, "idempotency_key_reused", "This key was used with another body"


class IdempotencyKeyInvalid(Problem):
    """Not a key."""

    status, code, title = 422, "idempotency_key_invalid", "Idempotency-Key is not acceptable"


class IdempotencyKeyRequired(Problem):
    """A program must be able to repeat without doing twice."""

    status, code, title = 400, "idempotency_key_required", "Idempotency-Key is required here"


class IdempotencyInProgress(Problem):
    """The first request with this key still runs."""

    status, code, title = 409, "idempotency_in_progress", "The first request is still running"
