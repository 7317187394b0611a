"""Command line of the local cloud: `make run`, `make stop`, `make status`, `make logs`."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.environments import LOCAL, ROOT
from tools.local.cloud import STACK, LocalCloud, LocalCloudError
from tools.local.logs import print_logs
from tools.local.report import OnConsole
from tools.local.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tools.local.shop import PAYING_WALLET, Shop, ShopError

# A wallet that no scenario knows: the payment waits for its pay page.
WAITING_WALLET = "0000000099"
STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 after one sentence that says what is wrong."""
    choices = parse(arguments)
    console = Console()
    cloud = LocalCloud(
        choices.state_dir,
        choices.aws_port,
        choices.sandbox_port,
        OnConsole(console),
        choices.demo_port,
    )
    commands: dict[str, Callable[[LocalCloud, Console], None]] = {
        "up": up,
        "deploy": deploy,
        "second": partial(second, choices.stack),
        "stop": stop,
        "status": status,
        "logs": logs,
    }
    try:
        with alone(choices.state_dir):
            commands[choices.command](cloud, console)
    except (LocalCloudError, ShopError) as error:
        console.print(f"[red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; `make stop` ends what was started.")
        return 130
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.local", description=__doc__)
    parser.add_argument("command", choices=["up", "deploy", "second", "stop", "status", "logs"])
    parser.add_argument(
        "--state-dir", type=Path, default=Path(os.environ.get("STATE_DIR") or LOCAL)
    )
    parser.add_argument("--stack", default="", help="second: the name of the other stack")
    parser.add_argument("--aws-port", type=int, default=int(os.environ.get("AWS_PORT") or 4566))
    parser.add_argument(
        "--sandbox-port", type=int, default=int(os.environ.get("SANDBOX_PORT") or 8090)
    )
    parser.add_argument("--demo-port", type=int, default=int(os.environ.get("DEMO_PORT") or 8070))
    return parser.parse_args(arguments)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Let one command at a time work in a state folder."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalCloudError(
                f"Another command is at work in {state}: wait until it ends."
            ) from None
        yield


def deploy(cloud: LocalCloud, console: Console) -> None:
    """Servers, stack and secret, without a payment."""
    prepare(cloud)
    print_urls(console, places(cloud.api_url, cloud.sandbox_url, cloud.shop.url))


def second(name: str, cloud: LocalCloud, console: Console) -> None:
    """Another stack beside the first; its secret is for the operator to fill in."""
    if not STACK_NAME.fullmatch(name) or name == STACK:
        raise LocalCloudError(
            "Name the other stack, with letters, digits and dashes: make second STACK=second-shop"
        )
    cloud.start()
    cloud.build()
    cloud.deploy(name)
    if not cloud.stack_file.exists():
        cloud.save()
    console.print(f"Fill in its secret: ./elsom --local --stack {name} setup", highlight=False)


def prepare(cloud: LocalCloud) -> None:
    cloud.start()
    cloud.build()
    cloud.deploy(parameters=cloud.shop_parameters)
    with cloud.report.step("Fill in the sandbox merchant's credentials"):
        cloud.fill_secret()
    cloud.save()
    cloud.start_shop()
    cloud.save()


def up(cloud: LocalCloud, console: Console) -> None:
    """All of `deploy`, then one payment to `paid` and one that waits for its customer."""
    started = time.monotonic()
    prepare(cloud)
    shop = Shop(cloud.api_url, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    order = f"demo-{int(time.time()) % 10**9}"
    with cloud.report.step("Take one payment from start to paid"):
        payment = shop.start("150.00", PAYING_WALLET, order)
        payment = shop.follow(
            payment["id"], lambda seen: cloud.report.note(f"  {payment['id']} is {seen}")
        )
    waiting = shop.start("75.50", WAITING_WALLET, f"{order}-2")
    console.print(timeline_table(payment, shop.timeline(payment["id"])))
    urls = places(cloud.api_url, cloud.sandbox_url, cloud.shop.url)
    print_urls(console, {**urls, "A payment to pay yourself": waiting["checkoutUrl"]})
    console.print(
        f"Ready in {time.monotonic() - started:.0f} s. `make stop` ends it.", highlight=False
    )


def stop(cloud: LocalCloud, console: Console) -> None:
    stopped = cloud.stop()
    console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(cloud: LocalCloud, console: Console) -> None:
    """The servers that were started, wherever they listen, and what is deployed there."""
    running = cloud.processes()
    if not running:
        console.print("Nothing is running: make run")
        return
    for name, process in running.items():
        state = "[green]running[/]" if process.is_running() else "[red]ended[/]"
        log = shown(cloud.state / "logs" / f"{name}.log")
        console.print(f"  {name:<8} {state} on port {process.port}, log {log}", highlight=False)
    if not cloud.stack_file.exists():
        console.print("  Nothing is deployed: make run")
        return
    described = json.loads(cloud.stack_file.read_text())
    outputs = described["outputs"]
    print_urls(console, places(outputs["ApiUrl"], described["sandboxUrl"], described["shopUrl"]))


def logs(cloud: LocalCloud, console: Console) -> None:
    print_logs(cloud, console)


def places(api_url: str, sandbox_url: str, shop_url: str) -> dict[str, str]:
    return {
        "Demo shop: buy something": f"{shop_url}/",
        "Payments API (signed calls)": f"{api_url}/payments",
        "Elsom sandbox": f"{sandbox_url}/",
        "Payments at the sandbox, live": f"{sandbox_url}/transactions",
    }


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def timeline_table(payment: dict[str, Any], items: list[dict[str, Any]]) -> Table:
    title = (
        f"Payment {payment['id']}: {payment['amount']} {payment['currency']}, {payment['status']}"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("At", no_wrap=True)
    table.add_column("What", no_wrap=True)
    table.add_column("Details")
    for item in items:
        details = {name: value for name, value in item.items() if name not in {"at", "what"}}
        shown = ", ".join(f"{name} {value}" for name, value in details.items())
        table.add_row(*map(escape, (str(item["at"]), str(item["what"]), shown)))
    return table


def print_urls(console: Console, urls: Mapping[str, str | None]) -> None:
    """Whole URLs, whatever the terminal's width: they are there to be copied."""
    width = max(map(len, urls))
    for name, url in urls.items():
        console.print(f"  {name:<{width}}  {url}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
