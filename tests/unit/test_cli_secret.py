"""The secret is filled in and changed in steps that no function can miss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cli.secret import (
    KEYS_KEPT,
    KNOWN_AFTER,
    TAKEN_UP_AFTER,
    SecretError,
    check_merchant,
    filled,
    forget_old_token,
    forget_old_webhook_secrets,
    forget_oldest_key,
    missing,
    rotate_keys,
    rotate_token,
    rotate_webhook_secret,
)
from payments.aws.merchant_secret import (
    MAX_AGE,
    REREAD_INTERVAL,
    MerchantSecret,
    MerchantSecretCache,
)
from payments.domain.clock import SECOND
from payments.domain.signed_urls import is_signed, sign

LATER = 3_600.0
Begin = Callable[[dict[str, Any]], dict[str, Any]]
Finish = Callable[[dict[str, Any], float], dict[str, Any]]
MERCHANT = {"partnerCode": "00609", "password": "made-up", "merchantMsisdn": "0901015003"}
EMPTY: dict[str, Any] = {
    "partnerCode": "",
    "password": "",
    "merchantMsisdn": "",
    "callbackToken": "T" * 43,
    "previousCallbackToken": "",
    "pageSigningKeys": [],
    "webhookSecrets": [],
}


def test_a_new_stacks_secret_misses_all_but_its_token() -> None:
    assert missing(EMPTY) == [
        "partnerCode",
        "password",
        "merchantMsisdn",
        "pageSigningKeys",
        "webhookSecrets",
    ]


def test_setup_fills_in_everything_and_keeps_the_token() -> None:
    secret = filled(EMPTY, MERCHANT)
    assert missing(secret) == []
    assert secret["callbackToken"] == EMPTY["callbackToken"]
    read = msgspec.convert(secret, MerchantSecret)
    assert read.elsom().partner_code == "00609"
    assert read.signing_key()


def test_setup_again_changes_what_is_given_and_nothing_else() -> None:
    secret = filled(EMPTY, MERCHANT)
    assert filled(secret, MERCHANT) == secret
    changed = filled(secret, {**MERCHANT, "password": "another"})
    assert changed == {**secret, "password": "another"}


def test_a_token_that_a_url_would_break_is_made_again() -> None:
    assert filled({**EMPTY, "callbackToken": "a/b?c" * 9}, MERCHANT)["callbackToken"].isascii()
    assert missing(filled({**EMPTY, "callbackToken": "a/b?c" * 9}, MERCHANT)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("partnerCode", ""),
        ("partnerCode", "12345678901"),
        ("password", ""),
        ("password", "line\nbreak"),
        ("merchantMsisdn", "901015003"),
        ("merchantMsisdn", "+996901015003"),
    ],
)
def test_data_that_elsom_could_not_take_is_refused_without_showing_it(
    name: str, value: str
) -> None:
    with pytest.raises(SecretError, match=name) as refused:
        check_merchant({**MERCHANT, name: value})
    assert not value or value not in str(refused.value)


class Stack:
    """A secret, and functions that read it when they like."""

    def __init__(self, secret: dict[str, Any]) -> None:
        self.now = 10**12
        self.secret = secret

    def write(self, secret: dict[str, Any]) -> None:
        self.secret = secret

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    def function(self) -> MerchantSecretCache:
        return MerchantSecretCache(
            lambda: msgspec.json.encode(self.secret).decode(), lambda: self.now
        )


def functions_of_every_age(stack: Stack) -> list[MerchantSecretCache]:
    """Functions that have read the secret between just now and as long ago as they may."""
    made = []
    for seconds in (0, 1, 5, 9, 10, 11, 60, MAX_AGE // SECOND - 1):
        function = stack.function()
        stack.now -= seconds * SECOND
        function.get()
        stack.now += seconds * SECOND
        made.append(function)
    return made


def test_no_function_refuses_the_new_token_nor_the_old_one_once_the_wait_is_over() -> None:
    stack = Stack(filled(EMPTY, MERCHANT))
    old = stack.secret["callbackToken"]
    functions = functions_of_every_age(stack)
    stack.write(rotate_token(stack.secret))
    stack.wait(KNOWN_AFTER)
    for function in functions:
        assert function.knows_token(stack.secret["callbackToken"])
        assert function.knows_token(old)


def test_the_wait_is_needed_because_a_function_reads_at_most_every_ten_seconds() -> None:
    stack = Stack(filled(EMPTY, MERCHANT))
    function = stack.function()
    function.get()
    stack.write(rotate_token(stack.secret))
    stack.wait(REREAD_INTERVAL / SECOND - 1)
    assert not function.knows_token(stack.secret["callbackToken"])


def test_once_it_is_finished_the_old_token_is_refused() -> None:
    stack = Stack(filled(EMPTY, MERCHANT))
    old = stack.secret["callbackToken"]
    stack.write(forget_old_token(rotate_token(stack.secret), LATER))
    assert not stack.function().knows_token(old)


def test_a_second_rotation_waits_for_the_first_to_be_finished() -> None:
    secret = rotate_token(filled(EMPTY, MERCHANT))
    with pytest.raises(SecretError, match="--finish"):
        rotate_token(secret)


def test_no_function_refuses_a_link_of_any_function_at_any_moment_of_a_change_of_keys() -> None:
    stack = Stack(filled(EMPTY, MERCHANT))
    urls: list[str] = []
    functions: list[MerchantSecretCache] = functions_of_every_age(stack)

    def sign_and_verify() -> None:
        functions.append(stack.function())
        urls.extend(
            sign("page", "P", function.get().signing_key())
            for function in (*functions, stack.function())
        )
        for link in set(urls):
            for function in functions:
                assert function.verifies_page("P", link), stack.secret

    def write(secret: dict[str, Any]) -> None:
        stack.write(secret)
        sign_and_verify()

    def wait(seconds: float) -> None:
        stack.wait(seconds)
        sign_and_verify()

    sign_and_verify()
    for _ in range(KEYS_KEPT - 1):
        stack.wait(1)
        rotate_keys(stack.secret, write, wait)
    assert len(stack.secret["pageSigningKeys"]) == KEYS_KEPT


def test_no_key_is_forgotten_without_a_word_and_then_the_oldest_one_alone() -> None:
    stack = Stack(filled(EMPTY, MERCHANT))
    first = stack.secret["pageSigningKeys"][0]
    for _ in range(KEYS_KEPT - 1):
        rotate_keys(stack.secret, stack.write, stack.wait)
    full = stack.secret["pageSigningKeys"]
    with pytest.raises(SecretError, match="rotate-keys --finish"):
        rotate_keys(stack.secret, stack.write, stack.wait)
    assert stack.secret["pageSigningKeys"] == full
    assert is_signed("page", "P", sign("page", "P", first), full)
    assert forget_oldest_key(stack.secret, LATER)["pageSigningKeys"] == full[:-1]
    assert full[-1] == first


def test_webhooks_carry_both_signatures_until_the_change_is_finished() -> None:
    secret = filled(EMPTY, MERCHANT)
    (old,) = secret["webhookSecrets"]
    changed = rotate_webhook_secret(secret)
    assert changed["webhookSecrets"][1] == old
    done = forget_old_webhook_secrets(changed, LATER)
    assert done["webhookSecrets"] == changed["webhookSecrets"][:1]


def test_a_webhook_secret_in_use_does_not_fall_out_however_often_the_change_is_begun() -> None:
    secret = filled(EMPTY, MERCHANT)
    (in_use,) = secret["webhookSecrets"]
    changed = rotate_webhook_secret(secret)
    for _ in range(5):
        assert rotate_webhook_secret(changed) == changed
    assert changed["webhookSecrets"][1] == in_use


FINISH: list[tuple[Begin, Finish]] = [
    (rotate_token, forget_old_token),
    (rotate_webhook_secret, forget_old_webhook_secrets),
    (lambda secret: rotate_keys(secret, lambda _: None, lambda _: None), forget_oldest_key),
]
NAMES = ["token", "webhook secret", "keys"]


@pytest.mark.parametrize(("begin", "finish"), FINISH, ids=NAMES)
def test_a_change_is_not_finished_while_functions_still_work_with_the_old_value(
    begin: Begin, finish: Finish
) -> None:
    changed = begin(filled(EMPTY, MERCHANT))
    for age in (0, 1, MAX_AGE / SECOND, TAKEN_UP_AFTER - 0.5):
        with pytest.raises(SecretError, match="still in use"):
            finish(changed, age)
    assert finish(changed, TAKEN_UP_AFTER) != changed
    assert TAKEN_UP_AFTER > MAX_AGE / SECOND, "longer than a function keeps the secret"


@pytest.mark.parametrize(("begin", "finish"), FINISH, ids=NAMES)
def test_without_a_change_under_way_nothing_is_forgotten(begin: Begin, finish: Finish) -> None:
    fresh = filled(EMPTY, MERCHANT)
    for secret in (fresh, finish(begin(fresh), LATER), {}):
        with pytest.raises(SecretError, match="nothing to finish"):
            finish(secret, LATER)


def test_a_new_webhook_secret_is_made_where_there_was_none() -> None:
    assert len(rotate_webhook_secret(EMPTY)["webhookSecrets"]) == 1
