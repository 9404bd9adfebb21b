"""Alive: the process answers. Ready: the database does, and its migrations are ours."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from panel.mirror.lag import feed_states


@never_cache
@require_safe
def live(_request: HttpRequest) -> JsonResponse:
    """No look at the database: a restart would not mend that one."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 names what is missing. A late feed is told but does not unready the pages."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            return _unready(request, f"{len(missing)} migrations are not applied")
        feeds = {
            state.name: {
                "lag_seconds": round(state.lag_seconds, 3),
                "stale": state.stale,
                "position": state.position,
            }
            for state in feed_states()
        }
    except DatabaseError:
        return _unready(request, "the database does not answer")
    return JsonResponse({"status": "ok", "feeds": feeds})


def _unready(request: HttpRequest, detail: str) -> JsonResponse:
    request_id = getattr(request, "request_id", "")
    problem = {
        "type": "urn:problem:service_unavailable",
        "title": "Service unavailable",
        "status": 503,
        "detail": detail,
        "instance": f"urn:request:{request_id}",
        "code": "service_unavailable",
    }
    return JsonResponse(problem, status=503, content_type="application/problem+json")
