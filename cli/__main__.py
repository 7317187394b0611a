"""The operator's command line: `./elsom --help`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from typer.exceptions import TyperException

from cli import configure, desk_here, operate, payments, rehearse, setup, unknown
from cli.answers import ENVIRONMENTS, KEPT
from cli.context import STATE, Context
from cli.errors import CliError, code_of
from cli.screen import Screen
from elsom_payments_client import ApiError, ApiUnreachable, ElsomPaymentsError
from payments.domain.errors import PaymentsError

app = typer.Typer(
    help="Set up, watch and repair a stack of Elsom Payments.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for part in (configure.app, setup.app, rehearse.app, operate.app, desk_here.app):
    app.add_typer(part)
app.add_typer(payments.app, name="payments", help="Look at payments, and have Elsom queried.")
app.add_typer(payments.cases, name="cases", help="Money that matches no open order.")
app.add_typer(unknown.app, name="unknown", help="Ids in notifications that nobody here started.")
app.add_typer(operate.webhooks, name="webhooks", help="What the shop did not take.")
app.add_typer(operate.dead_lettered, name="dead-letters", help="Messages that were given up.")

# What AWS's refusals mean for the person at the keyboard.
_ADVICE: Final = {
    "AccessDenied": "your AWS credentials do not allow this",
    "ExpiredToken": "your AWS credentials have expired: log in again",
    "UnrecognizedClient": "AWS does not know these credentials",
    "InvalidClientTokenId": "AWS does not know these credentials",
}

_EXPECTED: Final = (
    *(CliError, ElsomPaymentsError, PaymentsError),
    *(BotoCoreError, ClientError, OSError),
)


@app.callback()
def choose(  # noqa: PLR0913, PLR0917 - one argument for each option, named by Typer
    context: typer.Context,
    stack: Annotated[str | None, typer.Option(help="The stack's name.")] = None,
    region: Annotated[str | None, typer.Option(help="The AWS region.")] = None,
    profile: Annotated[str | None, typer.Option(help="The AWS profile.")] = None,
    env: Annotated[
        str | None,
        typer.Option(help=f"Of the kept answers: {', '.join(ENVIRONMENTS)}.", show_default=False),
    ] = None,
    config_file: Annotated[
        Path, typer.Option(help="Where the answers are kept.", show_default=KEPT.name)
    ] = KEPT,
    local: Annotated[
        bool, typer.Option("--local", help="On the local AWS of `make run`, whatever else is set.")
    ] = False,
    state_dir: Annotated[
        Path, typer.Option(envvar="STATE_DIR", help="Where the local AWS keeps its state.")
    ] = STATE,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document; may stand anywhere.")
    ] = False,
) -> None:
    """Set up, watch and repair a stack of Elsom Payments.

    Without --stack, --region, --profile or --env it works on the local AWS where one runs, else
    on the stack of your AWS account that `make deploy` was told of.
    """
    if env not in {None, *ENVIRONMENTS}:
        raise typer.BadParameter(f"one of {', '.join(ENVIRONMENTS)}", param_hint="--env")
    screen = Screen(as_json=as_json)
    context.obj = Context(screen, stack, region, profile, env, config_file, local, state_dir)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, 1 after an error in one sentence, 2 for a wrong command line."""
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "ElsomPayments")
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    if as_json:
        given = ["--json", *(one for one in given if one != "--json")]
    screen = Screen(as_json=as_json)
    try:
        # Without the standalone mode Typer gives back the code of an Exit.
        return int(app(given, prog_name="elsom", standalone_mode=False) or 0)
    except typer.Abort:
        return 130
    except TyperException as error:
        screen.error(f"{error.format_message()} See elsom --help.")
        return 2
    except _EXPECTED as error:
        screen.error(_sentence(error))
        return 1


def _sentence(error: Exception) -> str:
    """What went wrong, for the person at the keyboard."""
    match error:
        case CliError():
            return str(error)
        case NoCredentialsError():
            return "There are no AWS credentials: set AWS_PROFILE, or give --profile."
        case ApiError(status=403):
            output = "the stack's output PaymentsCallerPolicyArn"
            return f"The API answered {error}. Attach the policy in {output} to your user or role."
        case ApiError():
            return f"The API answered {error}"
        case ApiUnreachable():
            return f"The API gave no usable answer: {error} (try again: it is safe to repeat)"
        case ClientError():
            code = code_of(error)
            said = error.response["Error"].get("Message", code)
            advice = _ADVICE.get(code.removesuffix("Exception"), said)
            return f"{error.operation_name}: {advice}."
    return f"{error} (try again: it is safe to repeat)"


if __name__ == "__main__":
    sys.exit(main())
