"""Each role's shape. That nothing more could be taken away is tested on the running stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.template.transform import (
    FUNCTION_NAMES,
    PLAIN,
    Json,
    holds,
    of_type,
    resolve,
    transform,
)

TABLE = {"Fn::GetAtt": ["PaymentsTable", "Arn"]}
QUEUE = {"Fn::GetAtt": ["ChecksQueue", "Arn"]}
# The only wildcards, each with its reason.
WILDCARD_ACTIONS = {
    # One action on AWS; the local AWS also knows one for batches.
    "sqs:SendMessage*",
}
FUNCTIONS = list(FUNCTION_NAMES)
CALLS_ELSOM = {"StartPayment", "CheckPayment", "PaymentsApi", "CustomerPages"}


def statements(template: Json, values: dict[str, str], role: str) -> list[Json]:
    properties = template["Resources"][role]["Properties"]
    # None, but for what Lambda needs to connect a function to subnets, where there are some.
    managed = resolve(properties.get("ManagedPolicyArns"), values)
    assert managed in (None, {"Ref": "AWS::NoValue"}), role
    found: list[Json] = []
    for policy in properties["Policies"]:
        given = resolve(policy["PolicyDocument"]["Statement"], values)
        found += [statement for statement in given if statement != {"Ref": "AWS::NoValue"}]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted(template: Json, values: dict[str, str], role: str) -> dict[str, list[Any]]:
    """Action → resources."""
    found: dict[str, list[Any]] = {}
    for statement in statements(template, values, role):
        for action in as_list(statement["Action"]):
            found.setdefault(action, []).extend(as_list(statement["Resource"]))
    return found


def test_every_function_has_a_role_of_its_own(transformed: Json) -> None:
    roles = {
        name: function["Properties"]["Role"]
        for name, function in of_type(transformed, "AWS::Lambda::Function").items()
    }
    assert roles == {
        f"{name}Function": {"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in FUNCTIONS
    }


def test_no_role_appears_that_is_not_written_in_the_template(transformed: Json) -> None:
    written = {f"{name}Role" for name in FUNCTIONS} | {"ScheduleRole", "ApiGatewayLogsRole"}
    assert set(of_type(transformed, "AWS::IAM::Role")) == written
    assert not of_type(transformed, "AWS::IAM::Policy")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_lambda_may_take_a_functions_role(transformed: Json, name: str) -> None:
    trust = transformed["Resources"][f"{name}Role"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_actions_are_named_one_by_one(transformed: Json, values: dict[str, str], name: str) -> None:
    for action in granted(transformed, values, f"{name}Role"):
        assert "*" not in action or action in WILDCARD_ACTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_resources_are_exact(transformed: Json, values: dict[str, str], name: str) -> None:
    for action, resources in granted(transformed, values, f"{name}Role").items():
        for resource in resources:
            assert "*" not in str(resource), (action, resource)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_only_into_its_own_log_group(
    transformed: Json, values: dict[str, str], name: str
) -> None:
    rights = granted(transformed, values, f"{name}Role")
    logs = {action: where for action, where in rights.items() if action.startswith("logs:")}
    group = [{"Fn::GetAtt": [f"{name}LogGroup", "Arn"]}]
    assert logs == {"logs:CreateLogStream": group, "logs:PutLogEvents": group}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_functions_that_call_elsom_read_the_ca_bundle_and_only_where_there_is_one(
    transformed: Json, values: dict[str, str], name: str
) -> None:
    rights = granted(transformed, values, f"{name}Role")
    expected = name in CALLS_ELSOM and "ElsomCaBundleParameter" in values
    assert ("ssm:GetParameter" in rights) is expected
    if expected:
        arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/elsom-payments/ca"
        assert arn in rights["ssm:GetParameter"]


def test_only_lambda_itself_uses_the_rights_that_subnets_need() -> None:
    values = {**PLAIN, "ElsomSubnetIds": "subnet-0a1b2c3d", "ElsomSecurityGroupIds": "sg-0a1b2c3d"}
    template = transform(values)
    assert holds("HasSubnets", values)
    assert not holds("HasSubnets", PLAIN)
    policy = template["Resources"]["ElsomSubnetsPolicy"]
    assert policy["Condition"] == "HasSubnets"
    allow, deny = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert allow["Action"] == deny["Action"]
    assert not any("*" in action for action in allow["Action"])
    # Calls of a function's own code carry its ARN, Lambda's own do not.
    assert list(deny["Condition"]["ArnLike"]) == ["lambda:SourceFunctionArn"]
    for name in FUNCTIONS:
        function = template["Resources"][f"{name}Function"]["Properties"]
        role = template["Resources"][f"{name}Role"]["Properties"]
        connected = resolve(function.get("VpcConfig"), values)
        managed = resolve(role.get("ManagedPolicyArns"), values)
        if name in CALLS_ELSOM:
            assert connected == {
                "SubnetIds": "subnet-0a1b2c3d",
                "SecurityGroupIds": "sg-0a1b2c3d",
            }
            assert managed == [{"Ref": "ElsomSubnetsPolicy"}]
        else:
            assert connected is managed is None


def test_nobody_deletes_or_scans_payments(transformed: Json, values: dict[str, str]) -> None:
    for name in FUNCTIONS:
        rights = granted(transformed, values, f"{name}Role")
        assert not {"dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:Scan"} & set(rights)


def test_only_the_scheduler_reads_what_is_due(transformed: Json, values: dict[str, str]) -> None:
    due = {"Fn::Sub": "${PaymentsTable.Arn}/index/due"}
    assert resolve(due, values) == "${PaymentsTable.Arn}/index/due"
    for name in FUNCTIONS:
        indexes = granted(transformed, values, f"{name}Role").get("dynamodb:Query", [])
        assert ("${PaymentsTable.Arn}/index/due" in indexes) is (name == "ScheduleChecks")


def test_the_scheduler_never_sees_the_secret(transformed: Json, values: dict[str, str]) -> None:
    rights = granted(transformed, values, "ScheduleChecksRole")
    assert "secretsmanager:GetSecretValue" not in rights


def test_only_the_check_takes_messages_from_the_queue(
    transformed: Json, values: dict[str, str]
) -> None:
    for name in FUNCTIONS:
        rights = granted(transformed, values, f"{name}Role")
        takes = rights.get("sqs:ReceiveMessage") == rights.get("sqs:DeleteMessage") == [QUEUE]
        assert takes is (name == "CheckPayment")


def test_a_start_needs_nothing_but_table_and_secret(
    transformed: Json, values: dict[str, str]
) -> None:
    rights = set(granted(transformed, values, "StartPaymentRole"))
    services = {action.split(":")[0] for action in rights}
    assert services - {"ssm"} == {"logs", "dynamodb", "secretsmanager"}


def test_the_schedule_may_invoke_its_function_and_only_for_this_account(
    transformed: Json, values: dict[str, str]
) -> None:
    (trust,) = resolve(
        transformed["Resources"]["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"][
            "Statement"
        ],
        values,
    )
    assert trust["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "111122223333",
        "aws:SourceArn": "arn:aws:scheduler:eu-central-1:111122223333:schedule-group/default",
    }
    assert granted(transformed, values, "ScheduleRole") == {
        "lambda:InvokeFunction": [{"Fn::GetAtt": ["ScheduleChecksFunction", "Arn"]}]
    }
