"""Cursors come back as they went out, at every length they can have, and nothing else is one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing.ledger.statement import Place, decode_place, encode_place
from billing.platform.ids import new_id
from billing.platform.paging import decode_cursor, encode_cursor, from_base64url, to_base64url
from billing.platform.problems import ValidationFailed

XIDS = st.integers(1, 2**62)


@given(st.binary(max_size=100))
def test_base64url_comes_back_at_every_length(raw):
    text = to_base64url(raw)
    assert "=" not in text
    assert from_base64url(text) == raw


@pytest.mark.parametrize(
    "text", ["YWI=", "YWI==", "YQ==", "Y", "YWJjY", "YW J", "YW+/", "Я", "YWJj\n"]
)
def test_other_spellings_are_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_base64url(text)


@given(low=XIDS, running=st.sets(st.integers(0, 99)), micros=st.integers(0, 999_999))
@example(low=9999, running=set(), micros=0)
@example(low=11946, running=set(), micros=329015)
@example(low=119460, running=set(), micros=329015)
def test_a_place_of_a_statement_comes_back_whatever_its_snapshot(low, running, micros):
    numbers = sorted(low + offset for offset in running)
    snapshot = f"{low}:{low + 100}:{','.join(map(str, numbers))}"
    place = Place(snapshot, datetime(2026, 1, 31, 12, microsecond=micros, tzinfo=UTC), new_id())
    assert decode_place(encode_place(place)) == place


def test_a_cursor_of_a_list_comes_back_and_has_one_spelling():
    last = new_id()
    assert decode_cursor(encode_cursor(last)) == last
    for text in (encode_cursor(last) + "==", encode_cursor(last)[:-1], encode_cursor(UUID(int=4))):
        with pytest.raises(ValidationFailed):
            decode_cursor(text)
