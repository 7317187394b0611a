"""`elsom rehearse`: a throw-away stack's whole life on a real account, in half an hour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.configure import refuse_endpoint_override
from cli.context import Command, Yes
from cli.errors import CliError
from cli.rehearsal import (
    NOWHERE,
    STEPS,
    CannotBeSeen,
    Rehearsal,
    StepFailed,
    new_name,
    remove,
)
from cli.screen import Screen
from cli.stack_state import remove_all
from cli.target import Target
from cli.template import checkout
from elsom_payments_client import ElsomPaymentsError
from payments.domain.errors import PaymentsError

app = typer.Typer()
_MARK: Final = {
    "seen": "[green]seen[/]    ",
    "not seen": "[yellow]not seen[/]",
    "failed": "[red]failed[/]  ",
}
_ERRORS: Final = (
    *(StepFailed, CliError, ElsomPaymentsError, PaymentsError),
    *(ClientError, BotoCoreError, OSError),
)


@app.command()
def rehearse(  # noqa: PLR0917 - one argument for each option, named by Typer
    context: Command,
    alarm_email: Annotated[str, typer.Option(help="Who gets the alarm's e-mail.")] = "",
    init_url: Annotated[str, typer.Option(help="Elsom's URL for starts, of a test system.")] = "",
    status_url: Annotated[str, typer.Option(help="Elsom's URL for status queries.")] = "",
    built: Annotated[
        Path | None, typer.Option(help="The built template.", show_default=".aws-sam/build")
    ] = None,
    yes: Yes = False,
    remove_stack: Annotated[
        str | None,
        typer.Option("--remove", metavar="STACK", help="Only delete what a rehearsal left."),
    ] = None,
) -> None:
    """Deploy a throw-away stack, try it, attach its kept table again, and delete everything.

    Costs a few cents of AWS. Sends nothing to Elsom unless its URLs are given, and then only with a
    made-up merchant. Ends with 1 if a step failed.
    """
    ours = context.obj
    target = replace(ours.account, stack=remove_stack or new_name())
    if remove_stack:
        remove_all(target)
        ours.screen.result({"removed": remove_stack}, f"Nothing is left of {remove_stack}.")
        return
    template = built or checkout() / ".aws-sam" / "build" / "template.yaml"
    if not template.exists():
        raise CliError(f"{template} is not there: make build")
    refuse_endpoint_override(target)
    parameters = _parameters(target, init_url, status_url, alarm_email)
    rehearsal = Rehearsal(target, parameters, template, email=alarm_email)
    if yes:
        rehearsal.agrees = lambda _: True
    seen = run(ours.screen, rehearsal)
    failed = any(one["state"] == "failed" for one in seen)
    ours.screen.result(
        {"stack": target.stack, "ok": not failed, "steps": seen},
        *(f"{_MARK[one['state']]} {one['step']}: {one['said']}" for one in seen),
        "A step failed." if failed else "All that could be seen was seen.",
    )
    if failed:
        raise typer.Exit(1)


def run(screen: Screen, rehearsal: Rehearsal) -> list[dict[str, str]]:
    """Every step until one fails; what was made is deleted in any case."""
    seen: list[dict[str, str]] = []

    def take(name: str) -> None:
        step, state = STEPS.get(name, remove), "seen"
        screen.note(f"{name} ...")
        try:
            said = step(rehearsal)
        except CannotBeSeen as why:
            state, said = "not seen", str(why)
        except _ERRORS as error:
            state, said = "failed", str(error)
        seen.append({"step": name, "state": state, "said": said})

    for name in STEPS:
        take(name)
        if seen[-1]["state"] == "failed":
            break
    take("delete everything")
    return seen


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
    return given | (target.sandbox_parameters if target.is_local else {})
