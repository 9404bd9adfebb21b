"""How many requests of one address may be at work at once; the provider's are never counted."""

import contextlib
import socket
import ssl

import pytest


@pytest.fixture(scope="module")
def edge(make_edge, any_nginx, run_with_services):
    narrow = make_edge(any_nginx)
    servers = narrow.conf / "servers.conf"
    text = servers.read_text()
    assert "limit_conn clients 256;" in text
    servers.write_text(text.replace("limit_conn clients 256;", "limit_conn clients 3;"))
    with run_with_services(narrow) as running:
        yield running


def _hold(edge, stack, address):
    """A request whose body does not come, so that it stays at work."""
    tls = ssl.create_default_context(cafile=str(edge.layout.authority))
    plain = socket.create_connection(
        ("127.0.0.1", edge.state.https_port), timeout=5, source_address=(address, 0)
    )
    held = stack.enter_context(tls.wrap_socket(plain, server_hostname="localhost"))
    held.sendall(b"POST /api/v1/payment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")


def test_one_address_cannot_take_all_connections(edge, eventually):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            _hold(edge, stack, "127.0.0.2")
        with edge.client("127.0.0.2") as greedy, edge.client("127.0.0.3") as other:
            refused = eventually(lambda: (it := greedy.get("/pay/")).status_code == 429 and it)
            assert refused.json()["code"] == "too_many_requests"
            assert refused.headers["Retry-After"]
            assert other.get("/pay/").status_code == 200
    with edge.client("127.0.0.2") as later:
        eventually(lambda: later.get("/pay/").status_code == 200)


def test_the_provider_is_not_counted(edge):
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            _hold(edge, stack, "127.0.0.53")
        with edge.client("127.0.0.53") as provider:
            assert provider.post("/api/v1/notification/x").status_code == 200
