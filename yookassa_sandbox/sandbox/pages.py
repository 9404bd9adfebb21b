"""What a browser opens."""

from starlette.routing import Route

from sandbox.suite import Suite


def page_routes(suite: Suite) -> list[Route]:
    """Filled in next."""
    return []
