"""Every recorded event of events/ through the function that gets it: what is answered and kept."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from samtranslator.yaml_helper import yaml_parse

from payments.domain.errors import QueueUnavailable, StoreUnavailable
from payments.domain.payment import Status
from payments.elsom.gateway import NothingSent, OutcomeUnknown
from payments.elsom.protocol import Refused
from payments.telemetry import logger
from tests.contract.handlers import EVENTS, Cloud, Context, cloud, event
from tests.contract.tables import TEMPLATE
from tests.fakes.elsom import PAID, PAY_PAGE
from tests.fakes.payments import UNKNOWN_ID
from tests.fakes.world import NOW

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
BASE = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/v1"
TAKEN = {"Response": {"ErrorCode": "0", "ErrorMsg": "Success"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture
def stack(running: Cloud) -> Iterator[Cloud]:
    with time_machine.travel(NOW / 1000, tick=False):
        running.reset()
        yield running


@dataclass(frozen=True)
class Case:
    """What an event of the API gets for an answer; `after` are events that came before it."""

    handler: str
    status: int
    says: Callable[[dict[str, Any]], bool] = bool
    after: tuple[str, ...] = ("start_payment",)


def says(**expected: Any) -> Callable[[dict[str, Any]], bool]:
    def holds(answer: dict[str, Any]) -> bool:
        body = json.loads(answer["body"])
        return {name: body[name] for name in expected} == expected

    return holds


def problem(name: str) -> Callable[[dict[str, Any]], bool]:
    return says(type=f"urn:elsom-payments:problem:{name}")


def leads_to(url: str) -> Callable[[dict[str, Any]], bool]:
    return lambda answer: str(answer["headers"]["Location"]).startswith(url)


def names(*fields: str) -> Callable[[dict[str, Any]], bool]:
    return lambda answer: (
        {one["field"] for one in json.loads(answer["body"])["errors"]} == set(fields)
    )


def replayed(answer: dict[str, Any]) -> bool:
    return bool(answer["headers"]["Idempotency-Replayed"] == "true")


def taken(answer: dict[str, Any]) -> bool:
    return bool(json.loads(answer["body"]) == TAKEN)


def not_taken(answer: dict[str, Any]) -> bool:
    return bool(json.loads(answer["body"])["Response"]["ErrorCode"] != "0")


def is_page(answer: dict[str, Any]) -> bool:
    return "text/html" in answer["headers"]["Content-Type"]


def lists(count: int) -> Callable[[dict[str, Any]], bool]:
    return lambda answer: len(json.loads(answer["body"])["items"]) == count


START, API, PAGES, CALLBACK = "start_payment", "payments_api", "customer_pages", "elsom_callback"
CASES: dict[str, Case] = {
    "start_payment": Case(START, 201, says(status="pending", amount="1500.00"), ()),
    "start_payment_every_field": Case(
        START, 201, says(customerMsisdn="0556***910", metadata={"cart": "17"}), ()
    ),
    "start_payment_again": Case(START, 200, replayed),
    "start_payment_other_request": Case(START, 422, problem("idempotency-key-reused")),
    "start_payment_invalid": Case(
        START, 400, names("amount", "orderId", "orderID", "returnUrl"), ()
    ),
    "start_payment_without_key": Case(START, 400, names("Idempotency-Key"), ()),
    "get_payment": Case(API, 200, says(status="pending", orderId="A-1001")),
    "get_payment_unknown": Case(API, 404, problem("not-found")),
    "get_timeline": Case(API, 200, lists(4), ("start_payment", "notification_paid")),
    "list_payments": Case(API, 200, lists(1)),
    "list_payments_by_time_of_payment": Case(API, 200, lists(0)),
    "list_payments_bad_parameter": Case(API, 400, problem("invalid-request")),
    "get_events": Case(API, 200, lists(1)),
    "check_payment_now": Case(API, 200, says(status="pending")),
    "check_payment_for_a_person": Case(API, 200, says(status="pending")),
    "resend_event": Case(API, 202, says(type="payment.pending")),
    "resend_event_for_a_person": Case(API, 202, says(type="payment.pending")),
    "get_report": Case(API, 200, says(day="2026-11-24", paid={"count": 0, "amount": "0.00"})),
    "get_report_of_no_day": Case(API, 400, names("day")),
    "list_cases": Case(API, 200, lists(0)),
    "resolve_case_unknown": Case(API, 404, problem("not-found")),
    "redirect_to_elsom": Case(PAGES, 302, leads_to(PAY_PAGE)),
    "redirect_to_elsom_wrong_signature": Case(PAGES, 404, is_page),
    "return_with_cookie": Case(PAGES, 302, leads_to(f"{BASE}/return/")),
    "return_with_split_cookies": Case(PAGES, 302, leads_to(f"{BASE}/return/")),
    "return_without_cookie": Case(PAGES, 200, is_page),
    "result_page": Case(PAGES, 200, is_page),
    "result_status": Case(PAGES, 200, says(status="pending", final=False)),
    "notification_of_the_document": Case(CALLBACK, 200, taken),
    "notification_of_the_document_in_base64": Case(CALLBACK, 200, taken),
    "notification_paid": Case(CALLBACK, 200, taken),
    "notification_with_other_names": Case(CALLBACK, 200, taken),
    "notification_with_numbers": Case(CALLBACK, 200, taken),
    "notification_with_trailing_comma": Case(CALLBACK, 200, taken),
    "notification_called_a_form": Case(CALLBACK, 200, taken),
    "notification_in_windows_1251": Case(CALLBACK, 200, taken),
    "notification_with_byte_order_mark": Case(CALLBACK, 200, taken),
    "notification_declined": Case(CALLBACK, 200, taken),
    "notification_of_an_unknown_id": Case(CALLBACK, 200, taken),
    "notification_with_previous_token": Case(CALLBACK, 200, taken),
    "notification_with_wrong_token": Case(CALLBACK, 404, problem("not-found")),
    "notification_that_is_no_json": Case(CALLBACK, 400, not_taken),
    "notification_without_id": Case(CALLBACK, 400, not_taken),
}
CHECKS = {
    "check_scheduled", "check_notified", "check_follow_up", "check_redelivered",
    "check_of_an_unknown_id", "check_of_a_remembered_unknown_id", "schedule_tick",
}  # fmt: skip


def arrive(stack: Cloud, name: str) -> Any:
    return stack.call(CASES[name].handler, event(name))


@pytest.mark.parametrize("name", CASES)
def test_an_event_of_the_api_is_answered_as_the_contract_says(stack: Cloud, name: str) -> None:
    case = CASES[name]
    for earlier in case.after:
        arrive(stack, earlier)
    answer = arrive(stack, name)
    assert answer["statusCode"] == case.status, answer["body"]
    assert case.says(answer), answer


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("check_payment_for_a_person", "check_requested"),
        ("resend_event_for_a_person", "resend_requested"),
    ],
)
def test_who_wanted_it_stands_on_the_timeline(stack: Cloud, name: str, what: str) -> None:
    arrive(stack, "start_payment")
    arrive(stack, name)
    (entry,) = (one for one in stack.payment().timeline if one["what"] == what)
    assert (entry["by"], entry["at"]) == ("aida", NOW)


def test_a_report_that_the_functions_time_is_too_short_for_is_said(stack: Cloud) -> None:
    arrive(stack, "start_payment")

    class Hurried(Context):
        def get_remaining_time_in_millis(self) -> int:
            return 2_000

    answer = stack.handlers[API](event("get_report"), Hurried())
    assert answer["statusCode"] == 503
    assert problem("report-too-large")(answer)
    assert "Retry-After" not in answer["headers"]


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].handler == CALLBACK])
def test_no_notification_moves_a_payment(stack: Cloud, name: str) -> None:
    arrive(stack, "start_payment")
    before = stack.payment()
    arrive(stack, name)
    assert stack.payment() == before
    assert stack.elsom.queries == []
    kept = [
        found
        for trn in (before.id, "123456", UNKNOWN_ID)
        for found in stack.services.inbox.received(trn)
    ]
    assert len(kept) == (1 if CASES[name].status == 200 else 0)
    about_ours = [trn for trn in (one["pk"] for one in kept) if trn == before.id]
    assert [message["id"] for message in stack.messages()] == about_ours
    assert "0555150155" not in repr(kept)


@pytest.mark.parametrize(
    ("name", "queried_by"),
    [("check_scheduled", "schedule"), ("check_notified", "notification"),
     ("check_follow_up", "follow-up"), ("check_redelivered", "schedule")],
)  # fmt: skip
def test_a_check_asks_elsom_and_writes_what_it_says(
    stack: Cloud, name: str, queried_by: str
) -> None:
    arrive(stack, "start_payment")
    stack.elsom.answers(PAID)
    with time_machine.travel(NOW / 1000 + 60, tick=False):
        assert stack.call("check_payment", event(name)) == {"batchItemFailures": []}
    assert stack.payment().status is Status.PAID
    assert stack.payment().timeline[-1]["queriedBy"] == queried_by


def test_a_check_that_fails_comes_again(stack: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    arrive(stack, "start_payment")

    def fail(*_: Any) -> None:
        raise StoreUnavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(stack.services.payments, "get", fail)
    record = event("check_notified")
    failures = stack.call("check_payment", record)["batchItemFailures"]
    assert failures == [{"itemIdentifier": record["Records"][0]["messageId"]}]


def test_an_unknown_id_is_remembered_and_asked_about_later(stack: Cloud) -> None:
    stack.elsom.answers(PAID)
    stack.call("check_payment", event("check_of_an_unknown_id"))
    assert stack.elsom.queries == []
    stack.call("check_payment", event("check_of_a_remembered_unknown_id"))
    assert stack.elsom.queries == [UNKNOWN_ID]
    unknown = stack.services.inbox.unknown(UNKNOWN_ID)
    assert unknown is not None
    assert unknown.paid_at == NOW


def test_the_schedule_sends_what_is_due(stack: Cloud) -> None:
    arrive(stack, "start_payment")
    stack.call("schedule_checks", event("schedule_tick"))
    assert stack.messages() == []
    with time_machine.travel(NOW / 1000 + 60, tick=False):
        stack.call("schedule_checks", event("schedule_tick"))
        assert stack.messages() == [{"id": stack.payment().id, "reason": "schedule"}]


@pytest.mark.parametrize(
    ("outcome", "status", "kind"),
    [
        (Refused("17", "no"), 422, "elsom-refused"),
        (NothingSent("refused"), 503, "elsom-unreachable"),
        (OutcomeUnknown("timeout"), 202, None),
    ],
)
def test_a_start_that_ends_otherwise_is_told_so(
    stack: Cloud, outcome: Any, status: int, kind: str | None
) -> None:
    stack.elsom.start_outcome = outcome
    answer = arrive(stack, "start_payment")
    assert answer["statusCode"] == status
    assert problem(kind)(answer) if kind else says(status="start_unknown")(answer)


def test_a_notification_that_cannot_be_kept_is_never_a_success(
    stack: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise StoreUnavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(stack.services.inbox, "receive", fail)
    answer = arrive(stack, "notification_paid")
    assert answer["statusCode"] == 503
    assert not_taken(answer)


def test_a_notification_that_only_the_queue_refuses_is_taken_and_due(
    stack: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise QueueUnavailable("EndpointConnectionError")

    arrive(stack, "start_payment")
    monkeypatch.setattr(stack.services.checks_queue, "send", fail)
    assert taken(arrive(stack, "notification_paid"))
    assert [due.id for due in stack.services.schedule.due(NOW, 10)] == [stack.payment().id]


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 400)])
def test_a_notification_may_have_64_kilobytes(stack: Cloud, size: int, status: int) -> None:
    record = event("notification_paid")
    record["body"] += " " * (size - len(record["body"].encode()))
    answer = stack.call(CALLBACK, record)
    assert answer["statusCode"] == status
    assert taken(answer) is (status == 200)


SECRETS = ("elsom-password", "callback-token", "page-key-1", "0556109910", "0555150155")


def test_no_secret_reaches_an_answer_or_a_log(
    stack: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    stack.elsom.answers(PAID)
    answers = [arrive(stack, name) for name in CASES]
    answers += [stack.call("check_payment", event("check_notified"))]
    captured = capsys.readouterr()
    assert '"payment_id"' in log.getvalue()
    reported = json.dumps(answers) + log.getvalue() + captured.out + captured.err
    assert not [secret for secret in SECRETS if secret in reported]


def test_every_event_file_is_used_by_a_test() -> None:
    assert {file.stem for file in EVENTS.iterdir()} == {*CASES, *CHECKS}


def test_every_route_of_the_api_has_an_event() -> None:
    resources = yaml_parse(TEMPLATE.read_text())["Resources"].values()
    sources = [
        source["Properties"]
        for resource in resources
        if resource["Type"] == "AWS::Serverless::Function"
        for source in resource["Properties"].get("Events", {}).values()
        if source["Type"] == "Api"
    ]
    routes = {(source["Method"].upper(), source["Path"]) for source in sources}
    events = [event(name) for name in CASES]
    assert routes
    assert {(one["httpMethod"], one["resource"]) for one in events} >= routes
