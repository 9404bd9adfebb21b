"""Our own rules for the edge, read from the rendered configuration; each is shown to bite."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

Block = dict[str, Any]
Rule = Callable[[list[Block]], list[str]]
# What a service may be told about who asks, and what it must never be told by a client.
FORWARDED = {
    "Connection": "",
    "Host": "$host$client_port",
    "X-Request-ID": "$suite_request_id",
    "X-Real-IP": "$remote_addr",
    "X-Forwarded-For": "$remote_addr",
    "X-Forwarded-Proto": "$scheme",
    "X-Forwarded-Host": "$host$client_port",
    "X-Forwarded-Port": "$server_port",
    "X-Forwarded-Prefix": "",
    "X-Forwarded-User": "",
    "X-Forwarded-Ssl": "",
    "X-Forwarded-Scheme": "",
    "X-Forwarded-Protocol": "",
    "X-Forwarded-Server": "",
    "Forwarded": "",
}
SECURITY = {
    "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
    "X-Request-ID",
}  # fmt: skip
LIMITED = {
    "= /api/v1/payment",
    "^~ /api/v1/notification/",
    "= /auth/api/v1/login",
    "= /auth/api/v1/registration",
}
BODY_LIMITS = {"^~ /api/v1/notification/": "256k", "^~ /admin_panel/": "10m"}


@dataclass(frozen=True, slots=True)
class Found:
    """A directive with the blocks around it, outermost first."""

    directive: Block
    path: tuple[Block, ...]

    @property
    def name(self) -> str:
        return self.directive["directive"]

    @property
    def args(self) -> list[str]:
        return self.directive["args"]

    @property
    def place(self) -> str:
        return " ".join(self.path[-1]["args"]) if self.path else "main"


def _walk(blocks: list[Block], path: tuple[Block, ...] = ()) -> Iterator[Found]:
    for block in blocks:
        yield Found(block, path)
        yield from _walk(block.get("block") or [], (*path, block))


def _all(blocks: list[Block], *names: str) -> list[Found]:
    return [found for found in _walk(blocks) if found.name in names]


def _inside(location: Found, name: str) -> list[list[str]]:
    return [line["args"] for line in location.directive["block"] if line["directive"] == name]


def _locations(blocks: list[Block]) -> dict[str, Found]:
    return {" ".join(found.args): found for found in _all(blocks, "location")}


def _proxying(blocks: list[Block]) -> dict[str, Found]:
    found = {name: each for name, each in _locations(blocks).items() if _inside(each, "proxy_pass")}
    assert len(found) >= 13, "the rules look at too little"
    return found


def every_proxying_location_sets_all_forwarding_headers(blocks: list[Block]) -> list[str]:
    findings = []
    for name, location in _proxying(blocks).items():
        lines = [(header, value) for header, value in _inside(location, "proxy_set_header")]
        missing = set(FORWARDED.items()) - set(lines)
        # The prefix that we strip is told on top of the include, which blanks the client's.
        foreign = {line for line in set(lines) - set(FORWARDED.items())
                   if line[0] != "X-Forwarded-Prefix" or not line[1].startswith("/")}  # fmt: skip
        findings += [f"{name}: {line}" for line in sorted(missing | foreign)]
    return findings


def every_proxying_location_keeps_its_upstream_alive(blocks: list[Block]) -> list[str]:
    kept = {
        found.args[0]
        for found in _all(blocks, "upstream")
        if _inside(found, "keepalive") and _inside(found, "keepalive_timeout")
    }
    findings = []
    for name, location in _proxying(blocks).items():
        [[target]] = _inside(location, "proxy_pass")
        if target.split("/")[2] not in kept:
            findings.append(f"{name}: {target} is no upstream with keepalive")
        if _inside(location, "proxy_http_version") != [["1.1"]]:
            findings.append(f"{name}: does not speak HTTP/1.1")
    return findings


def a_post_is_never_sent_twice(blocks: list[Block]) -> list[str]:
    return [
        found.place
        for found in _all(blocks, "proxy_next_upstream")
        if "non_idempotent" in found.args
    ]


def no_folder_is_listed(blocks: list[Block]) -> list[str]:
    return [found.place for found in _all(blocks, "autoindex") if found.args != ["off"]]


def an_alias_and_its_location_end_with_a_slash(blocks: list[Block]) -> list[str]:
    found = _all(blocks, "alias")
    assert found, "the rule looks at nothing"
    ends = {each.place: (each.args[0][-1], each.place[-1]) for each in found}
    return [place for place, pair in ends.items() if pair != ("/", "/")]


def requests_are_limited(blocks: list[Block]) -> list[str]:
    zones = {arg.removeprefix("zone=").partition(":")[0] for found in
             _all(blocks, "limit_req_zone", "limit_conn_zone") for arg in found.args
             if arg.startswith("zone=")}  # fmt: skip
    findings = []
    for name in LIMITED:
        location = _locations(blocks).get(name)
        if location is None or not _inside(location, "limit_req"):
            findings.append(f"{name}: no limit_req")
    for found in _all(blocks, "limit_req", "limit_conn"):
        zone = found.args[0].removeprefix("zone=")
        if zone not in zones:
            findings.append(f"{found.place}: no zone {zone}")
    servers = {id(found.path[-1]): found.path[-1] for found in _proxying(blocks).values()}
    if not all(any(line["directive"] == "limit_conn" for line in server["block"])
               for server in servers.values()):  # fmt: skip
        findings.append("a server that proxies: no limit_conn")
    statuses = [found.args for found in _all(blocks, "limit_req_status", "limit_conn_status")]
    return findings + ([] if statuses == [["429"], ["429"]] else ["refusals are not 429"])


def bodies_and_patience_are_limited(blocks: list[Block]) -> list[str]:
    findings = []
    sizes = {found.place: found.args[0] for found in _all(blocks, "client_max_body_size")}
    if sizes.pop("", None) != "64k":
        findings.append("http: client_max_body_size is not 64k")
    if sizes != BODY_LIMITS:
        findings.append(f"client_max_body_size: {sizes}")
    for name in ("client_header_timeout", "client_body_timeout"):
        said = [(found.place, found.args) for found in _all(blocks, name)]
        findings += [] if said == [("", ["10s"])] else [f"{name} is not 10s, once"]
    return findings


def tls_is_1_2_and_1_3_said_once_for_all_servers(blocks: list[Block]) -> list[str]:
    said = [(found.place, sorted(found.args)) for found in _all(blocks, "ssl_protocols")]
    findings = [] if said == [("", ["TLSv1.2", "TLSv1.3"])] else [f"ssl_protocols: {said}"]
    [suites] = [found.args[0].split(":") for found in _all(blocks, "ssl_ciphers")]
    weak = [suite for suite in suites if not suite.startswith("ECDHE-") or
            not suite.endswith(("-GCM-SHA256", "-GCM-SHA384", "-POLY1305"))]  # fmt: skip
    return findings + [f"weak: {suite}" for suite in weak]


def nothing_is_told_of_the_server(blocks: list[Block]) -> list[str]:
    said = [(found.place, found.args) for found in _all(blocks, "server_tokens")]
    return [] if said == [("", ["off"])] else [f"server_tokens: {said}"]


def names_with_underscores_stay_unread(blocks: list[Block]) -> list[str]:
    """gunicorn would take SCRIPT_NAME for the edge's word."""
    names = ("underscores_in_headers", "ignore_invalid_headers")
    return [f"{found.place}: {found.name}" for found in _all(blocks, *names)]


