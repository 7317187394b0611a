"""The guards, taken away one by one: never in the product, only around a run that must notice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from unittest.mock import patch

from msgspec.structs import replace

from payments.aws.queues import CheckRequest
from payments.domain import next_check, transitions
from payments.domain.clock import DAY
from payments.domain.errors import WriteConflict
from payments.domain.next_check import Claim, claim, late_check
from payments.domain.payment import AFTER_ANSWER, ElsomStatus, Payment, Policy, Status, Trigger
from payments.domain.transitions import apply_answer
from payments.elsom.client import ElsomClient
from payments.elsom.gateway import (
    Elsom,
    NoResponse,
    NoStatus,
    OutcomeUnknown,
    StartOutcome,
    StatusOutcome,
)
from payments.elsom.protocol import Merchant, Notification, Start
from payments.store.inbox import Unknown
from payments.store.payments import apply
from payments.store.schedule import ScheduleTable
from payments.store.webhooks import DeliveryTable
from payments.use_cases import check_unknown_id, query_payment, schedule_checks, start_payment
from payments.use_cases import receive_notification as notification
from payments.use_cases.check_unknown_id import _answered, query_unknown_id
from payments.use_cases.keep_trigger import KeptTrigger
from payments.use_cases.query_payment import CheckDeps, save_no_response
from payments.use_cases.receive_notification import ReceiveDeps, ReceiveResult, receive_notification
from payments.use_cases.schedule_checks import ScheduleDeps, ScheduleResult
from tests.fakes.world import POLICY
from tests.simulation.stack import Stack


class HasStack(Protocol):
    """A world, or a scene of the exploration."""

    stack: Stack


@contextmanager
def without_version_condition(world: HasStack) -> Iterator[None]:
    """Whoever writes last wins."""
    world.stack.dynamodb.conditions_hold = False
    yield


@contextmanager
def with_trusted_notification(world: HasStack) -> Iterator[None]:
    """A notification that says `A` is believed."""

    def believe(
        notification: Notification, raw: bytes, source: str, deps: ReceiveDeps
    ) -> ReceiveResult:
        received = receive_notification(notification, raw, source, deps)
        payment = deps.payments.get(notification.partner_trn_id)
        if payment is not None and notification.payment_status == "A":
            now = deps.clock()
            apply(
                deps.payments,
                payment,
                lambda p: apply_answer(p, ElsomStatus.PAID, now, now, POLICY),
            )
        return received

    world.stack.parts.receive_notification = believe
    yield


@contextmanager
def with_repeated_start(world: HasStack) -> Iterator[None]:
    """A start whose outcome is not known is sent once more, as HTTP clients like to do."""
    send: Callable[..., StartOutcome] = ElsomClient.start

    def repeat(
        client: ElsomClient, start: Start, merchant: Merchant, seconds: float
    ) -> StartOutcome:
        outcome = send(client, start, merchant, seconds)
        if isinstance(outcome, OutcomeUnknown):
            return send(client, start, merchant, seconds)
        return outcome

    with patch.object(ElsomClient, "start", repeat):
        yield


@contextmanager
def with_paid_left(world: HasStack) -> Iterator[None]:
    """A paid payment does what Elsom says later."""
    later = {
        answer: status
        for answer, status in AFTER_ANSWER[Status.PENDING].items()
        if status is not Status.PAID
    }
    table = {**AFTER_ANSWER, Status.PAID: later}
    with patch.object(transitions, "AFTER_ANSWER", table):
        yield


class _NoInbox:
    """Takes notifications and keeps none."""

    def __init__(self, inbox: Any) -> None:
        self._inbox = inbox

    def receive(self, *_about: object) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)


@contextmanager
def without_inbox(world: HasStack) -> Iterator[None]:
    """Notifications are answered, but not kept."""

    def forget(
        notification: Notification, raw: bytes, source: str, deps: ReceiveDeps
    ) -> ReceiveResult:
        blind = replace(deps, inbox=_NoInbox(deps.inbox))
        return receive_notification(notification, raw, source, blind)

    world.stack.parts.receive_notification = forget
    yield


class _OutOfStep:
    """Asks Elsom, and then needs the circuit's item before anything is written."""

    def __init__(self, elsom: Elsom, schedule: ScheduleTable) -> None:
        self._elsom = elsom
        self._schedule = schedule

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        return self._elsom.start(start, merchant, seconds)

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        outcome = self._elsom.status(payment_id, merchant)
        self._schedule.claim_unknown_query(0)
        return outcome


