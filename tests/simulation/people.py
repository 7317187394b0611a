"""Those who use the stack: shops that order and repeat, customers who look, strangers who knock."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final, Protocol

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.errors import ElsomUnreachable, PaymentsError, StartInProgress
from payments.domain.ids import derive_id
from payments.domain.payment import ElsomStatus, Status
from payments.use_cases.start_payment import StartResult, payment_id
from tests.fakes.world import STACK_ID
from tests.simulation.elsom import Transaction
from tests.simulation.profile import Profile
from tests.simulation.scenarios import choose_lag
from tests.simulation.tasks import Ended

MOST_TRIES: Final = 6
FOREIGN_NAMES: Final = ("INV-2231", "7", "order 12", "x" * 150)


class Town(Protocol):
    """What people need of the world around them."""

    @property
    def rng(self) -> Random: ...
    @property
    def profile(self) -> Profile: ...
    def later(self, delay: int, action: Callable[[], None]) -> None: ...
    def log(self, subject: str, text: str) -> None: ...
    def count(self, outcome: str) -> None: ...
    def start(self, subject: str, key: str, body: bytes, done: Callable[[Ended], None]) -> None: ...
    def visit_page(self, subject: str, *, returns: bool = False) -> None: ...
    def check_for_shop(self, subject: str) -> None: ...
    def resend(self, subject: str) -> None: ...
    def forge(self, subject: str) -> None: ...
    def send_junk(self) -> None: ...
    def elsom_knows(self, transaction: Transaction, status: ElsomStatus) -> None: ...


@dataclass(frozen=True)
class Order:
    """One idempotency key of a shop, with its request."""

    key: str
    fields: dict[str, Any]

    @property
    def subject(self) -> str:
        return payment_id(STACK_ID, self.key)

    def body(self) -> bytes:
        return json.dumps(self.fields).encode()


def make_order(number: int, previous: Order | None, town: Town) -> Order:
    """An order; now and then a second payment for the order before."""
    fields: dict[str, Any] = {
        "amount": f"{town.rng.randint(0, 5000)}.{town.rng.randint(1, 99):02}",
        "orderId": f"A-{number}",
    }
    if previous is not None and town.rng.random() < 0.04:
        town.count("shop: two payments for one order")
        fields["orderId"] = previous.fields["orderId"]
    if town.rng.random() < 0.4:
        fields |= {"customerMsisdn": "0000000001", "language": town.rng.choice(("ky", "ru", "en"))}
    return Order(f"order {number}", fields)


@dataclass
class Caller:
    """A shop's server on one order: it repeats with the same key, as it is told to."""

    order: Order
    town: Town

    def begin(self) -> None:
        rng, town = self.town.rng, self.town
        self._call(1)
        if rng.random() < 0.05:
            town.count("shop: the same start twice at once")
            town.later(rng.randint(0, 40), self.call_once)
        for _ in range(rng.randint(0, town.profile.eager)):
            # Several servers of one shop, each with the same order in hand.
            town.later(rng.randint(0, 15 * SECOND), self.call_once)
        if rng.random() < 0.05:
            town.later(rng.randint(MINUTE, 3 * HOUR), self.call_once)
        if rng.random() < 0.02:
            other = Order(self.order.key, {**self.order.fields, "amount": "9999.99"})
            town.later(rng.randint(1, 10) * MINUTE, Caller(other, town).call_once)
        self._plan_looks()

    def call_once(self) -> None:
        self._call(MOST_TRIES)

    def _plan_looks(self) -> None:
        rng, town, subject = self.town.rng, self.town, self.order.subject
        if rng.random() < town.profile.looks:
            first = rng.randint(5 * SECOND, 15 * MINUTE)
            for turn in range(rng.randint(1, 4)):
                town.later(
                    first + turn * 4 * SECOND,
                    partial(town.visit_page, subject, returns=turn == 0),
                )
        if rng.random() < 0.1:
            town.later(rng.randint(5 * SECOND, 2 * HOUR), lambda: town.check_for_shop(subject))
        if rng.random() < town.profile.resends:
            for _ in range(rng.randint(1, 3)):
                town.later(rng.randint(SECOND, 12 * HOUR), lambda: town.resend(subject))
        if rng.random() < 0.08:
            town.later(rng.randint(0, HOUR), lambda: town.forge(subject))

    def _call(self, tries: int) -> None:
        town = self.town
        town.log(self.order.subject, f"shop: start, {self.order.fields['amount']} som")

        def done(ended: Ended) -> None:
            answer = answer_of(ended)
            town.count(f"start: {answer}")
            town.log(self.order.subject, f"shop: hears {answer}")
            if tries < MOST_TRIES and self._goes_on(ended):
                # Some come back soon, some when everybody has forgotten.
                late = town.rng.random() < 0.05
                wait = 2 * HOUR if late else town.rng.randint(1, 20) * SECOND
                town.later(wait, lambda: self._call(tries + 1))

        town.start(self.order.subject, self.order.key, self.order.body(), done)

    def _goes_on(self, ended: Ended) -> bool:
        if isinstance(ended.value, StartResult):
            return False
        patient = self.town.rng.random() < 0.85
        reported_to = not isinstance(ended.error, PaymentsError) or isinstance(
            ended.error, StartInProgress | ElsomUnreachable
        )
        return patient and (reported_to or "Unavailable" in type(ended.error).__name__)


def answer_of(ended: Ended) -> str:
    """What the shop's caller sees of a start."""
    if isinstance(ended.value, StartResult):
        if ended.value.replayed:
            return "200 replayed"
        unknown = ended.value.payment.status is Status.START_UNKNOWN
        return "202 not known" if unknown else "201 started"
    return type(ended.error).__name__


class Stranger:
    """Elsom's payments of another system that shares the merchant portal's URL, and plain noise."""

    def __init__(self, town: Town) -> None:
        self._town = town

    def knock(self, number: int) -> None:
        rng, town = self._town.rng, self._town
        if rng.random() < 0.3:
            town.send_junk()
            return
        own_form = rng.random() < 0.7
        trn = derive_id("foreign", str(number)) if own_form else rng.choice(FOREIGN_NAMES)
        transaction = Transaction(trn, foreign=True, knows=rng.random() < 0.8, lag=choose_lag(rng))
        status = rng.choice(
            (ElsomStatus.PAID, ElsomStatus.PAID, ElsomStatus.IN_PROGRESS, ElsomStatus.TIMED_OUT)
        )
        town.count(f"stranger: {status if own_form else 'other form'}")
        town.elsom_knows(transaction, status)
        if status is ElsomStatus.PAID:
            return
        again = rng.random()
        if again < 0.4:
            wait = rng.randint(MINUTE, 3 * HOUR)
        elif again < 0.7:
            # The money comes just while the first notification is looked into.
            wait = rng.randint(1, 3 * SECOND)
        elif again < 0.9:
            wait = rng.randint(25 * HOUR, 40 * HOUR)
        else:
            return
        town.later(wait, lambda: town.elsom_knows(transaction, ElsomStatus.PAID))
