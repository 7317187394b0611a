"""`elsom setup`, `doctor` and the rotations: the secret, and whether everything is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from cli import secret as secrets
from cli.configure import prompt
from cli.context import Command, Context
from cli.doctor import BEFORE_DELETE, examine
from cli.errors import CliError
from cli.findings import look_at, show
from cli.secret import Secret

app = typer.Typer()
_PASSWORD = "ELSOM_PASSWORD"  # noqa: S105 - the name of a variable


@app.command()
def setup(
    context: Command,
    partner_code: Annotated[str | None, typer.Option(help="Elsom's code of the merchant.")] = None,
    merchant_msisdn: Annotated[
        str | None, typer.Option(help="The merchant's wallet, 10 digits from 0.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help=f"Read the password from stdin (or {_PASSWORD})."),
    ] = False,
) -> None:
    """Fill in the merchant's data, make tokens and keys, show the address for Elsom's portal."""
    ours = context.obj
    current = ours.target.secret()
    wallet = "Merchant's wallet (10 digits)"
    merchant = {
        "partnerCode": partner_code or prompt("Partner code", current.get("partnerCode")),
        "merchantMsisdn": merchant_msisdn or prompt(wallet, current.get("merchantMsisdn")),
        "password": _password(password_stdin),
    }
    wanted = secrets.filled(current, merchant)
    if wanted != current:
        ours.target.write_secret(wanted)
    webhook = wanted["webhookSecrets"][0] if ours.target.parameters.get("ShopWebhookUrl") else None
    _give_address(ours, wanted["callbackToken"], "The secret is complete.", webhook)


@app.command()
def doctor(
    context: Command,
    before_delete: Annotated[
        bool, typer.Option("--before-delete", help="What stands in the way of deleting the stack.")
    ] = False,
) -> None:
    """Is everything there that payments need? Ends with 1 if something is bad."""
    ours = context.obj
    target = ours.target
    looking = look_at(target, BEFORE_DELETE) if before_delete else examine(target)
    findings = list(ours.screen.counted("Looking", looking))
    well = "The stack can be deleted." if before_delete else "All is well."
    if not show(ours.screen, findings, well):
        raise typer.Exit(1)


@app.command("rotate-token")
def rotate_token(
    context: Command,
    finish: Annotated[
        bool, typer.Option("--finish", help="Elsom has the new address: forget the old token.")
    ] = False,
) -> None:
    """A new token for the notification URL; the previous one is accepted until --finish."""
    ours = context.obj
    if finish:
        _finish(ours, secrets.forget_old_token)
        ours.screen.result({"finished": True}, "Only the present token is accepted now.")
        return
    changed = secrets.rotate_token(ours.target.secret())
    ours.target.write_secret(changed)
    ours.screen.wait("Until every function knows the new token", secrets.KNOWN_AFTER)
    message = "Both tokens are accepted. When Elsom uses the new address:"
    _give_address(ours, changed["callbackToken"], f"{message} ./elsom rotate-token --finish")


@app.command("rotate-keys")
def rotate_keys(
    context: Command,
    finish: Annotated[
        bool, typer.Option("--finish", help="Forget the oldest key: links it signed end.")
    ] = False,
) -> None:
    """A new key for customers' links; links that are out already stay valid until --finish."""
    ours = context.obj
    if finish:
        number = len(_finish(ours, secrets.forget_oldest_key)["pageSigningKeys"])
        ours.screen.result({"keys": number}, f"The oldest key is forgotten; {number} are left.")
        return

    def wait(seconds: float) -> None:
        ours.screen.wait("Until every function knows the new key", seconds)

    changed = secrets.rotate_keys(ours.target.secret(), ours.target.write_secret, wait)
    number = len(changed["pageSigningKeys"])
    ours.screen.result({"keys": number}, f"The new key signs; {number - 1} older ones verify.")


@app.command("rotate-webhook-secret")
def rotate_webhook_secret(
    context: Command,
    finish: Annotated[
        bool, typer.Option("--finish", help="The shop has the new secret: forget the old.")
    ] = False,
) -> None:
    """A new secret for webhooks; each carries both signatures until --finish."""
    ours = context.obj
    if finish:
        _finish(ours, secrets.forget_old_webhook_secrets)
        ours.screen.result({"finished": True}, "Only the newest secret signs webhooks now.")
        return
    current = ours.target.secret()
    changed = secrets.rotate_webhook_secret(current)
    message = "A change is under way already, and nothing was changed."
    if changed != current:
        ours.target.write_secret(changed)
        message = "Each webhook is signed by the old and by the new secret."
    newest = changed["webhookSecrets"][0]
    ours.screen.result(
        {"webhookSecret": newest},
        message,
        f"Give the shop this secret: {newest}",
        "When the shop checks with it: ./elsom rotate-webhook-secret --finish",
    )


def _finish(ours: Context, forget: Callable[[Secret, float], Secret]) -> Secret:
    """End a change; what the secret holds now. Raises SecretError."""
    left = forget(ours.target.secret(), ours.target.secret_age())
    ours.target.write_secret(left)
    return left


def _give_address(ours: Context, token: str, message: str, webhook: str | None = None) -> None:
    """The one address that Elsom's merchant portal needs; the sandbox is told at once."""
    address = ours.target.portal_url(token)
    shown = [message, f"Address for Elsom's merchant portal: {address}"]
    document = {"portalUrl": address}
    if ours.target.sandbox_url:
        ours.target.call_sandbox("PUT", "/_sandbox/portal", {"url": address})
        shown.append("The sandbox has been told.")
    if webhook:
        document["webhookSecret"] = webhook
        shown.append(f"Secret with which the shop checks webhooks: {webhook}")
    ours.screen.result(document, *shown)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if os.environ.get(_PASSWORD):
        return os.environ[_PASSWORD]
    if not sys.stdin.isatty():
        raise CliError(f"The password is not given: --password-stdin, or {_PASSWORD}.")
    return str(typer.prompt("Password", hide_input=True, err=True))
