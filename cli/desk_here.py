"""`elsom desk`: the back office in the browser, on this machine, with this person's rights."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from cli.context import Command
from cli.errors import CliError

app = typer.Typer()


@app.command("desk")
def open_desk(
    context: Command,
    port: Annotated[
        int, typer.Option(min=1, max=65535, envvar="DESK_PORT", help="On 127.0.0.1.")
    ] = 8060,
) -> None:
    """Payments, cases and day reports in the browser, until Ctrl-C.

    It acts with your AWS credentials, and in the name that you have on this machine.
    """
    # Only this command needs a web server.
    from desk.api import DEADLINE_SECONDS  # noqa: PLC0415
    from desk.local import address_of, local_server, serve  # noqa: PLC0415

    target, screen = context.obj.target, context.obj.screen
    api = target.api_within(DEADLINE_SECONDS)
    # Other people of this machine reach the port too. In the sandbox there is nothing to keep.
    key = None if target.is_local else secrets.token_urlsafe(16)
    try:
        server = local_server(api, target.stack, port, key)
    except OSError as error:
        raise CliError(
            f"Port {port} cannot be used ({error.strerror}): elsom desk --port {port + 1}"
        ) from error
    address = address_of(port, key)
    serve(
        server,
        lambda: screen.result({"url": address}, f"Open {address}", "Ctrl-C ends it."),
    )
