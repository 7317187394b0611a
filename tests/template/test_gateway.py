"""What the gateway throttles, answers by itself, and writes down."""

from __future__ import annotations

import json

import pytest

from tests.template.test_who_may_call import routes
from tests.template.transform import Json, known, of_type, only

FIELDS = {
    "ResourcePath",
    "HttpMethod",
    "LoggingLevel",
    "DataTraceEnabled",
    "MetricsEnabled",
    "CachingEnabled",
    "ThrottlingRateLimit",
    "ThrottlingBurstLimit",
}
# $context variables that hold the URL or a part of it, and so perhaps the token or a signature.
REVEALING = (
    "$context.path",
    "$context.error.message",
    "$context.customDomain",
    "$context.authorize.error",
)


def settings(template: Json) -> dict[str, Json]:
    return {
        f"{one['HttpMethod']} {one['ResourcePath'].replace('~1', '/').replace('//', '/')}": one
        for one in only(template, "AWS::ApiGateway::Stage")["MethodSettings"]
    }


def test_every_method_setting_repeats_all_fields(transformed: Json) -> None:
    for route, setting in settings(transformed).items():
        assert set(setting) == FIELDS, route


def test_what_makes_us_ask_elsom_is_throttled(transformed: Json) -> None:
    throttled = settings(transformed)
    for route in ("POST /payments/{id}/check", "GET /return/{id}", "GET /return/{id}/status"):
        assert 0 < throttled[route]["ThrottlingRateLimit"] <= 100, route
        assert 0 < throttled[route]["ThrottlingBurstLimit"] <= 200, route


# What one payment needs of a route, at most; see docs/decisions/limits-of-the-routes.md.
NEEDS = {
    "POST /payments": 1,
    "POST /elsom/{token}": 2,
    "GET /elsom/{token}": 1,
    "GET /pay/{id}": 1,
    "GET /return/{id}": 2,
    "GET /return/{id}/status": 6,
}
# US dollars for a million requests that are let in, in the dearer region of the cost table.
NOTIFICATION, PAGE = 12.6, 5.3
A_DAY = 86_400 / 1_000_000


def payments_a_second() -> float:
    """What Elsom bears by default: so many calls at once, each half a second."""
    return int(known({})["ElsomMaxConcurrency"]) / 0.5


def test_each_route_gets_what_the_payments_that_elsom_bears_need(transformed: Json) -> None:
    for route, need in NEEDS.items():
        limit = settings(transformed)[route]
        assert limit["ThrottlingRateLimit"] >= need * payments_a_second(), route
        assert limit["ThrottlingBurstLimit"] >= 2 * limit["ThrottlingRateLimit"], route


def test_a_flood_at_all_public_limits_costs_less_than_a_hundred_dollars_a_day(
    transformed: Json,
) -> None:
    public = {
        name: settings(transformed)[name]["ThrottlingRateLimit"]
        for name, how in routes(transformed).items()
        if how["security"] == [{"NONE": []}]
    }
    price = sum(
        rate * A_DAY * (NOTIFICATION if name.startswith("POST") else PAGE)
        for name, rate in public.items()
    )
    assert price < 100


def test_starts_cannot_take_more_functions_than_an_account_has(transformed: Json) -> None:
    function = transformed["Resources"]["StartPaymentFunction"]["Properties"]
    rate = settings(transformed)["POST /payments"]["ThrottlingRateLimit"]
    assert rate * function["Timeout"] < 1_000


def test_every_public_route_has_a_limit_of_its_own(transformed: Json) -> None:
    public = {
        name for name, how in routes(transformed).items() if how["security"] == [{"NONE": []}]
    }
    assert public <= set(settings(transformed))


def test_each_setting_is_for_a_route_that_exists(transformed: Json) -> None:
    assert set(settings(transformed)) <= set(routes(transformed)) | {"* /*"}


def test_the_rest_is_throttled_too(transformed: Json) -> None:
    assert settings(transformed)["* /*"]["ThrottlingRateLimit"] > 0


def test_nothing_writes_paths_or_bodies_down(transformed: Json) -> None:
    assert only(transformed, "AWS::ApiGateway::Stage")["TracingEnabled"] is False
    for route, setting in settings(transformed).items():
        assert setting["LoggingLevel"] == "OFF", route
        assert setting["DataTraceEnabled"] is False, route


def test_the_access_log_names_the_route_and_never_the_path(transformed: Json) -> None:
    log = only(transformed, "AWS::ApiGateway::Stage")["AccessLogSetting"]
    assert log["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert "$context.resourcePath" in log["Format"]
    for name in REVEALING:
        assert name not in log["Format"]
    assert json.loads(log["Format"])["requestId"] == "$context.requestId"


def gateway_responses(template: Json) -> Json:
    body = only(template, "AWS::ApiGateway::RestApi")["Body"]
    return dict(body["x-amazon-apigateway-gateway-responses"])


def test_every_error_of_the_gateway_is_a_problem(transformed: Json) -> None:
    answers = gateway_responses(transformed)
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for kind, answer in answers.items():
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'", kind
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert problem["type"] == "urn:elsom-payments:problem:gateway"
        assert problem["instance"] == "urn:uuid:$context.requestId"
        assert problem["title"]
        assert problem["detail"]
        assert problem.get("status") == (
            int(answer["statusCode"]) if "statusCode" in answer else None
        )


def test_an_error_of_the_gateway_shows_neither_path_nor_account(transformed: Json) -> None:
    assert "$context.error" not in json.dumps(gateway_responses(transformed))


@pytest.mark.parametrize(
    "kind", ["DEFAULT_5XX", "THROTTLED", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"]
)
def test_what_should_be_repeated_says_so(transformed: Json, kind: str) -> None:
    answer = gateway_responses(transformed)[kind]
    assert "gatewayresponse.header.Retry-After" in answer["responseParameters"]
    assert "same Idempotency-Key" in answer["responseTemplates"]["application/json"]


def test_the_accounts_logging_role_is_kept_and_optional(transformed: Json) -> None:
    account = of_type(transformed, "AWS::ApiGateway::Account")["ApiGatewayAccount"]
    role = transformed["Resources"]["ApiGatewayLogsRole"]
    for resource in (account, role):
        assert resource["Condition"] == "ManagesApiGatewayAccount"
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"
    assert account["Properties"]["CloudWatchRoleArn"] == {
        "Fn::GetAtt": ["ApiGatewayLogsRole", "Arn"]
    }


def test_the_stage_waits_for_the_accounts_logging_role(transformed: Json) -> None:
    variables = only(transformed, "AWS::ApiGateway::Stage")["Variables"]
    assert {"Ref": "ApiGatewayAccount"} in variables["logsRoleSetBy"]["Fn::If"]
