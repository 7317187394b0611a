"""A day's paid payments as files: CSV for programs, XLSX for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from desk.times import local
from desk.words import Words
from elsom_payments_client import Payment, Report

if TYPE_CHECKING:
    from datetime import datetime

COLUMNS: Final = (
    "id", "orderId", "amount", "currency", "paidAt", "createdAt", "late", "cashierNo",
    "description", "elsomTransactionId",
)  # fmt: skip
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_MONEY: Final = "#,##0.00"
_TIME: Final = "dd.mm.yyyy hh:mm:ss"


def csv_of(payments: Iterable[Payment]) -> bytes:
    """One line a payment, times in Bishkek; with a mark by which spreadsheets know UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in payments:
        values = (
            one.id, one.order_id, one.amount, one.currency, _iso(one.paid_at),
            _iso(one.created_at), "yes" if one.late else "no", one.cashier_no, one.description,
            one.elsom_transaction_id,
        )  # fmt: skip
        writer.writerow([_cell(value) for value in values])
    return text.getvalue().encode("utf-8-sig")


def xlsx_of(report: Report, payments: Sequence[Payment], words: Words) -> bytes:
    """Two sheets: the totals, and one row a payment. Amounts are numbers, exact to the tyiyn.

    A spreadsheet's number has 15 digits: enough for ten billion payments of a thousand som.
    """
    # Seldom needed, and slow to import.
    from xlsxwriter import Workbook  # noqa: PLC0415

    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        _totals(book, report, words)
        _rows(book, payments, words)
    return file.getvalue()


def _totals(book: Any, report: Report, words: Words) -> None:
    sheet = book.add_worksheet(words.plain("report.sheet_totals"))
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": _MONEY})
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 2, 18)
    sheet.write_string(0, 0, words.plain("report.of", day=words.day(report.day)), bold)
    heads = ("", words.plain("report.count"), words.plain("report.sum"))
    for place, head in enumerate(heads):
        sheet.write_string(2, place, head, bold)
    lines = [(words.plain("report.paid"), report.paid), (words.plain("report.late"), report.late)]
    lines += [
        (f"{words.plain('report.by_status')}: {words.choice('status', name)}", total)
        for name, total in report.by_status.items()
    ]
    for row, (name, total) in enumerate(lines, start=3):
        sheet.write_string(row, 0, name)
        sheet.write_number(row, 1, total.count)
        sheet.write_number(row, 2, _number(total.amount), money)


def _rows(book: Any, payments: Sequence[Payment], words: Words) -> None:
    sheet = book.add_worksheet(words.plain("report.sheet_paid"))
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": _MONEY})
    moment = book.add_format({"num_format": _TIME})
    names = (
        "id", "order", "amount", "paid_at", "created_at", "late", "cashier", "description",
        "transaction",
    )  # fmt: skip
    for place, name in enumerate(names):
        sheet.write_string(0, place, words.plain(f"column.{name}"), bold)
    sheet.set_column(0, len(names) - 1, 22)
    sheet.freeze_panes(1, 0)
    for row, one in enumerate(payments, start=1):
        sheet.write_string(row, 0, one.id)
        sheet.write_string(row, 1, one.order_id)
        sheet.write_number(row, 2, _number(one.amount), money)
        for place, at in ((3, one.paid_at), (4, one.created_at)):
            if at is not None:
                sheet.write_datetime(row, place, local(at).replace(tzinfo=None), moment)
        sheet.write_string(row, 5, words.plain(f"column.{'yes' if one.late else 'no'}"))
        for place, text in ((6, one.cashier_no), (7, one.description)):
            sheet.write_string(row, place, text or "")
        sheet.write_string(row, 8, one.elsom_transaction_id or "")


def _number(amount: str) -> float:
    """For a spreadsheet's cell, which knows no other numbers; nothing is added up in it here."""
    return float(amount)


def _iso(moment: datetime | None) -> str:
    return local(moment).isoformat(timespec="seconds") if moment else ""


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