@contextmanager
def with_an_answer_that_waits(world: HasStack) -> Iterator[None]:
    """The answer is written after another item, whose write may fail."""
    stack = world.stack
    with patch.object(stack, "elsom", _OutOfStep(stack.elsom, stack.schedule)):
        yield


def without_lease(payment: Payment, claimed: Payment, now: int, policy: Policy) -> Payment:
    """A claim that takes the next step, and where none is left nothing."""
    if payment.is_open:
        return replace(claimed, next_check_at=now + policy.ladder[0])
    step = payment.check_step + 1
    due = late_check(payment, policy, step, now)
    return replace(claimed, check_step=step, next_check_at=due)


def retries_destroyed(deliveries: DeliveryTable, event_id: str) -> None:
    """A resend that ends the pending retry before its event has taken its place."""
    known = deliveries.get(event_id)
    if known is not None and known.tries:
        deliveries.save(known, replace(known, wanted_again=True, due_at=None))


def first_writer_wins(save: Callable[..., Any], kept: Any, step: Callable[..., Any]) -> Any:
    """What meets another writer is dropped."""
    try:
        return save(kept, step(kept))
    except WriteConflict:
        return kept


def deaf_to_notifications(unknown_id: Unknown, *, queried: Unknown, **about: Any) -> Unknown:
    """An answer ends the id, whatever was notified since its query began."""
    return _answered(unknown_id, queried=unknown_id, **about)


def ill_of_strangers(unknown_id: str, deps: CheckDeps) -> bool:
    """No response about an unknown id, or no status of it, counts for everybody."""

    class Counting:
        start = deps.elsom.start

        def status(self, trn: str, merchant: Merchant) -> StatusOutcome:
            outcome = deps.elsom.status(trn, merchant)
            if isinstance(outcome, NoResponse | NoStatus):
                save_no_response(NoResponse("timeout"), deps.clock(), deps.schedule, deps.jitter())
            return outcome

    return query_unknown_id(unknown_id, replace(deps, elsom=Counting()))


def without_age(
    payment: Payment, answer: ElsomStatus, _queried_at: int, now: int, policy: Policy, **more: Any
) -> Payment:
    """An answer is taken for the newest, whenever its query began."""
    return apply_answer(payment, answer, now + DAY, now, policy, **more)


def never_given_up(payment: Payment, *_: object, **__: object) -> Payment:
    """A response without a status never ends a payment."""
    return payment


def one_after_the_other(previous: int, _now: int) -> int:
    """A sequence that forgets, with the table, how far it had come."""
    return previous + 1


def behind_the_backlog(deps: ScheduleDeps) -> ScheduleResult:
    """As many of the longest waiting are skipped as the queue holds messages of any kind."""
    now, backlog = deps.clock(), deps.queue.backlog()
    found = deps.schedule.due(now, deps.concurrency * schedule_checks.PER_WORKER)
    fresh = found[min(backlog, len(found)) :]
    wanted = [(CheckRequest(id=one.id, reason="schedule"), 0) for one in fresh]
    return ScheduleResult(
        checks=deps.queue.send_all(wanted), unknown=0, backlog=backlog, oldest_wait=0
    )


def not_kept(_payments: object, payment: Payment, *_: object) -> KeptTrigger:
    """The index keeps no trigger, and every notification sends a message."""
    return KeptTrigger(payment, is_new=True)


@contextmanager
def with_a_starving_schedule(_world: HasStack) -> Iterator[None]:
    """Each notification sends a message, and the schedule's share is what they leave."""
    with (
        patch.object(notification, "keep_in_index", not_kept),
        patch.object(schedule_checks, "send_due_checks", behind_the_backlog),
    ):
        yield


def unkept(
    payment: Payment, now: int, trigger: Trigger, policy: Policy, _notified_at: int | None = None
) -> Claim:
    """A claim that does not keep the notification that it serves."""
    return claim(payment, now, trigger, policy)


@contextmanager
def without_kept_trigger(_world: HasStack) -> Iterator[None]:
    """A notification of an ended payment is a message alone."""
    with (
        patch.object(notification, "keep_in_index", not_kept),
        patch.object(query_payment, "claim", unkept),
    ):
        yield


