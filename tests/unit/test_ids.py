from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.ids import ALPHABET, derive_id, is_id, shard
from payments.use_cases.start_payment import payment_id

OURS = "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/1"
THEIRS = "arn:aws:cloudformation:eu-central-1:111122223333:stack/shop/2"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("payment", OURS, "order-1"), "SH62DBFJ8CH7ZYWN84SB"),
        (("payment", THEIRS, "order-1"), "F2WRTJ69VXR6WVT12MAK"),
        (("payment", OURS, "order-2"), "1PVN9SS5WEDNJDHVDS2G"),
        (("",), "NXAQ1XD1G45QNXWCNX5W"),
    ],
)
def test_an_id_is_the_same_in_every_version_of_the_code(
    parts: tuple[str, ...], expected: str
) -> None:
    assert derive_id(*parts) == expected


@given(st.text(), st.text())
def test_an_id_has_the_contracts_form(stack: str, key: str) -> None:
    assert is_id(derive_id(stack, key))


@given(st.text(min_size=1, max_size=255), st.text(min_size=1, max_size=255))
def test_two_keys_or_two_stacks_never_share_an_id(first: str, second: str) -> None:
    assert payment_id(OURS, first) != payment_id(THEIRS, first)
    assert (payment_id(OURS, first) == payment_id(OURS, second)) == (first == second)


def test_where_one_part_ends_and_the_next_begins_matters() -> None:
    assert (
        len({derive_id("ab", "c"), derive_id("a", "bc"), derive_id("abc"), derive_id("abc", "")})
        == 4
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "0" * 19, "0" * 21, "0" * 20 + "\n", "0" * 19 + "I", "0" * 19 + "L", "0" * 19 + "O",
        "0" * 19 + "U", "0" * 19 + "a", "0" * 19 + "٣", "0" * 19 + " ",
    ],
)  # fmt: skip
def test_other_texts_cannot_be_ours(text: str) -> None:
    assert not is_id(text)


def test_the_alphabet_is_crockfords() -> None:
    assert all(is_id(letter * 20) for letter in ALPHABET)
    assert len(set(ALPHABET)) == 32


@pytest.mark.parametrize("shards", [8, 16])
def test_ids_spread_evenly_over_shards(shards: int) -> None:
    counts = Counter(shard(derive_id("x", str(number)), shards) for number in range(4_000))
    assert set(counts) == set(range(shards))
    assert max(counts.values()) < 2 * min(counts.values())
