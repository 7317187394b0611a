"""The Django app on a small real project: two server processes over one SQLite file.

SQLite lets one transaction write at a time; the others wait for it. DATABASE_OF_SHOP, a database of
Django's setting as JSON, runs the same tests on a database where several write at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conformance import read
from tests.clients.django_project import (
    SECRET,
    Project,
    an_event,
    serving,
    signed,
)
from tests.deployed import Deployed, eventually
from tests.receiver import Received, Receiver

pytestmark = pytest.mark.timeout(300)
OTHER = "whsec_AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("django"), changes={"HANDLER_SECONDS": "0.2"})
    with serving(made) as running:
        yield running


@pytest.fixture
def order(project: Project) -> str:
    return project.order()


def sent_together(project: Project, events: list[dict[str, Any]]) -> set[int]:
    """The answers to all of these, sent at the same time to both servers."""
    with ThreadPoolExecutor(len(events)) as pool:
        return set(pool.map(project.post, events, range(len(events))))


def test_the_same_event_five_times_in_parallel_is_one_event(project: Project, order: str) -> None:
    paid = an_event(order, f"P-{order}", 10, "paid")
    assert sent_together(project, [paid] * 5) == {204}
    found = project.tables()
    assert found.calls_of(paid["eventId"]) == [True]
    assert found.order(order) == ("payment.paid", 1)
    assert found.payment(f"P-{order}")["status"] == "paid"
    assert [one["event_id"] for one in found.events].count(paid["eventId"]) == 1


def test_an_older_event_after_a_newer_one_changes_no_state(project: Project, order: str) -> None:
    newest = an_event(order, f"P-{order}", 10, "paid")
    older = [
        an_event(order, f"P-{order}", 5, "pending"),
        an_event(order, f"P-{order}", 7, "expired"),
    ]
    assert [project.post(event) for event in (newest, *older, older[0])] == [204] * 4
    found = project.tables()
    state = found.payment(f"P-{order}")
    assert (state["status"], state["sequence"], state["amount"]) == ("paid", 10, "1500.00")
    assert [found.calls_of(event["eventId"]) for event in (newest, *older)] == [
        [True],
        [False],
        [False],
    ]
    # No order_ended of the old event: the order stays paid.
    assert found.order(order) == ("payment.paid", 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_events_of_one_payment_in_any_order_at_once_leave_the_newest(
    project: Project, order: str, seed: int
) -> None:
    kinds = ("start_unknown", "pending", "expired", "paid_late")
    events = [
        an_event(order, f"P-{order}", sequence, kind) for sequence, kind in enumerate(kinds, 1)
    ]
    twice = [*events, *events]
    random.Random(seed).shuffle(twice)
    assert sent_together(project, twice) == {204}
    found = project.tables()
    assert [len(found.calls_of(event["eventId"])) for event in events] == [1] * 4
    state = found.payment(f"P-{order}")
    assert (state["status"], state["sequence"], state["late"]) == ("paid", 4, True)
    assert found.order(order)[1] == 1
    assert project.post(an_event(order, f"P-{order}", 3, "expired")) == 204
    assert project.tables().payment(f"P-{order}")["status"] == "paid"


def test_an_order_that_ended_may_still_be_paid_late(project: Project, order: str) -> None:
    expired = an_event(order, f"P-{order}", 1, "expired", statusReason="elsom-2", paidAt=None)
    project.post(expired)
    found = project.tables()
    assert found.order(order) == ("expired", 0)
    assert found.payment(f"P-{order}")["status_reason"] == "elsom-2"
    assert found.payment(f"P-{order}")["paid_at"] is None
    project.post(an_event(order, f"P-{order}", 2, "paid_late"))
    assert project.tables().order(order) == ("payment.paid_late", 1)


def test_what_the_handler_breaks_off_is_taken_back_and_comes_again(
    project: Project, order: str
) -> None:
    paid = an_event(order, f"P-{order}", 1, "paid")
    project.broken_while.touch()
    assert project.post(paid) == 500
    project.broken_while.unlink()
    broken_off = project.tables()
    assert broken_off.calls_of(paid["eventId"]) == []
    assert paid["eventId"] not in {one["event_id"] for one in broken_off.events}
    assert f"P-{order}" not in {one["payment_id"] for one in broken_off.payments}
    assert project.post(paid) == 204
    found = project.tables()
    assert (found.calls_of(paid["eventId"]), found.order(order)[1]) == ([True], 1)


def test_only_a_signed_post_is_taken_in(project: Project, order: str) -> None:
    paid = an_event(order, f"P-{order}", 1, "paid")
    assert project.post(paid, secret=OTHER) == 401
    assert project.send(b"{}", signed(paid, "{}")) == 401
    assert project.send(b"", {}) == 401
    assert project.post(paid, method="PUT") == 405
    assert project.tables().order(order) == ("new", 0)


def test_a_case_is_kept_and_handed_over_and_is_no_payment(project: Project) -> None:
    case = {
        "id": "C1", "kind": "duplicate_paid", "state": "open", "paymentId": "P-of-the-case",
        "orderId": "A-7", "openedAt": "2026-11-24T09:00:00.000Z", "sequence": 1,
    }  # fmt: skip
    recorded = read("webhooks.json")["documents"]["event"]
    event = {"eventId": "E-case", "type": "case.opened", "sequence": 1, "case": case}
    assert project.post({**event, "occurredAt": recorded["occurredAt"]}) == 204
    found = project.tables()
    (kept,) = [one for one in found.events if one["event_id"] == "E-case"]
    assert (kept["payment_id"], kept["order_id"]) == ("P-of-the-case", "A-7")
    assert found.calls_of("E-case") == [True]
    assert "P-of-the-case" not in {one["payment_id"] for one in found.payments}


def test_a_webhook_of_the_deployed_stack_pays_an_order(
    project: Project, order: str, stack: Deployed, receiver: Receiver
) -> None:
    payment = stack.start(orderId=order, metadata={"корзина": "Ысык-Көл"}).body["id"]
    stack.set_status(payment, "A", notify=True)

    def look() -> list[Received]:
        return [one for one in receiver.about(payment) if one.event["type"] == "payment.paid"]

    paid = eventually(look)[0]
    headers = {name: value for name, value in paid.headers.items() if name.startswith("webhook-")}
    # The project's own secret did not sign it; with the stack's it is taken in.
    assert project.send(paid.body, headers) == 401
    with serving(Project(project.folder, stack.secret["webhookSecrets"])) as taking:
        assert [taking.send(paid.body, headers, server) for server in (0, 1, 0)] == [204] * 3
    found = project.tables()
    assert found.order(order) == ("payment.paid", 1)
    assert found.payment(payment)["sequence"] == paid.event["sequence"]


ADMIN = """
from django.contrib.auth.models import User
from django.test import Client
from elsom_payments_client.django.models import InboxEvent
browser = Client(headers={"host": "127.0.0.1"})
browser.force_login(User.objects.create_superuser("boss"))
event = InboxEvent.objects.first()
for path in ("inboxevent/", f"inboxevent/{event.pk}/change/", "paymentstate/", "inboxevent/add/"):
    page = browser.get(f"/admin/elsom_payments/{path}")
    print(page.status_code, event.pk in page.text if page.status_code == 200 else "-")
