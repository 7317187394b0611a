"""The live view's rows: transactions and calls as HTML, with nothing secret in them."""

from collections.abc import Iterable
from html import escape
from typing import Final, TypedDict

from sandbox.app import Sandbox
from sandbox.calls import Call
from sandbox.masking import masked
from sandbox.transactions import Json

_SHOWN: Final = 200
_LONGEST_TEXT: Final = 4000
# The heads of the tables in transactions.html.
TRANSACTION_COLUMNS: Final = (
    "PartnerTrnID",
    "Status",
    "Amount",
    "ChequeNo",
    "Wallet",
    "Scenario",
    "Starts / queries / notifications",
    "",
)
CALL_COLUMNS: Final = ("At", "Method", "PartnerTrnID", "Answer", "")


class _Rows(TypedDict):
    version: str
    transactions: list[tuple[str, str]]
    calls: list[tuple[str, str]]


class Live:
    """Rows are made in one place, for the first page and for its refreshes alike."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def version(self) -> str:
        """Changes whenever a row may have."""
        return f"{self._sandbox.store.version}.{self._sandbox.calls.version}"

    def rows(self) -> dict[str, str]:
        """The table bodies' HTML, newest first."""
        fresh = self._both()
        return {
            "transactions": "".join(html for _, html in fresh["transactions"]),
            "calls": "".join(html for _, html in fresh["calls"]),
        }

    def fresh_rows(self, version: str) -> Json:
        """`{"version"}` alone when nothing changed since, else also [key, html] pairs."""
        if version == self.version():
            return {"version": version}
        return {**self._both()}

    def _both(self) -> _Rows:
        version = self.version()
        transactions = self._sandbox.store.all()[-_SHOWN:]
        calls = self._sandbox.calls.find()[-_SHOWN:]
        return {
            "version": version,
            "transactions": [_transaction_row(one) for one in reversed(transactions)],
            "calls": [_call_row(one) for one in reversed(calls)],
        }


def _transaction_row(one: Json) -> tuple[str, str]:
    key = f"t-{one['pspTrnId']}"
    history = one["history"]
    steps = [f"{step['at']}  {step['status']}  {step['by']}" for step in _objects(history)]
    listed = [
        f"{item['at']}  {item['answerStatus'] or item['error']}\n{item['body']}\n{item['answer']}"
        for item in _objects(one["notifications"])
    ]
    details = _details("steps", "\n".join(steps)) + _details("notifications", "\n\n".join(listed))
    page = one["payUrl"]
    link = f'<a href="{escape(str(page))}">pay page</a>' if page else ""
    cells = (
        f"<code>{escape(masked(str(one['partnerTrnId'])))}</code>",
        f'<span class="status s-{escape(str(one["status"]))}">{escape(str(one["status"]))}</span>',
        escape(str(one["amount"])),
        escape(masked(str(one["chequeNo"]))),
        escape(masked(str(one["msisdn"]))),
        escape(str(one["scenario"])),
        f"{one['starts']} / {one['statusQueries']} / {one['notificationsSent']}",
        link + details,
    )
    return key, _row(key, zip(TRANSACTION_COLUMNS, cells, strict=True))


def _call_row(one: Call) -> tuple[str, str]:
    key = f"c-{one.number}"
    cells = (
        f"<time>{escape(one.at)}</time>",
        escape(masked(one.method or f"{one.verb} {one.path}")),
        f"<code>{escape(masked(one.trn or ''))}</code>",
        escape(str(one.answer_status or "—")) + (f" ({escape(one.fault)})" if one.fault else ""),
        _details("request", one.body) + _details("answer", one.answer or ""),
    )
    return key, _row(key, zip(CALL_COLUMNS, cells, strict=True))


def _row(key: str, cells: Iterable[tuple[str, str]]) -> str:
    """Each cell carries its column's name: on a phone a row is a card without a head."""
    shown = "".join(
        f'<td data-label="{column}">{cell}</td>' if column else f"<td>{cell}</td>"
        for column, cell in cells
    )
    return f'<tr data-key="{escape(key)}">{shown}</tr>'


def _details(title: str, text: str) -> str:
    if not text:
        return ""
    shown = masked(text)[:_LONGEST_TEXT]
    return f"<details><summary>{title}</summary><pre>{escape(shown)}</pre></details>"


def _objects(items: object) -> list[Json]:
    return items if isinstance(items, list) else []
