"""JSON is read as RFC 8259 has it, numbers by their spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.platform.problems import MalformedBody, Problem, ValidationFailed
from billing.platform.strict_json import JsonNumber, parse_json


def test_a_number_keeps_its_spelling():
    value = parse_json(b'{"value": 1342.00}')["value"]
    assert isinstance(value, JsonNumber)
    assert value == "1342.00"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"{'a': 1}", b'{"a": 1,}', b'{"a": NaN}', b'{"a": Infinity}',
        b'{"a": -Infinity}', b"[" * 20_000, b'{"a":' * 20_000, b"[" * 40 + b"]" * 40,
        b'{"a": 1, "a": 2}', b"\xff\xfe{}", "{}".encode("utf-16"), b"\xef\xbb\xbf{}", b'{"a": 01}',
        b'{"a": "\x01"}',
    ],
)  # fmt: skip
def test_what_is_not_json_is_malformed(body):
    with pytest.raises(MalformedBody):
        parse_json(body)


@pytest.mark.parametrize("body", [b'{"a": "\\u0000"}', b'{"\\ud800": 1}', b'{"a": ["\\udfff"]}'])
def test_text_that_no_database_keeps_is_not_acceptable(body):
    with pytest.raises(ValidationFailed):
        parse_json(body)


def test_a_number_of_any_length_is_only_text():
    assert parse_json(b"9" * 10_000) == "9" * 10_000


@given(st.binary(max_size=60))
def test_no_bytes_make_anything_but_a_value_or_a_problem(body):
    try:
        parse_json(body)
    except Problem:
        return
