"""Floods of notifications: a customer about his own payment, or somebody about ids of nobody's."""

from dataclasses import dataclass
from typing import Final, Protocol

from payments.domain.clock import SECOND
from payments.domain.ids import derive_id
from tests.simulation.notifier import Notifier
from tests.simulation.people import Order
from tests.simulation.profile import Flood
from tests.simulation.tasks import Ended, Loop

_BEFORE: Final = 5 * SECOND


class River(Protocol):
    """What a flood needs of the world."""

    loop: Loop
    notifier: Notifier

    def count(self, outcome: str) -> None: ...
    def start(self, subject: str, key: str, body: bytes, done: "Done") -> None: ...


class Done(Protocol):
    def __call__(self, ended: Ended) -> None: ...


@dataclass
class Flooder:
    """Sends one flood, evenly."""

    world: River
    flood: Flood
    number: int

    def plan(self, began: int) -> None:
        first = began + self.flood.at
        if self.flood.whom == "a known id":
            self.world.loop.at(first - _BEFORE, self._order)
        count = self.flood.rate * self.flood.lasts // SECOND
        self.world.loop.at(first, lambda: self._send(0, count))

    def _send(self, number: int, count: int) -> None:
        if number == count:
            return
        if number == 0:
            self.world.count(f"flood: {self.flood.whom}")
        self.world.notifier.ring(self._subject(number), number, "A")
        wait = SECOND // self.flood.rate
        self.world.loop.after(wait, lambda: self._send(number + 1, count))

    def _subject(self, number: int) -> str:
        match self.flood.whom:
            case "a known id":
                return self._own().subject
            case "an unknown id":
                return derive_id("flood", str(self.number))
            case _:
                return derive_id("flood", str(self.number), str(number))

    def _own(self) -> Order:
        return Order(f"flooder {self.number}", {"amount": "1.00", "orderId": f"F-{self.number}"})

    def _order(self) -> None:
        """His own payment, as anybody may order one."""
        order = self._own()
        self.world.start(order.subject, order.key, order.body(), lambda _ended: None)
