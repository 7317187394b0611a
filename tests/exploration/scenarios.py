"""Two at once on one payment: who they are, and what is there when they begin."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from payments.model import Answer, Asker
from payments.moments import DAY, HOUR, MINUTE, SECOND
from tests.exploration.explorer import Actor
from tests.exploration.scene import Scene
from tests.fakes.world import NOW

Arrange = Callable[[Scene], list[Actor]]
WINDOW_OVER: Final = 11 * SECOND
START_IS_DEAD: Final = 61 * SECOND


@dataclass(frozen=True)
class Scenario:
    """What Elsom does with the start, how the payment stands with it, and who acts."""

    name: str
    starts: str
    truth: Answer
    arrange: Arrange
    deaths: int = 2

    def make(self) -> Scene:
        scene = Scene(self.starts, self.truth)
        scene.actors = self.arrange(scene)
        return scene


def two_starts(scene: Scene) -> list[Actor]:
    return [Actor("start 1", scene.start, NOW), Actor("start 2", scene.start, NOW + 1)]


def start_and_start_after_it_died(scene: Scene) -> list[Actor]:
    return [
        Actor("start", scene.start, NOW),
        Actor("start again", scene.start, NOW + START_IS_DEAD),
    ]


def start_and_notification(scene: Scene) -> list[Actor]:
    return [
        Actor("start", scene.start, NOW),
        Actor("notification", scene.notified_and_served, NOW + SECOND),
    ]


def start_and_schedule_after_it_died(scene: Scene) -> list[Actor]:
    def turn_and_serve() -> None:
        scene.stack.schedule_function()
        scene.serve()

    return [
        Actor("start", scene.start, NOW),
        Actor("schedule", turn_and_serve, NOW + START_IS_DEAD),
    ]


def start_and_close_of_unsent(scene: Scene) -> list[Actor]:
    """The first start sends nothing; the same key comes again just when the payment expires."""
    scene.line.starts = "not sent"
    scene.start()
    scene.line.starts = scene.starts
    at = NOW + HOUR
    scene.loop.now = at
    scene.stack.schedule_function()
    return [
        Actor("start again", scene.start, at - 1),
        Actor("check at its end", scene.serve, at),
    ]


def _pending(scene: Scene) -> None:
    scene.start()
    scene.loop.now = NOW + MINUTE
    scene.stack.schedule_function()


def two_checks(scene: Scene) -> list[Actor]:
    """SQS delivers the schedule's message twice."""
    _pending(scene)
    at = scene.loop.now
    message = scene.stack.checks.content()[0][1]
    scene.stack.checks.put(message)
    return [Actor("check 1", scene.serve, at), Actor("check 2", scene.serve, at + 1)]


def check_and_page(scene: Scene) -> list[Actor]:
    _pending(scene)
    at = scene.loop.now
    return [
        Actor("check", scene.serve, at),
        Actor("page", scene.check_by(Asker.PAGE), at + 1),
        Actor("Elsom", scene.becomes(Answer.PAID), at, may_die=False),
    ]


def notification_and_check(scene: Scene) -> list[Actor]:
    _pending(scene)
    at = scene.loop.now
    return [
        Actor("check", scene.serve, at),
        Actor("notification", scene.notified_and_served, at + 1),
        Actor("Elsom", scene.becomes(Answer.PAID), at, may_die=False),
    ]


def check_and_later_check(changes: tuple[Answer, ...], scene: Scene) -> list[Actor]:
    """A check is slow; another begins after its window, and Elsom changes its mind meanwhile."""
    _pending(scene)
    at = scene.loop.now
    return [
        Actor("slow check", scene.serve, at),
        Actor("later check", scene.check_by(Asker.SHOP), at + WINDOW_OVER),
        Actor("Elsom", scene.becomes(*changes), at, may_die=False),
    ]


def late_notification(scene: Scene) -> list[Actor]:
    """The payment has ended, no check is due any more: only the notification tells of the money."""
    scene.start()
    scene.loop.now = NOW + MINUTE
    scene.stack.check_as(_id(scene), Asker.SHOP)
    payment = scene.stack.payments.get(_id(scene))
    assert payment is not None
    while payment.next_check_at is not None:
        scene.loop.now = payment.next_check_at
        scene.stack.check_as(payment.id, Asker.SCHEDULE)
        payment = scene.stack.payments.get(payment.id) or payment
    at = scene.loop.now + DAY
    scene.server.set_status(scene.server.get(payment.id), Answer.PAID)
    return [
        Actor("notification", scene.notified_and_served, at),
        Actor("page", scene.check_by(Asker.PAGE), at + 1),
    ]


def _id(scene: Scene) -> str:
    return next(iter(scene.server.transactions))


def forged_notification(scene: Scene) -> list[Actor]:
    _pending(scene)
    at = scene.loop.now
    return [
        Actor("check", scene.serve, at),
        Actor("forger", scene.notified_and_served, at + 1),
    ]


A, ONE, TWO, FOUR = Answer.PAID, Answer.IN_PROGRESS, Answer.TIMED_OUT, Answer.ERROR
STARTS: Final = ("accepted", "refused", "reset", "lost", "not sent")
EVENTUALLY: Final = ("accepted", "refused", "reset")
SCENARIOS: Final = (
    *(Scenario(f"two starts, {starts}", starts, A, two_starts) for starts in STARTS),
    *(
        Scenario(
            f"a start, and again after it died, {starts}", starts, A, start_and_start_after_it_died
        )
        for starts in STARTS
    ),
    *(
        Scenario(
            f"start and notification, {starts}, {truth}", starts, truth, start_and_notification
        )
        for starts in STARTS
        for truth in (A, ONE, TWO)
    ),
    *(
        Scenario(
            f"start and schedule after it died, {starts}, {truth}",
            starts,
            truth,
            start_and_schedule_after_it_died,
        )
        for starts in STARTS
        for truth in (A, ONE, FOUR)
    ),
    *(
        Scenario(
            f"start again and the end of an unsent one, {starts}",
            starts,
            A,
            start_and_close_of_unsent,
        )
        for starts in STARTS
    ),
    *(Scenario(f"two checks, {truth}", "accepted", truth, two_checks) for truth in Answer),
    Scenario("check and page, Elsom gets paid", "accepted", ONE, check_and_page),
    Scenario("check and page, after an end", "accepted", TWO, check_and_page),
    Scenario("notification and check, Elsom gets paid", "accepted", ONE, notification_and_check, 1),
    Scenario("notification and check, after an end", "accepted", TWO, notification_and_check, 1),
    *(
        Scenario(
            f"check and later check, {' then '.join((truth, *changes))}",
            "accepted",
            truth,
            partial(check_and_later_check, changes),
        )
        for truth, changes in (
            (ONE, (A,)),
            (ONE, (TWO, A)),
            (ONE, (A, FOUR)),
            (TWO, (A,)),
            (A, (FOUR,)),
            (ONE, (A, TWO, A)),
        )
    ),
    Scenario("notification of an ended payment, and the page", "accepted", TWO, late_notification),
    *(
        Scenario(f"forged notification, {truth}", "accepted", truth, forged_notification)
        for truth in (ONE, TWO)
    ),
)
