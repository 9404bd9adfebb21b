"""nginx accepts what is rendered, ours and the distribution's older one; gixy finds nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import nginx

GIXY = Path(sys.executable).with_name("gixy")
PUBLIC = {"SERVER_NAMES": "pay.test www.pay.test", "NOTIFICATION_NETWORKS": "185.71.76.0/27"}


@pytest.mark.parametrize("sandbox", [True, False])
@pytest.mark.parametrize("settings", [{}, PUBLIC], ids=["local", "public"])
def test_nginx_accepts_the_configuration_without_a_warning(make_edge, any_nginx, sandbox, settings):
    edge = make_edge(any_nginx, sandbox=sandbox, **settings)
    done = edge.check()
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
    assert "test is successful" in done.stderr


def test_nginx_refuses_a_configuration_with_a_misspelt_line(make_edge, any_nginx):
    edge = make_edge(any_nginx)
    (edge.conf / "limits.conf").write_text("limit_reqs zone=login;\n")
    done = edge.check()
    assert done.returncode != 0
    assert 'unknown directive "limit_reqs"' in done.stderr


def test_http_2_is_asked_for_in_the_words_this_nginx_knows(make_edge, any_nginx, monkeypatch):
    monkeypatch.setenv("NGINX", any_nginx)
    text = (make_edge(any_nginx).conf / "servers.conf").read_text()
    is_new = nginx.version() >= (1, 25, 1)
    assert ("http2 on;" in text) is is_new
    assert ("ssl http2" in text) is not is_new


def _findings(config):
    done = subprocess.run(
        [GIXY, "--format", "json", str(config)], capture_output=True, text=True, check=False
    )
    return {(found["plugin"], found["severity"]) for found in json.loads(done.stdout)}


@pytest.mark.parametrize("sandbox", [True, False])
@pytest.mark.parametrize("settings", [{}, PUBLIC], ids=["local", "public"])
def test_gixy_finds_nothing(make_edge, sandbox, settings):
    assert _findings(make_edge(sandbox=sandbox, **settings).main) == set()


@pytest.mark.parametrize(
    ("inserted", "finding"),
    [
        ("location /files { alias /srv/files/; }", ("alias_traversal", "HIGH")),
        ("location /go { return 302 https://pay.test$uri; }", ("http_splitting", "HIGH")),
        ("location /to { proxy_set_header Host $http_host; proxy_pass http://auth; }",
         ("host_spoofing", "MEDIUM")),
    ],
)  # fmt: skip
def test_gixy_finds_what_is_wrong(make_edge, inserted, finding):
    edge = make_edge()
    servers = edge.conf / "servers.conf"
    head, mark, tail = servers.read_text().partition("    # --- billing")
    servers.write_text(f"{head}    {inserted}\n{mark}{tail}")
    assert finding in _findings(edge.main)
