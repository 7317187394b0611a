"""The product without one of its guards: code that a test puts in the place of the real one."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import pytest
from msgspec.structs import replace

from cli import screen
from payments import bootstrap
from payments.aws import api_gateway
from payments.aws.queues import CheckRequest
from payments.domain import masking, next_check, transitions
from payments.domain import payment as model
from payments.domain.errors import NotFound, StoreUnavailable
from payments.domain.ids import derive_id
from payments.domain.next_check import Claim
from payments.domain.payment import ElsomStatus, Payment, Status
from payments.elsom import client, protocol
from payments.elsom.gateway import NoResponse, OutcomeUnknown
from payments.elsom.protocol import Answered, Refused
from payments.pages import routes
from payments.store import inbox
from payments.store.inbox import InboxTable
from payments.store.payments import PaymentTable, apply
from payments.store.schedule import ScheduleTable
from payments.store.table import Table, to_image
from payments.store.webhooks import DeliveryTable
from payments.telemetry import logger
from payments.use_cases import (
    check_payment,
    publish_events,
    query_payment,
    republish_events,
    schedule_checks,
    start_payment,
)
from tests.failure.stack import module

type Patch = pytest.MonkeyPatch


class Never(str):
    """A token by which no writer ever knows its own write again."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


def around(patch: Patch, owner: Any, name: str, make: Callable[..., Any]) -> None:
    """Put `make(real, ...)` in the place of a function."""
    real = getattr(owner, name)
    patch.setattr(owner, name, wraps(real)(lambda *args, **named: make(real, *args, **named)))


def start_answer_wins(patch: Patch) -> None:
    def moves(_real: Any, payment: Payment, url: str, now: int, _policy: Any) -> Payment:
        return transitions._moved(payment, Status.PENDING, now, elsom_url=url, next_check_at=now)

    around(patch, start_payment, "start_accepted", moves)


def success_whatever_is_stored(patch: Patch) -> None:
    def receive(real: Any, *args: Any) -> bool:
        with suppress(StoreUnavailable):
            real(*args)
        return True

    around(patch, InboxTable, "receive", receive)


def work_after_the_answer(patch: Patch) -> None:
    def later(real: Any, *args: Any) -> None:
        def work() -> None:
            threading.Event().wait(0.3)
            real(*args)

        threading.Thread(target=work).start()

    around(patch, module("elsom_callback"), "receive_notification", later)


def unwatched(real: Any, *args: Any) -> Payment:
    """The step, after which nobody asks about the payment any more."""
    payment: Payment = real(*args)
    return replace(payment, next_check_at=None)


def no_first_check(patch: Patch) -> None:
    around(patch, start_payment, "start_accepted", unwatched)


def queries_without_a_rule(patch: Patch) -> None:
    patch.setattr(query_payment, "next_allowed", lambda _queried_at: 0)
    patch.setattr(check_payment, "_is_served", lambda *_: False)


def writes_without_condition(patch: Patch) -> None:
    def put(self: Any, _before: Any, after: Any, token: str) -> None:
        item = to_image({**after, "writeToken": token})
        self._client.put_item(TableName=self._name, Item=item)

    patch.setattr(Table, "replace", put)


def paid_can_be_left(patch: Patch) -> None:
    patch.setitem(model.AFTER_ANSWER, Status.PAID, model._SETTLE)


def no_late_checks(patch: Patch) -> None:
    for owner in (transitions, next_check):
        patch.setattr(owner, "late_check", lambda *_: None)


def no_response_is_an_answer(patch: Patch) -> None:
    def guess(real: Any, *args: Any) -> Any:
        outcome = real(*args)
        return Answered(ElsomStatus.IN_PROGRESS) if isinstance(outcome, NoResponse) else outcome

    around(patch, client.ElsomClient, "status", guess)


def one_check_is_enough(patch: Patch) -> None:
    def claimed(real: Any, *args: Any) -> Claim:
        taken: Claim = real(*args)
        return replace(taken, payment=replace(taken.payment, next_check_at=None))

    around(patch, query_payment, "claim", claimed)


def unknown_is_not_sent(patch: Patch) -> None:
    def after(real: Any, payment: Payment, outcome: Any, now: int, policy: Any) -> Payment:
        if isinstance(outcome, OutcomeUnknown):
            return transitions.take_back_attempt(payment, now, "guessed")
        taken: Payment = real(payment, outcome, now, policy)
        return taken

    around(patch, start_payment, "_after", after)


def unknown_is_failed(patch: Patch) -> None:
    def after(real: Any, payment: Payment, outcome: Any, now: int, policy: Any) -> Payment:
        guessed = Refused("timeout") if isinstance(outcome, OutcomeUnknown) else outcome
        taken: Payment = real(payment, guessed, now, policy)
        return taken

    around(patch, start_payment, "_after", after)


def notifications_are_believed(patch: Patch) -> None:
    def believe(real: Any, notification: Any, raw: bytes, source: str, deps: Any) -> None:
        real(notification, raw, source, deps)
        payment = deps.payments.get(notification.partner_trn_id)
        if payment is not None and notification.payment_status == "A":
            policy = bootstrap.services().settings.policy
            apply(
                deps.payments,
                payment,
                lambda p: transitions.apply_answer(
                    p, ElsomStatus.PAID, deps.clock(), deps.clock(), policy
                ),
            )

    around(patch, module("elsom_callback"), "receive_notification", believe)


