"""What Elsom does: it starts payments, says their status, settles them and notifies the shop."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

import msgspec
import urllib3

from sandbox import protocol
from sandbox.faults import Fault
from sandbox.protocol import Line, Options, Refusal, Request
from sandbox.texts import STATUSES, data, language_of
from sandbox.transactions import Outcome, Transaction, TransactionStore, now_text

# It knows no proxy, and follows no redirect: either could lead off this machine.
_HTTP: Final = urllib3.PoolManager(maxsize=100, retries=False, timeout=10.0)


class Scenario(msgspec.Struct, frozen=True):
    name: str
    description: str
    status: str = "A"  # what it becomes as soon as it is accepted; `1` waits for the pay page
    notifications: int = 1  # how many are sent by themselves, `notify_first` before the answer
    notify_first: bool = False
    hang_seconds: float | None = None  # it is accepted, but the start is never answered
    lag_seconds: float = 0.0  # how long the status query still answers `1` afterwards
    refuse_code: str | None = None  # the start is refused with this ErrorCode


SCENARIOS: Final = data("scenarios.toml", dict[str, Scenario])
PAY_PAGE: Final = Scenario("pay-page", "Any other wallet.", status="1", notifications=0)


class Notice(msgspec.Struct, rename="camel"):
    """How a notification is sent: how often, and what is changed in it; None leaves a field out."""

    times: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    at_once: bool = False
    fields: dict[str, object] = {}
    raw_body: str | None = None
    content_type: Line | None = None


ONCE: Final = Notice()


class Reply(NamedTuple):
    body: bytes
    after: Callable[[], None] | None = None  # to be called once it has gone out
    fault: Fault | None = None  # what the scenario does to it


class Elsom:
    def __init__(self, store: TransactionStore, public_url: str, options: Options) -> None:
        self.store = store
        self.options = options
        self._public_url = public_url

    def answer(self, request: Request, content_type: str) -> Reply:
        try:
            values = protocol.check(request, content_type)
            is_start = request.method == protocol.START
            return self._start(values) if is_start else Reply(self._status(values))
        except Refusal as refusal:
            code, message = refusal.args
            return Reply(protocol.refusal(code, message, self.options))

    def _start(self, values: dict[str, str]) -> Reply:
        scenario = SCENARIOS.get(values["MSISDN"], PAY_PAGE)
        with self.store.lock:
            known = self.store.known.get(values["PartnerTrnID"])
            if known is not None and not known.foreign:
                return Reply(self._start_again(known))
            if scenario.refuse_code:
                raise Refusal(scenario.refuse_code, "The wallet's scenario refuses the payment.")
            one = known or self.store.create(values["PartnerTrnID"])
            with self.store.changing(one):
                self._open(one, values, scenario)
        after = None
        if scenario.notify_first:
            self.notify(one, Notice(scenario.notifications))
        elif scenario.notifications:
            after = partial(self.notify_later, one, scenario.notifications)
        fault = Fault("hang", seconds=scenario.hang_seconds) if scenario.hang_seconds else None
        return Reply(protocol.start_answer(one.pay_url or "", self.options), after, fault)

    def _open(self, one: Transaction, values: dict[str, str], scenario: Scenario) -> None:
        one.foreign, one.scenario = False, scenario.name
        one.starts += 1
        one.amount, one.udf = values["Amount"], values["UDF"]
        one.cheque_no, one.cashier_no = values["ChequeNo"], values["CashierNo"]
        one.msisdn = "" if values["MSISDN"] == "0" else values["MSISDN"]
        one.culture_info = values["CultureInfo"]
        one.become("1", "start")
        self._open_page(one)
        if scenario.status != "1":
            one.settle(scenario.status, f"wallet {scenario.name}", scenario.lag_seconds)

    def _open_page(self, one: Transaction) -> None:
        page = str(uuid.uuid4())
        one.pages[page] = "1"
        query = urlencode({"language": language_of(one.culture_info), "platform": "web"})
        one.pay_url = f"{self._public_url}/merchant-payment/{page}?{query}"

    def _start_again(self, known: Transaction) -> bytes:
        with self.store.changing(known):
            known.starts += 1
            known.become(known.status, "second start")
            if self.options.repeated_start == "second-payment":
                self._open_page(known)
        is_wrong = self.options.repeated_start == "refuse"
        protocol.demand(not is_wrong, "14", "This PartnerTrnID has been used before.")
        return protocol.start_answer(known.pay_url or "", self.options)

    def _status(self, values: dict[str, str]) -> bytes:
        if (one := self.store.known.get(values["PartnerTrnID"])) is None:
            raise Refusal("15", "There is no transaction with this PartnerTrnID.")
        with self.store.changing(one):
            one.status_queries += 1
        status = "1" if time.time() < one.lag_until else one.status
        return protocol.status_answer(status, language_of(values["CultureInfo"]), self.options)

    def settle_on_page(self, page: str, status: str, wallet: str) -> bool:
        """The customer decided on a pay page; False when that page was no longer open."""
        with self.store.lock:
            one = self.store.of_page(page)
            if one is None or one.pages[page] != "1":
                return False
            with self.store.changing(one):
                one.pages[page] = status
                one.msisdn = wallet or one.msisdn
                # Money that was taken on an earlier page stays taken.
                one.become("A" if "A" in one.pages.values() else status, "pay page")
        self.notify_later(one)
        return True

    def set_status(self, trn: str, status: str, lag_seconds: float) -> Transaction:
        """Give a transaction any status, whatever it was; an unknown one is made (foreign)."""
        with self.store.lock:
            if (one := self.store.known.get(trn)) is None:
                one = self.store.create(trn)
                one.foreign, one.scenario = True, "foreign"
            with self.store.changing(one):
                one.settle(status, "control API", lag_seconds)
            return one

    def way_back(self, one: Transaction) -> str | None:
        url = self.store.portal_url
        if url is None or not self.options.redirect_parameters:
            return url
        query = urlencode({"PartnerTrnID": one.partner_trn_id, "PaymentStatus": one.status})
        return url + ("&" if "?" in url else "?") + query

    def notify_later(self, one: Transaction, times: int = 1) -> None:
        """Send the notification from a thread of its own, as it is composed now."""
        notice = Notice(times, raw_body=self._notification(one, {}).decode())
        threading.Thread(target=self.notify, args=(one, notice), daemon=True).start()

    def notify(self, one: Transaction, notice: Notice = ONCE) -> list[Outcome]:
        """Notify the merchant and wait; what came of it, which is recorded too."""
        body = self._notification(one, notice.fields)
        if notice.raw_body is not None:
            body = notice.raw_body.encode()
        kind = notice.content_type or self.options.notification_content_type
        with ThreadPoolExecutor(notice.times if notice.at_once else 1) as pool:
            return list(pool.map(lambda _: self._post(one, body, kind), range(notice.times)))

    def _notification(self, one: Transaction, changes: Mapping[str, object]) -> bytes:
        fields: dict[str, object] = {
            "CultureInfo": one.culture_info,
            "MSISDN": one.msisdn or protocol.MERCHANT_WALLET,
            "PartnerTrnID": one.partner_trn_id,
            self.options.trn_field: one.psp_trn_id,
            "PaymentStatus": one.status,
            "Message": STATUSES[language_of(one.culture_info)][one.status],
            # Both are sent back only if they were sent at the start.
            "CashierNo": one.cashier_no or None,
            "ChequeNo": one.cheque_no or None,
        } | dict(changes)
        present = {name: value for name, value in fields.items() if value is not None}
        return json.dumps({self.options.notification_method: present}, ensure_ascii=False).encode()

    def _post(self, one: Transaction, body: bytes, content_type: str) -> Outcome:
        started = time.monotonic()
        outcome = Outcome(now_text(), body.decode("utf-8", "backslashreplace"))
        url = self.store.portal_url
        headers = {"Content-Type": content_type, "Connection": "close"}
        try:
            if url is None:
                raise LookupError("No portal URL is set.")
            answer = _HTTP.request("POST", url, body=body, headers=headers, redirect=False)
            outcome.answer_status = answer.status
            outcome.answer = answer.data[:65536].decode("utf-8", "backslashreplace")
        except (urllib3.exceptions.HTTPError, LookupError) as error:
            outcome.error = str(error)
        outcome.seconds = round(time.monotonic() - started, 3)
        with self.store.changing(one):
            one.notifications.append(outcome)
            one.notifications_sent += url is not None
        return outcome
