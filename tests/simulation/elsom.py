"""Elsom, played: bytes in, bytes out. It knows the truth; what it says of it may lag."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from payments.domain.payment import ElsomStatus
from payments.elsom.protocol import CULTURES
from tests.fakes.elsom import MERCHANT
from tests.simulation.tasks import Loop
from tests.simulation.trace import Trace


@dataclass
class Transaction:
    """A payment as Elsom has it. `truth` is what became of it, and when, oldest first."""

    id: str
    starts: int = 0
    amount: str = ""
    refuses: str | None = None
    knows: bool = True
    lag: int = 0
    truth: list[tuple[int, ElsomStatus]] = field(default_factory=list)
    queried_at: list[int] = field(default_factory=list)
    foreign: bool = False
    # A start for it came, and nothing was made of it.
    seen: bool = False
    # From when on Elsom does not know it any more, and whether it says so with a 404.
    forgets_at: int | None = None
    forgets_by_404: bool = False

    def status(self, moment: int) -> ElsomStatus:
        """How the payment really stands."""
        happened = [answer for at, answer in self.truth if at <= moment]
        return happened[-1] if happened else ElsomStatus.IN_PROGRESS


Decide = Callable[[Transaction], None]


@dataclass
class ElsomServer:
    """Both methods of the partner API.

    `on_start` decides what becomes of a new payment; `on_repeat` hears of one started again.
    """

    loop: Loop
    rng: Random
    trace: Trace
    on_start: Decide
    on_repeat: Decide
    # How long the next answer is held back.
    pause: int = 0
    # What an id that was never started gets, and until when: afterwards an error code.
    unknown_says: str = "error code"
    unknown_until: int = 0
    transactions: dict[str, Transaction] = field(default_factory=dict)

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """The HTTP status and the body, the way the operator's document and its field do it."""
        method, fields = read_call(body)
        assert fields["Password"] == MERCHANT.password
        assert all(isinstance(value, str) for value in fields.values())
        if method == "IA_Init":
            return 200, self._start(fields)
        assert method == "PartnerGetPaymentStatus"
        return self._show_status(fields)

    def get(self, trn: str) -> Transaction:
        return self.transactions.setdefault(trn, Transaction(trn))

    def set_status(self, transaction: Transaction, status: ElsomStatus) -> None:
        """Something became of a payment."""
        self.trace.log(transaction.id, f"Elsom: it is now {status}")
        transaction.truth.append((self.loop.now, status))

    def _start(self, fields: Mapping[str, str]) -> bytes:
        assert len(fields) == 10
        assert fields["CultureInfo"] in CULTURES.values()
        trn = fields["PartnerTrnID"]
        transaction = self.get(trn)
        transaction.starts += 1
        self.trace.log(trn, f"Elsom: start {transaction.starts} arrived, {fields['Amount']} som")
        if transaction.starts == 1:
            transaction.amount = fields["Amount"]
            self.on_start(transaction)
        else:
            self.on_repeat(transaction)
        if transaction.refuses is not None:
            return self._said({"ErrorCode": transaction.refuses, "ErrorMsg": "refused"}, None)
        url = f"https://elsom.example/merchant-payment/{trn.lower()}?language=ru&platform=web"
        return self._said(self._success(), {"URL": url})

    def _show_status(self, fields: Mapping[str, str]) -> tuple[int, bytes]:
        assert len(fields) == 4
        transaction = self.get(fields["PartnerTrnID"])
        transaction.queried_at.append(self.loop.now)
        if not (transaction.starts or transaction.foreign) or not transaction.knows:
            return self._not_known(transaction)
        forgets_at = transaction.forgets_at
        if forgets_at is not None and self.loop.now >= forgets_at:
            return self._deny(transaction, "404" if transaction.forgets_by_404 else "error code")
        return 200, self._status_of(transaction)

    def _not_known(self, transaction: Transaction) -> tuple[int, bytes]:
        odd = self.loop.now < self.unknown_until
        if transaction.starts or transaction.seen:
            # It refused this one, and says so; only what it never saw gets a 500.
            by_404 = odd and self.unknown_says == "404"
            return self._deny(transaction, "404" if by_404 else "error code")
        return self._deny(transaction, self.unknown_says if odd else "error code")

    def _deny(self, transaction: Transaction, how: str) -> tuple[int, bytes]:
        self.trace.log(transaction.id, f"Elsom: asked, does not know it: {how}")
        match how:
            case "error code":
                return 200, self._said({"ErrorCode": "21", "ErrorMsg": "not found"}, None)
            case "garbage":
                return 200, b"<html>transaction not found</html>"
            case _:
                return int(how), b""

    def _status_of(self, transaction: Transaction) -> bytes:
        status = transaction.status(self.loop.now - transaction.lag)
        self.trace.log(transaction.id, f"Elsom: asked, says {status}")
        shown: str | int = str(status)
        if status is ElsomStatus.PAID and self.rng.random() < 0.2:
            shown = "a"
        elif status is not ElsomStatus.PAID and self.rng.random() < 0.3:
            shown = int(status)
        return self._said(self._success(), {"PaymentStatus": shown, "Message": "as it is"})

    def _success(self) -> dict[str, Any]:
        style = self.rng.randrange(3)
        code: str | int = 0 if style == 0 else "0"
        return {"ErrorCode": code, "ErrorMsg": "Success"} if style else {"ErrorCode": code}

    def _said(self, response: dict[str, Any], result: dict[str, Any] | None) -> bytes:
        """The result inside the response or beside it, now and then with the document's comma."""
        if result is None:
            text = json.dumps({"Response": response})
        elif self.rng.random() < 0.5:
            text = json.dumps({"Response": {**response, "Result": result}})
        else:
            text = json.dumps({"Response": response, "Result": result})
        if self.rng.random() < 0.2:
            text = text[:-1] + ",}"
        return text.encode()


@lru_cache(maxsize=64)
def read_call(body: bytes) -> tuple[str, Mapping[str, str]]:
    """A call's method and its fields."""
    ((method, fields),) = json.loads(body).items()
    return method, fields


def notification_of(
    trn: str, status: str, transaction_id: str, rng: Random, message: str = ""
) -> bytes:
    """The bytes of a notification, in one of the forms that Elsom uses."""
    number = rng.choice(("PSPTTrnID", "PSPTrnID"))
    method = rng.choice(("PartnerPaymentResult", "PaymentResult"))
    fields = {
        "CultureInfo": "ru-RU",
        "MSISDN": "0000000001",
        "PartnerTrnID": trn,
        number: transaction_id,
        "PaymentStatus": status,
        "Message": message,
    }
    text = json.dumps({method: fields})
    return (text[:-2] + ",}}" if rng.random() < 0.2 else text).encode()
