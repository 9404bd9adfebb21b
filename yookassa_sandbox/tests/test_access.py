"""Every route has a row in contracts/access; tests/test_access_sandbox.py calls the cells."""

from starlette.routing import Mount, Route

from launcher import access
from sandbox.app import API_ROUTES, make_app
from sandbox.settings import Settings
from sandbox.suite import build_suite

ACCESS = access.read("sandbox")


def routes_of(app):
    # /v3 is one route of the application, behind it is the provider's own table.
    found = {f"{route.method} /v3{route.path}" for route in API_ROUTES}
    for route in app.routes:
        if isinstance(route, Mount):
            found.add(f"GET {route.path}/<file>")
        elif isinstance(route, Route) and route.path != "/v3/{rest:path}":
            found |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
    return found


def test_the_table_has_a_row_for_every_route_and_no_other(tmp_path):
    suite = build_suite(Settings(state_file=tmp_path / "state.sqlite"))
    app = make_app(suite)
    assert not ACCESS.gaps(routes_of(app))
    # The control: one that nobody has thought about.
    app.add_route("/stray", lambda request: None)
    assert ACCESS.gaps(routes_of(app)) == ["GET /stray has no row"]
    suite.state.close()
