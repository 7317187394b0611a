"""What is told, with which id and number, and that it fits the published schemas."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from payments.domain.cases import paid_unknown, resolve
from payments.domain.clock import DAY, HOUR, MINUTE
from payments.domain.events import (
    Event,
    EventType,
    case_event,
    event_id,
    last_case_event,
    last_payment_event,
    payment_event,
)
from payments.domain.payment import ElsomStatus, Payment, Reason, Status
from payments.domain.transitions import apply_answer, start_accepted, start_refused, start_unknown
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, POLICY
from tools import make_event_schemas

SCHEMA = json.loads(make_event_schemas.FILE.read_text())

CREATED = a_payment(Status.CREATED)
PENDING = start_accepted(CREATED, PAY_PAGE, NOW, POLICY)
EXPIRED = apply_answer(PENDING, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)
STEPS = {
    EventType.PAYMENT_PENDING: (CREATED, PENDING),
    EventType.PAYMENT_START_UNKNOWN: (CREATED, start_unknown(CREATED, NOW, "died")),
    EventType.PAYMENT_PAID: (PENDING, apply_answer(PENDING, ElsomStatus.PAID, NOW, NOW, POLICY)),
    EventType.PAYMENT_EXPIRED: (PENDING, EXPIRED),
    EventType.PAYMENT_CANCELLED: (
        PENDING,
        apply_answer(PENDING, ElsomStatus.CANCELLED, NOW, NOW, POLICY),
    ),
    EventType.PAYMENT_FAILED: (CREATED, start_refused(CREATED, "17", NOW, POLICY)),
    EventType.PAYMENT_PAID_LATE: (
        EXPIRED,
        apply_answer(EXPIRED, ElsomStatus.PAID, NOW + DAY, NOW + DAY, POLICY),
    ),
}
CASE = paid_unknown(UNKNOWN_ID, NOW, NOW)


def reported(before: Payment | None, after: Payment) -> Event:
    event = payment_event(before, after)
    assert event is not None
    return event


def every_event() -> list[Event]:
    return [
        *(reported(before, after) for before, after in STEPS.values()),
        last_case_event(CASE),
        last_case_event(resolve(CASE, "refunded", NOW + HOUR)),
    ]


def detail(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(event))
    return found


@pytest.mark.parametrize("event_type", STEPS)
def test_each_change_of_status_is_told_by_its_name(event_type: EventType) -> None:
    before, after = STEPS[event_type]
    event = reported(before, after)
    assert event.type is event_type
    assert event.sequence == after.sequence > before.sequence
    assert event.event_id == event_id(PAYMENT_ID, after.sequence)


def test_a_write_without_a_change_of_status_tells_nothing() -> None:
    queried = replace(PENDING, queried_at=(NOW,), version=PENDING.version + 1)
    assert payment_event(PENDING, queried) is None
    disagreed = apply_answer(a_payment(Status.PAID), ElsomStatus.ERROR, NOW, NOW, POLICY)
    assert payment_event(a_payment(Status.PAID), disagreed) is None


def test_a_payment_that_is_only_created_has_nothing_to_tell() -> None:
    assert payment_event(None, CREATED) is None
    assert last_payment_event(CREATED) is None


def test_the_last_event_told_again_years_later_has_its_old_id_and_moment() -> None:
    paid = STEPS[EventType.PAYMENT_PAID][1]
    first = reported(PENDING, paid)
    noted = apply_answer(paid, ElsomStatus.ERROR, NOW + 900 * DAY, NOW + 900 * DAY, POLICY)
    again = last_payment_event(noted)
    assert again is not None
    assert (again.event_id, again.occurred_at) == (first.event_id, first.occurred_at)
    assert (again.sequence, again.type) == (first.sequence, first.type)


def test_two_events_of_one_payment_and_of_two_payments_have_different_ids() -> None:
    ids = {event_id(subject, number) for subject in (PAYMENT_ID, UNKNOWN_ID) for number in (1, 2)}
    assert len(ids) == 4
    assert event_id(PAYMENT_ID, 11) != event_id(PAYMENT_ID + "1", 1)


def test_a_case_is_told_when_it_opens_and_when_it_is_resolved_and_else_not() -> None:
    done = resolve(CASE, "refunded", NOW + HOUR)
    opened, resolved = case_event(None, CASE), case_event(CASE, done)
    assert opened is not None
    assert resolved is not None
    assert (opened.type, resolved.type) == (EventType.CASE_OPENED, EventType.CASE_RESOLVED)
    assert opened.sequence < resolved.sequence
    assert opened.event_id != resolved.event_id
    assert case_event(done, done) is None


def test_no_signed_link_and_no_inner_field_is_told() -> None:
    for event in every_event():
        text = msgspec.json.encode(event).decode()
        assert "s=" not in text
        for inner in (
            "fingerprint",
            "walletDigest",
            "writeToken",
            "elsomUrl",
            PAY_PAGE,
            "dueShard",
            "timeline",
        ):
            assert inner not in text
        if "payment" in detail(event):
            assert detail(event)["payment"]["checkoutUrl"] is None


def reader_of(definition: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    )


def definitions() -> dict[str, str]:
    """The name of each type's definition."""
    return {
        SCHEMA["$defs"][name]["title"]: name
        for one in SCHEMA["oneOf"]
        for name in [one["$ref"].removeprefix("#/$defs/")]
    }


