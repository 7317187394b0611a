"""Two at once on one payment: who they are, and what is there when they begin."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from payments.aws.queues import CheckRequest
from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.errors import PaymentsError
from payments.domain.payment import ElsomStatus, Status, Trigger
from tests.exploration.explorer import Actor, Budget
from tests.exploration.scene import ID, Scene
from tests.fakes.payments import UNKNOWN_ID, a_payment
from tests.fakes.world import NOW

Arrange = Callable[[Scene], list[Actor]]
WINDOW_OVER: Final = 11 * SECOND
START_IS_DEAD: Final = 61 * SECOND
ONE_DEATH: Final = Budget(deaths=1)
TWO_DEATHS: Final = Budget(deaths=2)
ONE_REPEAT: Final = Budget(repeats=1)


@dataclass(frozen=True)
class Scenario:
    """What Elsom does with the start, how the payment stands with it, and who acts."""

    name: str
    starts: str
    truth: ElsomStatus
    arrange: Arrange
    budget: Budget = TWO_DEATHS

    def make(self) -> Scene:
        scene = Scene(self.starts, self.truth)
        scene.actors = self.arrange(scene)
        return scene


def two_starts(scene: Scene) -> list[Actor]:
    return [Actor("start 1", scene.start, NOW), Actor("start 2", scene.start, NOW + 1)]


def start_after_death(scene: Scene) -> list[Actor]:
    return [
        Actor("start", scene.start, NOW),
        Actor("start again", scene.start, NOW + START_IS_DEAD),
    ]


def start_and_notification(scene: Scene) -> list[Actor]:
    return [
        Actor("start", scene.start, NOW),
        Actor("notification", scene.notified(), NOW + SECOND),
    ]


def start_and_check(scene: Scene) -> list[Actor]:
    """The schedule has found it due; its start may be dead, or only very slow."""
    scene.stack.checks_queue.send(CheckRequest(id=ID, reason="schedule"))
    return [
        Actor("start", scene.start, NOW),
        Actor("check", scene.serve, NOW + START_IS_DEAD),
    ]


def unsent(scene: Scene) -> list[Actor]:
    """The first start sends nothing; the same key comes again just when the payment expires."""
    scene.network.starts = "not sent"
    scene.start()
    scene.network.starts = scene.starts
    at = NOW + HOUR
    scene.loop.now = at
    scene.stack.schedule_function()
    return [
        Actor("start again", scene.start, at - 1),
        Actor("check at its end", scene.serve, at),
    ]


def _pending(scene: Scene) -> int:
    """A payment of a minute ago that the schedule has just found due; the moment of it."""
    at = NOW + MINUTE
    scene.stack.payments.insert(
        a_payment(
            id=ID,
            created_at=NOW,
            updated_at=NOW,
            expires_at=NOW + HOUR,
            next_check_at=at,
            sequence=2,
            timeline=(
                {"at": NOW, "what": "created"},
                {"at": NOW, "what": "start_sent"},
                {"at": NOW, "what": "pending", "sequence": 2},
            ),
        )
    )
    transaction = scene.server.get(ID)
    transaction.starts = 1
    transaction.truth.append((0, scene.truth))
    scene.loop.now = at
    scene.stack.checks_queue.send(CheckRequest(id=ID, reason="schedule"))
    return at


def two_checks(scene: Scene) -> list[Actor]:
    """SQS delivers the schedule's message twice."""
    at = _pending(scene)
    message = scene.stack.checks.content()[0][1]
    scene.stack.checks.put(message)
    return [Actor("check 1", scene.serve, at), Actor("check 2", scene.serve, at + 1)]


def check_and_page(scene: Scene) -> list[Actor]:
    at = _pending(scene)
    return [
        Actor("check", scene.serve, at),
        Actor("page", scene.check_by(Trigger.PAGE), at + 1),
        Actor("Elsom", scene.becomes(ElsomStatus.PAID), at, may_die=False),
    ]


def check_and_notification(scene: Scene) -> list[Actor]:
    at = _pending(scene)
    return [
        Actor("check", scene.serve, at),
        Actor("notification", scene.notified(), at + 1),
        Actor("Elsom", scene.becomes(ElsomStatus.PAID), at, may_die=False),
    ]


