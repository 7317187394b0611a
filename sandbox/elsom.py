"""What Elsom does: it starts payments, tells their status, and settles them."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox import protocol
from sandbox.clock import now_text
from sandbox.connection import Response
from sandbox.notify import Notifier
from sandbox.options import Options
from sandbox.protocol import Refusal, Request
from sandbox.scenarios import PAY_PAGE, Scenario, scenario_for
from sandbox.transactions import Transaction, TransactionStore


def _nothing() -> None:
    return


@dataclass(frozen=True)
class Reply:
    """An answer of the protocol.

    `after` is called once the answer has gone out (or was lost on the way); `hang_seconds`
    says that the scenario never sends it.
    """

    body: bytes
    after: Callable[[], None] = _nothing
    hang_seconds: float | None = None


class Elsom:
    """The operator, with its transactions."""

    def __init__(self, store: TransactionStore, public_url: str) -> None:
        self.store = store
        self.options = Options()
        self.notifier = Notifier(store, lambda: self.options)
        self._public_url = public_url

    def answer(self, request: Request, content_type: str) -> Reply:
        """Answer one call; a refusal is an answer too."""
        try:
            protocol.check_envelope(request, content_type)
            if request.is_status:
                return self._show_status(protocol.check_status(request))
            return self._start(protocol.check_start(request))
        except Refusal as refusal:
            return Reply(protocol.error_answer(refusal.code, refusal.message, self.options))

    def _start(self, values: dict[str, str]) -> Reply:
        scenario = scenario_for(values["MSISDN"])
        with self.store.lock:
            known = self.store.get(values["PartnerTrnID"])
            if known is not None and not known.foreign:
                return self._start_again(known)
            if scenario.refuse_code:
                raise Refusal(scenario.refuse_code, "The wallet's scenario refuses the payment.")
            transaction = known or self.store.create(values["PartnerTrnID"])
            self.store.change(transaction, lambda one: self._open(one, values, scenario))
        if scenario.notify_first:
            self.notifier.send_now(transaction, scenario.notifications)
        return Reply(
            protocol.start_answer(transaction.pay_url or "", self.options),
            after=self._notification_after(transaction, scenario),
            hang_seconds=scenario.hang_seconds,
        )

    def _open(self, one: Transaction, values: dict[str, str], scenario: Scenario) -> None:
        one.foreign = False
        one.starts += 1
        one.scenario = scenario.name
        one.amount = values["Amount"]
        one.cheque_no = values["ChequeNo"]
        one.cashier_no = values["CashierNo"]
        one.udf = values["UDF"]
        one.msisdn = "" if values["MSISDN"] == "0" else values["MSISDN"]
        one.culture_info = values["CultureInfo"]
        one.become("1", "start")
        self._open_page(one)
        if scenario.status != "1":
            self._settle(one, scenario.status, f"wallet {scenario.name}", scenario.lag_seconds)

    def _open_page(self, one: Transaction) -> None:
        page = str(uuid.uuid4())
        one.pages[page] = "1"
        query = urlencode({"language": protocol.language_of(one.culture_info), "platform": "web"})
        one.pay_url = f"{self._public_url}/merchant-payment/{page}?{query}"

    def _start_again(self, known: Transaction) -> Reply:
        behaviour = self.options.repeated_start

        def count(one: Transaction) -> None:
            one.starts += 1
            one.history.append({"at": now_text(), "status": one.status, "by": "second start"})
            if behaviour == "second-payment":
                self._open_page(one)

        self.store.change(known, count)
        if behaviour == "refuse":
            raise Refusal(protocol.CODE_REPEATED, "This PartnerTrnID has been used before.")
        return Reply(protocol.start_answer(known.pay_url or "", self.options))

    def _notification_after(self, one: Transaction, scenario: Scenario) -> Callable[[], None]:
        if scenario.status == PAY_PAGE.status or scenario.notify_first:
            return _nothing
        if scenario.notifications == 0:
            return _nothing
        return lambda: self.notifier.send_later(one, scenario.notifications)

    def _show_status(self, values: dict[str, str]) -> Reply:
        transaction = self.store.get(values["PartnerTrnID"])
        if transaction is None:
            raise Refusal(protocol.CODE_UNKNOWN, "There is no transaction with this PartnerTrnID.")

        def count(one: Transaction) -> None:
            one.status_queries += 1

        self.store.change(transaction, count)
        status = transaction.visible_status()
        message = protocol.status_message(status, protocol.language_of(values["CultureInfo"]))
        return Reply(protocol.status_answer(status, message, self.options))

    def _settle(self, one: Transaction, status: str, cause: str, lag_seconds: float = 0.0) -> None:
        one.become(status, cause)
        one.lag_until = time.time() + lag_seconds
        if one.pages:
            one.pages[list(one.pages)[-1]] = status

    def settle_on_page(self, page: str, status: str, wallet: str) -> bool:
        """The customer decided on a pay page; False when that page was no longer open."""
        with self.store.lock:
            transaction = self.store.of_page(page)
            if transaction is None or transaction.pages[page] != "1":
                return False
            self.store.change(transaction, lambda one: _decide(one, page, status, wallet))
        self.notifier.send_later(transaction)
        return True

    def set_status(self, trn: str, status: str, lag_seconds: float) -> Transaction:
        """Give a transaction any status, whatever it was; an unknown one is made (foreign)."""
        with self.store.lock:
            transaction = self.store.get(trn)
            if transaction is None:
                transaction = self.store.create(trn)
                transaction.foreign = True
                transaction.scenario = "foreign"
            self.store.change(
                transaction, lambda one: self._settle(one, status, "control API", lag_seconds)
            )
            return transaction

    def way_back(self, transaction: Transaction) -> str | None:
        """Where the browser goes after the pay page: the portal URL."""
        url = self.store.portal_url
        if url is None or not self.options.redirect_parameters:
            return url
        query = urlencode(
            {"PartnerTrnID": transaction.partner_trn_id, "PaymentStatus": transaction.status}
        )
        return url + ("&" if "?" in url else "?") + query

    def refusal(self, code: str, message: str) -> Response:
        """An answer that refuses with any ErrorCode."""
        return Response(body=protocol.error_answer(code, message, self.options))


def _decide(one: Transaction, page: str, status: str, wallet: str) -> None:
    one.pages[page] = status
    one.msisdn = wallet or one.msisdn
    # Money that was taken on an earlier page stays taken.
    one.become("A" if "A" in one.pages.values() else status, "pay page")
