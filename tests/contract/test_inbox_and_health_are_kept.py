"""Notifications, unknown ids and Elsom's health in every store."""

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from cli import unknown as unknown_command
from cli.screen import Screen
from payments.bootstrap import Services
from payments.domain.cases import paid_unknown
from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import DAY, HOUR
from payments.domain.errors import WriteConflict
from payments.domain.events import event_id
from payments.domain.ids import derive_id, is_id
from payments.domain.payment import ElsomStatus
from payments.elsom.protocol import Notification
from payments.settings import Settings
from payments.store import inbox as inbox_module
from payments.store import schedule as schedule_module
from payments.store.cases import CaseTable
from payments.store.inbox import InboxTable, Unknown, evidence_of, remember_unknown
from payments.store.schedule import Pass
from payments.store.webhooks import Delivery, DeliveryTable
from tests.contract.stores import DynamoStores, Stores
from tests.fakes import memory
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW

CLAIM = Notification(
    partner_trn_id=PAYMENT_ID, transaction_id="PSP1", payment_status="A", message="Платеж"
)


def receive(stores: Stores, raw: bytes = b"{}", now: int = NOW, source: str = "192.0.2.1") -> None:
    stores.inbox.receive(CLAIM, raw, source, now)


def test_a_notification_is_kept_as_its_own_item(stores: Stores) -> None:
    receive(stores, b'{"a": 1}')
    (kept,) = stores.inbox.received(PAYMENT_ID)
    assert kept["claim"] == {
        "partnerTrnId": PAYMENT_ID,
        "transactionId": "PSP1",
        "paymentStatus": "A",
        "message": "Платеж",
    }
    assert (kept["kind"], kept["pk"]) == ("notification", PAYMENT_ID)
    assert (kept["raw"], kept["source"]) == ('{"a": 1}', "192.0.2.1")
    assert (kept["at"], kept["lastAt"], kept["times"]) == (NOW, NOW, 1)
    assert kept["ttl"] == (NOW + 90 * DAY) // 1000
    assert stores.payments.get(PAYMENT_ID) is None


def test_a_repeat_of_the_same_body_only_counts(stores: Stores) -> None:
    for number in range(3):
        receive(stores, now=NOW + number)
    (kept,) = stores.inbox.received(PAYMENT_ID)
    assert (kept["times"], kept["at"], kept["lastAt"]) == (3, NOW, NOW + 2)


def test_other_bodies_are_other_items(stores: Stores) -> None:
    for number in range(3):
        receive(stores, str(number).encode())
    receive(stores, b"0")
    assert sorted(kept["times"] for kept in stores.inbox.received(PAYMENT_ID)) == [1, 1, 2]
    assert stores.inbox.received(UNKNOWN_ID) == []


def test_of_very_many_notifications_a_hundred_are_shown(stores: Stores) -> None:
    for number in range(105):
        receive(stores, str(number).encode())
    assert len(stores.inbox.received(PAYMENT_ID)) == 100


@pytest.mark.parametrize("raw", [b"x" * 5_000, "ж".encode() * 5_000, b"\xff" * 5_000])
def test_at_most_two_kilobytes_of_a_body_are_kept(stores: Stores, raw: bytes) -> None:
    receive(stores, raw)
    (kept,) = stores.inbox.received(PAYMENT_ID)
    assert 2_045 <= len(kept["raw"].encode()) <= 2_048


@pytest.mark.parametrize("before", [0, 2_040, 2_043, 2_047])
def test_wallet_numbers_in_a_body_are_masked_also_where_it_is_cut(
    stores: Stores, before: int
) -> None:
    receive(stores, b"x" * before + b"0556109910 and 0901015003")
    (kept,) = stores.inbox.received(PAYMENT_ID)
    assert "05561" not in kept["raw"]
    assert "09010" not in kept["raw"]


