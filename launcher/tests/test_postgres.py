"""The throw-away cluster of the test run itself."""

from contextlib import closing

import psycopg2
import pytest


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
