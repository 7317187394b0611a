"""A running Django project with the app: two server processes over one database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from standardwebhooks import Webhook

from tests.clients.conformance import CLIENTS, ROOT, read
from tools.local.processes import free_port

SECRET: Final = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
SERVERS: Final = 2
DUMP: Final = """
import json
from django.forms.models import model_to_dict
from elsom_payments_client.django.models import InboxEvent, PaymentState
from tests.clients.django_shop.models import Call, Order
tables = {"events": InboxEvent, "payments": PaymentState, "calls": Call, "orders": Order}
found = {name: list(table.objects.values()) for name, table in tables.items()}
print(json.dumps(found, default=str))
"""


@dataclass
class Tables:
    """What is in the database."""

    events: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    orders: list[dict[str, Any]]

    def payment(self, payment_id: str) -> dict[str, Any]:
        (found,) = [one for one in self.payments if one["payment_id"] == payment_id]
        return found

    def order(self, number: str) -> tuple[str, int]:
        """Status, and how often the goods were sent."""
        (found,) = [one for one in self.orders if one["number"] == number]
        return found["status"], found["delivered"]

    def calls_of(self, event_id: str) -> list[bool]:
        """For each call of the handler, whether the event was the newest."""
        return [one["is_newest"] for one in self.calls if one["event_id"] == event_id]


@dataclass
class Project:
    """`manage` runs a command; `post` sends an event to one of the servers."""

    folder: Path
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    changes: dict[str, str] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)

    @property
    def broken_while(self) -> Path:
        return self.folder / "broken"

    def environment(self) -> dict[str, str]:
        settings = {
            "WEBHOOK_SECRETS": self.secrets,
            "HANDLER": "tests.clients.django_shop.payments.on_event",
        }
        database = os.environ.get("DATABASE_OF_SHOP", "")
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{CLIENTS / 'python'}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "tests.clients.django_shop.settings",
            "DATABASE_FILE": str(self.folder / "shop.sqlite3"),
            "DATABASE_OF_SHOP": database,
            "BROKEN_WHILE": str(self.broken_while),
            "ELSOM_PAYMENTS": json.dumps(settings),
            **self.changes,
        }

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def shell(self, code: str) -> str:
        return self.manage("shell", "--verbosity", "0", "-c", code)

    def tables(self) -> Tables:
        return Tables(**json.loads(self.shell(DUMP)))

    def order(self) -> str:
        """A new order's number."""
        number = f"A-{uuid.uuid4().hex[:8]}"
        model = "from tests.clients.django_shop.models import Order"
        self.shell(f"{model}; Order.objects.create(number={number!r})")
        return number

    def post(
        self, event: dict[str, Any], server: int = 0, secret: str = SECRET, method: str = "POST"
    ) -> int:
        body = json.dumps(event)
        return self.send(body.encode(), signed(event, body, secret), server, method)

    def send(
        self, body: bytes, headers: dict[str, str], server: int = 0, method: str = "POST"
    ) -> int:
        """The status of the answer."""
        url = f"{self.urls[server % SERVERS]}/elsom/webhook"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=100) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code


def signed(event: dict[str, Any], body: str, secret: str = SECRET) -> dict[str, str]:
    """The headers of a webhook that is sent now."""
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": event["eventId"],
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event["eventId"], now, body),
    }


def an_event(order: str, payment: str, sequence: int, kind: str, **changes: Any) -> dict[str, Any]:
    """An event of the recorded one's form. `kind`: its type without `payment.`."""
    recorded = read("webhooks.json")["documents"]["event"]
    status = {"paid_late": "paid"}.get(kind, kind)
    about = {"id": payment, "orderId": order, "status": status, "sequence": sequence}
    return {
        **recorded,
        "eventId": f"E{sequence}-{payment}",
        "type": f"payment.{kind}",
        "sequence": sequence,
        "payment": {**recorded["payment"], **about, "late": kind == "paid_late", **changes},
    }


@contextmanager
def serving(project: Project) -> Iterator[Project]:
    """The project's database filled with its tables, and its servers."""
    project.manage("migrate", "--verbosity", "0")
    with ExitStack() as stack:
        for _ in range(SERVERS):
            port = free_port()
            command = ["runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
            process = subprocess.Popen(
                [sys.executable, "-m", "django", *command],
                env=project.environment(),
                cwd=project.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            project.urls.append(f"http://127.0.0.1:{port}")
        for number in range(SERVERS):
            wait_for(project, number)
        yield project


def wait_for(project: Project, server: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            assert project.send(b"", {}, server, "GET") == 405
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return
