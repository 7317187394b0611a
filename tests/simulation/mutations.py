"""The guards, taken away one by one: never in the product, only around a run that must notice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from unittest.mock import patch

from msgspec.structs import replace

from payments import transitions
from payments.elsom.client import ElsomClient
from payments.elsom.outcomes import OutcomeUnknown, StartOutcome
from payments.elsom.wire import Merchant, Notification, Start
from payments.model import AFTER_ANSWER, Answer, Status
from payments.notification import Received, Receiving, receive_notification
from payments.store.payments import apply
from payments.transitions import apply_answer
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

    def believe(notification: Notification, raw: bytes, source: str, deps: Receiving) -> Received:
        received = receive_notification(notification, raw, source, deps)
        payment = deps.payments.get(notification.partner_trn_id)
        if payment is not None and notification.payment_status == "A":
            now = deps.clock()
            apply(deps.payments, payment, lambda p: apply_answer(p, Answer.PAID, now, now, POLICY))
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

    def forget(notification: Notification, raw: bytes, source: str, deps: Receiving) -> Received:
        blind = replace(deps, inbox=_NoInbox(deps.inbox))
        return receive_notification(notification, raw, source, blind)

    world.stack.parts.receive_notification = forget
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
}
