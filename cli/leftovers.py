"""Takes away what a stack keeps when it is deleted: only ever of a rehearsal's stack."""

from __future__ import annotations

import time
from typing import Any, Final

from cli.errors import CliError, unless_refused
from cli.findings import Finding, State
from cli.stack_state import kept, look_at_leftovers
from cli.target import Target

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