def check_and_later_check(changes: tuple[ElsomStatus, ...], scene: Scene) -> list[Actor]:
    """A check is slow; another begins after its window, and Elsom changes its mind meanwhile."""
    at = _pending(scene)
    return [
        Actor("slow check", scene.serve, at),
        Actor("later check", scene.check_by(Trigger.SHOP), at + WINDOW_OVER),
        Actor("Elsom", scene.becomes(*changes), at, may_die=False),
    ]


def _ended(scene: Scene, status: Status, **fields: Any) -> int:
    """A payment that ended three days ago, and was left alone since; the moment that it is now."""
    at = NOW + 3 * DAY
    scene.loop.now = at
    scene.put_old(
        a_payment(
            status,
            id=ID,
            created_at=NOW,
            updated_at=NOW,
            expires_at=NOW + HOUR,
            sequence=3,
            timeline=(
                {"at": NOW, "what": "created"},
                {"at": NOW, "what": "start_sent"},
                {"at": NOW, "what": "pending", "sequence": 2},
                {"at": NOW, "what": str(status), "sequence": 3},
            ),
            **fields,
        )
    )
    transaction = scene.server.get(ID)
    transaction.starts = 1
    transaction.truth.append((0, scene.truth))
    return at


def late_notification(scene: Scene) -> list[Actor]:
    """The payment has ended, no check is due any more: only the notification tells of the money."""
    at = _ended(scene, Status.EXPIRED, next_check_at=None, check_step=3)
    scene.server.set_status(scene.server.get(ID), ElsomStatus.PAID)
    return [
        Actor("notification", scene.notified(), at),
        Actor("page", scene.check_by(Trigger.PAGE), at + 1),
    ]


def last_late_check(scene: Scene) -> list[Actor]:
    """The last late check is due; SQS delivers its message twice, and the money has come."""
    at = _ended(scene, Status.EXPIRED, next_check_at=NOW + 3 * DAY, check_step=2)
    scene.due_invariants.ended_at[ID] = NOW
    scene.server.set_status(scene.server.get(ID), ElsomStatus.PAID)
    scene.stack.schedule_function()
    scene.stack.checks.put(scene.stack.checks.content()[0][1])
    return [Actor("check 1", scene.serve, at), Actor("check 2", scene.serve, at + 200)]


def paid_then_failed(scene: Scene) -> list[Actor]:
    """A paid payment is notified to have failed, and the first query gets no response."""
    at = _ended(scene, Status.PAID)
    scene.server.set_status(scene.server.get(ID), ElsomStatus.ERROR)
    scene.network.no_response = 1
    return [Actor("notification", scene.notified(), at)]


def answer_in_hand(scene: Scene) -> list[Actor]:
    """A few queries got no response; the page's gets `A`, and then a call of AWS fails."""
    at = _pending(scene)
    scene.gate.not_steps = frozenset()
    for _ in range(3):
        scene.network.no_response = 1
        with suppress(PaymentsError):
            scene.check_by(Trigger.SHOP)()
        scene.loop.now = at = at + MINUTE
    scene.stack.checks.delete_all()
    return [Actor("page", scene.check_by(Trigger.PAGE), at)]


def three_starts(scene: Scene) -> list[Actor]:
    """Three servers of one shop hold the same order; the first start sends nothing."""
    return [
        Actor("start 1", scene.start, NOW),
        Actor("start 2", scene.start, NOW + 3 * SECOND),
        Actor("start 3", scene.start, NOW + 9 * SECOND),
    ]


def _unknown(scene: Scene) -> int:
    """Somebody has named an id of nobody's, and it is about to be asked about."""
    transaction = scene.server.get(UNKNOWN_ID)
    transaction.foreign = True
    transaction.truth.append((0, scene.truth))
    scene.notified(UNKNOWN_ID)()
    scene.loop.now += MINUTE
    scene.stack.schedule_function()
    return scene.loop.now


