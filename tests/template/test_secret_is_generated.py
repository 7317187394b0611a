"""The block that generates the secret's value is taken by a static rule and by moto's call."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.template.secret_rules import complaints
from tests.template.transform import REGION, Json, only

ALL_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
# Blocks that AWS refuses.
REFUSED: dict[str, dict[str, Any]] = {
    "punctuation emptied": {"PasswordLength": 43, "ExcludeCharacters": ALL_PUNCTUATION},
    "digits emptied": {
        "PasswordLength": 43,
        "ExcludePunctuation": True,
        "ExcludeCharacters": "0123456789",
    },
    "shorter than its types": {"PasswordLength": 3},
    "every type left out": {
        "ExcludeLowercase": True,
        "ExcludeUppercase": True,
        "ExcludeNumbers": True,
        "ExcludePunctuation": True,
    },
}


def generated(block: Json) -> str:
    """What moto generates by the block. Raises ClientError, or IndexError for an emptied type."""
    queried = {
        key: value
        for key, value in block.items()
        if key not in ("SecretStringTemplate", "GenerateStringKey")
    }
    with mock_aws():
        client = boto3.client("secretsmanager", region_name=REGION)
        return str(client.get_random_password(**queried)["RandomPassword"])


def test_moto_takes_the_templates_own_block(transformed: Json) -> None:
    block = only(transformed, "AWS::SecretsManager::Secret")["GenerateSecretString"]
    value = generated(block)
    assert len(value) == block["PasswordLength"]
    assert value.isascii()
    assert value.isalnum()


def test_every_included_type_keeps_a_character(transformed: Json) -> None:
    block = only(transformed, "AWS::SecretsManager::Secret")["GenerateSecretString"]
    assert list(complaints(block)) == []


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse_what_aws_refuses(name: str) -> None:
    assert list(complaints(REFUSED[name]))
    with pytest.raises((ClientError, IndexError)):
        generated(REFUSED[name])


def test_an_emptied_type_is_allowed_where_not_each_must_appear() -> None:
    block = {"ExcludeCharacters": ALL_PUNCTUATION, "RequireEachIncludedType": False}
    assert list(complaints(block)) == []


def test_a_key_without_its_template_is_refused() -> None:
    assert list(complaints({"GenerateStringKey": "callbackToken"}))
