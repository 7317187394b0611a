"""A whole world on one seed: stack, Elsom, shop, customers, strangers, and all that fails."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from payments.errors import PaymentsError
from payments.model import Answer, Payment, Status
from payments.moments import DAY, HOUR, MINUTE, SECOND
from tests.fakes.world import NOW, POLICY
from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.fates import Fate, choose_fate, choose_lag
from tests.simulation.faults import Away, Faults, FaultyGate, RandomLag
from tests.simulation.line import Line, Outage, SimulatedElsom
from tests.simulation.notifier import Notifier
from tests.simulation.people import Caller, Order, Stranger, make_order
from tests.simulation.shop import Shop
from tests.simulation.sqs import Message, Poller, Queue
from tests.simulation.stack import CONCURRENCY, TIMEOUTS, WEBHOOK_CONCURRENCY, Parts, Stack
from tests.simulation.story import Story
from tests.simulation.stream import Stream
from tests.simulation.tasks import Ended, Killed, Loop, Task
from tests.simulation.watch import Broken, Judge, Watch

ORDERS_FOR: Final = 8 * HOUR
# Nothing fails any more from here on; a give-up and every late check come before the end.
CALM_AT: Final = NOW + 6 * DAY
END_AT: Final = NOW + 8 * DAY
# Sooner than by default: asking in vain for five days shows no more than for two.
GIVE_UP: Final = 48 * HOUR

Done = Callable[[Ended], None]


def nobody(_ended: Ended) -> None:
    return


class World:
    """Everything, wired together. `run` lets eight days pass and judges what is left."""

    def __init__(self, seed: str, payments: int, parts: Parts | None = None) -> None:
        self.rng = Random(seed)
        self.loop = Loop(NOW)
        self.story = Story(self.loop, NOW)
        self.outcomes: Counter[str] = Counter()
        self.faults = Faults(self.rng, self.loop, self.story)
        self.gate = FaultyGate(self.loop, self.faults, _aws_outages(self.rng))
        self.watch = Watch(self.story)
        self.server = ElsomServer(
            self.loop, self.rng, self.story, self._elsom_gets, self.watch.started_again
        )
        self.line = Line(
            self.faults, self.server, _outages(self.rng), on_answer=self.watch.answered
        )
        self.shop = Shop(self.faults, self.gate, _shop_outages(self.rng))
        self.stack = Stack(
            loop=self.loop,
            gate=self.gate,
            lag=RandomLag(self.faults),
            faults=self.faults,
            rng=self.rng,
            elsom=SimulatedElsom(self.line, self.gate),
            post=self.shop.post,
            policy=replace(POLICY, give_up=GIVE_UP),
            parts=parts or Parts(),
        )
        self.watch.images = self.stack.dynamodb.images
        self.stream = Stream(self.loop, self.faults, self._publish)
        self.stack.dynamodb.listeners += [self.watch.written, self.stream.written]
        self.checks = Poller(self.stack.checks, self.faults, CONCURRENCY, self._check)
        self.webhooks = Poller(self.stack.webhooks, self.faults, WEBHOOK_CONCURRENCY, self._deliver)
        self.starting: set[str] = set()
        self.notifier = Notifier(
            self.faults, self.line, self._callback, self.starting, self.outcomes
        )
        self._plan(payments)

    # ------------------------------------------------------------ the run

    def run(self, until: int = END_AT, progress: Callable[[int], None] | None = None) -> None:
        while self.loop.now < until and not self.watch.broken:
            self.loop.run(min(self.loop.now + 6 * HOUR, until))
            if progress is not None:
                progress(self.loop.now - NOW)

    def judge(self) -> list[Broken]:
        """What is broken, once all has come to rest."""
        if self.watch.broken:
            return self.watch.broken
        left = self.stream.waiting + self.stack.checks.waiting + self.stack.webhooks.waiting
        if left:
            self.watch.break_(5, "everybody", f"{left} messages and records were never served")
        dead = frozenset(_event_of(text) for text in self._texts(self.stack.dead_webhooks))
        judge = Judge(self.watch, self.stack.dynamodb, self.server, self.shop, dead, self.loop.now)
        judge.judge()
        self.outcomes["money that Elsom, asked, did not tell of"] += judge.put_off
        self.outcomes.update(f"ends: {_end_of(payment)}" for payment in judge.payments)
        return self.watch.broken

    def _texts(self, queue: Queue) -> list[str]:
        texts = []
        while (message := queue.receive()) is not None:
            texts.append(message.body)
        return texts

    # ------------------------------------------------------------ what is going to happen

    def _plan(self, payments: int) -> None:
        previous: Order | None = None
        for number in range(payments):
            order = make_order(number, previous, self)
            self.loop.at(NOW + self.rng.randrange(ORDERS_FOR), Caller(order, self).begin)
            previous = order
        stranger = Stranger(self)
        for number in range(payments // 10 + 1):
            moment = NOW + self.rng.randrange(5 * DAY)
            self.loop.at(moment, lambda number=number: stranger.knock(number))  # type: ignore[misc]
        self.loop.at(NOW + MINUTE, self._turn)
        self.loop.at(CALM_AT, self._calm_down)

    def _turn(self) -> None:
        """The schedule's minute. A turn that would find nothing is left out: it writes nothing."""
        self.loop.after(MINUTE, self._turn)
        if not self.stack.dynamodb.is_due(self.loop.now):
            return
        if not self.faults.happens("schedule: a turn is missed", 0.01):
            self.invoke("schedule", "", self.stack.schedule_function)

    def _calm_down(self) -> None:
        """The faults stop, and a person puts back what was moved aside."""
        self.faults.calm = True
        self.loop.after(HOUR, self._redrive)

    def _redrive(self) -> None:
        self.outcomes["checks: redriven"] += self.stack.checks.redrive()
        self.outcomes["webhooks: redriven"] += self.stack.webhooks.redrive()

    def _elsom_gets(self, transaction: Transaction) -> None:
        """A start has arrived at Elsom: what is to become of it?"""
        fate = choose_fate(self.rng)
        self.count(f"fate: {fate.name}")
        self.story.tell(transaction.id, f"Elsom: fate is '{fate.name}'")
        transaction.refuses = "17" if fate.refused else None
        transaction.knows = fate.knows
        transaction.lag = choose_lag(self.rng)
        self._go_on(transaction, fate, 0)

    def _go_on(self, transaction: Transaction, fate: Fate, place: int) -> None:
        if place == len(fate.steps):
            return
        step = fate.steps[place]
        is_last = place == len(fate.steps) - 1

        def happen() -> None:
            self.server.set_status(transaction, step.status)
            self.notifier.notify(transaction, step.status, sure=fate.sure and is_last)
            self._go_on(transaction, fate, place + 1)

        wait = self.rng.randint(*step.wait)
        if wait == 0:
            # Before the start is answered, and the answer takes its time.
            self.server.pause = self.rng.choice((0, 200, 2_000, 5_000))
            happen()
        else:
            self.loop.after(wait, happen)

    # ------------------------------------------------------------ functions

    def invoke(self, name: str, subject: str, work: Callable[[], Any], done: Done = nobody) -> None:
        """Run a function of the stack until it ends, is killed, or its time is over."""
        task = Task(name, subject, self.loop.now + TIMEOUTS[name] * SECOND)

        def ended(how: Ended) -> None:
            self.outcomes[f"{name}: run"] += 1
            if isinstance(how.error, Killed):
                self.faults.note("lambda: time is over" if how.error.args else "lambda: killed")
                self.story.tell(subject, f"{name} was killed")
            elif how.error is not None and not isinstance(how.error, PaymentsError):
                raise how.error
            done(how)

        self.loop.spawn(task, work, ended)

    def _callback(self, subject: str, body: bytes, done: Done) -> None:
        self.tell(subject, f"notification arrives: {body.decode(errors='replace')[:200]}")

        def ended(how: Ended) -> None:
            self.tell(subject, f"notification is answered {how.value or 'not at all'}")
            if how.value == 200:
                self.watch.notification_acknowledged(subject[:100], body)
            done(how)

        self.invoke("callback", subject, lambda: self.stack.callback_function(body), ended)

    def _check(self, message: Message, done: Done) -> None:
        subject = _subject_of(message.body)
        number = message.receives
        self.tell(subject, f"check begins, delivery {number}: {message.body}")

        def work() -> str | None:
            if message.cursed:
                raise Killed
            return self.stack.check_function(message.body, number)

        def ended(how: Ended) -> None:
            self.outcomes[f"check: {how.value or 'comes again'}"] += 1
            self.tell(subject, f"check ends: {how.value or 'comes again'}")
            done(how)

        self.invoke("check", subject, work, ended)

    def _deliver(self, message: Message, done: Done) -> None:
        def work() -> str | None:
            if message.cursed:
                raise Killed
            return self.stack.deliver_function(message.body)

        def ended(how: Ended) -> None:
            self.outcomes[f"webhook: {how.value or 'comes again'}"] += 1
            done(how)

        self.invoke("deliver", "", work, ended)

    def _publish(self, records: list[dict[str, Any]], done: Done) -> None:
        def ended(how: Ended) -> None:
            if how.value is not None:
                assert how.value.aside == 0, "a record was moved aside"
                for case in how.value.cases:
                    self.outcomes[f"case: {case.case_kind}"] += 1
            done(how)

        self.invoke("publish", "", lambda: self.stack.publish_function(list(records)), ended)

    # ------------------------------------------------------------ what people do (see `Town`)

    def later(self, delay: int, action: Callable[[], None]) -> None:
        self.loop.after(delay, action)

    def tell(self, subject: str, text: str) -> None:
        self.story.tell(subject, text)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] += 1

    def start(self, subject: str, key: str, body: bytes, done: Done) -> None:
        self.starting.add(subject)

        def ended(how: Ended) -> None:
            self.starting.discard(subject)
            done(how)

        self.invoke("start", subject, lambda: self.stack.start_function(key, body), ended)

    def visit_page(self, subject: str) -> None:
        def ended(how: Ended) -> None:
            shown = how.value["status"] if how.value else type(how.error).__name__
            self.count(f"page: {shown}")
            self.tell(subject, f"customer: sees {shown}")

        self.invoke("page", subject, lambda: self.stack.page_function(subject), ended)

    def check_for_shop(self, subject: str) -> None:
        def ended(how: Ended) -> None:
            shown = how.value.status if how.value else type(how.error).__name__
            self.count(f"shop's check: {shown}")
            self.tell(subject, f"shop: asks, hears {shown}")

        self.invoke("api", subject, lambda: self.stack.shop_check_function(subject), ended)

    def forge(self, subject: str) -> None:
        self.notifier.forge(subject)

    def send_junk(self) -> None:
        self.notifier.send_junk()

    def elsom_knows(self, transaction: Transaction, status: Answer) -> None:
        self.server.transactions[transaction.id] = transaction
        self.server.set_status(transaction, status)
        self.notifier.notify(transaction, status)


