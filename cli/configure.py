"""`elsom configure` and `elsom preflight`: what a deployment needs, and whether it can be."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import boto3
import typer
from botocore.config import Config

from cli import account, stack_state
from cli.answers import WrongAnswer, check, required, save
from cli.context import Command, Context
from cli.elsom_urls import look_at_elsom
from cli.errors import CliError
from cli.findings import Finding, Look, State, bad, look_at, ok, report, show
from cli.screen import Screen
from cli.target import DEFAULT_STACK, Target
from cli.template import checkout, kept_template

app = typer.Typer()
# Asked by name, in this order, with what a person reads; everything else has a default.
PROMPTS: Final = {
    "ElsomInitUrl": "Elsom's URL for starts (IA_Init)",
    "ElsomStatusUrl": "Elsom's URL for status queries",
    "AlarmEmail": "E-mail for alarms (- for none)",
    "ShopWebhookUrl": "Your shop's URL for webhooks (- for none)",
}
_NONE: Final = "-"
CREDENTIALS: Final = "credentials"


@app.command()
def configure(
    context: Command,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE: set these parameters and ask nothing.", metavar="VALUES"),
    ] = None,
) -> None:
    """Ask what a deployment needs, at most five things, and keep the answers for the SAM CLI.

    Enter keeps what stands in brackets. Any other parameter of the template is set as NAME=VALUE;
    NAME= makes it empty.
    """
    checkout()
    ours = context.obj
    answers, parameters = ours.answers, dict(ours.answers.parameters)
    region = answers.region
    if values:
        parameters |= dict(map(_given, values))
    else:
        region = ours.region or prompt("AWS region", _usual_region(ours), _region_name)
        for name, value in parameters.items():
            check(name, value)
        for name, what in PROMPTS.items():
            known, optional = parameters.get(name), name not in required()
            value = prompt(what, known, partial(check, name), optional=optional)
            if value or name in parameters:
                parameters[name] = value
    stack = ours.stack or answers.stack or DEFAULT_STACK
    save(replace(answers, stack=stack, region=region, parameters=parameters), ours.settings)
    document = {"stack": stack, "region": region, "parameters": parameters}
    here = ours.settings.is_relative_to(Path.cwd())
    shown = ours.settings.relative_to(Path.cwd()) if here else ours.settings
    ours.screen.result(document, f"Kept in {shown}.")


@app.command()
def preflight(context: Command) -> None:
    """Can the stack be deployed? Looks at account, names, leftovers and Elsom; changes nothing.

    Ends with 1 if something is bad; a warning is to be known. Nothing is sent to Elsom.
    """
    ours = context.obj
    target = ours.account
    if not (target.is_local and target.status):
        planned(target, dict(ours.answers.parameters))
    refuse_endpoint_override(target)
    findings = list(ours.screen.counted("Looking", look_at(target, LOOKS, last=CREDENTIALS)))
    first = findings[0]
    if first.state is State.BAD:
        # Nothing else can be said without credentials: one sentence.
        ours.screen.result(report(findings), f"Nothing is deployed: {first.say}; {first.do}.")
        raise typer.Exit(1)
    if not show(ours.screen, findings, "The stack can be deployed."):
        raise typer.Exit(1)


def planned(target: Target, parameters: dict[str, str]) -> Target:
    """A stack that is to be deployed, with these parameters."""
    target.parameters = parameters
    return target


def _parameters(target: Target) -> Finding:
    missing = [one for one in required() if not target.parameters.get(one)]
    if missing:
        return bad(f"{', '.join(missing)} not given", "give them: ./elsom configure")
    for one, value in target.parameters.items():
        try:
            if not target.is_local:
                check(one, value)
        except WrongAnswer as error:
            return bad(str(error), f"./elsom configure {one}=VALUE")
    return ok(f"{len(target.parameters)} are given, the others have defaults")


LOOKS: Final[dict[str, Look]] = {
    CREDENTIALS: account.look_at_credentials,
    "region": account.look_at_region,
    "parameters": _parameters,
    "stack": stack_state.look_before_deployment,
    "left behind": stack_state.look_at_leftovers,
    "names": account.look_at_names,
    "Lambda concurrency": account.look_at_concurrency,
    "quota": account.look_at_quotas,
    "API Gateway role": account.look_at_gateway_role,
    "Elsom": look_at_elsom,
}


@app.command("kept-template")
def print_kept_template() -> None:
    """A template of the table and the secret alone, as JSON, to import kept ones with."""
    Screen(as_json=True).result(kept_template())


def refuse_endpoint_override(target: Target) -> None:
    """Raise CliError where something leads calls away from the real AWS."""
    if target.is_local:
        return
    for service in ("cloudformation", "s3", "sts"):
        direct = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg] # not in its stubs
        plain = target.session.client(service, config=direct)
        if target.client(service).meta.endpoint_url != plain.meta.endpoint_url:
            raise CliError(
                "An endpoint URL is set (AWS_ENDPOINT_URL, or in the AWS profile), so this would"
                " not reach the real AWS: unset it."
            )


def _given(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise WrongAnswer(f"{word} is not NAME=VALUE.")
    return name, check(name, value)


def _usual_region(ours: Context) -> str:
    """What was told before, else the region that environment or AWS profile name."""
    named = ours.answers.region or os.environ.get("AWS_REGION")
    return named or boto3.session.Session(profile_name=ours.profile).region_name or ""


def _region_name(value: str) -> str:
    if value.count("-") < 2 or not value.replace("-", "").isalnum():
        raise WrongAnswer("A region looks like eu-central-1.")
    return value


def prompt(
    what: str, known: str | None, checked: Callable[[str], str] = str, *, optional: bool = False
) -> str:
    """Ask until the answer is one; Enter keeps what is known. Without a terminal, only that."""
    if not sys.stdin.isatty():
        if not known and not optional:
            raise WrongAnswer(f"{what} is not given: see --help of the command.")
        return checked(known) if known else ""
    while True:
        default = known or ("" if optional else None)
        given = str(typer.prompt(what, default=default, show_default=bool(known), err=True))
        value = "" if optional and given.strip() == _NONE else given.strip()
        try:
            return checked(value)
        except WrongAnswer as error:
            typer.echo(f"  {error}", err=True)