def every_answer_carries_the_security_headers(blocks: list[Block]) -> list[str]:
    """A block with an add_header of its own loses the inherited ones: it must have them all."""
    findings = []
    for block in _all(blocks, "server", "location"):
        if block.directive.get("block") is None or (
            block.path and block.path[-1]["directive"] == "upstream"
        ):
            continue
        lines = _inside(block, "add_header")
        has = {line[0] for line in lines if line[-1] == "always"}
        if (block.name == "server" or lines) and not has >= SECURITY:
            findings.append(f"{block.name} {' '.join(block.args)}: {sorted(SECURITY - has)}")
    return findings


def the_logs_hold_no_query_and_no_header(blocks: list[Block]) -> list[str]:
    """nginx's error log quotes whole request lines from level error down."""
    telling = ("$request ", '$request"', "$request_uri", "$args", "$query_string", "$arg_",
               "$http_", "$cookie_", "$request_body", "$sent_http_", "$remote_user")  # fmt: skip
    findings = []
    for found in _all(blocks, "log_format"):
        findings += [f"log_format: {word}" for word in telling if word in " ".join(found.args)]
        if "escape=json" not in found.args:
            findings.append("log_format: values are not escaped")
    for found in _all(blocks, "error_log"):
        quiet = ("crit", "alert", "emerg") if found.path else ("warn",)
        if found.args[-1] not in quiet:
            findings.append(f"error_log at {found.args}")
    if [found.args for found in _all(blocks, "access_log")] != [["/dev/stdout", "ecs"]]:
        findings.append("access_log: not the one format")
    notification = _locations(blocks)["^~ /api/v1/notification/"]
    if _inside(notification, "error_log") != [["stderr", "emerg"]]:
        findings.append("the notification's address can reach the error log")
    return findings


