"""What is not JSON is 400; what is JSON and cannot be accepted is 422."""

from __future__ import annotations

import pytest

from auth.platform.problems import MalformedBody, ValidationFailed
from auth.routes.bodies import parse_object


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": 1} {"b": 2}',
        b"\xff\xfe{}",
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": "\xff"}',
        b'{"a": "line\nbreak"}',
        b"[" * 20_000,
        b"[" * 20_000 + b"]" * 20_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"a": ' + b"1" * 5_000 + b"}",
    ],
)
def test_what_is_not_json_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_object(raw)


@pytest.mark.parametrize("raw", [b"[]", b"null", b"1", b'"{}"', b"true", b"[[]]"])
def test_json_that_is_no_object_is_invalid(raw: bytes) -> None:
    with pytest.raises(ValidationFailed):
        parse_object(raw)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (rb'{"a": "x\u0000"}', "/a"),
        (rb'{"a": "\ud800"}', "/a"),
        (rb'{"a": ["ok", {"b/c": "\udfff"}]}', "/a/1/b~1c"),
        (rb'{"\u0000": 1}', ""),
    ],
)
def test_nul_and_lone_surrogates_are_invalid_wherever_they_are(raw: bytes, pointer: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_object(raw)
    assert refused.value.errors[0].pointer == pointer


def test_a_pair_of_surrogates_is_one_letter() -> None:
    assert parse_object(rb'{"a": "\ud83d\ude00"}') == {"a": "\U0001f600"}
