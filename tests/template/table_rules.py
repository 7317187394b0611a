"""What DynamoDB, Secrets Manager and CloudWatch Logs say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.secret_rules import complaints
from tests.template.stack import Finding, Resource, Stack

RETENTIONS: Final = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
                     2192, 2557, 2922, 3288, 3653}  # fmt: skip
VIEWS: Final = ("KEYS_ONLY", "NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE")


def tables(stack: Stack) -> Iterator[Finding]:
    """All that keeps something."""
    yield from stack.each(
        {
            "DynamoDB::Table": _table,
            "SecretsManager::Secret": _secret,
            "Logs::LogGroup": _logs,
        }
    )


def _table(_: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if not re.fullmatch(r"[\w.-]{3,255}", one.name):
        yield f"a table may not be named {one.name}"
    defined = [each.get("AttributeName") for each in given.get("AttributeDefinitions", [])]
    if len(set(defined)) != len(defined):
        yield "an attribute is defined twice"
    indexes = given.get("GlobalSecondaryIndexes") or []
    local = given.get("LocalSecondaryIndexes") or []
    names = [each.get("IndexName") for each in (*indexes, *local)]
    if len(indexes) > 20 or len(local) > 5 or len(set(names)) != len(names):
        yield "has more than 20 indexes, or two of one name"
    used: set[str] = set()
    for keys in (given, *indexes, *local):
        yield from _keys(keys.get("KeySchema") or [], used)
    for name in set(defined) - used:
        yield f"{name} is defined, but no key"
    for name in used - set(defined):
        yield f"{name} is a key, but not defined"
    for each in (*indexes, *local):
        yield from _projection(each, str(given.get("BillingMode", "PROVISIONED")))
    for each in local:
        if (each.get("KeySchema") or [{}])[0] != (given.get("KeySchema") or [{}])[0]:
            yield f"the local index {each.get('IndexName')} has another partition key"
    yield from _modes(given, used)


def _keys(schema: list[dict[str, Any]], used: set[str]) -> Iterator[str]:
    kinds = [each.get("KeyType") for each in schema]
    if kinds not in (["HASH"], ["HASH", "RANGE"]):
        yield f"keys are HASH, or HASH and RANGE, not {kinds}"
    names = [str(each.get("AttributeName")) for each in schema]
    if len(set(names)) != len(names):
        yield f"{names[0]} is a key twice"
    used.update(names)


def _projection(index: dict[str, Any], billing: str) -> Iterator[str]:
    name = str(index.get("IndexName"))
    if not re.fullmatch(r"[\w.-]{3,255}", name):
        yield f"an index may not be named {name}"
    projection = index.get("Projection") or {}
    if projection.get("ProjectionType") not in ("ALL", "INCLUDE", "KEYS_ONLY"):
        yield f"the index {name} has no projection"
    if (projection.get("ProjectionType") == "INCLUDE") != ("NonKeyAttributes" in projection):
        yield f"the index {name} includes attributes, or names some, but not both"
    if billing == "PAY_PER_REQUEST" and "ProvisionedThroughput" in index:
        yield f"the index {name} has a throughput, but is paid by request"


def _modes(given: dict[str, Any], keys: set[str]) -> Iterator[str]:
    provisioned = given.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    if provisioned != ("ProvisionedThroughput" in given):
        yield "is paid by request and has a throughput, or has none"
    view = (given.get("StreamSpecification") or {}).get("StreamViewType", VIEWS[0])
    if view not in VIEWS:
        yield f"there is no view {view}"
    ttl = given.get("TimeToLiveSpecification") or {}
    if str(ttl.get("Enabled")).lower() == "true" and not ttl.get("AttributeName"):
        yield "has a time to live without an attribute"
    if ttl.get("AttributeName") in keys:
        yield f"the time to live is in a key, {ttl['AttributeName']}"
    sse = given.get("SSESpecification") or {}
    if "KMSMasterKeyId" in sse and str(sse.get("SSEEnabled")).lower() != "true":
        yield "has a key, but is not encrypted with one"


def _secret(_: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if "SecretString" in given and "GenerateSecretString" in given:
        yield "is given and generated"
    block = given.get("GenerateSecretString")
    if block is None:
        return
    yield from complaints(block)
    template = block.get("SecretStringTemplate")
    if template is not None:
        try:
            found = json.loads(template)
        except ValueError:
            yield "its template is no JSON"
            return
        if not isinstance(found, dict) or block.get("GenerateStringKey") in found:
            yield "its template is no map, or holds the key that is generated"


def _logs(_: Stack, one: Resource) -> Iterator[str]:
    days = one.properties.get("RetentionInDays")
    if days is not None and int(days) not in RETENTIONS:
        yield f"logs cannot be kept for {days} days"
    if not re.fullmatch(r"[\w./#-]{1,512}", one.name) or one.name.startswith("aws/"):
        yield f"a log group may not be named {one.name}"
