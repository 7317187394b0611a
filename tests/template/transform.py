"""The template as CloudFormation gets it: through SAM's own transform, with real parameters."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION = "eu-central-1"
ACCOUNT = "111122223333"

type Json = dict[str, Any]

# Each is a function's logical id without its end, and the head of its role's and log group's.
FUNCTION_NAMES = (
    "StartPayment",
    "ElsomCallback",
    "ScheduleChecks",
    "CheckPayment",
    "PaymentsApi",
    "CustomerPages",
    "PublishEvents",
    "DeliverWebhook",
)
# Two stacks that differ in every parameter that the transform could freeze by mistake.
PLAIN = {
    "ElsomInitUrl": "https://elsom.example/service/v1/merchant/generateOTP/tenant",
    "ElsomStatusUrl": "https://elsom.example/service/v1/status",
}
OTHER = {
    "ElsomInitUrl": "https://203.0.113.5:10690/init",
    "ElsomStatusUrl": "https://203.0.113.5:10691/status",
    "ElsomCaBundleParameter": "/elsom-payments/ca",
    "ElsomTlsServerName": "mfs.elsom.example",
    "ElsomMaxConcurrency": "20",
    "CallbackSourceCidrs": "192.0.2.0/24,198.51.100.7/32",
    "ManageApiGatewayAccount": "false",
    "LogRetentionDays": "30",
    "Architecture": "x86_64",
}
# Every condition is true, every optional part is there.
EVERYTHING = {
    **OTHER,
    "ManageApiGatewayAccount": "true",
    "AlarmEmail": "operator@shop.example",
    "ElsomSubnetIds": "subnet-0a1b2c3d,subnet-4e5f6a7b",
    "ElsomSecurityGroupIds": "sg-0a1b2c3d",
    "PublicBaseUrl": "https://pay.shop.example",
    "ReturnUrlHosts": "shop.example,www.shop.example",
    "ShopUrl": "https://shop.example/thanks",
    "ShopWebhookUrl": "https://shop.example/hook",
}


@cache
def source() -> Json:
    """The template itself; intrinsic functions in their long form."""
    return dict(yaml_parse(TEMPLATE.read_text()))


def transform(
    values: dict[str, str],
    template: Json | None = None,
    *,
    at: float = 0,
    region: str = REGION,
) -> Json:
    """What SAM makes of the template, or of a changed copy, with these parameters at this time."""
    packaged = copy.deepcopy(template or source())
    for resource in packaged["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = "s3://bucket/bundle.zip"
    session = boto3.session.Session(region_name=region)
    with patch("samtranslator.model.apigateway.time.time", return_value=at):
        return dict(
            Translator({}, Parser(), boto_session=session).translate(packaged, dict(values))
        )


def of_type(template: Json, kind: str) -> Json:
    """The resources of one type, by logical id."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def only(template: Json, kind: str) -> Json:
    """The properties of the one resource of a type. Raises ValueError unless there is one."""
    (resource,) = of_type(template, kind).values()
    return dict(resource["Properties"])


def resolve(value: Any, values: dict[str, str]) -> Any:
    """A value with what is known before a deploy filled in: parameters, account, region."""
    if isinstance(value, list):
        return [resolve(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": str(name)}:
            return known(values).get(name, value)
        case {"Fn::Split": [separator, given]} | {"Fn::Join": [separator, given]}:
            found = str(resolve(given, values))
            # A list parameter is known here as its text, so there is nothing to join.
            return found.split(separator) if "Fn::Split" in value else found
        case {"Fn::Sub": str(text)}:
            for name, known_value in known(values).items():
                text = text.replace("${" + name + "}", known_value)
            return text
        case {"Fn::FindInMap": [table, key, attribute]}:
            return source()["Mappings"][table][resolve(key, values)][attribute]
        case {"Fn::If": [condition, yes, no]}:
            return resolve(yes if holds(condition, values) else no, values)
    return {key: resolve(item, values) for key, item in value.items()}


def known(values: dict[str, str]) -> dict[str, str]:
    """Parameters with their defaults, and pseudo parameters."""
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in source()["Parameters"].items()
        if "Default" in parameter
    }
    pseudo = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}
    return {**defaults, **pseudo, **values}


def holds(condition: str | Json, values: dict[str, str]) -> bool:
    """Whether a condition of the template, or an expression, is true with these parameters."""
    expression: Json = (
        source()["Conditions"][condition] if isinstance(condition, str) else condition
    )
    match expression:
        case {"Fn::Equals": [left, right]}:
            return bool(resolve(left, values) == resolve(right, values))
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
    raise NotImplementedError(expression)
