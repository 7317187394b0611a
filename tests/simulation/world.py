"""A whole world on one seed: stack, Elsom, shop, customers, strangers, and all that fails."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.errors import PaymentsError
from payments.domain.payment import ElsomStatus, Payment, Status
from tests.fakes.world import NOW, POLICY
from tests.simulation.course import Course
from tests.simulation.due_invariants import DueInvariants
from tests.simulation.dynamodb import Image, MemoryDynamoDB
from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.faults import Faults, FaultyGate, RandomLag, between
from tests.simulation.floods import Flooder
from tests.simulation.invariants import Breaches, Broken, Invariants
from tests.simulation.judge import Judge
from tests.simulation.network import Network, SimulatedElsom
from tests.simulation.notifier import Notifier
from tests.simulation.operations import Operator
from tests.simulation.outages import aws_outages, elsom_outages, shop_outages
from tests.simulation.people import Caller, Order, Stranger, make_order
from tests.simulation.profile import Profile, choose_profile
from tests.simulation.queries import Queries
from tests.simulation.shop import TROUBLES as SHOP_TROUBLES
from tests.simulation.shop import Shop
from tests.simulation.sqs import Message, Poller, subject_of
from tests.simulation.stack import CONCURRENCY, TIMEOUTS, WEBHOOK_CONCURRENCY, Parts, Stack
from tests.simulation.stream import Stream
from tests.simulation.tasks import Ended, Killed, Loop, Task
from tests.simulation.trace import Trace
from tests.simulation.visits import Visits
from tests.simulation.waiting import Waiting

# Nothing fails any more from here on; a give-up and every late check come before the end.
CALM_AT: Final = NOW + 6 * DAY
END_AT: Final = NOW + 8 * DAY
# Sooner than by default: asking in vain for five days shows no more than for two.
GIVE_UP: Final = 48 * HOUR
# Some order on every day: their queries show that Elsom is there.
ORDERED_LATER: Final = 0.05

Done = Callable[[Ended], None]


def nobody(_ended: Ended) -> None:
    return


class World(Visits):
    """Everything, wired together. `run` lets eight days pass and judges what is left."""

    def __init__(
        self,
        seed: str,
        payments: int,
        parts: Parts | None = None,
        *,
        profile: Profile | None = None,
        unkindness: float = 1.0,
        keep_going: bool = False,
    ) -> None:
        self.profile = choose_profile(seed) if profile is None else profile
        self.rng = Random(seed)
        self.loop = Loop(NOW)
        self.trace = Trace(self.loop, NOW)
        self.results: Counter[str] = Counter()
        self.tasks: dict[int, Task] = {}
        self.breaches = Breaches(self.loop, self.trace, keep_going)
        self.faults = Faults(self.rng, self.loop, self.trace, unkindness=unkindness)
        self.gate = FaultyGate(self.loop, self.faults, aws_outages(self.rng))
        self._make_elsom()
        self.shop = Shop(self.faults, self.gate, shop_outages(self.rng))
        self.shop.troubles = tuple(
            (name, weight * self.profile.shop_fails) for name, weight in SHOP_TROUBLES
        )
        self._make_stack(parts or Parts())
        self._make_invariants()
        self.starting: set[str] = set()
        self.notifier = Notifier(
            self.faults, self.network, self._callback, self.starting, self.results
        )
        self.course = Course(
            self.server, self.notifier, self.rng, self.profile.forgets, self.results
        )
        self.operator = Operator(self, self.rng)
        self._plan(payments)

    # ------------------------------------------------------------ what there is

    def _make_elsom(self) -> None:
        self.queries = Queries(self.loop, self._is_known, self.breaches.add, self.trace.step)
        self.invariants = Invariants(self.breaches, self.queries)
        self.queries.on_heard = self.invariants.heard
        self.server = ElsomServer(
            self.loop, self.rng, self.trace, self._elsom_gets, self.invariants.started_again
        )
        self.server.unknown_says = self.profile.unknown_says
        self.server.unknown_until = NOW + self.profile.unknown_for
        self.network = Network(
            self.faults,
            self.server,
            self.queries,
            elsom_outages(self.rng),
            troubles=self.profile.troubles(),
        )

    def _make_stack(self, parts: Parts) -> None:
        self.stack = Stack(
            loop=self.loop,
            gate=self.gate,
            lag=RandomLag(self.faults, self.profile.index_late),
            faults=self.faults,
            rng=self.rng,
            elsom=SimulatedElsom(self.network, self.gate),
            post=self.shop.post,
            policy=replace(POLICY, give_up=GIVE_UP),
            rough_backlog=self.profile.rough_backlog,
            parts=parts,
        )
        self.stack.dynamodb.skips_empty = True
        self.stream = Stream(self.loop, self.faults, self._publish)
        self.checks = Poller(self.stack.checks, self.faults, CONCURRENCY, self._check)
        self.webhooks = Poller(self.stack.webhooks, self.faults, WEBHOOK_CONCURRENCY, self._deliver)

    def _make_invariants(self) -> None:
        self.invariants.is_kept = self.stack.keeps
        self.invariants.is_settled = self.shop.settled.__contains__
        self.due_invariants = DueInvariants(
            self.invariants, self.server, self.stack.settings.policy.late_ladder
        )
        bad = [(one.first, one.last) for one in self.network.outages]
        bad += [(one.first, one.last) for one in self.gate.away]
        self.waiting = Waiting(self.invariants, bad, GIVE_UP)
        self.queries.on_taken = self.due_invariants.verified
        self.faults.on_fault = self.waiting.fault
        self.stack.checks.on_content = self.due_invariants.content
        self.stack.dead_webhooks.on_content = self._given_up
        self.stack.dynamodb.listeners += [
            self._used,
            self.invariants.written,
            self.due_invariants.written,
            self.waiting.written,
            self.stream.written,
        ]

    def _used(self, _before: Image | None, after: Image) -> None:
        self.queries.wrote(after["pk"]["S"])

    def _given_up(self, body: str, comes: bool) -> None:
        if comes:
            self.shop.settle(body)

    def _is_known(self, subject: str) -> bool:
        return self.due_invariants.is_ours(subject)

    # ------------------------------------------------------------ the run

    def run(self, until: int = END_AT, progress: Callable[[int], None] | None = None) -> None:
        while self.loop.now < until and not self.loop.halted:
            self.loop.run(min(self.loop.now + 6 * HOUR, until))
            self.waiting.judge_ends()
            if progress is not None:
                progress(self.loop.now - NOW)

    def judge(self) -> list[Broken]:
        """What is broken, once all has come to rest."""
        if self.loop.halted:
            return self.breaches.found
        left = self.stream.waiting + self.stack.checks.waiting + self.stack.webhooks.waiting
        if left:
            self.invariants.break_(5, "everybody", f"{left} messages and records were never served")
        judge = Judge(
            self.invariants,
            self.stack.stored(),
            self.server,
            self.shop,
            self.loop.now,
            late_for=sum(self.stack.settings.policy.late_ladder),
            give_up=GIVE_UP,
            lost=frozenset(self.operator.lost),
        )
        judge.judge()
        self.results["money that Elsom, asked, did not tell of"] += judge.put_off
        self.results.update(f"ends: {_end_of(payment)}" for payment in judge.stored.payments)
        return self.breaches.found

    # ------------------------------------------------------------ what is going to happen

    def _plan(self, payments: int) -> None:
        previous: Order | None = None
        for number in range(payments):
            order = make_order(number, previous, self)
            later = self.rng.random() < ORDERED_LATER
            within = CALM_AT - NOW if later else self.profile.orders_for
            self.loop.at(NOW + self.rng.randrange(within), Caller(order, self).begin)
            previous = order
        stranger = Stranger(self)
        for number in range(payments // 10 + 1):
            moment = NOW + self.rng.randrange(5 * DAY)
            self.loop.at(moment, lambda number=number: stranger.knock(number))  # type: ignore[misc]
        for number, flood in enumerate(self.profile.floods):
            Flooder(self, flood, number).plan(NOW)
        self.operator.plan(self.profile, NOW, CALM_AT)
        self.loop.at(NOW + MINUTE, self._turn)
        self.loop.at(CALM_AT, self._calm_down)

    def _turn(self) -> None:
        """The schedule's minute. A turn that would find nothing is left out: it writes nothing."""
        self.loop.after(MINUTE, self._turn)
        if not self.stack.dynamodb.is_due(self.loop.now):
            return

        def ended(how: Ended) -> None:
            if how.error is None:
                self.waiting.turn()

        if not self.faults.happens("schedule: a turn is missed", 0.01):
            self.invoke("schedule", "", self.stack.schedule_function, ended)

    def _calm_down(self) -> None:
        """The faults stop, and a person puts the dead letters back."""
        self.faults.calm = True
        self.server.unknown_says = "error code"
        self.loop.after(HOUR, self._redrive)

    def _redrive(self) -> None:
        self.results["checks: redriven"] += self.stack.checks.redrive()
        self.results["webhooks: redriven"] += self.stack.webhooks.redrive()

    def _elsom_gets(self, transaction: Transaction) -> None:
        """A start has arrived at Elsom: what is to become of it?"""
        self.course.begin(transaction)

    # ------------------------------------------------------------ functions

    def invoke(
        self,
        name: str,
        subject: str,
        work: Callable[[], Any],
        done: Done = nobody,
        *,
        doomed: bool = False,
    ) -> None:
        """Run a function of the stack until it ends, is killed, or its time is over."""
        task = Task(name, subject, self.loop.now + TIMEOUTS[name] * SECOND, doomed=doomed)
        if self.profile.skew:
            task.skew = between(self.rng, -self.profile.skew, self.profile.skew)
        self.tasks[id(task)] = task

        def ended(how: Ended) -> None:
            self.tasks.pop(id(task), None)
            self.results[f"{name}: run"] += 1
            self.invariants.task_ended(task, how)
            if isinstance(how.error, Killed):
                fault = "lambda: time is over" if how.error.args else "lambda: killed"
                self.faults.note(fault, subject)
                self.trace.log(subject, f"{name} was killed")
            elif how.error is not None and not isinstance(how.error, PaymentsError):
                raise how.error
            done(how)

        self.loop.spawn(task, work, ended)

    def _callback(self, subject: str, body: bytes, done: Done) -> None:
        self.log(subject, f"notification arrives: {body.decode(errors='replace')[:200]}")
        arrived = self.loop.now

        def ended(how: Ended) -> None:
            self.log(subject, f"notification is answered {how.value or 'not at all'}")
            if how.value == 200:
                self.invariants.notification_acknowledged(subject[:100], body, arrived)
                self.due_invariants.notification_acknowledged(subject[:100], arrived)
            done(how)

        self.invoke("callback", subject, lambda: self.stack.callback_function(body), ended)

    def _check(self, message: Message, done: Done) -> None:
        subject = subject_of(message.body)
        number = self.stack.checks.reported_receives(message, self.profile.miscounted)
        self.log(subject, f"check begins, delivery {number}: {message.body}")

        def work() -> str:
            if message.cursed:
                raise Killed
            return self.stack.check_function(message.body)

        def ended(how: Ended) -> None:
            self.results[f"check: {how.value or 'comes again'}"] += 1
            self.log(subject, f"check ends: {how.value or 'comes again'}")
            done(how)

        self.invoke("check", subject, work, ended, doomed=message.doomed)

    def _deliver(self, message: Message, done: Done) -> None:
        def work() -> str | None:
            if message.cursed:
                raise Killed
            return self.stack.deliver_function(message.body)

        def ended(how: Ended) -> None:
            self.results[f"webhook: {how.value or 'comes again'}"] += 1
            done(how)

        self.invoke("deliver", "", work, ended)

    def _publish(self, records: list[dict[str, Any]], done: Done) -> None:
        def ended(how: Ended) -> None:
            if how.value is not None:
                assert how.value.unpublished == 0, "a record was not published"
                for case in how.value.cases:
                    self.results[f"case: {case.case_kind}"] += 1
            done(how)

        self.invoke("publish", "", lambda: self.stack.publish_function(list(records)), ended)

    # ------------------------------------------------------------ what operators do (see `Site`)

    @property
    def table(self) -> MemoryDynamoDB:
        return self.stack.dynamodb

    def republish(self, first: int, last: int, done: Done) -> None:
        self.invoke("operator", "", lambda: self.stack.republish_function(first, last), done)

    def kill_all(self) -> None:
        for task in list(self.tasks.values()):
            self.loop.kill(task)

    def restored(self, touched: set[str]) -> None:
        self.queries.forget()
        self.due_invariants.restored(self.table.images, touched)
        self.waiting.restored(self.table.images)

    # ------------------------------------------------------------ what people do (see `Town`)

    def later(self, delay: int, action: Callable[[], None]) -> None:
        self.loop.after(delay, action)

    def log(self, subject: str, text: str) -> None:
        self.trace.log(subject, text)

    def count(self, outcome: str) -> None:
        self.results[outcome] += 1

    def start(self, subject: str, key: str, body: bytes, done: Done) -> None:
        self.starting.add(subject)

        def ended(how: Ended) -> None:
            self.starting.discard(subject)
            done(how)

        self.invoke("start", subject, lambda: self.stack.start_function(key, body), ended)

    def forge(self, subject: str) -> None:
        self.notifier.forge(subject)

    def send_junk(self) -> None:
        self.notifier.send_junk()

    def elsom_knows(self, transaction: Transaction, status: ElsomStatus) -> None:
        self.server.transactions[transaction.id] = transaction
        self.server.set_status(transaction, status)
        self.notifier.notify(transaction, status)


def _end_of(payment: Payment) -> str:
    if payment.status is Status.PAID:
        return "paid late" if payment.late else "paid"
    return f"{payment.status} {payment.status_reason}"
