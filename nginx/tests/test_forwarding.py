"""What a service is told about the client is what the edge saw, whatever the client claims."""

import re

import pytest

ME, VICTIM = "127.0.0.2", "185.71.76.1"
FORGED = [
    ("X-Forwarded-For", VICTIM),
    ("X-Forwarded-For", f"{VICTIM}, 127.0.0.1"),
    ("X-Forwarded-For", f"::ffff:{VICTIM}"),
    ("X-Real-IP", VICTIM),
    ("Forwarded", f"for={VICTIM};host=evil.test;proto=http"),
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-User", "staff"),
    ("X-Forwarded-Ssl", "off"),
    ("X-Forwarded-Scheme", "http"),
    ("X-Forwarded-Protocol", "http"),
    ("X-Forwarded-Server", "evil.test"),
    ("X-Request-ID", "short"),
    ("X-Request-ID", "x" * 65),
    ("X-Request-ID", 'evil"},{"a":"b'),
    ("SCRIPT_NAME", "/evil"),
    ("PATH_INFO", "/evil"),
    ("X_Forwarded_For", VICTIM),
    ("X_Real_IP", VICTIM),
]
CLAIMS = ("forwarded", "x-real-ip", "x-request-id", "host", "script", "path")


@pytest.fixture(scope="module")
def edge(make_edge, any_nginx, run_with_services):
    with run_with_services(make_edge(any_nginx)) as running:
        yield running


@pytest.fixture(scope="module")
def careless_edge(make_edge, any_nginx, run_with_services):
    """The control: the same edge without its overwriting lines."""
    careless = make_edge(any_nginx)
    include = careless.conf / "includes" / "proxy.conf"
    kept = [line for line in include.read_text().splitlines() if "proxy_set_header" not in line]
    include.write_text("\n".join([*kept, "proxy_set_header Host $http_host;"]))
    main = careless.main.read_text()
    careless.main.write_text(
        main.replace("server_tokens off;", "server_tokens off; underscores_in_headers on;")
    )
    servers = careless.conf / "servers.conf"
    servers.write_text(re.sub(r"proxy_set_header X-Forwarded-Prefix.*", "", servers.read_text()))
    with run_with_services(careless) as running:
        yield running


def _proxied_paths(edge):
    """An address for every location that proxies, read from the configuration."""
    [https] = [
        block
        for http in edge.blocks()
        for block in http.get("block") or []
        if block["directive"] == "server" and "proxy_pass" in str(block["block"])
    ]
    locations = [block for block in https["block"] if block["directive"] == "location"]
    proxying = [block["args"] for block in locations if "'proxy_pass'" in str(block["block"])]
    return [args[-1] if args[0] == "=" else f"{args[-1]}some/thing" for args in proxying]


def _told(answer):
    """The headers that speak about the client, as the service got them."""
    assert answer.status_code == 200, answer.text
    told = {}
    for name, value in answer.json()["headers"]:
        if any(word in name for word in CLAIMS):
            assert name not in told, f"{name} twice"
            told[name] = value
    return told


def test_each_service_is_told_what_the_edge_saw_and_nothing_else(edge):
    paths = _proxied_paths(edge)
    assert len(paths) >= 13
    seen = set()
    with edge.client(ME) as http:
        for path in paths:
            answer = http.get(path, headers=[*FORGED, ("Accept", "*/*")])
            told, host = _told(answer), f"127.0.0.1:{edge.state.https_port}"
            assert re.fullmatch("[0-9a-f]{32}", told.pop("x-request-id")), path
            prefix = {"auth": "/auth", "sandbox": "/sandbox"}.get(path.split("/")[1])
            assert told == {
                "host": host,
                "x-real-ip": ME,
                "x-forwarded-for": ME,
                "x-forwarded-proto": "https",
                "x-forwarded-host": host,
                "x-forwarded-port": str(edge.state.https_port),
                **({"x-forwarded-prefix": prefix} if prefix else {}),
            }, path
            seen.add(answer.json()["service"])
    assert seen == {"billing", "auth", "admin", "sandbox"}


