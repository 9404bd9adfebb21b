"""Handshakes with a running edge: 1.2 and 1.3 on every name and address, 1.0 and 1.1 on none."""

import socket
import ssl
import warnings

import pytest

from launcher.ports import has_ipv6_loopback

NAMES = ["localhost", "pay.test", "unknown.test", None]
ADDRESSES = ["127.0.0.1", "::1"]
OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]
NEW = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]

pytestmark = pytest.mark.parametrize("address", ADDRESSES)


def _handshake(edge, address, name, version):
    """The version agreed on; the client itself is willing to speak any, however weak."""
    if address == "::1" and not has_ipv6_loopback():
        pytest.skip("this machine has no [::1]")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection((address, edge.state.https_port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        return tls.version()


@pytest.fixture(scope="module")
def edge(make_edge, any_nginx, run):
    with run(make_edge(any_nginx, SERVER_NAMES="pay.test")) as running:
        yield running


@pytest.fixture(scope="module")
def careless_edge(make_edge, any_nginx, run):
    """The control: old protocols switched on, and the suites they need."""
    careless = make_edge(any_nginx, SERVER_NAMES="pay.test")
    tls = careless.conf / "includes" / "tls.conf"
    text = tls.read_text().replace("TLSv1.2 TLSv1.3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")
    tls.write_text(text.replace("ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:"))
    with run(careless) as running:
        yield running


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", NEW)
def test_1_2_and_1_3_are_spoken(edge, address, name, version):
    assert _handshake(edge, address, name, version) == version.name.replace("_", ".")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", OLD)
def test_1_0_and_1_1_are_refused_for_their_version(edge, address, name, version):
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        _handshake(edge, address, name, version)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", OLD)
def test_the_same_client_is_served_where_old_versions_are_on(careless_edge, address, name, version):
    expected = {"TLSv1": "TLSv1", "TLSv1_1": "TLSv1.1"}[version.name]
    assert _handshake(careless_edge, address, name, version) == expected


def test_a_weak_suite_of_1_2_is_refused(edge, address):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0")
    if address == "::1" and not has_ipv6_loopback():
        pytest.skip("this machine has no [::1]")
    with (
        socket.create_connection((address, edge.state.https_port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
