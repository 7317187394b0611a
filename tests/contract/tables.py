"""The table as the template defines it, so that tests cannot drift from what is deployed."""

from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from samtranslator.yaml_helper import yaml_parse

from payments.aws import clients

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_TAKEN = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_numbers = count(1)


@cache
def definition() -> dict[str, Any]:
    """What CreateTable is to be told, out of the template."""
    resources = yaml_parse(TEMPLATE.read_text())["Resources"]
    properties = resources["PaymentsTable"]["Properties"]
    return {name: properties[name] for name in _TAKEN}


def new_client(endpoint: str | None = None) -> Any:
    """A client set up as the functions' own."""
    make: Callable[..., Any] = _session().client
    return make("dynamodb", endpoint_url=endpoint, region_name="us-east-1", config=clients._CONFIG)


@cache
def _session() -> boto3.session.Session:
    """One for all tests: reading botocore's models again for each would take most of their time."""
    return boto3.session.Session()


def new_table(client: Any) -> str:
    """Create an empty table of its own for one test; return its name."""
    name = f"payments-{next(_numbers)}"
    client.create_table(TableName=name, **definition())
    return name
