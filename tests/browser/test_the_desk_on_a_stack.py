"""The desk over a deployed stack: what is found, checked, settled and added up there."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials
from msgspec.structs import replace
from playwright.sync_api import BrowserContext, Page

from desk import local
from desk.api import DEADLINE_SECONDS
from elsom_payments_client import ElsomPayments
from payments.domain.clock import MINUTE, now_ms
from payments.domain.ids import derive_id
from payments.domain.reports import BISHKEK, span_of
from payments.store.payments import item_of
from payments.store.table import to_image
from tests.browser.axe import faults
from tests.browser.chromium import too_wide
from tests.deployed import Deployed, eventually
from tests.fakes.payments import a_payment
from tools.local.processes import free_port
from tools.local.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

pytestmark = [pytest.mark.needs("chromium", "npm"), pytest.mark.timeout(400)]
CANCELLED = "0000000004"
MANY = 10_000


@contextmanager
def serving(stack: Deployed) -> Iterator[str]:
    api = ElsomPayments(
        stack.cloud.api_url,
        region=REGION,
        credentials=Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY),
        deadline=DEADLINE_SECONDS,
    )
    port = free_port()
    server = local.local_server(api, "browser", port, None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield local.address_of(port, None)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def desk(stack: Deployed) -> Iterator[str]:
    with serving(stack) as url:
        yield url


@pytest.fixture
def tab(context: BrowserContext, desk: str, page: Page) -> Page:
    """English, on a phone."""
    context.add_cookies([{"name": "desk-language", "value": "en", "url": desk}])
    return page


def is_sound(page: Page) -> None:
    assert faults(page) == []
    assert not too_wide(page)


def test_a_payment_is_found_by_its_order_read_and_checked_until_it_is_paid(
    tab: Page, desk: str, stack: Deployed
) -> None:
    started = stack.start(orderId="DESK 1/2", amount="150.00").body
    tab.goto(f"{desk}payments")
    tab.get_by_label("Order or payment number").fill("DESK 1/2")
    tab.get_by_role("button", name="Search").click()
    is_sound(tab)
    tab.get_by_role("link", name="DESK 1/2", exact=True).click()
    tab.get_by_text("Elsom accepted it: the customer can pay.").wait_for()
    assert "150.00" in tab.locator("p.sum").inner_text()
    stack.set_status(started["id"], "A")

    def check() -> bool:
        tab.get_by_role("button", name="Query Elsom now").click()
        tab.locator(".said").wait_for()
        return tab.locator(".badge.paid").count() > 0

    eventually(check)
    is_sound(tab)
    ours = [one for one in stack.timeline(started["id"]) if one["what"] == "check_requested"]
    assert {one["by"] for one in ours} == {local.person_here()}
    assert "had Elsom queried" in tab.locator(".timeline").inner_text()
    assert "paid" in tab.locator("table").inner_text()


def test_a_case_is_settled_with_a_note_and_names_who_did_it(
    tab: Page, desk: str, stack: Deployed
) -> None:
    payment = stack.start(customerMsisdn=CANCELLED, orderId="DESK-LATE").body["id"]
    stack.wait_for(payment, "cancelled")
    stack.let_time_pass_since_the_last_query(payment)
    stack.set_status(payment, "A", notify=True)
    stack.wait_for(payment, "paid")

    def opened() -> bool:
        tab.goto(f"{desk}cases")
        return tab.locator("article", has_text="DESK-LATE").count() == 1

    eventually(opened)
    is_sound(tab)
    case = tab.locator("article", has_text="DESK-LATE")
    case.get_by_label("What was found and done").fill("Delivered after all")
    case.get_by_role("button").click()
    tab.get_by_text("The case is settled.").wait_for()
    is_sound(tab)
    found = stack.shop.call("GET", "/cases?state=resolved").body["items"]
    (kept,) = [one for one in found if one["paymentId"] == payment]
    assert (kept["note"], kept["resolvedBy"]) == ("Delivered after all", local.person_here())


def test_the_days_report_and_its_file_are_the_table_to_the_tyiyn(
    tab: Page, desk: str, stack: Deployed
) -> None:
    for amount in ("0.01", "99.99", "1234567.89"):
        started = stack.start(amount=amount, customerMsisdn="0000000001").body["id"]
        stack.wait_for(started, "paid")
    today = datetime.now(BISHKEK).date()
    first, last = span_of(today)
    items = stack.cloud.client("dynamodb").scan(TableName=stack.outputs["PaymentsTableName"])
    payments = [item for item in items["Items"] if item["sk"]["S"] == "payment"]
    paid = [
        int(item["amount"]["N"])
        for item in payments
        if "paidAt" in item and first <= int(item["paidAt"]["N"]) <= last
    ]
    assert len(paid) >= 3
    tab.goto(f"{desk}reports/{today}")
    is_sound(tab)
    shown = tab.locator(".figure").first.inner_text()
    assert shown == f"{sum(paid) // 100:,}.{sum(paid) % 100:02d}\u00a0som"
    with tab.expect_download() as coming:
        tab.get_by_role("link", name="CSV").click()
    text = coming.value.path().read_text("utf-8-sig")
    rows = [int(row["amount"].replace(".", "")) for row in csv.DictReader(io.StringIO(text))]
    assert sorted(rows) == sorted(paid)
    tab.goto(desk)
    assert tab.locator(".figure").first.inner_text() == shown
    is_sound(tab)


def test_a_page_of_ten_thousand_payments_takes_as_long_as_a_page_of_the_api(
    tab: Page, desk: str, stack: Deployed
) -> None:
    began = now_ms() - 3 * MINUTE
    many = [
        replace(
            a_payment(id=derive_id("many", str(number)), order_id=f"M-{number}"),
            created_at=began - number * 100,
            next_check_at=None,
        )
        for number in range(MANY)
    ]
    client = stack.cloud.client("dynamodb")
    for start in range(0, MANY, 25):
        puts = [
            {"PutRequest": {"Item": to_image(item_of(one))}} for one in many[start : start + 25]
        ]
        name = stack.outputs["PaymentsTableName"]
        assert not client.batch_write_item(RequestItems={name: puts})["UnprocessedItems"]
    query = "limit=50&from=" + (datetime.now(UTC) - timedelta(days=30)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )

    def of_api() -> float:
        began = time.perf_counter()
        assert len(stack.shop.call("GET", f"/payments?{query}").body["items"]) == 50
        return time.perf_counter() - began

    def of_desk() -> float:
        began = time.perf_counter()
        tab.goto(f"{desk}payments")
        return time.perf_counter() - began

    of_api(), of_desk()
    api, page = min(of_api() for _ in range(5)), min(of_desk() for _ in range(5))
    print(f"\none page of {MANY} payments: API {api * 1000:.0f} ms, desk {page * 1000:.0f} ms")
    assert tab.locator("tbody tr").count() == 50
    # The browser draws fifty rows, too.
    assert page < 2 * api + 1
