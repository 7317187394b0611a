"""`elsom configure` and `elsom preflight`: what a deployment needs, and whether it can be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.config import Config

from cli import preflight as program
from cli.answers import Answers, WrongAnswer, check, required, save
from cli.context import Context, of
from cli.findings import State, look_at, report, show
from cli.target import DEFAULT_STACK, CliError, Target

# Asked by name, in this order, with what a person reads; everything else has a default.
PROMPTS: Final = {
    "ElsomInitUrl": "Elsom's URL for starts (IA_Init)",
    "ElsomStatusUrl": "Elsom's URL for status queries",
    "AlarmEmail": "E-mail for alarms (- for none)",
    "ShopWebhookUrl": "Your shop's URL for webhooks (- for none)",
}
_NONE: Final = "-"
_REGION: Final = "AWS region"


def add_to(app: typer.Typer) -> None:
    """Make these commands part of the command line."""
    app.command()(configure)
    app.command()(preflight)


def configure(
    context: typer.Context,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE: set these parameters and ask nothing.", metavar="VALUES"),
    ] = None,
) -> None:
    """Ask what a deployment needs, at most five things, and keep the answers for the SAM CLI.

    Enter keeps what stands in brackets. Any other parameter of the template is set as NAME=VALUE;
    NAME= makes it empty.
    """
    ours = of(context)
    answers = ours.answers
    try:
        answers = _set(answers, values) if values else _prompt_all(ours)
        answers = answers.updated(stack=ours.options.stack or answers.stack or DEFAULT_STACK)
    except WrongAnswer as error:
        raise CliError(str(error)) from error
    missing = [name for name in required() if not answers.parameters.get(name)]
    if missing and not values:
        raise CliError(f"{', '.join(missing)} not given: ./elsom configure NAME=VALUE")
    save(answers, ours.settings)
    document = {
        "stack": answers.stack,
        "region": answers.region,
        "parameters": dict(answers.parameters),
    }
    ours.screen.result(document, f"Kept in {_shown(ours.settings)}.")


def preflight(context: typer.Context) -> None:
    """Can the stack be deployed? Looks at account, names, leftovers and Elsom; changes nothing.

    Ends with 1 if something is bad; a warning is to be known. Nothing is sent to Elsom.
    """
    ours = of(context)
    parameters = dict(ours.answers.parameters)
    target = ours.account
    if target.is_local and target.status:
        parameters = target.parameters
    refuse_endpoint_override(target)
    subject = program.Plan(target, parameters)
    looking = look_at(subject, program.LOOKS, last=program.CREDENTIALS)
    findings = list(ours.screen.counted("Looking", looking))
    first = findings[0]
    if first.state is State.BAD:
        # Nothing else can be said without credentials: one sentence.
        ours.screen.result(report(findings), f"Nothing is deployed: {first.say}; {first.do}.")
        raise typer.Exit(1)
    if not show(ours.screen, findings, "The stack can be deployed."):
        raise typer.Exit(1)


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


def _set(answers: Answers, values: list[str]) -> Answers:
    changed = dict(answers.parameters)
    for word in values:
        name, equals, value = word.partition("=")
        if not equals:
            raise WrongAnswer(f"{word} is not NAME=VALUE.")
        changed[name] = check(name, value)
    return answers.updated(parameters=changed)


def _prompt_all(ours: Context) -> Answers:
    """The answers after all questions; without a terminal, those that are kept."""
    answers = ours.answers
    region = _region(ours)
    changed = {name: check(name, value) for name, value in answers.parameters.items()}
    for name, prompt in PROMPTS.items():
        value = _prompt(prompt, changed.get(name, ""), name not in required(), _checked(name))
        if value or name in changed:
            changed[name] = value
    return answers.updated(region=region, parameters=changed)


def _region(ours: Context) -> str:
    known = ours.options.region or ours.answers.region or ours.usual_region or ""
    if ours.options.region:
        return known
    return _prompt(_REGION, known, False, _region_name)


def _region_name(value: str) -> str:
    if value.count("-") < 2 or not value.replace("-", "").isalnum():
        raise WrongAnswer("A region looks like eu-central-1.")
    return value


def _checked(name: str) -> Callable[[str], str]:
    return lambda value: check(name, value)


def _prompt(prompt: str, known: str, optional: bool, checked: Callable[[str], str]) -> str:
    """Ask until the answer is one; Enter keeps what is known. Without a terminal, only that."""
    if not sys.stdin.isatty():
        if not known and not optional:
            raise WrongAnswer(f"{prompt} is not given: see ./elsom configure --help.")
        return checked(known) if known else ""
    while True:
        default = known or ("" if optional else None)
        given = typer.prompt(prompt, default=default, show_default=bool(known), err=True)
        value = "" if optional and given.strip() == _NONE else str(given).strip()
        try:
            return checked(value)
        except WrongAnswer as error:
            typer.echo(f"  {error}", err=True)


def _shown(file: Path) -> str:
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