Mutation = Callable[[HasStack], AbstractContextManager[None]]


def replaced(target: object, name: str, by: object) -> Mutation:
    """A guard that is one name of the product: a constant, or a function."""

    @contextmanager
    def mutate(_world: HasStack) -> Iterator[None]:
        with patch.object(target, name, by):
            yield

    return mutate


@dataclass(frozen=True)
class Guard:
    """How to take a guard away, and the invariants that may notice it.

    The scenarios of the exploration must notice it, each of them; with `simulated`, the simulation
    must too, within two thousand payments. Every guard is noticed by one of the two.
    """

    take_away: Mutation
    invariants: frozenset[int]
    scenarios: tuple[str, ...] = ()
    simulated: bool = True
    # A world in which it shows, where few do: its seed, number and payments.
    world: tuple[str, int, int] | None = None


def noticed_by(*invariants: int) -> frozenset[int]:
    return frozenset(invariants)


GUARDS: Final[dict[str, Guard]] = {
    "without the version condition": Guard(
        without_version_condition,
        noticed_by(0, 2, 4, 5, 6, 7, 9),
        (
            "start and notification: accepted, Elsom says A",
            "check and later check: A, then 4",
        ),
    ),
    "with a trusted notification": Guard(
        with_trusted_notification,
        noticed_by(1),
        ("forged notification: open", "forged notification: ended"),
    ),
    "with a repeated start": Guard(with_repeated_start, noticed_by(3), ("two starts: reset",)),
    "with paid left": Guard(with_paid_left, noticed_by(4), ("check and later check: A, then 4",)),
    "without the inbox": Guard(
        without_inbox,
        noticed_by(7),
        ("late notification and page", "start and notification: reset, Elsom says A"),
    ),
    "with one name for every attempt (F26)": Guard(
        replaced(start_payment, "new_token", lambda: "attempt"),
        noticed_by(3),
        ("three starts: first not sent, then accepted",),
        simulated=False,
    ),
    "without the lease (F27)": Guard(
        replaced(next_check, "_with_lease", without_lease),
        noticed_by(9),
        ("last late check",),
    ),
    "without an end for a payment that Elsom forgot (F30)": Guard(
        replaced(query_payment, "apply_no_status", never_given_up), noticed_by(5)
    ),
    "with a resend that destroys the retry (F31)": Guard(
        replaced(DeliveryTable, "want_again", retries_destroyed), noticed_by(6)
    ),
    "without the trigger in the index (F32)": Guard(
        without_kept_trigger,
        noticed_by(2, 9),
        ("paid, then failed, no response",),
    ),
    "with an unknown id that keeps the first answer (F33)": Guard(
        replaced(check_unknown_id, "apply_step", first_writer_wins),
        noticed_by(2, 9),
        ("unknown id: Elsom says 2, delivered twice",),
        simulated=False,
    ),
    "with an unknown id that is deaf while it is queried (F33)": Guard(
        replaced(check_unknown_id, "_answered", deaf_to_notifications),
        noticed_by(2, 9),
        ("unknown id: Elsom says 2, notified again",),
        simulated=False,
    ),
    "with unknown ids that open the circuit (F34)": Guard(
        replaced(check_unknown_id, "query_unknown_id", ill_of_strangers), noticed_by(11)
    ),
    "with answers that have no age (F36)": Guard(
        replaced(query_payment, "apply_answer", without_age),
        noticed_by(2),
        ("check and later check: 2, then A",),
        simulated=False,
    ),
    "with a sequence that a restore sets back (F40)": Guard(
        replaced(transitions, "next_sequence", one_after_the_other),
        noticed_by(6, 7),
        world=("tell", 67, 200),
    ),
    "with an answer that waits for another write (F41)": Guard(
        with_an_answer_that_waits,
        noticed_by(1, 2, 5, 9, 10),
        ("an answer in hand",),
        simulated=False,
    ),
    "without the query rule": Guard(
        replaced(query_payment, "next_allowed", lambda _queried_at: 0), noticed_by(0)
    ),
    "with a schedule behind the backlog (F29)": Guard(
        with_a_starving_schedule, noticed_by(2, 9, 10)
    ),
}
