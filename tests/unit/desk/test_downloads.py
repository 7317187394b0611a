"""What was paid on a day, as files: exact to the tyiyn, and no formula in them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from desk.downloads import COLUMNS
from desk.pages import reports
from tests.unit.desk.scripted import NOW, Browser, ScriptedApi, a_payment, paid

DAY = "/reports/2026-11-24"
FIRST = datetime(2026, 11, 23, 18, tzinfo=UTC)


def rows(answer_data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer_data.decode("utf-8-sig"))))


def sheet(data: bytes, number: int) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def texts(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return book.read("xl/sharedStrings.xml").decode()


@pytest.fixture
def api() -> ScriptedApi:
    """Payments on both edges of the day, some of a thousandth of a som's worth more or less."""
    return ScriptedApi(
        payments=[
            paid(1, paid_at=FIRST - timedelta(milliseconds=1), amount="1000.00"),
            paid(2, paid_at=FIRST, amount="0.01"),
            paid(3, paid_at=NOW, amount="999999999.99", order_id="=1+1", description="-2"),
            paid(4, paid_at=FIRST + timedelta(days=1, milliseconds=-1), amount="0.10", late=True),
            paid(5, paid_at=FIRST + timedelta(days=1), amount="1000.00"),
            a_payment(6),
        ]
    )


def test_the_csv_holds_what_was_paid_that_day_and_adds_up(browser: Browser) -> None:
    answer = browser.get(f"{DAY}.csv")
    assert answer.mimetype == "text/csv"
    assert 'filename="paid-2026-11-24.csv"' in answer.headers["Content-Disposition"]
    found = rows(answer.data)
    assert list(found[0]) == list(COLUMNS)
    assert [one["amount"] for one in found] == ["0.01", "999999999.99", "0.10"]
    assert sum(int(one["amount"].replace(".", "")) for one in found) == 100_000_000_010
    assert found[0]["paidAt"] == "2026-11-24T00:00:00+06:00"
    assert [one["late"] for one in found] == ["no", "no", "yes"]


def test_a_text_that_a_spreadsheet_would_run_is_kept_as_text(browser: Browser) -> None:
    (odd,) = [one for one in rows(browser.get(f"{DAY}.csv").data) if one["orderId"].endswith("1+1")]
    assert (odd["orderId"], odd["description"]) == ("'=1+1", "'-2")
    data = browser.get(f"{DAY}.xlsx").data
    assert "<f>" not in sheet(data, 1) + sheet(data, 2)
    assert "=1+1" in texts(data)


def test_the_workbook_has_totals_and_one_row_a_payment(browser: Browser) -> None:
    answer = browser.get(f"{DAY}.xlsx")
    assert 'filename="report-2026-11-24.xlsx"' in answer.headers["Content-Disposition"]
    numbers = re.findall(r"<v>([0-9.]+)</v>", sheet(answer.data, 1))
    assert "1000000000.1" in numbers
    amounts = re.findall(r'<c r="C[0-9]+"[^>]*><v>([0-9.]+)</v>', sheet(answer.data, 2))
    assert [f"{float(one):.2f}" for one in amounts[1:]] == ["0.01", "999999999.99", "0.10"]
    assert "Payment number" in texts(answer.data)


def test_an_empty_day_is_a_file_too(browser: Browser) -> None:
    assert rows(browser.get("/reports/2026-10-01.csv").data) == []
    assert sheet(browser.get("/reports/2026-10-01.xlsx").data, 2)


def test_all_pages_of_the_day_are_read(api: ScriptedApi, browser: Browser) -> None:
    api.page_size = 1
    assert len(rows(browser.get(f"{DAY}.csv").data)) == 3


def test_a_day_of_too_many_rows_is_refused(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 2)
    answer = browser.get(f"{DAY}.csv")
    assert answer.status_code == 503
    assert "The day is too large" in answer.text
