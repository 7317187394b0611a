"""Each role on paper: what the code and its event sources need, it has, and nothing else.

What the code needs is read from its source; what a policy allows is evaluated as IAM does.
"""

from __future__ import annotations

import inspect
from functools import cache

import pytest

from payments.settings import Settings
from tests.template.call_sites import (
    Need,
    code,
    folder_of,
    needs,
    reached,
    sites,
    variables,
)
from tests.template.function_rules import CONNECTS, SENDS, TAKES
from tests.template.iam import (
    Request,
    actions_like,
    allows,
    documents,
    identity_policies,
    listed,
    may,
    resource_allows,
)
from tests.template.opinions import CASES
from tests.template.stack import Resource, Stack
from tests.template.transform import FUNCTION_NAMES

LOGS = ("CreateLogStream", "PutLogEvents")
OTHER_ACCOUNT = "999999999999"
SERVICES = ["apigateway", "cloudwatch", "ec2", "events", "lambda", "scheduler", "sns", "sqs"]


@cache
def stack(case: str) -> Stack:
    return CASES[case].stack(CASES[case].template())


def function(stack: Stack, name: str) -> Resource:
    return stack.resources[f"{name}Function"]


def by_lambda(stack: Stack, one: Resource) -> set[Need]:
    """What Lambda does with a function's role: event source, destination, log group."""
    found: set[Need] = set()
    for mapping in stack.of("Lambda::EventSourceMapping"):
        given = mapping.properties
        if stack.named(given["FunctionName"]) is not one:
            continue
        arn = given["EventSourceArn"]
        found |= {Need(action, arn) for action in TAKES[arn.split(":")[2]]}
        failed = given.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if failed:
            found.add(Need(SENDS[failed.split(":")[2]], failed))
    group = stack.named(one.properties["LoggingConfig"]["LogGroup"], "Logs::LogGroup")
    assert group
    return found | {Need(f"logs:{action}", group.arn) for action in LOGS}


def all_needs(stack: Stack, name: str) -> set[Need]:
    one = function(stack, name)
    return needs(stack, one) | by_lambda(stack, one)


def granted(stack: Stack, role_arn: str) -> set[tuple[str, str]]:
    """Each action on each resource that the role's own statements allow."""
    role = stack.named(role_arn, "IAM::Role")
    assert role
    return {
        (action, str(resource))
        for policy in identity_policies(stack, role_arn)
        if policy.owner == role.logical_id
        for statement in policy.statements
        for pattern in listed(statement["Action"])
        for action in actions_like(pattern)
        for resource in listed(statement["Resource"])
    }


def test_every_call_of_boto3_is_reached_by_a_function() -> None:
    everything = {
        name for folder in map(folder_of, _functions()) for name in reached(folder).reached
    }
    assert len(sites()) >= 12
    assert {site.within for site in sites()} <= everything


def _functions() -> list[str]:
    return [f"{name}Function" for name in FUNCTION_NAMES]


def test_the_graph_knows_handlers_classes_and_settings() -> None:
    """A graph that finds nothing would let every role pass."""
    assert len(code().functions) > 250
    for folder in map(folder_of, _functions()):
        assert len(reached(folder).reached) > 20, folder
        assert "PAYMENTS_TABLE" in variables(folder), folder


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_a_function_is_given_every_setting_that_its_code_reads(name: str) -> None:
    one = function(stack("smallest"), name)
    settings = {field.upper() for field in inspect.get_annotations(Settings)}
    read = variables(folder_of(one.logical_id)) & settings
    assert read
    assert read <= set(one.properties["Environment"]["Variables"])


@pytest.mark.parametrize("name", FUNCTION_NAMES)
@pytest.mark.parametrize("case", CASES)
def test_a_role_has_all_that_the_code_and_its_event_source_need(case: str, name: str) -> None:
    made = stack(case)
    role = function(made, name).properties["Role"]
    missing = {
        need for need in all_needs(made, name) if not may(made, role, need.action, need.resource)
    }
    assert missing == set()


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_a_role_has_nothing_that_neither_code_nor_event_source_needs(name: str) -> None:
    made = stack("everything")
    role = function(made, name).properties["Role"]
    needed = {(need.action.lower(), need.resource) for need in all_needs(made, name)}
    unused = {
        (action, resource)
        for action, resource in granted(made, role)
        # A parameter's name may be given with a slash before it, or without.
        if (action, resource.replace("parameter//", "parameter/")) not in needed
    }
    assert unused == set()


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_without_any_one_statement_something_is_missing(name: str) -> None:
    made = stack("everything")
    role = function(made, name).properties["Role"]
    policies = identity_policies(made, role)
    wanted = all_needs(made, name)
    for policy in policies:
        for left_out in policy.statements if "Subnets" not in policy.owner else []:
            rest = [
                type(one)(one.owner, one.kind, one.place, {"Statement": [
                    statement for statement in one.statements if statement is not left_out
                ]})
                for one in policies
            ]  # fmt: skip
            assert not all(allows(rest, Request(need.action, need.resource)) for need in wanted), (
                left_out["Sid"]
            )


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_only_lambda_takes_a_functions_role(name: str) -> None:
    made = stack("everything")
    role = made.named(function(made, name).properties["Role"], "IAM::Role")
    assert role
    assert takers(made, role, source="") == {"lambda"}


