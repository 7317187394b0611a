"""No secret and no whole wallet number gets where people read: logs, events, problems, the table.

Nothing is traced: the template leaves X-Ray off, and no function adds to it.
"""

from __future__ import annotations

import json

import pytest

from payments.telemetry import logger
from tests.failure.recorder import Killed
from tests.failure.stack import OLD_TOKEN, PAGE_KEY, PASSWORD, TOKEN, WALLET, WEBHOOK_SECRET, Stack
from tests.receiver import Receiver

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "PartnerGetPaymentStatus"
CUSTOMER = "0556109910"
STRANGER = "0555150155"
PLANTED = (PASSWORD, TOKEN, OLD_TOKEN, PAGE_KEY, WEBHOOK_SECRET, WALLET, CUSTOMER, STRANGER)


def say_it_all(stack: Stack) -> list[str]:
    """Go every way with secrets in it; what was answered to shops, customers and Elsom."""
    words = " ".join(PLANTED)
    fields = {"customerMsisdn": CUSTOMER, "description": "tickets", "language": "en"}
    answers = [stack.start(**fields)]
    trn = stack.payment().id
    reported = {"errorCode": f"17 {PASSWORD}", "errorMsg": f"{words} of {CUSTOMER}"}
    stack.fault("IA_Init", "errorcode", **reported)
    answers.append(stack.start("refused", orderId="A-2", **fields))
    answers.append(stack.start("bad", amount=f"{PASSWORD}", customerMsisdn=f"+{CUSTOMER}"))
    answers.append(stack.start("bad", cashierNo=words, metadata={"wallet": words * 40}))
    messages = (words, words.replace(" ", ""), f"{'x' * 245}{STRANGER}")
    answers += [stack.notify(trn, "1", MSISDN=STRANGER, Message=one) for one in messages]
    answers.append(stack.notify(trn, PASSWORD, ChequeNo=STRANGER, CashierNo=CUSTOMER))
    answers.append(stack.ring(words, OLD_TOKEN))
    answers.append(stack.ring(words, f"{TOKEN}x"))
    for way in ("errorcode", "garbage", "400"):
        stack.fault(STATUS, way, **(reported if way == "errorcode" else {}))
        stack.work()
        stack.wait(11)
        answers.append(stack.shop("POST", "/payments/{id}/check", trn))
    signature = stack.shop("GET", "/payments/{id}", trn).body["checkoutUrl"].partition("?s=")[2]
    queries = ({"s": signature}, {"s": PAGE_KEY})
    answers += [stack.page("/return/{id}", {"id": trn}, one, Cookie=words) for one in queries]
    answers.append(stack.page("/elsom/{token}", {"token": TOKEN}, {}, Cookie=f"x={words}"))
    stack.recorder.down = {"dynamodb", "sqs", "events"}
    answers += [stack.start("down", orderId="A-3", **fields), stack.notify(trn, Message=words)]
    stack.recorder.down = set()
    stack.elsom_says(trn, "A")
    stack.notify(trn, MSISDN=STRANGER)
    stack.live(200)
    answers.append(stack.shop("GET", "/payments/{id}", trn))
    assert stack.payment(trn).status == "paid"
    return [json.dumps([one.status, one.headers, one.body]) for one in answers]


def leaks(text: str) -> list[str]:
    """What was planted and stands in a text, as it is or as JSON writes it."""
    return [one for one in PLANTED if one in text or json.dumps(one)[1:-1] in text]


def test_f23_no_planted_secret_reaches_a_log_an_event_a_problem_or_the_table(
    leaky: Stack, shop: Receiver
) -> None:
    answers = say_it_all(leaky)
    written = leaky.written()
    events = json.dumps(leaky.account.published)
    hooks = b"\n".join(one.body for one in shop.received).decode()
    queues = json.dumps([queue.bodies() for queue in leaky.account.queues.values()])
    # The capture holds what it should: otherwise nothing found means nothing.
    assert written.count('"message":"started"') == 1
    for word in ('"message":"checked"', '"message":"refused"', "NotificationRefused", '"tried"'):
        assert word in written, word
    assert len(leaky.account.published) >= 3
    assert len(shop.received) >= 3
    assert any("elsom-refused" in answer for answer in answers)
    assert leaks(written) == []
    assert leaks(events + hooks + queues) == []
    assert [(leaks(answer), answer) for answer in answers if leaks(answer)] == []
    # What strangers wrote is kept as evidence, but for wallet numbers.
    timeline = leaky.shop("GET", "/payments/{id}/timeline", leaky.payment().id)
    kept = json.dumps([leaky.scan(), timeline.body])
    assert "0555***155" in kept
    assert [number for number in (WALLET, CUSTOMER, STRANGER) if number in kept] == []


def test_f23_what_goes_to_elsom_is_all_that_holds_the_password(leaky: Stack) -> None:
    """The secrets were used: they are not missing from the logs because nobody had them."""
    leaky.start(customerMsisdn=CUSTOMER)
    leaky.live(120)
    (sent,) = leaky.elsom_calls(leaky.payment().id, "IA_Init")
    assert '"Password"' in sent["body"]
    assert WALLET[:4] in sent["body"]


def test_f23_a_function_that_dies_or_breaks_writes_no_secret(
    leaky: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise Killed(PASSWORD)

    leaky.recorder.when("elsom:IA_Init", die)
    with pytest.raises(Killed):
        leaky.start(customerMsisdn=CUSTOMER)

    def break_down(*_: object, **__: object) -> None:
        msg = f"unforeseen, with {PASSWORD} and {CUSTOMER}"
        raise RuntimeError(msg)

    monkeypatch.setattr("payments.elsom.client.ElsomClient.start", break_down)
    answer = leaky.start("another", orderId="A-2", customerMsisdn=CUSTOMER)
    assert answer.status == 500
    assert "RuntimeError" in leaky.written()
    assert leaks(leaky.written() + json.dumps(answer.body)) == []


@pytest.mark.parametrize("secret", PLANTED, ids=lambda one: f"planted-{PLANTED.index(one)}")
def test_f23_a_planted_leak_is_found(secret: str) -> None:
    assert leaks(f'{{"message":"x","body":"...{secret}..."}}') == [
        one for one in PLANTED if one in secret
    ]


def test_f23_a_leak_into_the_log_of_a_function_is_found(
    leaky: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless() -> None:
        logger.warning("answer of Elsom", body=f"wallet {CUSTOMER}")

    leaky.recorder.when("dynamodb:UpdateItem", careless)
    trn = "0123456789ABCDEFGHJK"
    leaky.ring(json.dumps({"PartnerPaymentResult": {"PartnerTrnID": trn}}))
    assert leaks(leaky.written()) == [CUSTOMER]
