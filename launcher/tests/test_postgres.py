"""The throw-away cluster of the test run itself."""

import time
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest

from launcher import databases


def test_a_database_made_for_a_test_belongs_to_its_own_role(make_database):
    url = make_database("probe")
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user = current_database()")
        assert cursor.fetchone() == (True,)
        assert connection.server_version // 10000 == 18


def test_a_wrong_password_is_refused_because_authentication_is_scram(make_database):
    url = make_database("probe")
    name = url.rpartition("/")[2]
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url.replace(f"{name}:", f"{name}:x", 1))


def test_another_server_on_our_port_is_told_at_once(postgres_url):
    """It is not ours if it does not know our password; waiting for it would be in vain."""
    ours = urlsplit(postgres_url)
    stranger = ours._replace(netloc=f"postgres:not-it@127.0.0.1:{ours.port}")
    began = time.monotonic()
    with pytest.raises(databases.OtherServer, match="another PostgreSQL answers on port"):
        databases.wait_for_server(stranger.geturl())
    assert time.monotonic() - began < 10
    databases.wait_for_server(postgres_url)