def takers(made: Stack, role: Resource, source: str, account: str = "") -> set[str]:
    """The services that may take a role, on behalf of a source."""
    trust = [one for one in documents(made) if one.owner == role.logical_id and one.kind == "trust"]
    context = {"aws:SourceArn": source, "aws:SourceAccount": account or made.account}
    return {
        service
        for service in SERVICES
        if allows(trust, Request("sts:assumerole", role.arn, f"{service}.amazonaws.com", context))
    }


def test_the_scheduler_takes_its_role_for_this_accounts_schedules_only() -> None:
    made = stack("everything")
    role = made.resources["ScheduleRole"]
    group = made.place.arn("scheduler", "schedule-group/default")
    assert takers(made, role, group) == {"scheduler"}
    assert takers(made, role, group, OTHER_ACCOUNT) == set()
    assert takers(made, role, made.place.arn("scheduler", "schedule-group/other")) == set()
    assert takers(made, role, group.replace(made.account, OTHER_ACCOUNT)) == set()


def test_the_gateways_logging_role_is_taken_by_the_gateway_alone() -> None:
    made = stack("everything")
    assert takers(made, made.resources["ApiGatewayLogsRole"], source="") == {"apigateway"}


def test_the_schedules_role_calls_its_function_and_no_other() -> None:
    made = stack("everything")
    role = made.resources["ScheduleRole"].arn
    callable_ = {
        one.logical_id
        for one in made.of("Lambda::Function")
        if may(made, role, "lambda:InvokeFunction", one.arn)
    }
    assert callable_ == {"ScheduleChecksFunction"}


@pytest.mark.parametrize("name", FUNCTION_NAMES)
def test_what_lambda_needs_for_subnets_it_has_and_the_code_has_not(name: str) -> None:
    made = stack("everything")
    one = function(made, name)
    connected = "VpcConfig" in one.properties
    for action in CONNECTS:
        role = str(one.properties["Role"])
        assert may(made, role, action, "*") is connected
        # A call that a function's own code makes carries the function's ARN.
        assert not may(made, role, action, "*", lambda__SourceFunctionArn=one.arn)


QUEUE_POLICIES = {
    "WebhooksQueue": "WebhooksQueuePolicy",
    "WebhooksDeadLetterQueue": "WebhooksDeadLetterQueuePolicy",
}


@pytest.mark.parametrize("queue", QUEUE_POLICIES)
def test_a_queue_lets_its_rule_send_and_nothing_else(queue: str) -> None:
    made = stack("everything")
    arn, rule = made.resources[queue].arn, made.resources["WebhooksRule"].arn
    policy = [QUEUE_POLICIES[queue]]

    def let(action: str, source: str, principal: str = "events.amazonaws.com") -> bool:
        return resource_allows(made, policy, principal, action, arn, source)

    assert let("sqs:SendMessage", rule)
    assert not let("sqs:SendMessage", rule.replace(made.account, OTHER_ACCOUNT))
    assert not let("sqs:SendMessage", f"{rule}x")
    assert not let("sqs:SendMessage", rule, "sns.amazonaws.com")
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue"):
        assert not let(action, rule)


def test_no_other_queue_has_a_policy_and_so_no_one_outside_sends_to_it() -> None:
    made = stack("everything")
    named = {url for one in made.of("SQS::QueuePolicy") for url in one.properties["Queues"]}
    assert named == {made.resources[queue].ref for queue in QUEUE_POLICIES}


def test_alarms_of_this_account_publish_and_those_of_another_do_not() -> None:
    made = stack("everything")
    topic, alarm = made.resources["AlarmTopic"], made.resources["OpenCasesAlarm"]
    policy = [one for one in documents(made) if one.owner == "AlarmTopicPolicy"]

    def let(action: str, account: str, principal: str = "cloudwatch.amazonaws.com") -> bool:
        context = {"aws:SourceAccount": account, "aws:SourceArn": alarm.arn}
        return allows(policy, Request(action, topic.arn, principal, context))

    assert let("sns:Publish", made.account)
    assert not let("sns:Publish", OTHER_ACCOUNT)
    assert not let("sns:Subscribe", made.account)
    assert not let("sns:Publish", made.account, "events.amazonaws.com")


def test_the_bus_has_no_policy_so_no_other_account_puts_events() -> None:
    assert not list(stack("everything").of("Events::EventBusPolicy"))
    assert "Policy" not in stack("everything").resources["PaymentsBus"].properties
