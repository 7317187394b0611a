"""How the stack is, what keeps it from being deployed, and what earlier tries left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.errors import CliError, unless_refused
from cli.findings import Finding, State, bad, ok, warning
from cli.target import Target

_STACK_TAG: Final = "aws:cloudformation:stack-name"
RUNS: Final = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
# It runs, with the version before.
ROLLED_BACK: Final = {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
_DELETE: Final = "delete it: aws cloudformation delete-stack --stack-name {stack}; then make deploy"
# States from which CloudFormation takes no deployment, and the way out of each.
DEAD_ENDS: Final = {
    "ROLLBACK_COMPLETE": _DELETE,
    "ROLLBACK_FAILED": _DELETE,
    "CREATE_FAILED": _DELETE,
    "REVIEW_IN_PROGRESS": _DELETE,
    "DELETE_FAILED": (
        "take away what the reason names, then delete it again:"
        " aws cloudformation delete-stack --stack-name {stack}"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "mend what the reason names, then:"
        " aws cloudformation continue-update-rollback --stack-name {stack}"
    ),
}
# What these failures are called when they only follow from the first one.
_FOLLOWS: Final = ("Resource creation cancelled", "Resource update cancelled")
_ATTACHED: Final = (
    "take the policy off first: ./elsom doctor --before-delete says where it is attached;"
    " then delete again: aws cloudformation delete-stack --stack-name {stack}"
)


def look_at_stack(target: Target) -> Finding:
    """One line on a stack that is there. Raises CliError where there is none."""
    status = target.described["StackStatus"]
    return ok(f"{target.stack} is deployed") if status in RUNS else _not_well(target, status)


def look_before_deployment(target: Target) -> Finding:
    """One line on a stack that is to be deployed, whether it is there or not."""
    status = target.status
    if status is None:
        return ok(f"{target.stack} is not there yet: it will be made")
    if status in RUNS | ROLLED_BACK:
        return ok(f"{target.stack} is there: it will be updated")
    return _not_well(target, status)


def _not_well(target: Target, status: str) -> Finding:
    failure = first_failure(target)
    say = f"{target.stack} is {status}{f': {failure}' if failure else ''}"
    if "CallerPolicy" in failure and status == "DELETE_FAILED":
        do = _ATTACHED
    elif status.endswith("_IN_PROGRESS") and status not in DEAD_ENDS:
        do = "wait until CloudFormation is done, then look again"
    else:
        do = DEAD_ENDS.get(status, "deploy again: make deploy")
    return bad(say, do.format(stack=target.stack))


def first_failure(target: Target) -> str:
    """CloudFormation's own reason for the newest failure that is not a mere consequence."""
    failed = ""
    try:
        # Newest first, and more than one page: the oldest failure since the latest operation began
        # is the cause.
        pages = target.client("cloudformation").get_paginator("describe_stack_events")
        for event in pages.paginate(StackName=target.stack).search("StackEvents"):
            reason = event.get("ResourceStatusReason", "")
            if reason == "User Initiated":
                break
            if event["ResourceStatus"].endswith("_FAILED") and not reason.startswith(_FOLLOWS):
                failed = f"{event['LogicalResourceId']}: {reason}" if reason else failed
    except ClientError:
        return ""
    return failed.rstrip(".")


# ---------------------------------------------------------------- what was left behind


def look_at_leftovers(target: Target) -> Iterator[Finding]:
    """What an earlier stack of this name kept: tables, secrets, the gateway's role, log groups."""
    tables, secrets, roles, groups = kept(target)
    of_earlier = "of an earlier stack"
    yield from (_table(target, table) for table in tables)
    for secret in secrets:
        do = (
            "attach it with its table (docs/operate.md), or take it away:"
            f" aws secretsmanager delete-secret --secret-id {secret}"
        )
        yield warning(f"{secret.rpartition(':')[2]} {of_earlier} is there", do, "kept secret")
    for role in roles:
        do = "leave it while API Gateway's account setting names it; it costs nothing"
        yield warning(f"{role} {of_earlier} is there", do, "kept role")
    if groups:
        do = f"take each away: aws logs delete-log-group --log-group-name {groups[0]}"
        yield warning(f"{len(groups)} log groups {of_earlier} are there", do, "kept logs")
    if not any((tables, secrets, roles, groups)):
        yield ok(f"nothing is left of an earlier stack {target.stack}")


