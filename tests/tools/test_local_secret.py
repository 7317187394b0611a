"""The sandbox's credentials are filled in, and keys that are there already stay."""

import base64
import re

from tools.local.secret import sandbox_secret

EMPTY = {
    "partnerCode": "",
    "password": "",
    "merchantMsisdn": "",
    "callbackToken": "abcdefghijklmnopqrstuvwxyz012345",
    "previousCallbackToken": "",
    "pageSigningKeys": [],
    "webhookSecrets": [],
}


def test_an_empty_secret_gets_what_a_start_needs() -> None:
    filled = sandbox_secret(EMPTY)
    assert (filled["partnerCode"], filled["merchantMsisdn"]) == ("00609", "0901015003")
    assert filled["password"]
    assert len(filled["pageSigningKeys"]) == 1
    prefix, _, key = filled["webhookSecrets"][0].partition("_")
    assert prefix == "whsec"
    assert len(base64.b64decode(key, validate=True)) >= 24


def test_a_generated_token_is_kept() -> None:
    assert sandbox_secret(EMPTY)["callbackToken"] == EMPTY["callbackToken"]


def test_a_token_that_does_not_fit_into_a_path_is_replaced() -> None:
    token = sandbox_secret({**EMPTY, "callbackToken": "a/b?c#d e" * 4})["callbackToken"]
    assert re.fullmatch(r"[\w-]{32,}", token)


def test_filling_in_again_changes_nothing() -> None:
    filled = sandbox_secret(EMPTY)
    assert sandbox_secret(filled) == filled