def test_twelve_notifications_of_sixty_kilobytes_do_not_keep_a_payment_from_being_paid(
    stores: Stores,
) -> None:
    payment = a_payment()
    stores.payments.insert(payment)
    for number in range(12):
        stores.inbox.receive(
            replace(CLAIM, message="x" * 250), f"{number}".encode() + b"x" * 60_000, "::1", NOW
        )
    paid = stores.payments.save(payment, replace(payment, paid_at=NOW, next_check_at=None))
    assert stores.payments.get(PAYMENT_ID) == paid
    assert len(stores.inbox.received(PAYMENT_ID)) == 12


def internal_items(stores: DynamoStores) -> dict[tuple[str, str], Any]:
    """Keep one item of each kind of ours, by key."""
    case = paid_unknown(UNKNOWN_ID, NOW, NOW)
    CaseTable(stores.table).open(case)
    event = event_id(PAYMENT_ID, NOW)
    delivery = Delivery(event_id=event, payload="{}", tries=1, first_tried_at=NOW, due_at=NOW)
    DeliveryTable(stores.table).insert(delivery)
    stores.inbox.insert_unknown(FRESH)
    stores.schedule.save_circuit(Circuit(), Circuit(failures=1))
    keys = ((case.id, "case"), (event, "webhook"), (UNKNOWN_ID, "unknown"), ("elsom", "circuit"))
    return {key: stores.table.get(*key) for key in keys}


def test_a_notification_never_touches_an_item_of_ours_whatever_id_it_names(
    dynamo: DynamoStores,
) -> None:
    ours = internal_items(dynamo)
    assert all(ours.values())
    named = {pk for pk, _ in ours} | {"case#open", "unknown", "webhook#0", "00", "circuit"}
    named |= {"notification#1", "foreign#elsom", f"{PAYMENT_ID} ", PAYMENT_ID.lower()}
    for name in sorted(named):
        claim = replace(CLAIM, partner_trn_id=name)
        dynamo.inbox.receive(claim, name.encode(), "192.0.2.1", NOW)
        (kept,) = dynamo.inbox.received(name)
        assert kept["claim"]["partnerTrnId"] == name
        assert kept["pk"] == (name if is_id(name) else f"foreign#{name}")
        assert dynamo.payments.get(name) is None
    assert {key: dynamo.table.get(*key) for key in ours} == ours
    beside = "pk = :pk AND begins_with(sk, :prefix)"
    assert dynamo.table.query(beside, limit=9, pk="elsom", prefix="notification#") == []


def test_the_key_of_a_notification_does_not_tell_the_wallet_number_that_its_text_hides(
    dynamo: DynamoStores,
) -> None:
    receive(dynamo, b'{"MSISDN": "0556109910"}')
    (kept,) = dynamo.inbox.received(PAYMENT_ID)
    guesses = [kept["raw"].replace("***", f"{middle:03d}") for middle in range(1_000)]
    assert '{"MSISDN": "0556109910"}' in guesses
    assert kept["sk"] not in {
        f"notification#{sha256(one.encode()).hexdigest()[:32]}" for one in guesses
    }
    assert len({evidence_of(one.encode()).sort_key for one in guesses}) == 1


# --- unknown ids ---------------------------------------------------------------------------

FRESH = Unknown(id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW, next_check_at=NOW)


def test_an_unknown_id_is_noted_once(stores: Stores) -> None:
    assert stores.inbox.unknown(UNKNOWN_ID) is None
    stores.inbox.insert_unknown(FRESH)
    later = replace(FRESH, first_seen_at=NOW + HOUR)
    with pytest.raises(WriteConflict) as conflict:
        stores.inbox.insert_unknown(later)
    assert conflict.value.current == FRESH
    assert stores.inbox.unknown(UNKNOWN_ID) == FRESH