def unknown_and_notification(scene: Scene) -> list[Actor]:
    """The money comes while the first notification is looked into, and then its own."""
    at = _unknown(scene)
    becomes_paid = scene.becomes(ElsomStatus.PAID, of=UNKNOWN_ID)
    notify = scene.notified(UNKNOWN_ID, "A")

    def paid_and_notified() -> None:
        # Its clock is ahead: before the query it would be a time that is not there.
        if scene.queries.of.get(UNKNOWN_ID):
            becomes_paid()
            notify()

    return [
        Actor("check", scene.serve, at),
        Actor("Elsom, then its notification", paid_and_notified, at + SECOND, may_die=False),
    ]


def unknown_twice(scene: Scene) -> list[Actor]:
    """SQS delivers the message about an unknown id twice; the second comes a little later."""
    at = _unknown(scene)
    scene.stack.checks.put(scene.stack.checks.content()[0][1])
    return [
        Actor("check", scene.serve, at),
        Actor("Elsom", scene.becomes(ElsomStatus.PAID, of=UNKNOWN_ID), at, may_die=False),
        Actor("later check", scene.serve, at + 3 * SECOND),
    ]


def forged_notification(scene: Scene) -> list[Actor]:
    at = _pending(scene)
    return [
        Actor("check", scene.serve, at),
        Actor("forger", scene.notified(), at + 1),
    ]


A, ONE, TWO, FOUR = (
    ElsomStatus.PAID,
    ElsomStatus.IN_PROGRESS,
    ElsomStatus.TIMED_OUT,
    ElsomStatus.ERROR,
)
STARTS: Final = ("accepted", "refused", "reset", "lost", "not sent")
REACHES_ELSOM: Final = frozenset({"accepted", "reset"})
_MINDS: Final = (
    (ONE, (A,)),
    (ONE, (TWO, A)),
    (TWO, (A,)),
    (A, (FOUR,)),
)


def _scenarios() -> Iterator[Scenario]:
    for starts in STARTS:
        yield Scenario(f"two starts: {starts}", starts, A, two_starts)
        yield Scenario(f"a start, again after it died: {starts}", starts, A, start_after_death)
        yield Scenario(f"start again, and the end of an unsent one: {starts}", starts, A, unsent)
        for truth in (A, ONE) if starts in REACHES_ELSOM else (A,):
            name = f"{starts}, Elsom says {truth}"
            yield Scenario(f"start and notification: {name}", starts, truth, start_and_notification)
            yield Scenario(
                f"start and check after its death: {name}", starts, truth, start_and_check
            )
    for truth in (A, ONE, TWO):
        yield Scenario(f"two checks: Elsom says {truth}", "accepted", truth, two_checks)
    for truth, what in ((ONE, "open"), (TWO, "ended")):
        yield Scenario(
            f"check and page: {what}, Elsom gets paid", "accepted", truth, check_and_page
        )
        name = f"check and notification: {what}, Elsom gets paid"
        yield Scenario(name, "accepted", truth, check_and_notification, ONE_DEATH)
        yield Scenario(
            f"forged notification: {what}", "accepted", truth, forged_notification, ONE_DEATH
        )
    for truth, changes in _MINDS:
        name = f"check and later check: {', then '.join((truth, *changes))}"
        yield Scenario(name, "accepted", truth, partial(check_and_later_check, changes), ONE_DEATH)
    yield Scenario("late notification and page", "accepted", TWO, late_notification)
    for starts in ("accepted", "reset"):
        name = f"three starts: first not sent, then {starts}"
        yield Scenario(name, f"first not sent, then {starts}", A, three_starts, ONE_REPEAT)
    yield Scenario("two starts, one write repeated", "accepted", A, two_starts, ONE_REPEAT)
    yield Scenario("two checks, one write repeated", "accepted", A, two_checks, ONE_REPEAT)
    yield Scenario("last late check", "accepted", TWO, last_late_check)
    yield Scenario("last late check, repeated", "accepted", TWO, last_late_check, ONE_REPEAT)
    yield Scenario("paid, then failed, no response", "accepted", A, paid_then_failed)
    throttled = Budget(failures=1)
    yield Scenario("an answer in hand", "accepted", A, answer_in_hand, throttled)
    for truth in (TWO, ONE):
        name = f"unknown id: Elsom says {truth}"
        yield Scenario(f"{name}, notified again", "accepted", truth, unknown_and_notification)
        yield Scenario(f"{name}, delivered twice", "accepted", truth, unknown_twice)


SCENARIOS: Final = tuple(_scenarios())
