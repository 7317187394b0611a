import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.money import Tyiyn, format_som, parse_som

CONTRACT = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?")


@given(st.integers(min_value=1, max_value=99_999_999_999))
def test_every_amount_comes_back_as_it_went_out(tyiyn: int) -> None:
    assert parse_som(format_som(Tyiyn(tyiyn))) == tyiyn


@given(st.text(alphabet="0123456789.-+eE ,\n٣", max_size=14))
def test_exactly_the_contracts_amounts_are_read(text: str) -> None:
    allowed = bool(CONTRACT.fullmatch(text)) and text.strip("0.") != ""
    if not allowed:
        with pytest.raises(ValueError, match="not an amount"):
            parse_som(text)
    else:
        som, _, fraction = text.partition(".")
        assert parse_som(text) == int(som + fraction.ljust(2, "0"))


@pytest.mark.parametrize(
    ("text", "tyiyn"),
    [
        ("4.60", 460),
        ("4.6", 460),
        ("0.01", 1),
        ("0.1", 10),
        ("1500", 150_000),
        ("1500.00", 150_000),
        ("19.99", 1_999),
        ("999999999.99", 99_999_999_999),
    ],
)
def test_som_become_whole_tyiyn(text: str, tyiyn: int) -> None:
    assert parse_som(text) == tyiyn


@pytest.mark.parametrize(
    "text",
    [
        "0", "0.0", "0.00", "", ".", "1.", ".5", "01", "1.234", "-1", "+1", "1e3", "1,5", " 1",
        "1 ", "1\n", "1.00\n", "1000000000", "NaN", "Infinity", "１", "1_000", "0x1",
    ],
)  # fmt: skip
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_som(text)


@pytest.mark.parametrize(("tyiyn", "text"), [(1, "0.01"), (460, "4.60"), (150_000, "1500.00")])
def test_amounts_are_written_with_two_decimals(tyiyn: int, text: str) -> None:
    assert format_som(Tyiyn(tyiyn)) == text
