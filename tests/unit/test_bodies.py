"""Who wants a check, a resend or the end of a case: how it is read, and where it is kept."""

from __future__ import annotations

import json

import pytest

from payments.api.bodies import parse_requested_by, parse_resolution
from payments.api.payments import Requested, check_now, resend_last_event
from payments.domain.clock import MINUTE, SECOND
from payments.domain.errors import ElsomUnreachable, InvalidRequest, NotFound, StateConflict
from payments.domain.payment import Payment, Status
from payments.domain.transitions import TIMELINE_HEAD, TIMELINE_TAIL, note_request
from payments.domain.views import view_timeline
from payments.elsom.gateway import NoResponse
from tests.fakes.delivery import Outlet
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.world import NOW, World

AIDA = Requested("aida", NOW)
UNSEEN = ["\n", "\x00", "a\x1b[2J", "\u200b", "a\u202eb", "\u2028", "\x85", "x\ufeff"]


def wrong(body: bytes) -> list[str]:
    with pytest.raises(InvalidRequest) as refused:
        parse_requested_by(body)
    return [field for field, _ in refused.value.errors]


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize("empty", [b"", b"  ", b"{}", b'{"requestedBy": null}'])
def test_no_one_has_to_be_named(empty: bytes) -> None:
    assert parse_requested_by(empty) is None


@pytest.mark.parametrize("name", ["a", "aida@shop.example", "Айда К.", "x" * 64, " "])
def test_a_name_of_printable_characters_is_taken(name: str) -> None:
    assert parse_requested_by(body(requestedBy=name)) == name
    assert parse_resolution(body(note="n", resolvedBy=name)) == ("n", name)


@pytest.mark.parametrize("name", ["", "x" * 65, 5, ["a"], *UNSEEN])
def test_any_other_name_is_refused(name: object) -> None:
    assert wrong(body(requestedBy=name)) == ["requestedBy"]
    with pytest.raises(InvalidRequest) as refused:
        parse_resolution(body(note="n", resolvedBy=name, requestedBy=name))
    assert {field for field, _ in refused.value.errors} == {"resolvedBy", "requestedBy"}


def test_a_field_that_is_not_known_and_a_body_that_is_no_object_are_refused() -> None:
    assert wrong(body(by="aida")) == ["by"]
    assert wrong(b"aida") == ["body"]


def test_a_case_may_be_resolved_by_a_person_under_either_name() -> None:
    assert parse_resolution(body(note="n")) == ("n", None)
    assert parse_resolution(body(note="n", requestedBy="aida")) == ("n", "aida")
    assert parse_resolution(body(note="n", requestedBy="aida", resolvedBy="aida")) == ("n", "aida")
    with pytest.raises(InvalidRequest) as refused:
        parse_resolution(body(note="n", requestedBy="aida", resolvedBy="bek"))
    assert [field for field, _ in refused.value.errors] == ["requestedBy"]


def entries(payment: Payment, what: str) -> list[dict[str, object]]:
    return [entry for entry in payment.timeline if entry["what"] == what]


def test_a_check_for_a_person_is_on_the_timeline_and_queries_elsom(world: World) -> None:
    world.put(a_payment())
    checked = check_now(PAYMENT_ID, world.checking(), AIDA)
    assert entries(checked, "check_requested") == [
        {"at": NOW, "what": "check_requested", "by": "aida"}
    ]
    assert world.elsom.queries == [PAYMENT_ID]


def test_a_check_without_a_person_writes_nothing_about_one(world: World) -> None:
    world.put(a_payment())
    assert entries(check_now(PAYMENT_ID, world.checking()), "check_requested") == []


def test_who_wanted_a_check_is_kept_even_if_elsom_does_not_respond(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(NoResponse("timeout"))
    with pytest.raises(ElsomUnreachable):
        check_now(PAYMENT_ID, world.checking(), AIDA)
    assert len(entries(world.store.payments.items[PAYMENT_ID], "check_requested")) == 1


def test_a_check_of_an_unknown_payment_is_not_found_whoever_wants_it(world: World) -> None:
    with pytest.raises(NotFound):
        check_now(PAYMENT_ID, world.checking(), AIDA)


def test_a_resend_for_a_person_names_the_event_on_the_timeline(world: World) -> None:
    world.put(a_payment(Status.PAID))
    outlet = Outlet()
    sent = resend_last_event(PAYMENT_ID, world.payments, outlet.deliveries, outlet.bus, AIDA)
    (entry,) = entries(world.store.payments.items[PAYMENT_ID], "resend_requested")
    assert (entry["by"], entry["eventId"]) == ("aida", sent["eventId"])
    assert [event.event_id for event in outlet.bus.published] == [sent["eventId"]]


def test_a_resend_that_is_refused_is_not_kept(world: World) -> None:
    payment = world.put(a_payment(Status.CREATED))
    outlet = Outlet()
    with pytest.raises(StateConflict):
        resend_last_event(PAYMENT_ID, world.payments, outlet.deliveries, outlet.bus, AIDA)
    assert world.store.payments.items[PAYMENT_ID] == payment


def test_a_person_changes_neither_status_nor_sequence_nor_the_next_check() -> None:
    for status in Status:
        before = a_payment(status)
        after = note_request(before, "check_requested", "aida", NOW)
        same = ("status", "sequence", "next_check_at", "paid_at", "amount", "queried_at")
        assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


def test_the_same_wish_again_is_counted_and_pushes_nothing_off_the_timeline() -> None:
    payment = a_payment()
    for second in range(TIMELINE_HEAD + TIMELINE_TAIL + 20):
        payment = note_request(payment, "check_requested", "aida", NOW + second * SECOND)
    assert [entry["what"] for entry in payment.timeline] == ["created", "check_requested"]
    shown = view_timeline(payment, [])[-1]
    assert (shown["count"], shown["at"]) == (60, "2026-11-24T06:00:00.000Z")
    assert shown["lastAt"] == "2026-11-24T06:00:59.000Z"


def test_another_persons_wish_or_another_wish_is_listed() -> None:
    payment = note_request(a_payment(), "check_requested", "aida", NOW)
    payment = note_request(payment, "check_requested", "bek", NOW + SECOND)
    payment = note_request(payment, "resend_requested", "bek", NOW + MINUTE, eventId="E")
    found = [(entry["what"], entry.get("by")) for entry in payment.timeline[1:]]
    assert found == [
        ("check_requested", "aida"),
        ("check_requested", "bek"),
        ("resend_requested", "bek"),
    ]