# Each rule with a line of the rendered files and what it is broken into.
BREAKS: dict[Rule, list[tuple[str, str, str]]] = {
    every_proxying_location_sets_all_forwarding_headers: [
        ("servers.conf", "location = /swagger.json {\n        include includes/proxy.conf;",
         "location = /swagger.json {"),
        ("includes/proxy.conf", "X-Forwarded-For $remote_addr",
         "X-Forwarded-For $proxy_add_x_forwarded_for"),
        ("includes/proxy.conf", 'proxy_set_header Forwarded "";\n', ""),
    ],
    every_proxying_location_keeps_its_upstream_alive: [
        ("upstreams.conf", "keepalive 32;", ""),
        ("servers.conf", "proxy_pass http://admin;", "proxy_pass http://127.0.0.1:8011;"),
        ("includes/proxy.conf", "proxy_http_version 1.1;", ""),
    ],
    a_post_is_never_sent_twice: [
        ("includes/proxy.conf", "proxy_http_version 1.1;",
         "proxy_http_version 1.1; proxy_next_upstream error timeout non_idempotent;"),
    ],
    no_folder_is_listed: [("servers.conf", "autoindex off;", "autoindex on;")],
    an_alias_and_its_location_end_with_a_slash: [
        ("servers.conf", "location ^~ /static/", "location ^~ /static"),
        ("servers.conf", '/static/";', '/static";'),
    ],
    requests_are_limited: [
        ("servers.conf", "limit_req zone=login", "# limit_req zone=login"),
        ("servers.conf", "limit_req zone=login", "limit_req zone=logins"),
        ("servers.conf", "limit_conn clients", "# limit_conn clients"),
        ("limits.conf", "limit_req_status 429;", ""),
    ],
    bodies_and_patience_are_limited: [
        ("nginx.conf", "client_max_body_size 64k;", ""),
        ("servers.conf", "client_max_body_size 10m;", "client_max_body_size 200m;"),
        ("nginx.conf", "client_header_timeout 10s;", ""),
    ],
    tls_is_1_2_and_1_3_said_once_for_all_servers: [
        ("includes/tls.conf", "TLSv1.2 TLSv1.3", "TLSv1.1 TLSv1.2 TLSv1.3"),
        ("servers.conf", "server_name _;", "server_name _; ssl_protocols TLSv1.2;"),
        ("includes/tls.conf", "ssl_ciphers ", "ssl_ciphers ECDHE-ECDSA-AES128-SHA:"),
    ],
    nothing_is_told_of_the_server: [("nginx.conf", "server_tokens off;", "")],
    names_with_underscores_stay_unread: [
        ("nginx.conf", "server_tokens off;", "server_tokens off; underscores_in_headers on;"),
    ],
    every_answer_carries_the_security_headers: [
        ("servers.conf", "include includes/security_headers.conf;\n        add_header",
         "add_header"),
        ("includes/security_headers.conf", '"nosniff" always', '"nosniff"'),
    ],
    the_logs_hold_no_query_and_no_header: [
        ("includes/logging.conf", '"path":"$logged_path"', '"path":"$request_uri"'),
        ("includes/logging.conf", "escape=json", ""),
        ("nginx.conf", "error_log stderr crit;", "error_log stderr warn;"),
        ("servers.conf", "error_log stderr emerg;", ""),
        ("servers.conf", "server_name _;", "server_name _; access_log off;"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("sandbox", [True, False])
@pytest.mark.parametrize("rule", BREAKS, ids=lambda rule: rule.__name__)
def test_the_edge_keeps_the_rule(make_edge, any_nginx, rule, sandbox):
    assert rule(make_edge(any_nginx, sandbox=sandbox, SERVER_NAMES="pay.test").blocks()) == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [(rule, change) for rule, changes in BREAKS.items() for change in changes],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_the_rule_finds_the_broken_line(make_edge, rule, change):
    edge = make_edge()
    file, old, new = change
    text = (edge.conf / file).read_text()
    assert old in text
    (edge.conf / file).write_text(text.replace(old, new, 1))
    assert rule(edge.blocks()) != []
