"""One payment on a stack where nothing fails by itself: the stage of the exploration."""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

from msgspec.structs import replace

from payments.domain.clock import HOUR, MINUTE
from payments.domain.errors import PaymentsError
from payments.domain.payment import ElsomStatus, Payment, Status, Trigger
from payments.domain.payment_request import PaymentRequest
from payments.http_client import Limits, MaybeSent, NotSent, Reply
from payments.use_cases.start_payment import payment_id
from tests.exploration.explorer import Actor, HandOverGate, without_tokens
from tests.fakes.world import NOW, POLICY, STACK_ID
from tests.simulation.due_invariants import DueInvariants
from tests.simulation.dynamodb import Image, Key
from tests.simulation.elsom import ElsomServer, Transaction, notification_of
from tests.simulation.faults import Faults, NoLag
from tests.simulation.invariants import Breaches, Invariants
from tests.simulation.judge import Judge
from tests.simulation.network import START_URL, Network, SimulatedElsom, id_in
from tests.simulation.queries import Queries
from tests.simulation.shop import Shop
from tests.simulation.sqs import subject_of
from tests.simulation.stack import Stack
from tests.simulation.tasks import Ended, Killed, Loop
from tests.simulation.trace import Trace

KEY: Final = "order-1"
ID: Final = payment_id(STACK_ID, KEY)
REQUEST: Final = PaymentRequest(amount="1500.00", order_id="A-1001")
# Days of asking in vain would show nothing that hours do not.
GIVE_UP: Final = 2 * HOUR
_MOST_TURNS: Final = 20_000


class DirectNetwork(Network):
    """Carries requests at once; the answer comes in a step of its own. `starts` end as told."""

    gate: HandOverGate
    starts: str = "accepted"
    # How many of the first status queries get no response.
    no_response: int = 0

    def carry(self, url: str, body: bytes, limits: Limits) -> Reply:
        if url == START_URL:
            return self._start(body)
        query = self.queries.sent(id_in(body))
        if self.no_response:
            self.no_response -= 1
            self.queries.heard(query, None)
            raise MaybeSent("timeout")
        reply = Reply(*self.server.answer(body))
        self.gate.call("elsom", "answer", lambda: None)
        self.queries.heard(query, reply)
        return reply

    def _start(self, body: bytes) -> Reply:
        starts = self.starts
        if starts.startswith("first not sent"):
            # Elsom is back when the next start comes.
            self.starts = starts.rpartition(" ")[2]
            raise NotSent("refused")
        if starts == "not sent":
            raise NotSent("refused")
        if starts == "lost":
            raise MaybeSent("reset")
        reply = Reply(*self.server.answer(body))
        self.gate.call("elsom", "answer", lambda: None)
        if starts == "reset":
            raise MaybeSent("reset")
        return reply


