"""The shop's client repeats what may be repeated, with the same key, when the API says."""

from __future__ import annotations

import pytest
import requests
from botocore.exceptions import CredentialRetrievalError

from elsom_payments_client import (
    ApiUnreachable,
    ElsomPayments,
    NotConfigured,
    StartInProgress,
    TryAgain,
)
from tests.unit.python_client.world import (
    KEYS,
    PAYMENT,
    PAYMENT_ID,
    URL,
    Answers,
    Clock,
    problem,
)


@pytest.mark.parametrize(
    ("status", "name"),
    [(409, "start-in-progress"), (429, "gateway"), (500, "internal"), (502, ""), (503, "try-again"),
     (503, "not-configured"), (503, "elsom-unreachable"), (504, "gateway")],
)  # fmt: skip
def test_a_call_that_may_succeed_later_is_repeated_with_its_key_when_the_api_says(
    answers: Answers, api: ElsomPayments, clock: Clock, status: int, name: str
) -> None:
    answers.give("POST", "/payments", problem(name), status, retry_after="7")
    answers.give("POST", "/payments", PAYMENT, 200)
    assert api.start("1500.00", "A-1001", idempotency_key="k").status == "pending"
    first, second = (call.request for call in answers.calls)
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "k"
    assert first.body == second.body
    assert clock.slept == [7]


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("refused"),
        requests.ReadTimeout("late"),
        requests.exceptions.ChunkedEncodingError("cut"),
        CredentialRetrievalError(provider="role", error_msg="late"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_broken_connection_is_repeated_and_then_said(
    answers: Answers, clock: Clock, failure: Exception
) -> None:
    api = ElsomPayments(URL, credentials=KEYS, deadline=10)
    path = f"{URL}/payments"
    answers.add("POST", path, body=failure)
    answers.give("POST", "/payments", PAYMENT, 201)
    api.start("1500.00", "A-1001", idempotency_key="k")
    for _ in range(20):
        answers.add("POST", path, body=failure)
    answers.assert_all_requests_are_fired = False
    with pytest.raises(ApiUnreachable, match=f"^{type(failure).__name__}$") as raised:
        api.start("1500.00", "A-1001", idempotency_key="k")
    assert raised.value.may_repeat
    assert len(answers.calls) - 2 in {4, 5}
    assert sum(clock.slept) <= 11


def test_no_repetition_begins_after_the_deadline(answers: Answers, clock: Clock) -> None:
    for _ in range(3):
        answers.give("POST", "/payments", problem("try-again"), 503, retry_after="25")
    api = ElsomPayments(URL, credentials=KEYS)
    with pytest.raises(TryAgain) as raised:
        api.start("1500.00", "A-1001", idempotency_key="k")
    assert (clock.slept, raised.value.retry_after, raised.value.may_repeat) == ([25, 25], 25, True)


def test_without_a_deadline_to_wait_for_a_call_is_made_once(answers: Answers, clock: Clock) -> None:
    answers.give("POST", "/payments", problem("not-configured"), 503, retry_after="1")
    with pytest.raises(NotConfigured):
        ElsomPayments(URL, credentials=KEYS, deadline=0).start("1.00", "A", idempotency_key="k")
    assert clock.slept == []


def test_a_conflict_without_retry_after_is_not_repeated(
    answers: Answers, api: ElsomPayments
) -> None:
    answers.give("POST", "/payments", problem("start-in-progress"), 409)
    with pytest.raises(StartInProgress):
        api.start("1.00", "A", idempotency_key="k")


def test_without_retry_after_pauses_grow(
    answers: Answers, api: ElsomPayments, clock: Clock
) -> None:
    for _ in range(4):
        answers.give("GET", f"/payments/{PAYMENT_ID}", problem("internal"), 500)
    answers.give("GET", f"/payments/{PAYMENT_ID}", PAYMENT)
    api.get(PAYMENT_ID)
    bounds = [(0.5, 1), (1, 2), (2, 4), (4, 8)]
    assert all(low <= slept <= high for slept, (low, high) in zip(clock.slept, bounds, strict=True))


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("3", 3, 3), ("Fri, 01 Jan 2100 00:00:00 GMT", 60, 10**12), ("soon", 0.5, 1), ("-5", 0.5, 1),
     ("Thu, 01 Jan 1970 00:00:00 GMT", 1, 1), ("0", 1, 1)],
)  # fmt: skip
def test_retry_after_is_read_in_both_its_forms(
    answers: Answers, api: ElsomPayments, clock: Clock,
    header: str, least: float, most: float,
) -> None:  # fmt: skip
    answers.give("GET", f"/payments/{PAYMENT_ID}", problem("try-again"), 503, retry_after=header)
    if least >= 60:
        with pytest.raises(TryAgain) as raised:
            api.get(PAYMENT_ID)
        assert raised.value.retry_after is not None
        assert least <= raised.value.retry_after <= most
        return
    answers.give("GET", f"/payments/{PAYMENT_ID}", PAYMENT)
    api.get(PAYMENT_ID)
    assert least <= clock.slept[0] <= most


@pytest.mark.parametrize("text", ["", "<html>", "[1]", "nul"])
def test_a_success_that_cannot_be_read_is_none(answers: Answers, text: str) -> None:
    answers.add("POST", f"{URL}/payments", body=text, status=201)
    with pytest.raises(ApiUnreachable, match="without JSON"):
        ElsomPayments(URL, credentials=KEYS, deadline=0).start("1.00", "A", idempotency_key="k")
