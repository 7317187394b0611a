"""The operator's command line on a deployed stack: what it shows, mends and rotates."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli import secret
from cli.__main__ import main
from cli.report import today
from payments.store.webhooks import Delivery, DeliveryTable
from payments.webhooks.rules import TRIES
from tests.deployed import eventually
from tests.e2e.command_line import Elsom, a_case
from tests.e2e.load import Load, stay
from tests.e2e.still import http, now

PAID_AT_ONCE = "0000000001"


# ---------------------------------------------------------------- payments and cases


def test_payments_are_listed_shown_and_checked(elsom: Elsom) -> None:
    started = elsom.stack.start(orderId="OP-1").body
    (listed,) = elsom.reports("payments", "list", "--order", "OP-1")["items"]
    assert listed["id"] == started["id"]
    assert started["id"] in elsom.says("payments", "list", "--status", "pending")
    assert elsom.reports("payments", "show", started["id"])["status"] == "pending"
    elsom.stack.set_status(started["id"], "A")
    assert elsom.reports("payments", "check", started["id"])["status"] == "paid"
    whats = [one["what"] for one in elsom.reports("payments", "timeline", started["id"])["items"]]
    assert whats[0] == "created"
    assert whats[-1] == "paid"
    assert "checkoutUrl" not in elsom.says("payments", "show", started["id"])


@pytest.mark.parametrize("order", ["A 1", "A+1", "A/1", "A%1", "Заказ 7"])
def test_a_payment_is_listed_by_whatever_order_the_shop_named(elsom: Elsom, order: str) -> None:
    started = elsom.stack.start(orderId=order).body
    (listed,) = elsom.reports("payments", "list", "--order", order)["items"]
    assert (listed["id"], listed["orderId"]) == (started["id"], order)


def test_a_list_goes_on_over_pages(elsom: Elsom) -> None:
    for number in range(3):
        elsom.stack.start(orderId=f"PAGE-{number}")
    assert len(elsom.reports("payments", "list", "--limit", "3")["items"]) == 3


def test_a_case_is_listed_shown_and_resolved(elsom: Elsom) -> None:
    case = a_case(elsom.stack)
    assert case["id"] in [one["id"] for one in elsom.reports("cases", "list")["items"]]
    assert elsom.reports("cases", "show", case["id"]) == case
    resolved = elsom.reports("cases", "resolve", case["id"], "--note", "paid back")
    assert (resolved["state"], resolved["note"]) == ("resolved", "paid back")
    assert case["id"] not in [one["id"] for one in elsom.reports("cases", "list")["items"]]
    shown = elsom.says("cases", "list", "--state", "resolved")
    assert case["id"] in shown


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("payments", "show", "0" * 20), 1, "404"),
        (("payments", "list", "--status", "gone"), 1, "status"),
        (("cases", "show", "none"), 1, "no case none"),
        (("report", "24.11.2026"), 1, "2026-11-24"),
        (("dead-letters", "show", "nothing"), 1, "checks, webhooks, unpublished"),
        (("republish", "--from", "yesterday"), 1, "yesterday"),
        (("payments", "show"), 2, "payment_id"),
        (("--local", "--stack", "elsewhere", "doctor"), 1, "no stack elsewhere"),
        (("--local", "--state-dir", "/nonexistent", "doctor"), 1, "make run"),
    ],
)
def test_an_error_is_one_sentence_and_no_stack_trace(
    elsom: Elsom, arguments: tuple[str, ...], code: int, said: str
) -> None:
    reported = elsom.reports(*arguments, code=code)
    assert said in reported["error"]
    elsom.capsys.readouterr()
    assert main(list(arguments)) == code
    error = elsom.capsys.readouterr().err
    assert error.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in error


# ---------------------------------------------------------------- dead letters


def test_a_webhook_that_was_given_up_is_sent_again(elsom: Elsom) -> None:
    payment = elsom.stack.start().body["id"]
    event = eventually(lambda: elsom.receiver.about(payment))[0]
    event_id, payload = event.event["eventId"], event.body.decode()
    DeliveryTable(elsom.stack.table).insert(
        Delivery(event_id=event_id, tries=TRIES, first_tried_at=now())
    )
    _, url, _ = elsom.stack.outputs["DeadLetterQueueUrls"].split(",")
    elsom.stack.cloud.client("sqs").send_message(QueueUrl=url, MessageBody=payload)
    (dead_letters,) = elsom.reports("dead-letters", "show", "webhooks")["items"]
    assert dead_letters["eventId"] == event_id
    found = elsom.reports("doctor")["checks"]
    assert [one for one in found if one["name"] == "dead letters" and one["state"] == "warning"]
    # What is looked at stays hidden for five seconds.
    sent = eventually(lambda: elsom.reports("webhooks", "redrive")["eventIds"])
    assert sent == [event_id]
    eventually(lambda: len(elsom.receiver.about(payment)) == 2)
    assert elsom.receiver.about(payment)[1].body.decode() == payload
    assert elsom.reports("dead-letters", "show", "webhooks")["items"] == []


def test_a_time_is_told_again_with_the_same_ids(elsom: Elsom) -> None:
    payment = elsom.stack.start().body
    eventually(lambda: elsom.receiver.about(payment["id"]))
    reported = elsom.reports("republish", "--from", payment["createdAt"])
    assert reported["events"] >= 1
    eventually(lambda: len(elsom.receiver.about(payment["id"])) == 2)
    first, second = elsom.receiver.about(payment["id"])
    assert first.event["eventId"] == second.event["eventId"]


# ---------------------------------------------------------------- the day's report


def test_a_report_of_the_day_is_two_files_that_add_up(elsom: Elsom, tmp_path: Path) -> None:
    payment = elsom.stack.start(customerMsisdn=PAID_AT_ONCE, amount="12.34").body["id"]
    elsom.stack.wait_for(payment, "paid")
    day = today().isoformat()
    reported = elsom.reports("report", "today", "--out", str(tmp_path))
    assert reported["day"] == day
    lines = list(csv.DictReader((tmp_path / f"report-{day}.csv").open()))
    paid = [line for line in lines if line["paidThisDay"] == "yes"]
    assert payment in [line["id"] for line in paid]
    tyiyn = sum(int(line["amount"].replace(".", "")) for line in paid)
    assert reported["paid"] == {"count": len(paid), "sum": f"{tyiyn // 100}.{tyiyn % 100:02d}"}
    assert reported["paid"]["sum"] in (tmp_path / f"report-{day}.html").read_text()


# ---------------------------------------------------------------- the doctor


def test_a_stack_that_is_well_gets_a_green_doctor(elsom: Elsom) -> None:
    reported = elsom.reports("doctor")
    assert reported["ok"] is True
    names = {one["name"].split()[0] for one in reported["checks"]}
    assert names >= {"stack", "secret", "Elsom", "callback", "schedule", "table", "alarms"}
    assert "All is well." in elsom.says("doctor")


@contextmanager
def empty_secret(elsom: Elsom) -> Iterator[None]:
    secrets, arn = (
        elsom.stack.cloud.client("secretsmanager"),
        elsom.stack.outputs["ElsomSecretArn"],
    )
    before = secrets.get_secret_value(SecretId=arn)["SecretString"]
    changed = {**json.loads(before), "password": ""}
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(changed))
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=arn, SecretString=before)


@contextmanager
def schedule_off(elsom: Elsom) -> Iterator[None]:
    scheduler = elsom.stack.cloud.client("scheduler")
    name = elsom.stack.resource("ScheduleChecksFunctionEveryMinute")
    found = scheduler.get_schedule(Name=name)
    kept = {
        key: found[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    }
    scheduler.update_schedule(State="DISABLED", **kept)
    try:
        yield
    finally:
        scheduler.update_schedule(State="ENABLED", **kept)


@contextmanager
def messages_off(elsom: Elsom) -> Iterator[None]:
    client = elsom.stack.cloud.client("lambda")
    source = elsom.stack.resource("CheckPaymentFunctionChecks")
    client.update_event_source_mapping(UUID=source, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=source, Enabled=True)


@contextmanager
def alarm_off(elsom: Elsom) -> Iterator[None]:
    cloudwatch = elsom.stack.cloud.client("cloudwatch")
    name = elsom.stack.resource("OpenCasesAlarm")
    cloudwatch.disable_alarm_actions(AlarmNames=[name])
    try:
        yield
    finally:
        cloudwatch.enable_alarm_actions(AlarmNames=[name])


@pytest.mark.parametrize(
    ("ill", "name", "advice"),
    [
        (empty_secret, "secret", "./elsom setup"),
        (schedule_off, "schedule", "switch"),
        (messages_off, "messages CheckPayment", "make deploy"),
        (alarm_off, "alarms", "make deploy"),
    ],
)
def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(
    elsom: Elsom, ill: Callable[[Elsom], Any], name: str, advice: str
) -> None:
    with ill(elsom):
        reported = elsom.reports("doctor", code=1)
    assert reported["ok"] is False
    bad = {one["name"]: one for one in reported["checks"] if one["state"] == "bad"}
    assert set(bad) == {name}
    assert advice in bad[name]["do"]
    assert elsom.reports("doctor")["ok"] is True


# ---------------------------------------------------------------- rotations under load


@pytest.mark.timeout(180)
def test_no_notification_is_refused_while_the_token_changes(
    elsom: Elsom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret, "TAKEN_UP_AFTER", 0)
    payment = elsom.stack.start().body["id"]
    body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": payment, "PaymentStatus": "1"}})
    address = [elsom.stack.cloud.configure_sandbox("GET", "/_sandbox/portal")["url"]]
    old = address[0]
    with Load(lambda: http("POST", address[0], body.encode())[0]) as elsom_sends:
        reported = elsom.reports("rotate-token")
        before = elsom_sends.done
        # The merchant puts the new address into the merchant portal; a late one still uses the old.
        address[0] = reported["portalUrl"]
        eventually(lambda: elsom_sends.done >= before + 30)
        assert http("POST", old, body.encode())[0] == 200
        elsom.reports("rotate-token", "--finish")
        after = elsom_sends.done
        eventually(lambda: elsom_sends.done >= after + 30)
    assert elsom_sends.failed == []
    assert reported["portalUrl"] != old
    assert (
        elsom.stack.cloud.configure_sandbox("GET", "/_sandbox/portal")["url"]
        == reported["portalUrl"]
    )
    # Functions forget the old one within five minutes, and a new worker at once.
    elsom.stack.set_environment("ElsomCallbackFunction", NEW_WORKER=str(now()))
    assert http("POST", old, body.encode())[0] == 404


@pytest.mark.timeout(180)
def test_no_valid_link_is_refused_while_the_keys_change(elsom: Elsom) -> None:
    urls = [elsom.stack.start().body["checkoutUrl"] for _ in range(2)]
    turn = iter(range(10**9))

    def open_one() -> int:
        return stay(urls[next(turn) % len(urls)])

    def start_one() -> int:
        started = elsom.stack.start()
        urls.append(started.body["checkoutUrl"])
        # A link that was just signed is opened at once, by whichever worker.
        return stay(started.body["checkoutUrl"])

    with Load(open_one) as customers, Load(start_one) as new_customers:
        for _ in range(2):
            elsom.reports("rotate-keys")
        before = new_customers.done
        eventually(lambda: new_customers.done >= before + 5)
    assert customers.done >= 20
    assert customers.failed == []
    assert new_customers.failed == []
    signatures = {link.rpartition("?s=")[2] for link in urls}
    assert len(signatures) == len(urls)
    for link in urls:
        assert stay(link) == 302
