"""Why a command cannot go on, and what AWS's refusals are called."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError


class CliError(Exception):
    """The text is one sentence: what is wrong, and what to do."""


def code_of(error: ClientError) -> str:
    """AWS's word for a refusal."""
    return str(error.response["Error"]["Code"])


def unless_refused[Found](call: Callable[[], Found], *codes: str) -> Found | None:
    """What the call returns; None where AWS refuses it with one of these codes."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) not in codes:
            raise
        return None
