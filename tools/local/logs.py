"""The latest lines that functions and servers of a local cloud wrote."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import BotoCoreError
from rich.console import Console

from payments.domain.masking import visible
from tools.local.cloud import LocalCloud

LINES = 30


def print_logs(cloud: LocalCloud, console: Console) -> None:
    """Each function's log group, then each file in the state folder's logs."""
    logs = cloud.client("logs")
    try:
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    except BotoCoreError:
        console.print("The local AWS is not answering: only the files are shown.")
        groups = []
    for group in groups:
        events = logs.filter_log_events(logGroupName=group)["events"]
        show(console, group, [event["message"].rstrip() for event in events])
    for file in sorted((cloud.state / "logs").glob("*.log")):
        show(console, str(file), tail(file))


def tail(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines()


def show(console: Console, title: str, lines: list[str]) -> None:
    console.rule(title, align="left")
    for line in lines[-LINES:]:
        console.print(visible(line), markup=False, highlight=False, soft_wrap=True)