def test_an_unknown_id_is_due_apart_from_the_payments(stores: Stores) -> None:
    stores.inbox.insert_unknown(FRESH)
    (one,) = stores.schedule.due_unknown(NOW, 10)
    assert (one.id, one.item, one.at) == (UNKNOWN_ID, "unknown", NOW)
    assert stores.schedule.due(NOW, 10) == []
    assert stores.schedule.due_unknown(NOW - 1, 10) == []
    assert stores.schedule.due_unknown(NOW, 0) == []
    assert stores.schedule.due_unknown(NOW, -3) == []


def test_an_unknown_id_that_is_settled_is_due_no_more(stores: Stores) -> None:
    stores.inbox.insert_unknown(FRESH)
    paid = replace(
        FRESH,
        next_check_at=None,
        last_answer=ElsomStatus.PAID,
        paid_at=NOW,
        queried_at=NOW,
        check_step=1,
    )
    stored = stores.inbox.save_unknown(FRESH, paid)
    assert stored == replace(paid, version=2)
    assert stores.inbox.unknown(UNKNOWN_ID) == stored
    assert stores.schedule.due_unknown(NOW + DAY, 10) == []


def test_a_stale_copy_of_an_unknown_id_overwrites_nothing(stores: Stores) -> None:
    with pytest.raises(WriteConflict) as missing:
        stores.inbox.save_unknown(FRESH, replace(FRESH, check_step=1))
    assert missing.value.current is None
    stores.inbox.insert_unknown(FRESH)
    stored = stores.inbox.save_unknown(FRESH, replace(FRESH, check_step=1))
    with pytest.raises(WriteConflict) as lost:
        stores.inbox.save_unknown(FRESH, replace(FRESH, check_step=9))
    assert lost.value.current == stored


def test_a_notification_makes_an_unknown_id_due_unless_it_is_paid(stores: Stores) -> None:
    assert remember_unknown(stores.inbox, UNKNOWN_ID, NOW)
    stores.inbox.save_unknown(FRESH, replace(FRESH, next_check_at=None))
    assert remember_unknown(stores.inbox, UNKNOWN_ID, NOW + 1)
    again = stores.inbox.unknown(UNKNOWN_ID)
    assert again is not None
    assert (again.next_check_at, again.notified_at, again.notifications) == (NOW + 1, NOW + 1, 2)
    stores.inbox.save_unknown(again, replace(again, next_check_at=None, paid_at=NOW))
    assert remember_unknown(stores.inbox, UNKNOWN_ID, NOW + 2)
    assert stores.schedule.due_unknown(NOW + DAY, 10) == []


def test_every_notification_of_an_unknown_id_moves_its_version(stores: Stores) -> None:
    """So that an answer to an older query cannot end it unseen."""
    for number in range(3):
        remember_unknown(stores.inbox, UNKNOWN_ID, NOW)
        stored = stores.inbox.unknown(UNKNOWN_ID)
        assert stored is not None
        assert (stored.version, stored.notifications) == (number + 1, number + 1)


