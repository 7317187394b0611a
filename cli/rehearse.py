"""`elsom rehearse`: a throw-away stack's whole life on a real account, in half an hour."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.configure import refuse_endpoint_override
from cli.context import Context, of
from cli.leftovers import remove_all
from cli.rehearsal import (
    NOWHERE,
    STEPS,
    CannotBeSeen,
    Rehearsal,
    StepFailed,
    new_name,
    remove,
)
from cli.target import CliError, Target
from payments.domain.errors import PaymentsError
from tools.environments import ROOT
from tools.local.cloud import START_PATH, STATUS_PATH, architecture

_MARK = {
    "seen": "[green]seen[/]    ",
    "not seen": "[yellow]not seen[/]",
    "failed": "[red]failed[/]  ",
}
_ERRORS = (StepFailed, CliError, ClientError, BotoCoreError, PaymentsError, OSError)


def add_to(app: typer.Typer) -> None:
    """Make this command part of the command line."""
    app.command()(rehearse)


def rehearse(  # noqa: PLR0917 - one argument for each option, named by Typer
    context: typer.Context,
    alarm_email: Annotated[str, typer.Option(help="Who gets the alarm's e-mail.")] = "",
    init_url: Annotated[str, typer.Option(help="Elsom's URL for starts, of a test system.")] = "",
    status_url: Annotated[str, typer.Option(help="Elsom's URL for status queries.")] = "",
    built: Annotated[
        Path, typer.Option(help="The built template.", show_default=".aws-sam/build")
    ] = ROOT / ".aws-sam" / "build" / "template.yaml",
    yes: Annotated[bool, typer.Option("--yes", help="Delete everything without asking.")] = False,
    remove_stack: Annotated[
        str | None,
        typer.Option("--remove", metavar="STACK", help="Only delete what a rehearsal left."),
    ] = None,
) -> None:
    """Deploy a throw-away stack, try it, attach its kept table again, and delete everything.

    Costs a few cents of AWS. Sends nothing to Elsom unless its URLs are given, and then only with a
    made-up merchant. Ends with 1 if a step failed.
    """
    ours = of(context)
    target = _target(ours, remove_stack or new_name())
    if remove_stack:
        remove_all(target)
        ours.screen.result({"removed": remove_stack}, f"Nothing is left of {remove_stack}.")
        return
    if not built.exists():
        raise CliError(f"{built} is not there: make build")
    refuse_endpoint_override(target)

    def confirmed(prompt: str) -> bool:
        return sys.stdin.isatty() and typer.confirm(prompt, err=True)

    rehearsal = Rehearsal(
        target,
        _parameters(target, init_url, status_url, alarm_email),
        built,
        has_seen=confirmed,
        agrees=lambda prompt: yes or confirmed(prompt),
        email=alarm_email,
    )
    seen = _run(ours, rehearsal)
    failed = any(one["state"] == "failed" for one in seen)
    ours.screen.result(
        {"stack": target.stack, "ok": not failed, "steps": seen},
        *(f"{_MARK[one['state']]} {one['step']}: {one['said']}" for one in seen),
        "A step failed." if failed else "All that could be seen was seen.",
    )
    if failed:
        raise typer.Exit(1)


def _run(ours: Context, rehearsal: Rehearsal) -> list[dict[str, str]]:
    """Every step until one fails; what was made is deleted in any case."""
    seen: list[dict[str, str]] = []
    for name, step in STEPS.items():
        if not _take(ours, rehearsal, name, step, seen):
            break
    _take(ours, rehearsal, "delete everything", remove, seen)
    return seen


def _take(
    ours: Context, rehearsal: Rehearsal, name: str, step: Any, seen: list[dict[str, str]]
) -> bool:
    """One step, noted; False once it failed."""
    state = "seen"
    ours.screen.note(f"{name} ...")
    try:
        said = step(rehearsal)
    except CannotBeSeen as why:
        state, said = "not seen", str(why)
    except _ERRORS as error:
        state, said = "failed", str(error)
    seen.append({"step": name, "state": state, "said": said})
    return state != "failed"


def _target(ours: Context, stack: str) -> Target:
    base = ours.account
    return Target(stack, base.session, base.endpoint, base.sandbox_url)


def _parameters(target: Target, init: str, status: str, email: str) -> dict[str, str]:
    """What the throw-away stack is told; the gateway's role is left to whoever has set it."""
    role = target.client("apigateway").get_account().get("cloudwatchRoleArn")
    given = {
        "ElsomInitUrl": init or f"{NOWHERE}/start",
        "ElsomStatusUrl": status or f"{NOWHERE}/status",
        "AlarmEmail": email,
        "LogRetentionDays": "1",
        "ManageApiGatewayAccount": "false" if role else "true",
    }
    if target.is_local:
        given |= {
            "ElsomInitUrl": f"{target.sandbox_url}{START_PATH}",
            "ElsomStatusUrl": f"{target.sandbox_url}{STATUS_PATH}",
            "SandboxMode": "true",
            "Architecture": architecture(),
        }
    return given
