"""Amounts are read and written exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.platform.money import MoneyError, format_minor, parse_minor

amounts = st.integers(min_value=0, max_value=10**14)


@given(amounts)
def test_what_is_written_is_read_back_exactly(minor):
    assert parse_minor(format_minor(minor, "RUB"), "RUB") == minor


@given(amounts, amounts)
def test_sums_of_minor_units_never_drift(a, b):
    assert parse_minor(format_minor(a + b, "RUB"), "RUB") == a + b


@given(st.integers(min_value=1, max_value=10**14))
def test_a_negative_amount_is_its_positive_with_a_sign(minor):
    assert format_minor(-minor, "RUB") == f"-{format_minor(minor, 'RUB')}"


@given(st.text(max_size=12))
def test_no_text_makes_anything_but_an_amount_or_a_refusal(text):
    try:
        minor = parse_minor(text, "RUB")
    except MoneyError:
        return
    assert text.isascii()
    whole, _, fraction = text.partition(".")
    assert minor == int(whole) * 100 + int(fraction.ljust(2, "0") or 0)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1342.00", 134200), ("1342", 134200), ("1342.5", 134250), ("0.01", 1), ("0", 0)],
)
def test_plain_amounts_are_read(text, minor):
    assert parse_minor(text, "RUB") == minor


@pytest.mark.parametrize(
    "text",
    [
        "", " ", " 10", "10 ", "+10", "-10", "1e5", "1E2", "1_000", "1,000.00", "10.", ".5", "01",
        "1.001", "1.000", "NaN", "Infinity", "١٢", "１２", "0x10", "10\n", "1.0.0", "abc",
        "9" * 30,
    ],
)  # fmt: skip
def test_other_spellings_are_refused(text):
    with pytest.raises(MoneyError):
        parse_minor(text, "RUB")


@pytest.mark.parametrize("currency", ["XXX", "rub", "", "USD"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(MoneyError):
        parse_minor("1.00", currency)