class Scene:
    """A stack, an Elsom that says what it is told to say, and the actors of one scenario."""

    def __init__(
        self, starts: str = "accepted", truth: ElsomStatus = ElsomStatus.IN_PROGRESS
    ) -> None:
        self.gate = HandOverGate()
        self.actors: list[Actor] = []
        self.loop = Loop(NOW)
        self.trace = Trace(self.loop, NOW)
        rng = Random(1)
        faults = Faults(rng, self.loop, self.trace, calm=True)
        self.breaches = Breaches(self.loop, self.trace, keep_going=True)
        self.queries = Queries(self.loop, self._is_known, self.breaches.add, self.trace.step)
        self.invariants = Invariants(self.breaches, self.queries)
        self.queries.on_heard = self.invariants.heard
        self.server = ElsomServer(
            self.loop, _Plain(), self.trace, self._started, self.invariants.started_again
        )
        self.starts = starts
        self.truth = truth
        self.network = DirectNetwork(faults, self.server, self.queries)
        self.network.gate = self.gate
        self.network.starts = starts
        self.shop = Shop(faults, self.gate)
        self.records: list[Image] = []
        self._texts: dict[Key, tuple[Image, str]] = {}
        # Notifications that Elsom sends again, since nobody answered.
        self.unanswered: list[bytes] = []
        self.stack = Stack(
            loop=self.loop,
            gate=self.gate,
            lag=NoLag(),
            faults=faults,
            rng=rng,
            elsom=SimulatedElsom(self.network, self.gate),
            post=self.shop.post,
            policy=replace(POLICY, give_up=GIVE_UP),
        )
        self.stack.merchant_secret.get()
        self.invariants.is_kept = self.stack.keeps
        self.invariants.is_settled = self.shop.settled.__contains__
        self.due_invariants = DueInvariants(
            self.invariants, self.server, self.stack.settings.policy.late_ladder
        )
        self.queries.on_taken = self.due_invariants.verified
        self.stack.checks.on_content = self.due_invariants.content
        self.stack.dynamodb.listeners += [
            self._used,
            self.invariants.written,
            self.due_invariants.written,
            self._written,
        ]

    # ------------------------------------------------------------ what actors do

    def start(self) -> None:
        """The shop starts the payment; the customer pays, or not, as `truth` has it."""
        with suppress(PaymentsError):
            self.stack.start(KEY, REQUEST)

    def check_by(self, trigger: Trigger) -> Callable[[], None]:
        """The page, or the shop, asks."""

        def query() -> None:
            self.stack.check_as(ID, trigger)

        return query

    def serve(self) -> None:
        """One message of the checks queue; it comes again if this dies."""
        message = self.stack.checks.receive()
        if message is None:
            return
        self.stack.check_function(message.body)
        self.gate.hand_over("message deleted")
        self.stack.checks.delete(message)

    def notified(self, trn: str = ID, status: str = "A") -> Callable[[], None]:
        """A notification arrives, and a message of the queue is served."""
        body = notification_of(trn, status, "PSP1", _Plain())
        self.unanswered.append(body)

        def receive() -> None:
            self._deliver(body)
            self.serve()

        return receive

    def becomes(self, *statuses: ElsomStatus, of: str = ID) -> Callable[[], None]:
        """Elsom changes its mind; its news is a message that does arrive."""

        def change() -> None:
            for status in statuses:
                self.gate.hand_over(f"becomes {status}")
                self.server.set_status(self.server.get(of), status)

        return change

    def put_old(self, payment: Payment) -> None:
        """Keep a payment that was ended, and watched, long ago."""
        if payment.status is Status.PAID:
            self.invariants.reported_paid.add(payment.id)
        self.stack.dynamodb.listeners.remove(self.due_invariants.written)
        self.stack.payments.insert(payment)
        self.stack.dynamodb.listeners.insert(2, self.due_invariants.written)
        self.due_invariants.images[payment.id] = self.stack.dynamodb.images[payment.id, "payment"]

    # ------------------------------------------------------------ see `Stage`

    def turn(self, actor: Actor) -> None:
        self.loop.now = actor.time
        self.loop.task = actor.task

    def ended(self, actor: Actor, how: Ended) -> None:
        actor.task.troubles = [
            one for one in self.gate.trace if one.startswith(f"{actor.name} fails")
        ]
        self.invariants.task_ended(actor.task, how)

    def state(self) -> str:
        items = [self._text(*entry) for entry in sorted(self.stack.dynamodb.images.items())]
        truth = [(one.id, one.starts, one.truth) for one in self.server.transactions.values()]
        seen = (
            self.unanswered,
            dict(self.invariants.moves),
            sorted(self.invariants.reported_paid),
            len(self.breaches.found),
            sorted(self.due_invariants.notified_at.items()),
            sorted(self.due_invariants.ended_at.items()),
            [
                (one.subject, one.claimed_at, one.word, one.taken)
                for queries in self.queries.of.values()
                for one in queries
            ],
            self.network.starts,
            self.network.no_response,
        )
        return repr((items, self.stack.checks.content(), truth, seen))

    def end(self) -> list[str]:
        """Days pass without another fault; then everything is judged."""
        self.loop.task = None
        self.network.starts = "accepted"
        self.network.no_response = 0
        for body in tuple(self.unanswered):
            self._deliver(body)
        self._settle()
        for event in self._log():
            self.shop.keep(*event)
        Judge(
            self.invariants,
            self.stack.stored(),
            self.server,
            self.shop,
            self.loop.now,
            late_for=sum(self.stack.settings.policy.late_ladder),
            give_up=GIVE_UP,
        ).judge()
        return [f"{broken}\n{self.trace.of(broken.subject)}" for broken in self.breaches.found]

    # ------------------------------------------------------------ inside

    def _text(self, key: Key, image: Image) -> str:
        """An item as text, made once for as long as it stays."""
        known, text = self._texts.get(key, ({}, ""))
        if known is not image:
            text = without_tokens(image)
            self._texts[key] = (image, text)
        return text

    def _deliver(self, body: bytes) -> None:
        if self.stack.callback_function(body) == 200:
            self.unanswered.remove(body)
            subject = subject_of(body.decode())
            self.invariants.notification_acknowledged(subject, body, self.loop.now)
            self.due_invariants.notification_acknowledged(subject, self.loop.now)

    def _used(self, _before: Image | None, after: Image) -> None:
        self.queries.wrote(after["pk"]["S"])

    def _is_known(self, subject: str) -> bool:
        return self.due_invariants.is_ours(subject)

    def _started(self, transaction: Transaction) -> None:
        transaction.refuses = "17" if self.starts == "refused" else None
        if not transaction.truth:
            transaction.truth.append((0, self.truth))

    def _written(self, before: Image | None, after: Image) -> None:
        change = {"NewImage": after, "Keys": {}, **({"OldImage": before} if before else {})}
        if after["kind"]["S"] in {"payment", "case", "unknown"}:
            self.records.append({"eventName": "MODIFY", "dynamodb": change})

    def _settle(self) -> None:
        """Serve what can be seen; then go on to the next moment at which something happens."""
        for _ in range(_MOST_TURNS):
            while (message := self.stack.checks.receive()) is not None:
                with suppress(Killed, PaymentsError):
                    self.stack.check_function(message.body)
                    self.stack.checks.delete(message)
            times = (self.stack.dynamodb.next_due(), self.stack.checks.next_moment())
            coming = [moment for moment in times if moment is not None]
            if not coming:
                return
            if (times[0] or self.loop.now + 1) <= self.loop.now:
                self.loop.now += MINUTE
                self.stack.another_payment_is_answered()
                self.stack.schedule_function()
            else:
                self.loop.now = max(min(coming), self.loop.now)
        self.breaches.add(5, ID, "never comes to rest")

    def _log(self) -> list[tuple[str, str]]:
        """Publish all that was written, cases and their events too."""
        heard = self.stack.events.heard
        while self.records:
            records, self.records = self.records, []
            self.stack.publish_function(list(records))
        return [(text.partition('"eventId":"')[2].partition('"')[0], text) for text in heard]


class _Plain(Random):
    """Elsom in its plainest words: nothing here is left to chance."""

    def random(self) -> float:
        return 0.9
