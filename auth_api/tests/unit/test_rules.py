"""Names, addresses, passwords, positions, scopes: what may be and what may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.accounts.rules import fold, normal_email, normal_username, password_fault
from auth.changes.problems import BadPosition
from auth.changes.rules import Position, parse_position
from auth.clients.rules import hash_secret, parse_scope, secret_matches
from auth.platform.ids import new_id, request_id_from
from auth.roles.rules import scope_string
from auth.sessions.rules import hash_refresh_token, new_refresh_token


@pytest.mark.parametrize("name", ["user_name", "abc", "A.b-c+d@e", "1user", "u" * 64])
def test_a_sensible_username_is_kept_as_it_was_given(name: str) -> None:
    assert normal_username(name) == name


@pytest.mark.parametrize(
    "name", ["", "ab", "u" * 65, "a b c", "имя_1", "abc\n", "_abc", "a\0bc", "../etc", "<b>x</b>"]
)
def test_any_other_username_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        normal_username(name)


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        ("user_name@test.com", "user_name@test.com"),
        ("staff@suite.test", "staff@suite.test"),
        ("staff@localhost", "staff@localhost"),
        ("box@printer.local", "box@printer.local"),
        ("a@example.com", "a@example.com"),
        ("A.b@TEST.com", "A.b@test.com"),
        ("почта@пример.рф", "почта@пример.рф"),
    ],
)
def test_public_and_private_addresses_pass(given_address: str, kept: str) -> None:
    assert normal_email(given_address) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "a@",
        "@test.com",
        "a b@test.com",
        "a@b@test.com",
        "a@-b.com",
        "a@test.com\n",
        "a\0@test.com",
        "a@localhost\0",
        "a@.localhost",
        "x" * 65 + "@test.com",
        "a@" + "b." * 130 + "com",
        "Имя <a@test.com>",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        normal_email(address)


def test_two_spellings_of_a_name_fold_to_one() -> None:
    assert fold("User_Name@Test.com") == fold("user_name@tEST.com")


@pytest.mark.parametrize("password", ["newpassword1", "correct horse", "пароль123", "x" * 1024])
def test_a_long_enough_uncommon_password_passes(password: str) -> None:
    assert password_fault(password) is None


@pytest.mark.parametrize("password", ["", "1234567", "sevench", "a" * 7, "пароль1"])
def test_seven_characters_are_too_few(password: str) -> None:
    assert "shorter" in (password_fault(password) or "")


@pytest.mark.parametrize(
    "password",
    ["password123", "PassWord123", "12345678", "aaaaaaaa", "qwertyuiop", "password", "changeme1"],
)
def test_common_passwords_are_refused(password: str) -> None:
    assert "common" in (password_fault(password) or "")


@given(xid=st.integers(0, 2**64 - 1), seq=st.integers(0, 2**63 - 1))
def test_a_position_we_gave_out_is_read_back(xid: int, seq: int) -> None:
    assert parse_position(str(Position(xid, seq))) == Position(xid, seq)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "-1",
        "1-",
        "a-b",
        "1-2-3",
        " 1-2",
        "1-2\n",
        "١-٢",
        "18446744073709551616-0",
        "0-" + "9" * 19,
    ],
)
def test_any_other_position_is_refused(text: str) -> None:
    with pytest.raises(BadPosition):
        parse_position(text)


def test_no_position_is_the_beginning() -> None:
    assert str(parse_position("")) == "0-0"


def test_a_secret_matches_only_itself_and_never_nobody() -> None:
    stored = hash_secret("right")
    assert secret_matches(stored, "right")
    assert secret_matches(stored, "wrong", "right")
    assert not secret_matches(stored, "wrong")
    assert not secret_matches(None, "no client has this secret")


def test_scopes_are_split_on_single_spaces_only() -> None:
    assert parse_scope("b:x a:y b:x") == ["a:y", "b:x"]
    assert parse_scope("a:y  b:x") is None
    assert parse_scope('a"b') is None
    assert scope_string(["b", "a", "b"]) == "a b"


def test_a_refresh_token_has_256_bits_and_is_known_by_its_hash() -> None:
    token = new_refresh_token()
    assert len(token) == 43
    assert token != new_refresh_token()
    assert hash_refresh_token(token) == hash_refresh_token(token)
    assert len(hash_refresh_token(token)) == 32


def test_ids_sort_by_the_moment_they_were_made() -> None:
    ids = [new_id() for _ in range(100)]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "bad", [None, "", "short", "x" * 65, "bad id!", "line\nbreak", "пример-длинный"]
)
def test_a_malformed_request_id_is_replaced(bad: str | None) -> None:
    assert request_id_from(bad) != bad
    assert request_id_from("abc-DEF_1.2") == "abc-DEF_1.2"