page = f"/admin/elsom_payments/inboxevent/{event.pk}"
print(browser.post(f"{page}/delete/", {"post": "yes"}).status_code)
print(browser.post(f"{page}/change/", {"type": "x"}).status_code)
"""


def test_the_admin_shows_events_and_payments_and_changes_none(project: Project, order: str) -> None:
    project.post(an_event(order, f"P-{order}", 1, "paid"))
    said = project.shell(ADMIN).splitlines()
    assert said == ["200 True", "200 True", "200 False", "403 -", "403", "403"]


def test_a_project_without_time_zones_stores_times_too(tmp_path: Path) -> None:
    made = Project(tmp_path, changes={"USE_TZ": "0"})
    with serving(made) as running:
        order = running.order()
        assert running.post(an_event(order, "P1", 1, "paid")) == 204
        state = running.tables().payment("P1")
    # As in Bishkek, where the clock is six hours ahead.
    assert state["paid_at"] == "2026-11-24 15:01:01.569000"


def test_the_migrations_are_complete_and_the_settings_are_checked(tmp_path: Path) -> None:
    made = Project(tmp_path)
    assert "No changes detected" in made.manage("makemigrations", "--check", "--dry-run")
    assert "no issues" in made.manage("check")
    for settings, said in (
        ("{}", "WEBHOOK_SECRETS"),
        (f'{{"WEBHOOK_SECRETS": "{SECRET}"}}', "is a list of whsec_"),
        ('{"WEBHOOK_SECRETS": ["whsec_!"]}', "secret 1 is not whsec_ and base64"),
        (f'{{"WEBHOOK_SECRETS": ["{SECRET}"], "HANDLER": "no.such"}}', "HANDLER"),
        (f'{{"WEBHOOK_SECRETS": ["{SECRET}"], "COLOUR": "red"}}', "has no COLOUR"),
    ):
        made.changes["ELSOM_PAYMENTS"] = settings
        warned = made.manage("check")
        assert "elsom_payments.W001" in warned
        assert said in warned


def test_the_settings_give_a_client(tmp_path: Path) -> None:
    made = Project(tmp_path)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAMADEUP", "AWS_SECRET_ACCESS_KEY": "made-up"}
    url = "https://abc.execute-api.eu-central-1.amazonaws.com/v1"
    made.changes = {**keys, "ELSOM_PAYMENTS": f'{{"API_URL": "{url}"}}'}
    code = "from elsom_payments_client.django.conf import api; print(api().url, api() is api())"
    assert made.shell(code).split() == [url, "True"]
