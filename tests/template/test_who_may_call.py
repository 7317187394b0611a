"""Who gets through to which route: IAM policies and the API's resource policy taken together."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.template.transform import OTHER, PLAIN, Json, of_type, only, resolve, transform

SHOP_ROUTES = {
    "POST /payments",
    "GET /payments",
    "GET /payments/{id}",
    "GET /payments/{id}/timeline",
    "GET /payments/{id}/events",
    "POST /payments/{id}/check",
    "POST /payments/{id}/resend",
    "GET /reports/{day}",
    "GET /cases",
    "POST /cases/{id}/resolve",
}
NOTIFICATION_ROUTE = "POST /elsom/{token}"
CUSTOMER_ROUTES = {
    "GET /elsom/{token}",
    "GET /pay/{id}",
    "GET /return/{id}",
    "GET /return/{id}/status",
}
PUBLIC_ROUTES = {NOTIFICATION_ROUTE} | CUSTOMER_ROUTES
EXAMPLES = {"{id}": "0123456789ABCDEFGHJK", "{token}": "t", "{day}": "2026-11-24"}
ELSOM_ADDRESS = "192.0.2.77"
ELSEWHERE = "203.0.113.9"


def routes(template: Json) -> dict[str, Json]:
    paths = only(template, "AWS::ApiGateway::RestApi")["Body"]["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def is_iam(operation: Json) -> bool:
    return bool(operation["security"] == [{"AWS_IAM": []}])


def resource_policy_allows(template: Json, values: dict[str, str], route: str, source: str) -> bool:
    policy = only(template, "AWS::ApiGateway::RestApi")["Body"]["x-amazon-apigateway-policy"]
    return any(
        statement_allows(statement, route, source)
        for statement in resolve(policy["Statement"], values)
    )


def statement_allows(statement: Json, route: str, source: str) -> bool:
    assert statement["Effect"] == "Allow", "this evaluation knows allows only"
    assert statement["Principal"] == "*"
    assert statement["Action"] == "execute-api:Invoke"
    if not matches(as_list(statement["Resource"]), "execute-api:/v1/", route):
        return False
    condition = dict(statement.get("Condition", {}))
    ranges = condition.pop("IpAddress", {"aws:SourceIp": ["0.0.0.0/0"]})
    assert not condition
    assert list(ranges) == ["aws:SourceIp"]
    networks = [ip_network(cidr) for cidr in ranges["aws:SourceIp"]]
    return any(ip_address(source) in network for network in networks)


def caller_policy_allows(template: Json, values: dict[str, str], route: str) -> bool:
    document = template["Resources"]["PaymentsCallerPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = resolve(document["Statement"], values)
    assert statement["Action"] == "execute-api:Invoke"
    prefix = "arn:aws:execute-api:eu-central-1:111122223333:${PaymentsRestApi}/v1/"
    return matches(statement["Resource"], prefix, route)


def matches(patterns: list[str], prefix: str, route: str) -> bool:
    method, path = route.split(" ")
    wanted = f"{prefix}{method}{example_of(path)}"
    return any(fnmatchcase(wanted, pattern) for pattern in patterns)


def example_of(path: str) -> str:
    """The path with values in its parameters."""
    for name, value in EXAMPLES.items():
        path = path.replace(name, value)
    return path


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# AWS: one account's caller of an IAM route needs an allow in either policy, another account's in
# both; an open route needs one in the resource policy, since there is such a policy.
CALLERS = ["stranger account", "same account without policy", "intended caller", "anonymous"]


def gets_through(
    template: Json, values: dict[str, str], caller: str, route: str, source: str
) -> bool:
    resource_allows = resource_policy_allows(template, values, route, source)
    if not is_iam(routes(template)[route]):
        return resource_allows
    match caller:
        case "anonymous":
            return False
        case "stranger account":
            return resource_allows  # its own account may allow it everything
        case "same account without policy":
            return resource_allows
        case "intended caller":
            return resource_allows or caller_policy_allows(template, values, route)
    raise AssertionError(caller)


def test_the_routes_are_exactly_the_known_ones(transformed: Json) -> None:
    assert set(routes(transformed)) == SHOP_ROUTES | PUBLIC_ROUTES


def test_shop_routes_need_iam_and_no_other_route_does(transformed: Json) -> None:
    assert {route for route, how in routes(transformed).items() if is_iam(how)} == SHOP_ROUTES


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", sorted(SHOP_ROUTES))
def test_only_the_intended_caller_reaches_a_shop_route(
    transformed: Json, values: dict[str, str], caller: str, route: str
) -> None:
    through = gets_through(transformed, values, caller, route, ELSOM_ADDRESS)
    assert through is (caller == "intended caller")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", sorted(CUSTOMER_ROUTES))
def test_everybody_reaches_a_customer_route_from_anywhere(
    transformed: Json, values: dict[str, str], caller: str, route: str
) -> None:
    assert gets_through(transformed, values, caller, route, ELSEWHERE)


def test_notifications_are_let_in_from_everywhere_by_default() -> None:
    template = transform(PLAIN)
    for source in (ELSOM_ADDRESS, ELSEWHERE, "2001:db8::1"):
        assert gets_through(template, PLAIN, "anonymous", NOTIFICATION_ROUTE, source)


@pytest.mark.parametrize(
    ("source", "through"),
    [(ELSOM_ADDRESS, True), ("198.51.100.7", True), ("198.51.100.8", False), (ELSEWHERE, False)],
)
def test_notifications_are_let_in_from_the_given_ranges_only(source: str, through: bool) -> None:
    template = transform(OTHER)
    assert gets_through(template, OTHER, "anonymous", NOTIFICATION_ROUTE, source) is through


def test_the_caller_policy_opens_no_public_route(transformed: Json, values: dict[str, str]) -> None:
    assert not any(caller_policy_allows(transformed, values, route) for route in PUBLIC_ROUTES)


def test_another_address_range_reaches_the_policy_and_deploys_the_api_again() -> None:
    before = transform(PLAIN, at=1_000)
    after = transform({**PLAIN, "CallbackSourceCidrs": "192.0.2.0/24"}, at=1_001)
    assert deployment(before) != deployment(after)
    for template in (before, after):
        stage = only(template, "AWS::ApiGateway::Stage")
        assert stage["DeploymentId"] == {"Ref": deployment(template)}


def test_every_deploy_deploys_the_api_again() -> None:
    # By itself SAM makes the id of the definition alone; what else is deployed would wait.
    assert deployment(transform(PLAIN, at=1_000)) != deployment(transform(PLAIN, at=1_001))


def deployment(template: Json) -> str:
    (logical_id,) = of_type(template, "AWS::ApiGateway::Deployment")
    return logical_id


def test_functions_are_never_invoked_with_the_callers_credentials(transformed: Json) -> None:
    for route, operation in routes(transformed).items():
        integration = operation["x-amazon-apigateway-integration"]
        assert "credentials" not in integration, route
        assert integration["type"] == "aws_proxy"


def test_only_this_api_may_invoke_a_routes_function_and_only_for_that_route(
    transformed: Json,
) -> None:
    permissions = of_type(transformed, "AWS::Lambda::Permission")
    allowed = set()
    for permission in permissions.values():
        properties = permission["Properties"]
        assert properties["Principal"] == "apigateway.amazonaws.com"
        text, names = properties["SourceArn"]["Fn::Sub"]
        assert names["__ApiId__"] == {"Ref": "PaymentsRestApi"}
        allowed.add(text.split("/", 2)[2])
    expected = {route.replace(" ", "") for route in SHOP_ROUTES | PUBLIC_ROUTES}
    assert allowed == {re.sub(r"\{\w+\}", "*", route) for route in expected}


def test_there_is_one_stage_named_v1_of_a_regional_api(transformed: Json) -> None:
    assert only(transformed, "AWS::ApiGateway::Stage")["StageName"] == "v1"
    api = only(transformed, "AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["Body"]["openapi"] == "3.0.1"
