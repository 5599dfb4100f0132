"""Money, rates and rounding: read exactly, written exactly, rounded as told."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.kernel.currencies import MINOR_DIGITS, UnknownCurrency, minor_digits
from tallystick.kernel.decimals import MalformedNumber
from tallystick.kernel.exact_json import MalformedJson, NumberText, json_of
from tallystick.kernel.money import (
    MAX_AMOUNT_MINOR,
    AmountOutOfRange,
    AmountTooFine,
    amount_minor_of,
    amount_text,
)
from tallystick.kernel.rates import RateOutOfRange, rate_pct_of
from tallystick.kernel.rounding import Rounding, round_ratio


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1500.00", "CNY", 150000),
        ("1500", "CNY", 150000),
        ("0.01", "USD", 1),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        ("1.005", "KWD", 1005),
        ("0.0001", "CLF", 1),
        (15, "EUR", 1500),
        (Decimal("0.10"), "EUR", 10),
        ("0092233720368547758.07", "CNY", MAX_AMOUNT_MINOR),
    ],
)
def test_reads_amounts(text: object, currency: str, minor: int) -> None:
    assert amount_minor_of(text, currency, field="principal") == minor


@given(st.integers(0, MAX_AMOUNT_MINOR), st.sampled_from(sorted(MINOR_DIGITS)))
def test_amounts_survive_writing_and_reading(minor: int, currency: str) -> None:
    text = amount_text(minor, currency)
    assert amount_minor_of(text, currency, field="principal") == minor
    assert len(text.partition(".")[2]) == minor_digits(currency)


@pytest.mark.parametrize(
    ("text", "currency", "error"),
    [
        ("1.001", "CNY", AmountTooFine),
        ("1.5", "JPY", AmountTooFine),
        ("92233720368547758.08", "CNY", AmountOutOfRange),
        ("1", "XXX", UnknownCurrency),
        ("1", "cny", UnknownCurrency),
        ("1", "", UnknownCurrency),
    ],
)
def test_refuses_amounts(text: str, currency: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        amount_minor_of(text, currency, field="principal")


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "1 ", "+1", "-1", "-0", "1e3", "1E3", "0x10", "1_000", "1,000.00", ".5", "5."),
        *("NaN", "nan", "Infinity", "१२", "１２", "1.0.0", "½", "1\n", "9" * 41, "0." + "1" * 41),
        *(10**40, -1, True, False, None, 1.5, [], {}, b"1", Decimal("NaN"), Decimal("1E+3")),
    ],
    ids=repr,
)
def test_refuses_what_is_no_plain_decimal(value: object) -> None:
    with pytest.raises(MalformedNumber) as refused:
        amount_minor_of(value, "CNY", field="principal")
    assert refused.value.field == "principal"
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("text", ["0", "7", "9.4822", "1000", "0.0000000001"])
def test_reads_rates(text: str) -> None:
    assert rate_pct_of(text, field="annual_rate_pct") == Decimal(text)


@pytest.mark.parametrize("text", ["1000.01", "1e1", "0.00000000001"])
def test_refuses_rates(text: str) -> None:
    with pytest.raises((RateOutOfRange, MalformedNumber)):
        rate_pct_of(text, field="annual_rate_pct")


@given(st.integers(0, 10**30), st.integers(1, 10**15))
def test_rounds_as_told(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert round_ratio(numerator, denominator, Rounding.DOWN) == floor(exact)
    assert round_ratio(numerator, denominator, Rounding.UP) == ceil(exact)
    assert round_ratio(numerator, denominator, Rounding.HALF_EVEN) == round(exact)
    half_up = floor(exact + Fraction(1, 2))
    assert round_ratio(numerator, denominator, Rounding.HALF_UP) == half_up


@pytest.mark.parametrize(
    ("halves", "half_even", "half_up", "up", "down"),
    [(1, 0, 1, 1, 0), (3, 2, 2, 2, 1), (5, 2, 3, 3, 2), (4, 2, 2, 2, 2), (0, 0, 0, 0, 0)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_rounds_ties_and_mirrors_reversals(
    halves: int, half_even: int, half_up: int, up: int, down: int, sign: int
) -> None:
    rounded = [round_ratio(sign * halves, 2, rounding) for rounding in Rounding]
    assert rounded == [sign * expected for expected in (half_even, half_up, up, down)]


def test_json_keeps_digits_and_notices_repeats() -> None:
    read = json_of('{"a": 0.10, "b": 12345678901234567890, "a": NaN}')
    assert read["b"] == NumberText("12345678901234567890")
    assert read["a"] == NumberText("NaN")
    assert read.repeated == ("a",)
    assert json_of('{"a": 0.10}')["a"] == "0.10"


def test_json_counts_depth_outside_of_text() -> None:
    assert json_of('["' + "[" * 100 + '\\"[", {}' + ", []" * 100 + "]")[1] == {}
    with pytest.raises(MalformedJson, match="deep"):
        json_of("[" * 33 + "]" * 33)
    assert json_of("[" * 32 + "]" * 32)


@pytest.mark.parametrize(
    "text", ["", "[", "[1,]", "{'a': 1}", "[" * 100_000, "\x00", "[1] 2", '["]', '["[[["']
)
def test_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(MalformedJson):
        json_of(text)
