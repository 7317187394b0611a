"""Elsom's notifications: lost, late, repeated, out of order, wrong; and forged ones."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.payment import ElsomStatus
from tests.simulation.elsom import Transaction, notification_of
from tests.simulation.faults import Faults
from tests.simulation.network import Network
from tests.simulation.tasks import Ended

MOST_TRIES: Final = 4
JUNK: Final = (
    b"", b"not json", b"[]", b'{"PartnerPaymentResult": 1}', b'{"PartnerPaymentResult": {}}',
    b'{"Other": {"PartnerTrnID": "1"}}', b"\xff\xfe\x00",
)  # fmt: skip


class Callback(Protocol):
    """The public address of the stack."""

    def __call__(self, subject: str, body: bytes, done: "Done") -> None:
        """Deliver a body; `done` hears how it ended: with the HTTP status, or killed."""


class Done(Protocol):
    def __call__(self, ended: Ended) -> None: ...


@dataclass
class Notifier:
    """Sends what Elsom has to say, and what others pretend that it said."""

    faults: Faults
    network: Network
    callback: Callback
    starting: set[str]
    results: Counter[str]
    _sent: Counter[str] = field(default_factory=Counter)
    _newest: dict[str, int] = field(default_factory=dict)

    def notify(self, transaction: Transaction, status: ElsomStatus, *, sure: bool = False) -> None:
        """Elsom has news about a payment."""
        trn, faults = transaction.id, self.faults
        self._sent[trn] += 1
        if not sure and faults.happens("notification: lost", 0.2, trn):
            return
        claimed = str(status)
        if faults.happens("notification: wrong status", 0.03, trn):
            claimed = faults.rng.choice(["A", "1", "2", "3", "4", "paid"])
        number = f"PSP{sum(trn.encode())}"
        if faults.happens("notification: another transaction id", 0.02, trn):
            number += "X"
        body = notification_of(trn, claimed, number, faults.rng)
        delay = faults.rng.randint(0, 3_000) if transaction.truth[0][0] < faults.loop.now else 0
        if faults.happens("notification: late", 0.05, trn):
            delay += faults.rng.randint(MINUTE, 2 * HOUR)
        times = 1
        if faults.happens("notification: repeated", 0.1, trn):
            times = faults.rng.randint(2, 5)
        for _ in range(times):
            self._send_after(delay, trn, body, self._sent[trn], sure=sure)
            delay += faults.rng.choice((0, 0, 300, 20 * SECOND))

    def forge(self, trn: str) -> None:
        """Somebody who knows the address pretends that a payment is paid."""
        self.faults.note("notification: forged", trn)
        body = notification_of(trn, "A", "FORGED", self.faults.rng)
        self.callback(trn, body, self._count)

    def ring(self, trn: str, number: int, status: str) -> None:
        """One of a flood of notifications: half of them say something that none said before."""
        message = str(number) if self.faults.rng.random() < 0.5 else ""
        body = notification_of(trn, status, "FLOOD", self.faults.rng, message)
        self.callback(trn, body, self._count)

    def send_junk(self) -> None:
        self.faults.note("notification: junk")
        self.callback("", self.faults.rng.choice(JUNK), self._count)

    def _send_after(self, delay: int, trn: str, body: bytes, number: int, *, sure: bool) -> None:
        self.faults.loop.after(delay, lambda: self._send(trn, body, number, sure=sure))

    def _send(self, trn: str, body: bytes, number: int, *, sure: bool, tries: int = 1) -> None:
        now = self.faults.loop.now
        for outage in self.network.outages:
            if outage.first <= now < outage.last:
                wait = outage.last - now + self.faults.rng.randint(1, 60 * SECOND)
                self._send_after(wait, trn, body, number, sure=sure)
                return
        if trn in self.starting:
            self.faults.note("notification: before the start's answer", trn)
        if number < self._newest.get(trn, 0):
            self.faults.note("notification: out of order", trn)
        self._newest[trn] = max(number, self._newest.get(trn, 0))

        def done(ended: Ended) -> None:
            self._count(ended)
            if ended.value != 200 and (sure or tries < MOST_TRIES):
                wait = self.faults.rng.randint(5 * SECOND, 5 * MINUTE)
                self.faults.loop.after(
                    wait, lambda: self._send(trn, body, number, sure=sure, tries=tries + 1)
                )

        self.callback(trn, body, done)

    def _count(self, ended: Ended) -> None:
        self.results[f"callback: {ended.value or 'killed'}"] += 1
