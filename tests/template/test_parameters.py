"""What the operator may set, and what a deploy tells."""

from __future__ import annotations

import re

import pytest

from tests.template.transform import Json, of_type, source

DEFAULTS = {
    "ElsomCaBundleParameter": "",
    "ElsomTlsServerName": "",
    "ElsomMaxConcurrency": "5",
    "CheckLadderSeconds": "60,120,300,300,300,600,1800",
    "LateCheckSeconds": "3600,86400,86400",
    "PaymentLifetimeMinutes": 60,
    "GiveUpAfterHours": 120,
    "CallbackSourceCidrs": "0.0.0.0/0,::/0",
    "ReturnUrlHosts": "",
    "ShopUrl": "",
    "ShopWebhookUrl": "",
    "ReportUnknownPayments": "true",
    "PublicBaseUrl": "",
    "ManageApiGatewayAccount": "true",
    "AlarmEmail": "",
    "ElsomSubnetIds": "",
    "ElsomSecurityGroupIds": "",
    "LogRetentionDays": 90,
    "Architecture": "arm64",
    "SandboxMode": "false",
}
ACCEPTED = {
    "ElsomInitUrl": [
        "https://mfs.example:10690/service/v1/merchant/generateOTP/tenant",
        "https://203.0.113.5:10690/x",
        "http://127.0.0.1:8090/init",
        "http://localhost/init",
    ],
    "ElsomCaBundleParameter": ["", "ca", "/elsom-payments/ca"],
    "ElsomTlsServerName": ["", "mfs.elsom.example", "203.0.113.5"],
    "CheckLadderSeconds": ["1", "60,120"],
    "LateCheckSeconds": ["60", "1,2,3"],
    "CallbackSourceCidrs": ["192.0.2.0/24", "192.0.2.0/24,2001:db8::/32"],
    "ReturnUrlHosts": ["", "shop.example", "shop.example,127.0.0.1:8091"],
    "ShopUrl": ["", "https://shop.example", "https://shop.example/thanks?x=1"],
    "PublicBaseUrl": ["", "https://pay.example", "https://pay.example/v1"],
    "AlarmEmail": ["", "operator@shop.example"],
    "ElsomSubnetIds": ["", "subnet-0a1b2c3d"],
    "ElsomSecurityGroupIds": ["", "sg-0a1b2c3d"],
}
REFUSED = {
    "ElsomInitUrl": [
        "",
        "http://mfs.example/x",
        "http://127.0.0.1.evil.example/x",
        "http://127.0.0.1@evil.example/x",
        "https://user:password@mfs.example/x",
        "ftp://mfs.example",
        "https://mfs.example/a b",
    ],
    "ElsomCaBundleParameter": ["/", "a b", "/ca/", "*", "/elsom/*"],
    "ElsomTlsServerName": ["mfs elsom", "https://mfs.example", "*"],
    "CheckLadderSeconds": ["", "0", "60,", "60, 120", "-1", "1.5", "1000000"],
    "LateCheckSeconds": ["", "0,1,2", "1, 2", "1,2,3,4,5,6,7,8,9"],
    "CallbackSourceCidrs": ["", "192.0.2.1", "192.0.2.0/24, 198.51.100.0/24", "*"],
    "ReturnUrlHosts": ["https://shop.example", "shop.example, x", "*", ","],
    "ShopUrl": ["http://shop.example", "javascript:alert(1)", "shop.example"],
    "PublicBaseUrl": ["https://pay.example/", "http://pay.example", "https://pay.example/v1?x"],
    "AlarmEmail": ["operator", "operator@shop", "a b@shop.example"],
    "ElsomSubnetIds": ["vpc-0a1b2c3d", "subnet-"],
    "ElsomSecurityGroupIds": ["subnet-0a1b2c3d", "*"],
}


def parameters() -> Json:
    return dict(source()["Parameters"])


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_the_defaults_are_the_promised_ones() -> None:
    found = {name: one["Default"] for name, one in parameters().items() if "Default" in one}
    assert found == DEFAULTS


def test_only_elsoms_two_urls_must_be_given() -> None:
    assert set(parameters()) - set(DEFAULTS) == {"ElsomInitUrl", "ElsomStatusUrl"}


def test_both_urls_are_held_to_the_same_pattern() -> None:
    assert (
        parameters()["ElsomInitUrl"]["AllowedPattern"]
        == parameters()["ElsomStatusUrl"]["AllowedPattern"]
    )


def test_every_parameter_is_described_and_bounded() -> None:
    for name, parameter in parameters().items():
        assert parameter["Description"].endswith("."), name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name
        if "AllowedPattern" in parameter:
            assert parameter["ConstraintDescription"], name
        if "MinValue" in parameter:
            assert parameter["MinValue"] <= parameter["Default"] <= parameter["MaxValue"], name


@pytest.mark.parametrize(("name", "value"), cases(ACCEPTED))
def test_a_sensible_value_is_accepted(name: str, value: str) -> None:
    assert re.fullmatch(parameters()[name]["AllowedPattern"], value)


@pytest.mark.parametrize(("name", "value"), cases(REFUSED))
def test_a_harmful_value_is_refused_before_anything_is_created(name: str, value: str) -> None:
    assert not re.fullmatch(parameters()[name]["AllowedPattern"], value)


def test_address_ranges_are_plain_text_because_a_list_would_not_reach_the_policy() -> None:
    assert parameters()["CallbackSourceCidrs"]["Type"] == "String"


def test_sandbox_mode_is_refused_on_every_real_account(transformed: Json) -> None:
    rule = transformed["Rules"]["SandboxOnlyOnLocalAws"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "SandboxMode"}, "true"]}
    (assertion,) = rule["Assertions"]
    # No account of AWS has this number, and every local AWS does.
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "000000000000"]}


def test_the_outputs_are_the_promised_ones(transformed: Json) -> None:
    outputs = transformed["Outputs"]
    assert set(outputs) == {
        "ApiUrl",
        "ElsomSecretArn",
        "PaymentsTableName",
        "EventBusName",
        "ChecksQueueUrl",
        "DeadLetterQueueUrls",
        "PaymentsCallerPolicyArn",
        "DashboardName",
    }
    assert outputs["ApiUrl"]["Value"]["Fn::Sub"].endswith("/v1")
    assert outputs["ElsomSecretArn"]["Value"] == {"Fn::GetAtt": ["ElsomSecret", "Id"]}
    assert outputs["PaymentsTableName"]["Value"] == {"Ref": "PaymentsTable"}
    assert outputs["ChecksQueueUrl"]["Value"] == {"Ref": "ChecksQueue"}
    assert outputs["PaymentsCallerPolicyArn"]["Value"] == {"Ref": "PaymentsCallerPolicy"}


def test_every_dead_letter_queue_is_told(transformed: Json) -> None:
    dead_letters = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in of_type(transformed, "AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue["Properties"]
    }
    separator, urls = transformed["Outputs"]["DeadLetterQueueUrls"]["Value"]["Fn::Join"]
    assert separator == ","
    # The publisher puts aside by itself what can never be told.
    assert {url["Ref"] for url in urls} == dead_letters | {"UnpublishedQueue"}