def _end_of(payment: Payment) -> str:
    if payment.status is Status.PAID:
        return "paid late" if payment.late else "paid"
    return f"{payment.status} {payment.status_reason}"


def _outages(rng: Random) -> tuple[Outage, ...]:
    """Elsom is away: for minutes, for hours, and just when payments would be given up."""
    hours = (0.3, 2, 7.6, 24.8, 47.7, 50, 96)
    lengths = (8, 25, 120 + rng.randrange(240), 60, 90, 60, 60)
    kinds = ("hang unread", "mixed", "mixed", "refused", "mixed", "mixed", "garbage")
    return tuple(
        Outage(NOW + int(hour * HOUR), NOW + int(hour * HOUR) + minutes * MINUTE, kind)
        for hour, minutes, kind in zip(hours, lengths, kinds, strict=True)
    )


def _aws_outages(rng: Random) -> tuple[Away, ...]:
    """AWS services that are away for minutes."""
    return tuple(
        Away(service, first, first + rng.randint(1, minutes) * MINUTE)
        for service, minutes in (("sqs", 10), ("dynamodb", 4), ("events", 20), ("sqs", 5))
        for first in (NOW + rng.randrange(ORDERS_FOR), NOW + rng.randrange(3 * DAY))
    )


def _shop_outages(rng: Random) -> tuple[tuple[int, int], ...]:
    first = NOW + rng.randrange(4 * HOUR)
    return ((first, first + rng.randint(1, 6) * HOUR), (NOW + 3 * DAY, NOW + 3 * DAY + HOUR))


def _subject_of(body: str) -> str:
    return body.partition('"id":"')[2].partition('"')[0]


def _event_of(payload: str) -> str:
    return payload.partition('"eventId":"')[2].partition('"')[0]