def _table(target: Target, table: str) -> Finding:
    client = target.client("dynamodb")
    if client.scan(TableName=table, Limit=1, ConsistentRead=True)["Count"]:
        do = "attach it to the new stack: docs/operate.md, Delete and attach again"
        return bad(f"{table} of an earlier stack holds payments", do, "kept table")
    do = (
        f"take it away: aws dynamodb update-table --table-name {table}"
        f" --no-deletion-protection-enabled; aws dynamodb delete-table --table-name {table}"
    )
    return warning(f"{table} of an earlier stack is empty", do, "kept table")


def kept(target: Target) -> tuple[list[str], list[str], list[str], list[str]]:
    """Tables, secrets (their ARNs), gateway's roles and log groups of this name, but not of this
    stack.
    """
    ours = set(target.resources.values()) if target.status else set()

    def others(service: str, operation: str, found: str, **more: str) -> list[str]:
        pages = target.client(service).get_paginator(operation).paginate(**more)
        names = (one for one in pages.search(found) if one and one not in ours)
        return [one for one in names if one.startswith(f"{target.stack}-")]

    tables = others("dynamodb", "list_tables", "TableNames")
    roles = others("iam", "list_roles", "Roles[].RoleName")
    prefix = f"{target.stack}-"
    groups = others(
        *("logs", "describe_log_groups", "logGroups[].logGroupName"), logGroupNamePrefix=prefix
    )
    return (
        [one for one in tables if one.startswith(f"{prefix}PaymentsTable-")],
        [arn for arn in _secrets(target) if arn not in ours],
        [one for one in roles if one.startswith(f"{prefix}ApiGatewayLogsRole-")],
        [one for one in groups if "LogGroup-" in one],
    )


def _secrets(target: Target) -> Iterator[str]:
    """The ARNs of secrets that CloudFormation made for this name."""
    tag = {"Key": _STACK_TAG, "Value": target.stack}
    filters = [
        {"Key": "tag-key", "Values": [_STACK_TAG]},
        {"Key": "tag-value", "Values": [target.stack]},
    ]
    pages = target.client("secretsmanager").get_paginator("list_secrets")
    for secret in pages.paginate(Filters=filters).search("SecretList"):
        # The filter looks for words: another stack's is found too.
        if tag in secret.get("Tags", []):
            yield secret["ARN"]


# ---------------------------------------------------------------- taken away

PREFIX: Final = "elsom-rehearsal-"
_LISTS_LAG: Final = 60.0
_GONE: Final = ("ValidationError", "ResourceNotFoundException", "NoSuchEntity")


def remove_all(target: Target, restored: str | None = None) -> None:
    """Delete the stack, then table, secret, role and logs of its name. Raises CliError."""
    if not target.stack.startswith(PREFIX):
        raise CliError(f"{target.stack} is no rehearsal's stack: it is not deleted.")
    delete_stack(target)
    fresh = target.again()
    tables, secrets, roles, groups = kept(fresh)
    for table in [*tables, *([restored] if restored else [])]:
        _delete_table(fresh, table)
    for secret in secrets:
        client = fresh.client("secretsmanager")
        client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    for role in roles:
        _delete_role(fresh, role)
    for group in groups:
        fresh.client("logs").delete_log_group(logGroupName=group)
    if left := _left(fresh):
        raise CliError(f"{left[0].say}: {left[0].do}.")


def delete_stack(target: Target) -> None:
    """Delete the stack, and wait until it is gone."""
    client = target.client("cloudformation")
    client.delete_stack(StackName=target.stack)
    client.get_waiter("stack_delete_complete").wait(
        StackName=target.stack,
        WaiterConfig={"Delay": 1 if target.is_local else 5, "MaxAttempts": 360},
    )


def _left(target: Target) -> list[Finding]:
    """What is still listed; lists of AWS lag behind a deletion by seconds."""
    until = time.monotonic() + _LISTS_LAG
    while True:
        found = [one for one in look_at_leftovers(target) if one.state is not State.OK]
        if not found or time.monotonic() > until:
            return found
        time.sleep(2)


def _delete_table(target: Target, table: str) -> None:
    client = target.client("dynamodb")
    described = client.describe_table(TableName=table)["Table"]
    if described.get("DeletionProtectionEnabled"):
        client.update_table(TableName=table, DeletionProtectionEnabled=False)
        client.get_waiter("table_exists").wait(TableName=table)
    client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table)


def _delete_role(target: Target, role: str) -> None:
    """The gateway's role, and the account's setting where it still names it."""
    gateway = target.client("apigateway")
    if str(gateway.get_account().get("cloudwatchRoleArn", "")).endswith(f"/{role}"):
        change: Any = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
        gateway.update_account(patchOperations=[change])
    iam = target.client("iam")
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    unless_refused(lambda: iam.delete_role(RoleName=role), *_GONE)
