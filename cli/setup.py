"""`elsom setup`, `doctor` and the rotations: the secret, and whether everything is there."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Annotated, Any

import typer

from cli import secret as secrets
from cli.context import Context, of
from cli.doctor import BEFORE_DELETE, examine
from cli.findings import look_at, show
from cli.target import CliError, Target

_PASSWORD = "ELSOM_PASSWORD"  # noqa: S105 - the name of a variable


def add_to(app: typer.Typer) -> None:
    """Make these commands part of the command line."""
    app.command()(setup)
    app.command()(doctor)
    app.command("rotate-token")(rotate_token)
    app.command("rotate-keys")(rotate_keys)
    app.command("rotate-webhook-secret")(rotate_webhook_secret)


def setup(
    context: typer.Context,
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
    ours = of(context)
    current = ours.target.secret()
    merchant = {
        "partnerCode": partner_code or _prompt("Partner code", current.get("partnerCode")),
        "merchantMsisdn": merchant_msisdn
        or _prompt("Merchant's wallet (10 digits)", current.get("merchantMsisdn")),
        "password": _password(password_stdin),
    }
    wanted = secrets.filled(current, merchant)
    if wanted != current:
        ours.target.write_secret(wanted)
    _give_address(ours, wanted["callbackToken"], "The secret is complete.", webhook=wanted)


def doctor(
    context: typer.Context,
    before_delete: Annotated[
        bool, typer.Option("--before-delete", help="What stands in the way of deleting the stack.")
    ] = False,
) -> None:
    """Is everything there that payments need? Ends with 1 if something is bad."""
    ours = of(context)
    target = ours.target
    looking = look_at(target, BEFORE_DELETE) if before_delete else examine(target)
    findings = list(ours.screen.counted("Looking", looking))
    well = "The stack can be deleted." if before_delete else "All is well."
    if not show(ours.screen, findings, well):
        raise typer.Exit(1)


def rotate_token(
    context: typer.Context,
    finish: Annotated[
        bool, typer.Option("--finish", help="Elsom has the new address: forget the old token.")
    ] = False,
) -> None:
    """A new token for the notification URL; the old one is let in until --finish."""
    ours = of(context)
    current = ours.target.secret()
    if finish:
        ours.target.write_secret(secrets.forget_old_token(current, ours.target.secret_age()))
        ours.screen.result({"finished": True}, "Only the present token is accepted now.")
        return
    changed = secrets.rotate_token(current)
    ours.target.write_secret(changed)
    ours.screen.wait("Until every function knows the new token", secrets.KNOWN_AFTER)
    message = "Both tokens are accepted. When Elsom uses the new address: rotate-token --finish"
    _give_address(ours, changed["callbackToken"], message)


def rotate_keys(
    context: typer.Context,
    finish: Annotated[
        bool, typer.Option("--finish", help="Forget the oldest key: links it signed end.")
    ] = False,
) -> None:
    """A new key for customers' links; links that are out already stay valid until --finish."""
    ours = of(context)
    if finish:
        left = secrets.forget_oldest_key(ours.target.secret(), ours.target.secret_age())
        ours.target.write_secret(left)
        number = len(left["pageSigningKeys"])
        ours.screen.result({"keys": number}, f"The oldest key is forgotten; {number} are left.")
        return

    def wait(seconds: float) -> None:
        ours.screen.wait("Until every function knows the new key", seconds)

    changed = secrets.rotate_keys(ours.target.secret(), ours.target.write_secret, wait)
    number = len(changed["pageSigningKeys"])
    ours.screen.result({"keys": number}, f"The new key signs; {number - 1} older ones verify.")


def rotate_webhook_secret(
    context: typer.Context,
    finish: Annotated[
        bool, typer.Option("--finish", help="The shop has the new secret: forget the old.")
    ] = False,
) -> None:
    """A new secret for webhooks; each carries both signatures until --finish."""
    ours = of(context)
    current = ours.target.secret()
    if finish:
        left = secrets.forget_old_webhook_secrets(current, ours.target.secret_age())
        ours.target.write_secret(left)
        ours.screen.result({"finished": True}, "Only the newest secret signs webhooks now.")
        return
    changed = secrets.rotate_webhook_secret(current)
    if changed == current:
        message = "A change is under way already, and nothing was changed."
    else:
        ours.target.write_secret(changed)
        message = "Each webhook is signed by the old and by the new secret."
    newest = changed["webhookSecrets"][0]
    ours.screen.result(
        {"webhookSecret": newest},
        message,
        f"Give the shop this secret: {newest}",
        "When the shop checks with it: rotate-webhook-secret --finish",
    )


def _give_address(
    ours: Context, token: str, message: str, webhook: dict[str, Any] | None = None
) -> None:
    """The one address that Elsom's merchant portal needs; the sandbox is told at once."""
    address = ours.target.portal_url(token)
    shown = [message, f"Address for Elsom's merchant portal: {address}"]
    document = {"portalUrl": address}
    if ours.target.sandbox_url:
        _configure_sandbox(ours.target, address)
        shown.append("The sandbox has been told.")
    if webhook and ours.target.parameters.get("ShopWebhookUrl"):
        document["webhookSecret"] = webhook["webhookSecrets"][0]
        shown.append(f"Secret with which the shop checks webhooks: {document['webhookSecret']}")
    ours.screen.result(document, *shown)


def _configure_sandbox(target: Target, address: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - the local sandbox's own http URL
        f"{target.sandbox_url}/_sandbox/portal",
        json.dumps({"url": address}).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - the same
        pass


def _prompt(what: str, known: object) -> str:
    if not sys.stdin.isatty() and not known:
        raise CliError(f"{what} is not given: see setup --help.")
    if not sys.stdin.isatty():
        return str(known)
    return str(typer.prompt(what, default=known or None, err=True))


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if os.environ.get(_PASSWORD):
        return os.environ[_PASSWORD]
    if not sys.stdin.isatty():
        raise CliError(f"The password is not given: --password-stdin, or {_PASSWORD}.")
    return str(typer.prompt("Password", hide_input=True, err=True))
