"""What the edge promises, seen from outside: TLS, names, headers, limits, what is not reachable."""

import json
import re
import socket
import ssl

import httpx
import pytest

ADDRESSES = ["/", "/pay/", "/app/openapi", "/auth/docs/", "/admin_panel/admin/login/", "/kibana/",
             "/sandbox/", "/nothing", "/api/v1/payment", "/static/"]  # fmt: skip


def _handshake(suite, version, name=None):
    context = ssl.create_default_context(cafile=suite.env["CA_FILE"])
    context.check_hostname = name is not None
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    port = int(suite.env["BASE_URL"].rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        return tls.version(), tls.cipher()[0]


@pytest.mark.parametrize("name", [None, "localhost"])
def test_tls_1_2_and_1_3_are_spoken_with_and_without_a_name(suite, name):
    assert _handshake(suite, ssl.TLSVersion.TLSv1_3, name)[0] == "TLSv1.3"
    version, cipher = _handshake(suite, ssl.TLSVersion.TLSv1_2, name)
    assert version == "TLSv1.2"
    assert cipher.startswith("ECDHE-ECDSA-")


@pytest.mark.filterwarnings("ignore:.*TLSv1_1.*:DeprecationWarning")
@pytest.mark.parametrize("name", [None, "localhost"])
def test_tls_1_1_is_refused_for_its_version(suite, name):
    """nginx/tests holds the whole matrix, and the control that this client can do 1.1."""
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        _handshake(suite, ssl.TLSVersion.TLSv1_1, name)


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_carries_the_headers_once(suite, path):
    with suite.client() as http:
        answer = http.get(path)
    for name, value in {
        "Strict-Transport-Security": "max-age=63072000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }.items():
        assert answer.headers.get_list(name) == [value], (path, name)
    assert len(answer.headers.get_list("X-Request-ID")) == 1
    assert "X-XSS-Protection" not in answer.headers
    assert re.fullmatch(r"nginx", answer.headers["Server"])


def test_a_well_formed_request_id_is_kept_and_a_bad_one_replaced(suite):
    with suite.client() as http:
        kept = http.get("/api/v1/payment", headers={"X-Request-ID": "trace-0001"})
        assert kept.headers["X-Request-ID"] == "trace-0001"
        replaced = http.get("/api/v1/payment", headers={"X-Request-ID": 'a"b<script>'})
        assert re.fullmatch(r"[0-9a-f]{32}", replaced.headers["X-Request-ID"])


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "192.0.2.1"])
def test_an_unknown_host_is_refused(suite, host):
    with suite.client() as http:
        answer = http.get("/api/v1/payment", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "unknown_host"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_each_local_name_is_served_and_http_leads_to_https(suite, name):
    port = suite.env["BASE_URL"].rpartition(":")[2]
    if name == "[::1]" and not _has_ipv6():
        pytest.skip("this machine has no [::1]")
    with suite.client(base_url=f"https://{name}:{port}") as http:
        assert http.get("/").status_code == 200
    with httpx.Client(trust_env=False) as plain:
        answer = plain.get(f"http://{name}:{suite.http_port}/pay/?a=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{name}:{port}/pay/?a=1"


def _has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/health/live", "/health/ready", "/.git/config", "/.env", "/sandbox/v3/payments",
     "/sandbox/_sandbox/payments", "/sandbox/%5Fsandbox/payments", "/sandbox//_sandbox/payments",
     "/static../suite.json", "/static/../suite.json", "/static/..%2fsuite.json",
     "/auth/health/ready", "/auth/metrics", "/sandbox/health/ready"],
)  # fmt: skip
def test_what_is_not_public_is_not_there(suite, path):
    with suite.client() as http:
        target = httpx.URL(suite.env["BASE_URL"]).copy_with(raw_path=path.encode())
        assert http.get(target).status_code in {400, 403, 404}


def test_static_files_are_served_without_a_listing(suite):
    with suite.client() as http:
        assert http.get("/static/").status_code in {403, 404}
        assert http.get("/static/admin/").status_code in {403, 404}
        page = http.get("/admin_panel/admin/login/").text
        [style, *_] = re.findall(r'href="(/static/[^"]+\.css)"', page)
        answer = http.get(style)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/css")


def test_a_flood_of_payments_meets_429_with_a_short_retry_after(suite):
    with suite.client() as http:
        limited = None
        for _ in range(2000):
            answer = http.post("/api/v1/payment", content=b"{}")
            if answer.status_code == 429:
                limited = answer
                break
    assert limited is not None
    assert limited.headers["Content-Type"] == "application/problem+json"
    assert limited.json()["code"] == "too_many_requests"
    assert 0 < int(limited.headers["Retry-After"]) <= 5
    assert limited.headers["X-Request-ID"]


def test_http_2_is_spoken(suite):
    done = suite.run(
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_version}",
        "--cacert", suite.env["CA_FILE"], f"{suite.env['BASE_URL']}/",
    )  # fmt: skip
    assert done.stdout == "2"


def test_the_access_log_is_json_with_the_request_id_and_without_secrets(suite, eventually):
    with suite.client() as http:
        http.get("/api/v1/balance?token=query-secret", headers={"X-Request-ID": "log-probe-1"})
        http.post("/api/v1/notification/path-secret", headers={"X-Request-ID": "log-probe-2"})
    log = suite.var / "logs" / "nginx.log"
    eventually(lambda: "log-probe-2" in log.read_text(), 10)
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if "log-probe-" in line]
    assert [line["trace"]["id"] for line in lines] == ["log-probe-1", "log-probe-2"]
    assert [line["url"]["path"] for line in lines] == [
        "/api/v1/balance",
        "/api/v1/notification/-",
    ]
    assert "query-secret" not in text
    assert "path-secret" not in text