def test_every_type_has_a_definition_and_each_event_fits_the_document() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert {event.type for event in every_event()} == set(EventType)
    assert definitions().keys() == {str(one) for one in EventType}
    for event in every_event():
        jsonschema.validate(detail(event), SCHEMA)


def test_an_event_fits_the_definition_of_its_own_type_only() -> None:
    for event in every_event():
        reader = reader_of(definitions()[event.type])
        for other in every_event():
            assert reader.is_valid(detail(other)) == (other.type == event.type)


BROKEN: dict[str, Any] = {
    "type": "payment.refunded",
    "eventId": None,
    "sequence": "1",
    "occurredAt": 1795510858796,
    "payment": {},
    "case": {},
}


def test_an_event_that_lacks_a_field_or_has_a_wrong_one_is_refused() -> None:
    document = jsonschema.Draft202012Validator(SCHEMA)
    for event in every_event():
        whole = detail(event)
        for name in whole:
            assert not document.is_valid({key: whole[key] for key in whole if key != name})
            assert not document.is_valid({**whole, name: BROKEN[name]})
        subject = "payment" if "payment" in whole else "case"
        for name in whole[subject]:
            short = {key: value for key, value in whole[subject].items() if key != name}
            assert not document.is_valid({**whole, subject: short}), name


@pytest.mark.parametrize(
    ("event_type", "changed"),
    [
        (EventType.PAYMENT_PAID, {"status": "pending"}),
        (EventType.PAYMENT_PAID, {"late": True}),
        (EventType.PAYMENT_PAID_LATE, {"late": False}),
        (EventType.PAYMENT_PENDING, {"amount": 1500}),
        (EventType.PAYMENT_PENDING, {"checkoutUrl": "https://ours.example/v1/pay/1?s=x"}),
        (EventType.CASE_OPENED, {"state": "resolved"}),
        (EventType.CASE_OPENED, {"kind": "unheard_of"}),
    ],
)
def test_an_event_that_contradicts_its_type_is_refused(
    event_type: EventType, changed: dict[str, Any]
) -> None:
    (whole,) = (detail(event) for event in every_event() if event.type is event_type)
    subject = "payment" if "payment" in whole else "case"
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(whole)
    broken = {**whole, subject: {**whole[subject], **changed}}
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(broken)


def test_the_committed_schema_is_what_the_types_say() -> None:
    assert {path: path.read_text() for path in make_event_schemas.FILE.parent.iterdir()} == (
        make_event_schemas.files()
    ), "`make generated` writes it again"


def test_an_unresolved_end_is_told_as_expired_with_its_reason() -> None:
    old = replace(PENDING, created_at=NOW - 121 * HOUR)
    event = reported(old, apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY))
    assert event.type is EventType.PAYMENT_EXPIRED
    assert detail(event)["payment"]["statusReason"] == Reason.UNRESOLVED


def test_after_a_restore_nothing_new_has_the_id_of_an_event_told_before_it() -> None:
    """The table goes back to an earlier moment; what happens then is later by the clock."""
    pending, case = a_payment(), paid_unknown(UNKNOWN_ID, NOW, NOW)
    reported = [
        last_payment_event(apply_answer(pending, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)),
        last_case_event(case),
        last_case_event(resolve(case, "refunded", NOW + 1)),
    ]
    later = [
        last_payment_event(
            apply_answer(pending, ElsomStatus.PAID, NOW + MINUTE, NOW + MINUTE, POLICY)
        ),
        last_payment_event(
            apply_answer(pending, ElsomStatus.CANCELLED, NOW + HOUR, NOW + HOUR, POLICY)
        ),
        last_case_event(paid_unknown(UNKNOWN_ID, NOW, NOW + MINUTE)),
        last_case_event(resolve(case, "not refunded", NOW + HOUR)),
    ]
    assert len({event.event_id for event in (*reported, *later) if event}) == 7