@pytest.mark.parametrize(("name", "value"), FORGED)
def test_a_forged_header_alone_changes_nothing(edge, name, value):
    with edge.client(ME) as http:
        plain = _told(http.get("/api/v1/payment/1"))
        forged = _told(http.get("/api/v1/payment/1", headers={name: value}))
    assert len({plain.pop("x-request-id"), forged.pop("x-request-id")}) == 2
    assert forged == plain


@pytest.mark.parametrize(("name", "value"), FORGED)
def test_without_the_include_the_same_forgery_arrives(careless_edge, name, value):
    with careless_edge.client(ME) as http:
        answer = http.get("/api/v1/payment/1", headers={name: value})
    assert [name.lower(), value] in answer.json()["headers"]


def test_a_well_formed_request_id_is_the_only_word_of_the_client_that_passes(edge):
    with edge.client(ME) as http:
        told = _told(http.get("/api/v1/payment/1", headers={"X-Request-ID": "trace.01-A_z"}))
    assert told["x-request-id"] == "trace.01-A_z"


def test_two_request_ids_are_not_two_for_the_service(edge):
    with edge.client(ME) as http:
        pair = [("X-Request-ID", "trace-0001"), ("X-Request-ID", "trace-0002")]
        told = _told(http.get("/api/v1/payment/1", headers=pair))
    assert told["x-request-id"] not in {"trace-0001, trace-0002", "trace-0002"}


def test_an_absolute_address_decides_the_host_and_not_the_header_beside_it(edge):
    port = edge.state.https_port
    with edge.client(ME) as http:
        target = f"https://127.0.0.1:{port}/api/v1/payment/1".encode()
        told = _told(http.get("/", headers={"Host": "evil.test:1"}, extensions={"target": target}))
        assert told["host"].startswith("127.0.0.1:")
        assert told["x-forwarded-host"].startswith("127.0.0.1:")
        strange = http.get("/", extensions={"target": b"https://evil.test/api/v1/payment/1"})
    assert strange.status_code == 421


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("/auth/api/v1/me?a=1&b=%20", "/api/v1/me?a=1&b=%20"),
        ("/auth/", "/"),
        ("/auth//api/v1/me", "/api/v1/me"),
        ("/auth/x/../api/v1/me", "/api/v1/me"),
        ("/auth/api%2Fv1/me", "/api/v1/me"),
        ("/auth/a%20b%3Fc%25d", "/a%20b%3Fc%25d"),
        ("/auth/a%0Ab", "/a%0Ab"),
        ("/sandbox/checkout?orderId=1", "/checkout?orderId=1"),
        ("/sandbox/a%0Ab", "/a%0Ab"),
    ],
)
def test_a_stripped_prefix_leaves_one_clean_path(edge, asked, passed):
    with edge.client() as http:
        answer = http.get("/", extensions={"target": asked.encode()})
    assert answer.json()["target"] == passed


@pytest.mark.parametrize(
    "asked",
    ["/auth/health/ready", "/auth//metrics", "/auth/%68ealth/ready", "/auth/x/../metrics",
     "/auth/x/%2e%2e/metrics", "/sandbox/v3/payments", "/sandbox/x/..%2fv3/payments",
     "/sandbox/%5fsandbox/faults", "/sandbox/./v3", "/sandbox/../metrics", "/metrics",
     "/health/ready", "/api/../metrics", "/api/..%2fmetrics", "/static/..%2f..%2fsuite.json"],
)  # fmt: skip
def test_no_spelling_reaches_what_is_not_public(edge, asked):
    with edge.client() as http:
        answer = http.get("/", extensions={"target": asked.encode()})
    assert answer.status_code in {400, 404}
    assert answer.headers["Content-Type"] == "application/problem+json"
