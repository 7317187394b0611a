"""For every right of a function one thing that only works with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from payments.domain.ids import derive_id
from payments.domain.payment import ElsomStatus, Status
from payments.store.inbox import UNKNOWN_SORT_KEY, Unknown, _unknown_item
from payments.store.payments import item_of
from payments.store.schedule import TURN
from payments.store.webhooks import SORT_KEY as WEBHOOK
from payments.webhooks.rules import TRIES
from tests.e2e.rights import Right
from tests.e2e.still import STATUS, StillStack, now

TABLE: Final = "PaymentsTable"
SECRET: Final = "secretsmanager:GetSecretValue"
QUEUE_REFUSES: Final = Right("ElsomCallback", "sqs:SendMessage*", "ChecksQueue")

Works = Callable[[StillStack], bool]


@dataclass(frozen=True)
class Probe:
    """`works` is false without the right. `cached`: only a new worker uses the right.

    `besides`: what has to be away already for the right to be used at all.
    """

    works: Works
    cached: bool = False
    besides: tuple[Right, ...] = ()


def new_id() -> str:
    return derive_id("probe", uuid.uuid4().hex)


# ---------------------------------------------------------------- starting, and being notified


def starts(still: StillStack) -> bool:
    return still.stack.start().status == 201


def takes_a_notification(still: StillStack) -> bool:
    return still.ring(still.new()["id"]) == 200


def requests_a_check(still: StillStack) -> bool:
    payment = still.new()["id"]
    assert still.ring(payment) == 200
    return still.holds("ChecksQueue", payment)


def makes_it_due(still: StillStack) -> bool:
    payment = still.new()["id"]
    still.ring(payment)
    due = still.stored(payment).next_check_at
    return due is not None and due <= now()


def remembers_an_unknown_id(still: StillStack) -> bool:
    unknown = new_id()
    still.ring(unknown)
    return still.has(unknown, UNKNOWN_SORT_KEY)


# ---------------------------------------------------------------- the schedule


def turns(still: StillStack) -> bool:
    return still.invoke("ScheduleChecks", {})[0]


def sends_what_is_due(still: StillStack) -> bool:
    payment = still.new()["id"]
    still.empty("ChecksQueue")
    still.make_due(payment)
    still.invoke("ScheduleChecks", {})
    return still.holds("ChecksQueue", payment)


def keeps_how_far_it_has_come(still: StillStack) -> bool:
    """In an item that it makes or changes."""
    still.make_due(still.new()["id"])
    return still.invoke("ScheduleChecks", {})[0] and still.has("elsom", TURN)


def keeps_it_for_the_first_time(still: StillStack) -> bool:
    still.remove("elsom", TURN)
    return keeps_how_far_it_has_come(still)


def sends_webhooks_that_are_due(still: StillStack) -> bool:
    event_id = new_id()
    still.webhook_due(event_id, 1)
    still.empty("WebhooksQueue")
    still.invoke("ScheduleChecks", {})
    return still.holds("WebhooksQueue", event_id)


# ---------------------------------------------------------------- checking


def finds_it_paid(still: StillStack) -> bool:
    payment = still.new("A")["id"]
    return still.check(payment) and still.is_paid(payment)


def notes_an_unknown_id(still: StillStack) -> bool:
    unknown = new_id()
    return still.check(unknown) and still.has(unknown, UNKNOWN_SORT_KEY)


def queries_again_soon(still: StillStack) -> bool:
    still.empty("ChecksQueue")
    return still.check(still.new("1")["id"]) and still.delayed("ChecksQueue") == 1


def _elsom_does_not_respond(still: StillStack) -> None:
    still.remove("elsom", "circuit")
    still.stack.fault(STATUS, "500")


# ---------------------------------------------------------------- the shop's questions


def shows_a_payment(still: StillStack) -> bool:
    return still.shop("GET", f"/payments/{still.new()['id']}")[0] == 200


def shows_a_timeline(still: StillStack) -> bool:
    return still.shop("GET", f"/payments/{still.new()['id']}/timeline")[0] == 200


def queries_now(still: StillStack) -> bool:
    status, payment = still.shop("POST", f"/payments/{still.new('A')['id']}/check")
    return status == 200 and payment["status"] == "paid"


def notes_that_elsom_does_not_respond(still: StillStack) -> bool:
    payment = still.new()["id"]
    _elsom_does_not_respond(still)
    problem = still.shop("POST", f"/payments/{payment}/check")[1]
    return str(problem["type"]).endswith(":elsom-unreachable") and still.has("elsom", "circuit")


def lists(still: StillStack) -> bool:
    still.new()
    status, found = still.shop("GET", "/payments?limit=1")
    return status == 200 and len(found["items"]) == 1


def adds_up_a_day(still: StillStack) -> bool:
    status, found = still.shop("GET", "/reports/2026-11-24")
    return status == 200 and found["day"] == "2026-11-24"


def lists_an_order(still: StillStack) -> bool:
    payment = still.new()
    status, found = still.shop("GET", f"/payments?orderId={payment['orderId']}")
    return status == 200 and [one["id"] for one in found["items"]] == [payment["id"]]


def reports_again(still: StillStack) -> bool:
    return still.shop("POST", f"/payments/{still.new()['id']}/resend")[0] == 202


# ---------------------------------------------------------------- the customer's pages


def shows_the_page(still: StillStack) -> bool:
    return still.page_says(still.new())[0] == 200


def page_finds_it_paid(still: StillStack) -> bool:
    return still.page_says(still.new("A")) == (200, "paid")


def page_has_elsom_queried_again(still: StillStack) -> bool:
    still.empty("ChecksQueue")
    payment = still.new()
    return still.returns_to(payment) == 200 and still.delayed("ChecksQueue") == 1


def page_notes_that_elsom_does_not_respond(still: StillStack) -> bool:
    payment = still.new()
    _elsom_does_not_respond(still)
    return still.page_says(payment)[0] == 200 and still.has("elsom", "circuit")


# ---------------------------------------------------------------- telling


def reports(still: StillStack) -> bool:
    return still.publish(still.item_of(still.new()["id"]))


def opens_a_case(still: StillStack) -> bool:
    payment = still.stored(still.new()["id"])
    paid = replace(payment, status=Status.PAID, paid_at=now(), late=True)
    if not still.publish(item_of(paid), item_of(payment)):
        return False
    return still.has(derive_id("case", "paid_late", payment.id), "case")


def looks_whether_an_id_is_ours(still: StillStack) -> bool:
    seen = now()
    unknown = Unknown(
        id=new_id(),
        first_seen_at=seen,
        notified_at=seen,
        last_answer=ElsomStatus.PAID,
        paid_at=seen,
    )
    if not still.publish(_unknown_item(unknown)):
        return False
    return still.has(derive_id("case", "paid_unknown", unknown.id), "case")


def looks_for_duplicates(still: StillStack) -> bool:
    payment = still.stored(still.new()["id"])
    return still.publish(item_of(replace(payment, status=Status.PAID, paid_at=now())))


def stores_what_is_unreadable(still: StillStack) -> bool:
    odd = {"pk": new_id(), "kind": "payment"}
    return still.publish(odd) and still.holds("UnpublishedQueue", odd["pk"])


# ---------------------------------------------------------------- webhooks


def sends_a_webhook(still: StillStack) -> bool:
    event_id = new_id()
    served = still.serve("DeliverWebhook", {"eventId": event_id})
    return served and still.shop_got(event_id)


def keeps_a_webhook_that_failed(still: StillStack) -> bool:
    event_id = new_id()
    still.receiver.answers = [500]
    served = still.serve("DeliverWebhook", {"eventId": event_id})
    return served and still.has(event_id, WEBHOOK)


def tries_again_in_five_seconds(still: StillStack) -> bool:
    still.empty("WebhooksQueue")
    return keeps_a_webhook_that_failed(still) and still.delayed("WebhooksQueue") == 1


def tries_again(still: StillStack) -> bool:
    event_id = new_id()
    still.webhook_due(event_id, 1)
    return still.serve("DeliverWebhook", {"webhook": event_id}) and still.shop_got(event_id)


def gives_up(still: StillStack) -> bool:
    event_id = new_id()
    still.webhook_due(event_id, TRIES)
    served = still.serve("DeliverWebhook", {"webhook": event_id})
    return served and still.holds("WebhooksDeadLetterQueue", event_id)


def _probes(function: str, named: dict[tuple[str, str], Probe]) -> dict[Right, Probe]:
    return {Right(function, *right): probe for right, probe in named.items()}


def _reads(works: Works) -> dict[tuple[str, str], Probe]:
    """What is read once and kept: the secret, and where there is one the CA bundle."""
    return {(SECRET, "ElsomSecret"): Probe(works, cached=True)}


def _calls_elsom(works: Works) -> dict[tuple[str, str], Probe]:
    return {("ssm:GetParameter", "CaBundle"): Probe(works, cached=True), **_reads(works)}


PROBES: Final[dict[Right, Probe]] = {
    **_probes(
        "StartPayment",
        {
            ("dynamodb:PutItem", TABLE): Probe(starts),
            ("dynamodb:UpdateItem", TABLE): Probe(starts),
            **_calls_elsom(starts),
        },
    ),
    **_probes(
        "ElsomCallback",
        {
            ("dynamodb:UpdateItem", TABLE): Probe(takes_a_notification),
            ("sqs:SendMessage*", "ChecksQueue"): Probe(requests_a_check),
            ("dynamodb:Query", TABLE): Probe(takes_a_notification),
            ("dynamodb:GetItem", TABLE): Probe(makes_it_due, besides=(QUEUE_REFUSES,)),
            ("dynamodb:PutItem", TABLE): Probe(remembers_an_unknown_id, besides=(QUEUE_REFUSES,)),
            **_reads(takes_a_notification),
        },
    ),
    **_probes(
        "ScheduleChecks",
        {
            ("dynamodb:Query", f"{TABLE}/index/due"): Probe(turns),
            ("dynamodb:Query", f"{TABLE}/index/by-created"): Probe(turns),
            ("dynamodb:GetItem", TABLE): Probe(turns),
            ("dynamodb:PutItem", TABLE): Probe(keeps_it_for_the_first_time),
            ("dynamodb:UpdateItem", TABLE): Probe(keeps_how_far_it_has_come),
            ("sqs:GetQueueAttributes", "ChecksQueue"): Probe(turns),
            ("sqs:GetQueueAttributes", "WebhooksQueue"): Probe(turns),
            ("sqs:SendMessage*", "ChecksQueue"): Probe(sends_what_is_due),
            ("sqs:SendMessage*", "WebhooksQueue"): Probe(sends_webhooks_that_are_due),
        },
    ),
    **_probes(
        "CheckPayment",
        {
            ("dynamodb:GetItem", TABLE): Probe(finds_it_paid),
            ("dynamodb:UpdateItem", TABLE): Probe(finds_it_paid),
            ("dynamodb:PutItem", TABLE): Probe(notes_an_unknown_id),
            ("sqs:SendMessage*", "ChecksQueue"): Probe(queries_again_soon),
            **_calls_elsom(finds_it_paid),
        },
    ),
    **_probes(
        "PaymentsApi",
        {
            ("dynamodb:GetItem", TABLE): Probe(shows_a_payment),
            ("dynamodb:UpdateItem", TABLE): Probe(queries_now),
            ("dynamodb:PutItem", TABLE): Probe(notes_that_elsom_does_not_respond),
            ("dynamodb:Query", TABLE): Probe(shows_a_timeline),
            ("dynamodb:BatchGetItem", TABLE): Probe(lists),
            ("dynamodb:Query", f"{TABLE}/index/by-created"): Probe(lists),
            ("dynamodb:Query", f"{TABLE}/index/by-paid"): Probe(adds_up_a_day),
            ("dynamodb:Query", f"{TABLE}/index/by-order"): Probe(lists_an_order),
            ("events:PutEvents", "PaymentsBus"): Probe(reports_again),
            **_calls_elsom(queries_now),
        },
    ),
    **_probes(
        "CustomerPages",
        {
            ("dynamodb:GetItem", TABLE): Probe(shows_the_page),
            ("dynamodb:UpdateItem", TABLE): Probe(page_finds_it_paid),
            ("dynamodb:PutItem", TABLE): Probe(page_notes_that_elsom_does_not_respond),
            ("sqs:SendMessage*", "ChecksQueue"): Probe(page_has_elsom_queried_again),
            **_calls_elsom(page_finds_it_paid),
        },
    ),
    **_probes(
        "PublishEvents",
        {
            ("events:PutEvents", "PaymentsBus"): Probe(reports),
            ("dynamodb:PutItem", TABLE): Probe(opens_a_case),
            ("dynamodb:GetItem", TABLE): Probe(looks_whether_an_id_is_ours),
            ("dynamodb:BatchGetItem", TABLE): Probe(looks_for_duplicates),
            ("dynamodb:Query", f"{TABLE}/index/by-order"): Probe(looks_for_duplicates),
            ("sqs:SendMessage", "UnpublishedQueue"): Probe(stores_what_is_unreadable),
        },
    ),
    **_probes(
        "DeliverWebhook",
        {
            ("dynamodb:GetItem", TABLE): Probe(sends_a_webhook),
            ("dynamodb:PutItem", TABLE): Probe(keeps_a_webhook_that_failed),
            ("dynamodb:UpdateItem", TABLE): Probe(tries_again),
            ("sqs:SendMessage", "WebhooksQueue"): Probe(tries_again_in_five_seconds),
            ("sqs:SendMessage", "WebhooksDeadLetterQueue"): Probe(gives_up),
            **_reads(sends_a_webhook),
        },
    ),
}
