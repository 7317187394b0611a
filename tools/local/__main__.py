"""Command line of the local cloud: `make run`, `make stop`, `make status`, `make logs`."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError
from rich.markup import escape

from cli.errors import CliError
from cli.screen import Screen, timeline
from cli.target import LOCAL_STACK
from elsom_payments_client import ElsomPaymentsError
from tools.environments import LOCAL, ROOT
from tools.local.cloud import LocalCloud

# The sandbox's scenario wallet that pays at once, and one that no scenario knows: its payment
# waits for its pay page.
PAYING_WALLET = "0000000001"
WAITING_WALLET = "0000000099"
PAID_WITHIN_SECONDS = 90.0
LOG_LINES = 30
STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 after one sentence that says what is wrong."""
    screen = Screen(stderr=False)
    given = parse(arguments)
    ports = given.aws_port, given.sandbox_port, screen, given.demo_port, given.desk_port
    cloud = LocalCloud(given.state_dir, *ports)
    try:
        with alone(given.state_dir):
            COMMANDS[given.command](cloud, screen, given.stack)
    except (CliError, ElsomPaymentsError) as error:
        screen.error(str(error))
        return 1
    except KeyboardInterrupt:
        screen.note("Interrupted; `make stop` ends what was started.")
        return 130
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    state = Path(os.environ.get("STATE_DIR") or LOCAL)
    parser.add_argument("--state-dir", type=Path, default=state)
    parser.add_argument("--stack", default="", help="second: the name of the other stack")
    for name, port in (("aws", 4566), ("sandbox", 8090), ("demo", 8070), ("desk", 8060)):
        default = int(os.environ.get(f"{name.upper()}_PORT") or port)
        parser.add_argument(f"--{name}-port", type=int, default=default)
    return parser.parse_args(arguments)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Let one command at a time work in a state folder."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CliError(f"Another command is at work in {state}: wait until it ends.") from None
        yield


def second(cloud: LocalCloud, screen: Screen, name: str) -> None:
    """Another stack beside the first; its secret is for the operator to fill in."""
    if not STACK_NAME.fullmatch(name) or name == LOCAL_STACK:
        raise CliError(
            "Name the other stack, with letters, digits and dashes: make second STACK=second-shop"
        )
    cloud.start()
    cloud.build()
    cloud.deploy(name)
    if not cloud.stack_file.exists():
        cloud.save()
    screen.note(f"Fill in its secret: ./elsom --local --stack {name} setup")


def up(cloud: LocalCloud, screen: Screen, _: str = "") -> None:
    """Servers, stack and secret, then one payment to `paid` and one that waits for its customer."""
    started = time.monotonic()
    cloud.start()
    cloud.build()
    cloud.deploy(parameters=cloud.shop_parameters)
    with cloud.step("Fill in the sandbox merchant's credentials"):
        cloud.fill_secret()
    cloud.save()
    cloud.start_readers()
    cloud.save()
    api, order = cloud.target.api, f"demo-{int(time.time()) % 10**9}"

    def start(amount: str, order_id: str, wallet: str) -> Any:
        key = uuid.uuid4().hex
        return api.start(
            amount, order_id, idempotency_key=key, customer_msisdn=wallet, language="en"
        )

    with cloud.step("Take one payment from start to paid"):
        payment = start("150.00", order, PAYING_WALLET)
        payment = api.wait(payment.id, timeout=PAID_WITHIN_SECONDS, interval=0.25)
    if payment.status != "paid":
        raise CliError(f"Payment {payment.id} is {payment.status}, not paid: see `make logs`.")
    waiting = start("75.50", f"{order}-2", WAITING_WALLET)
    title = f"Payment {payment.id}: {payment.amount} {payment.currency}, {payment.status}"
    screen.result({}, timeline(title, api.timeline(payment.id)))
    print_urls(screen, cloud, {"A payment to pay yourself": waiting.checkout_url})
    screen.note(f"Ready in {time.monotonic() - started:.0f} s. `make stop` ends it.")


def stop(cloud: LocalCloud, screen: Screen, _: str = "") -> None:
    stopped = cloud.stop()
    screen.note(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(cloud: LocalCloud, screen: Screen, _: str = "") -> None:
    """The servers that were started, wherever they listen, and what is deployed there."""
    running = cloud.processes()
    if not running:
        screen.note("Nothing is running: make run")
        return
    for name, process in running.items():
        state = "[green]running[/]" if process.is_running() else "[red]ended[/]"
        log = cloud.state / "logs" / f"{name}.log"
        shown = escape(str(log.relative_to(ROOT) if log.is_relative_to(ROOT) else log))
        screen.result({}, f"  {name:<8} {state} on port {process.port}, log {shown}")
    if not cloud.stack_file.exists():
        screen.note("  Nothing is deployed: make run")
        return
    print_urls(screen, cloud, {})


def logs(cloud: LocalCloud, screen: Screen, _: str = "") -> None:
    """The latest lines that functions and servers wrote."""
    client = cloud.client("logs")
    try:
        for group in client.describe_log_groups()["logGroups"]:
            name = group["logGroupName"]
            events = client.filter_log_events(logGroupName=name)["events"]
            screen.lines(name, [event["message"].rstrip() for event in events[-LOG_LINES:]])
    except BotoCoreError:
        screen.note("The local AWS is not answering: only the files are shown.")
    for file in sorted((cloud.state / "logs").glob("*.log")):
        screen.lines(str(file), file.read_text(errors="replace").splitlines()[-LOG_LINES:])


def print_urls(screen: Screen, cloud: LocalCloud, more: Mapping[str, str]) -> None:
    """Whole URLs, whatever the terminal's width: they are there to be copied."""
    found = json.loads(cloud.stack_file.read_text())
    urls = {
        "Demo shop: buy something": f"{found['shopUrl']}/",
        "Desk: see what was paid": f"{found['deskUrl']}/",
        "Payments API (signed calls)": f"{found['outputs']['ApiUrl']}/payments",
        "Elsom sandbox": f"{found['sandboxUrl']}/",
        "Payments at the sandbox, live": f"{found['sandboxUrl']}/transactions",
        **more,
    }
    width = max(map(len, urls))
    for name, url in urls.items():
        screen.note(f"  {name:<{width}}  {url}")


COMMANDS: dict[str, Callable[[LocalCloud, Screen, str], None]] = {
    "up": up,
    "second": second,
    "stop": stop,
    "status": status,
    "logs": logs,
}

if __name__ == "__main__":
    sys.exit(main())
