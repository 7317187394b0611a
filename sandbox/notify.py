"""The result notification: composed as the document shows it and posted to the portal URL."""

import functools
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Final

from sandbox.clock import now_text
from sandbox.options import Options
from sandbox.protocol import MERCHANT_WALLET, language_of, status_message
from sandbox.transactions import Json, Transaction, TransactionStore

TIMEOUT_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 65536


@functools.cache
def _opener(scheme: str) -> urllib.request.OpenerDirector:
    """An opener without redirects and proxies: either could lead off this machine."""
    opener = urllib.request.OpenerDirector()
    # The handler of https reads all certificates of the machine: only when it is needed.
    handler_class = urllib.request.HTTPSHandler if scheme == "https" else urllib.request.HTTPHandler
    for handler in (
        handler_class(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def compose(
    transaction: Transaction, options: Options, overrides: Mapping[str, object] | None = None
) -> bytes:
    """The notification's body. `overrides` replace fields; None takes a field out."""
    fields: dict[str, object] = {
        "CultureInfo": transaction.culture_info,
        "MSISDN": transaction.msisdn or MERCHANT_WALLET,
        "PartnerTrnID": transaction.partner_trn_id,
        options.trn_field: transaction.psp_trn_id,
        "PaymentStatus": transaction.status,
        "Message": status_message(transaction.status, language_of(transaction.culture_info)),
    }
    # Both are sent back only if they were sent at the start.
    if transaction.cashier_no:
        fields["CashierNo"] = transaction.cashier_no
    if transaction.cheque_no:
        fields["ChequeNo"] = transaction.cheque_no
    fields.update(overrides or {})
    present = {name: value for name, value in fields.items() if value is not None}
    return json.dumps({options.notification_method: present}, ensure_ascii=False).encode()


class Notifier:
    """Posts notifications and records on the transaction what came back."""

    def __init__(self, store: TransactionStore, options: Callable[[], Options]) -> None:
        self._store = store
        self._options = options

    def send(self, transaction: Transaction, body: bytes, content_type: str | None = None) -> Json:
        """Post one body now; the outcome is returned and recorded, never raised.

        Outcome: `at`, `body`, `answerStatus`, `answer`, `error`, `seconds`.
        """
        started = time.monotonic()
        outcome: Json = {"at": now_text(), "body": body.decode("utf-8", "backslashreplace")}
        url = self._store.portal_url
        if url is None:
            outcome |= {"answerStatus": None, "answer": None, "error": "No portal URL is set."}
        else:
            outcome |= _post(url, body, content_type or self._options().notification_content_type)
        outcome["seconds"] = round(time.monotonic() - started, 3)

        def record(one: Transaction) -> None:
            one.notifications.append(outcome)
            one.notifications_sent += 0 if url is None else 1

        self._store.change(transaction, record)
        return outcome

    def send_now(self, transaction: Transaction, times: int) -> None:
        """Send the notification `times` times, one after the other, and wait for the answers."""
        body = compose(transaction, self._options())
        for _ in range(times):
            self.send(transaction, body)

    def send_later(self, transaction: Transaction, times: int = 1) -> None:
        """Send the notification `times` times from a thread of its own."""
        # Composed here: it tells what happened now, whatever the transaction becomes later.
        body = compose(transaction, self._options())

        def run() -> None:
            for _ in range(times):
                self.send(transaction, body)

        threading.Thread(target=run, name="notification", daemon=True).start()

    def send_at_once(
        self, transaction: Transaction, bodies: list[bytes], content_type: str | None
    ) -> list[Json]:
        """Send all bodies at the same moment, and wait for the answers."""
        results: list[Json] = []
        threads = [
            threading.Thread(
                target=lambda body=body: results.append(self.send(transaction, body, content_type)),
                daemon=True,
            )
            for body in bodies
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results


def _post(url: str, body: bytes, content_type: str) -> Json:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310 - checked to be http(s) when it was set
    request.add_header("Content-Type", content_type)
    request.add_header("User-Agent", "elsom-sandbox")
    try:
        with _opener(request.type).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return _outcome(answer.status, answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            return _outcome(error.code, error.read(_LONGEST_ANSWER))
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        return {"answerStatus": None, "answer": None, "error": f"{type(error).__name__}: {reason}"}


def _outcome(status: int, answer: bytes) -> Json:
    text = answer.decode("utf-8", "backslashreplace")
    return {"answerStatus": status, "answer": text, "error": None}