def test_only_so_many_unknown_ids_wait_and_the_schedule_counts_them(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (inbox_module, schedule_module, memory):
        monkeypatch.setattr(module, "MOST_UNKNOWN", 3)
    ids = [letter * 20 for letter in "ABCDE"]
    assert [remember_unknown(stores.inbox, one, NOW) for one in ids] == [True] * 3 + [False] * 2
    assert len(stores.schedule.due_unknown(NOW, 10)) == 3
    first = stores.inbox.unknown(ids[0])
    assert first is not None
    stores.inbox.save_unknown(first, replace(first, next_check_at=None))
    assert not remember_unknown(stores.inbox, ids[3], NOW), "not counted yet"
    stores.schedule.recount_unknown()
    assert remember_unknown(stores.inbox, ids[3], NOW)
    assert not remember_unknown(stores.inbox, ids[4], NOW)


def test_unknown_ids_that_wait_can_be_listed_and_purged(dynamo: DynamoStores) -> None:
    ids = [derive_id("unknown", str(number)) for number in range(120)]
    for number, one in enumerate(ids):
        remember_unknown(dynamo.inbox, one, NOW + number)
    settled = dynamo.inbox.unknown(ids[7])
    assert settled is not None
    dynamo.inbox.save_unknown(settled, replace(settled, next_check_at=None, paid_at=NOW))
    inbox = InboxTable(dynamo.table)
    assert [one.id for one in inbox.waiting_unknown()] == [*ids[:7], *ids[8:]]
    services = Services(Settings(), lambda _service: None)
    services.table = dynamo.table
    target = SimpleNamespace(services=services)
    screen = Screen(as_json=True)
    context: Any = SimpleNamespace(obj=SimpleNamespace(target=target, screen=screen))
    unknown_command.list_unknown(context, limit=3)
    unknown_command.purge(context, yes=True)
    assert list(inbox.waiting_unknown()) == []
    assert dynamo.schedule.due_unknown(NOW + DAY, 10) == []
    kept = dynamo.inbox.unknown(ids[7])
    assert kept is not None
    assert kept.paid_at == NOW, "what Elsom has called paid stays"
    assert remember_unknown(dynamo.inbox, ids[0], NOW + HOUR)
    assert [one.id for one in inbox.waiting_unknown()] == [ids[0]]


def test_the_first_notification_of_an_id_is_known_as_the_first(stores: Stores) -> None:
    one, other = (Notification(partner_trn_id=PAYMENT_ID, message=text) for text in "ab")
    assert stores.inbox.receive(one, b"a", "192.0.2.1", NOW)
    assert not stores.inbox.receive(one, b"a", "192.0.2.1", NOW + 1), "a repeat"
    assert not stores.inbox.receive(other, b"b", "192.0.2.1", NOW + 2)
    elsewhere = replace(one, partner_trn_id=UNKNOWN_ID)
    assert stores.inbox.receive(elsewhere, b"a", "192.0.2.1", NOW + 3)


def test_how_far_the_schedule_has_come_is_kept(stores: Stores) -> None:
    assert stores.schedule.schedule_pass() == Pass()
    stores.schedule.save_pass(Pass(), Pass(began_at=NOW, sent_until=NOW + 1))
    stored = stores.schedule.schedule_pass()
    assert stored == Pass(began_at=NOW, sent_until=NOW + 1, version=1)
    stores.schedule.save_pass(Pass(), Pass(began_at=NOW + 9))
    assert stores.schedule.schedule_pass() == stored, "another turn was first"


# --- Elsom's health ------------------------------------------------------------------------


def test_the_circuit_begins_closed_and_is_kept(stores: Stores) -> None:
    assert stores.schedule.circuit() == Circuit()
    stores.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW))
    first = stores.schedule.circuit()
    assert first == Circuit(failures=5, open_until=NOW, version=1)
    stores.schedule.save_circuit(first, Circuit())
    assert stores.schedule.circuit() == Circuit(version=2)


def test_of_two_who_saw_the_same_circuit_the_first_write_stands(stores: Stores) -> None:
    stores.schedule.save_circuit(Circuit(), Circuit(failures=1))
    stores.schedule.save_circuit(Circuit(), Circuit(failures=9))
    seen = stores.schedule.circuit()
    assert seen.failures == 1
    stores.schedule.save_circuit(seen, Circuit(failures=2))
    stores.schedule.save_circuit(seen, Circuit(failures=9))
    assert stores.schedule.circuit() == Circuit(failures=2, version=2)


def test_unknown_ids_have_one_question_a_second(stores: Stores) -> None:
    claims = [stores.schedule.claim_unknown_query(NOW + wait) for wait in (0, 0, 999, 1_000)]
    assert claims == [True, False, False, True]
    assert stores.schedule.claim_unknown_query(NOW + 1_999) is False
    assert stores.schedule.claim_unknown_query(NOW + 2_000) is True