def ids_of_all_stacks_are_alike(patch: Patch) -> None:
    patch.setattr(start_payment, "payment_id", lambda _stack, key: derive_id("payment", key))


def headers_name_the_address(patch: Patch) -> None:
    def forwarded(real: Any, event: Any, *args: Any, **named: Any) -> Any:
        request = real(event, *args, **named)
        return replace(request, source_ip=request.headers.get("x-forwarded-for", ""))

    around(patch, api_gateway, "read_request", forwarded)


def pages_do_not_query(patch: Patch) -> None:
    for name in ("_returned", "_polled"):
        patch.setattr(routes, name, lambda payment, _pages: payment)


def pages_want_the_cookie(patch: Patch) -> None:
    def known(real: Any, request: Any, pages: Any) -> Any:
        if routes.COOKIE not in request.cookies and request.resource.startswith("/return"):
            raise NotFound
        return real(request, pages)

    around(patch, routes, "_payment_of", known)


def nobody_looks_for_duplicates(patch: Patch) -> None:
    patch.setattr(publish_events, "duplicates_of", lambda *_: [])


def failed_webhooks_are_not_kept(patch: Patch) -> None:
    patch.setattr(DeliveryTable, "insert", lambda *_: True)


def resends_forget_first(patch: Patch) -> None:
    def forget(self: Any, event_id: str) -> None:
        known = self.get(event_id)
        if known is not None:
            self.save(known, replace(known, payload="", due_at=None, wanted_again=True))

    patch.setattr(DeliveryTable, "want_again", forget)


def republish_looks_at_statuses_alone(patch: Patch) -> None:
    def entries(real: Any, *args: Any) -> Any:
        return (entry for entry in real(*args) if "sequence" in entry)

    around(patch, republish_events, "_entries_within", entries)


def strangers_write_as_they_like(patch: Patch) -> None:
    for home in (protocol, inbox, screen):
        patch.setattr(home, "visible", lambda text, **_: text)


def sequences_count(patch: Patch) -> None:
    def moved(real: Any, payment: Payment, *args: Any, **named: Any) -> Payment:
        after: Payment = real(payment, *args, **named)
        return replace(after, sequence=payment.sequence + 1)

    around(patch, transitions, "_moved", moved)


def attempts_are_not_recorded(patch: Patch) -> None:
    def unrecorded(real: Any, *args: Any) -> Payment:
        payment: Payment = real(*args)
        return replace(payment, attempt_at=None)

    around(patch, start_payment, "begin_attempt", unrecorded)


def money_is_a_float(patch: Patch) -> None:
    patch.setattr(start_payment, "parse_som", lambda text: int(float(text) * 100))


def refusals_are_rolled_back(patch: Patch) -> None:
    def record(real: Any, payment: Payment, outcome: Any, deps: Any) -> Payment:
        if isinstance(outcome, Refused):
            now = deps.clock()
            return transitions.start_refused(payment, outcome.code, now, deps.policy)
        recorded: Payment = real(payment, outcome, deps)
        return recorded

    around(patch, start_payment, "_record", record)


def bodies_are_logged(patch: Patch) -> None:
    def careless(real: Any, event: Any, *args: Any, **named: Any) -> Any:
        logger.info("request", body=event.get("body"))
        return real(event, *args, **named)

    around(patch, api_gateway, "read_request", careless)


def elsoms_texts_go_on_as_they_are(patch: Patch) -> None:
    patch.setattr(protocol, "scrub_refusal", lambda refused, _secrets: refused)


def wallets_are_not_masked(patch: Patch) -> None:
    patch.setattr(masking, "_NUMBER", re.compile(r"(?!)"))


def no_circuit(patch: Patch) -> None:
    patch.setattr(query_payment, "is_open", lambda *_: False)
    patch.setattr(schedule_checks, "is_open", lambda *_: False)


def repeats_are_new_items(patch: Patch) -> None:
    numbers = iter(range(1_000))

    def receive(real: Any, self: Any, notification: Any, raw: bytes, *more: Any) -> None:
        real(self, notification, raw + b" " * next(numbers), *more)

    around(patch, InboxTable, "receive", receive)


def notifications_fill_the_payment(patch: Patch) -> None:
    numbers = iter(range(1_000))

    def receive(real: Any, self: Any, notification: Any, raw: bytes, *more: Any) -> None:
        real(self, notification, raw, *more)
        where = f"SET #note{next(numbers)} = :raw"
        self._table.update(notification.partner_trn_id, "payment", where, raw=raw.decode())

    around(patch, InboxTable, "receive", receive)


def unknown_ids_at_any_rate(patch: Patch) -> None:
    def at_once(_real: Any, now: int, _home: int, deps: Any) -> int:
        found = deps.schedule.due_unknown(now, schedule_checks.UNKNOWN_PER_MINUTE)
        requests = [CheckRequest(id=one.id, reason="unknown") for one in found]
        sent: int = deps.queue.send_all([(request, 0) for request in requests])
        return sent

    around(patch, schedule_checks, "_send_unknown", at_once)
    patch.setattr(ScheduleTable, "claim_unknown_query", lambda *_: True)


def writers_do_not_know_their_own_write(patch: Patch) -> None:
    patch.setattr(PaymentTable.__init__, "__defaults__", (lambda: Never("0" * 8),))
    patch.setattr(start_payment, "new_token", lambda: Never("0" * 8))
