"""How the stack is, what keeps it from being deployed, and what earlier tries left behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from cli.findings import Finding, bad, ok, warning
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


def look_at_stack(target: Target, name: str) -> Iterator[Finding]:
    """One line on a stack that is there. Raises CliError where there is none."""
    status = target.described["StackStatus"]
    if status in RUNS:
        yield ok(name, f"{target.stack} is deployed")
    else:
        yield _not_well(target, name, status)


def look_before_deployment(target: Target, name: str) -> Iterator[Finding]:
    """One line on a stack that is to be deployed, whether it is there or not."""
    status = target.status
    if status is None:
        yield ok(name, f"{target.stack} is not there yet: it will be made")
    elif status in RUNS | ROLLED_BACK:
        yield ok(name, f"{target.stack} is there: it will be updated")
    else:
        yield _not_well(target, name, status)


def _not_well(target: Target, name: str, status: str) -> Finding:
    failure = first_failure(target)
    say = f"{target.stack} is {status}{f': {failure}' if failure else ''}"
    if "CallerPolicy" in failure and status == "DELETE_FAILED":
        return bad(name, say, _ATTACHED.format(stack=target.stack))
    if status in DEAD_ENDS:
        return bad(name, say, DEAD_ENDS[status].format(stack=target.stack))
    if status.endswith("_IN_PROGRESS"):
        return bad(name, say, "wait until CloudFormation is done, then look again")
    return bad(name, say, "deploy again: make deploy")


def first_failure(target: Target) -> str:
    """CloudFormation's own reason for the newest failure that is not a mere consequence."""
    failed = ""
    try:
        # Newest first: the oldest failure since the latest operation began is the cause.
        for event in _events(target):
            reason = event.get("ResourceStatusReason", "")
            if reason == "User Initiated":
                break
            if event["ResourceStatus"].endswith("_FAILED") and not reason.startswith(_FOLLOWS):
                failed = f"{event['LogicalResourceId']}: {reason}" if reason else failed
    except ClientError:
        return ""
    return failed.rstrip(".")


def _events(target: Target) -> Iterator[dict[str, Any]]:
    """All events: a roll-back writes more of them than one page has."""
    pages = target.client("cloudformation").get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=target.stack):
        yield from page["StackEvents"]


# ---------------------------------------------------------------- what was left behind


def look_at_leftovers(target: Target, name: str) -> Iterator[Finding]:
    """What an earlier stack of this name kept: tables, secrets, the gateway's role, log groups."""
    found = [
        *(_table(target, one) for one in kept_tables(target)),
        *(_secret(one) for one in kept_secrets(target)),
        *(_role(one) for one in kept_roles(target)),
        *_log_groups(kept_log_groups(target)),
    ]
    yield from found or [ok(name, f"nothing is left of an earlier stack {target.stack}")]


def kept_tables(target: Target) -> list[str]:
    """Tables of payments that had this stack's name, and are not this stack's."""
    pages = target.client("dynamodb").get_paginator("list_tables").paginate()
    return _others(target, (one for page in pages for one in page["TableNames"]), "PaymentsTable-")


def kept_secrets(target: Target) -> list[str]:
    """The ARNs of secrets that CloudFormation made for this name, and are not this stack's."""
    filters = [
        {"Key": "tag-key", "Values": [_STACK_TAG]},
        {"Key": "tag-value", "Values": [target.stack]},
    ]
    pages = target.client("secretsmanager").get_paginator("list_secrets").paginate(Filters=filters)
    ours = _ours(target)
    return [
        one["ARN"]
        for page in pages
        for one in page["SecretList"]
        # The filter looks for words: another stack's is found too.
        if {"Key": _STACK_TAG, "Value": target.stack} in one.get("Tags", [])
        and one["ARN"] not in ours
    ]


def kept_roles(target: Target) -> list[str]:
    """Roles that API Gateway was given by a stack of this name, and are not this stack's."""
    pages = target.client("iam").get_paginator("list_roles").paginate()
    names = (one["RoleName"] for page in pages for one in page["Roles"])
    return _others(target, names, "ApiGatewayLogsRole-")


def kept_log_groups(target: Target) -> list[str]:
    """Log groups of functions of a stack of this name, that are not this stack's."""
    pages = target.client("logs").get_paginator("describe_log_groups")
    found = pages.paginate(logGroupNamePrefix=f"{target.stack}-")
    names = (one["logGroupName"] for page in found for one in page["logGroups"])
    return [one for one in _others(target, names, "") if "LogGroup-" in one]


def _others(target: Target, names: Iterable[str], kind: str) -> list[str]:
    ours, prefix = _ours(target), f"{target.stack}-{kind}"
    return [one for one in names if one.startswith(prefix) and one not in ours]


def _ours(target: Target) -> set[str]:
    return set(target.resources.values()) if target.status else set()


def _table(target: Target, table: str) -> Finding:
    client = target.client("dynamodb")
    if client.scan(TableName=table, Limit=1, ConsistentRead=True)["Count"]:
        do = "attach it to the new stack: docs/operate.md, Delete and attach again"
        return bad("kept table", f"{table} of an earlier stack holds payments", do)
    do = (
        f"take it away: aws dynamodb update-table --table-name {table}"
        f" --no-deletion-protection-enabled; aws dynamodb delete-table --table-name {table}"
    )
    return warning("kept table", f"{table} of an earlier stack is empty", do)


def _secret(arn: str) -> Finding:
    do = (
        "attach it with its table (docs/operate.md), or take it away:"
        f" aws secretsmanager delete-secret --secret-id {arn}"
    )
    return warning("kept secret", f"{arn.rpartition(':')[2]} of an earlier stack is there", do)


def _role(role: str) -> Finding:
    do = "leave it while API Gateway's account setting names it; it costs nothing"
    return warning("kept role", f"{role} of an earlier stack is there", do)


def _log_groups(groups: list[str]) -> Iterator[Finding]:
    if groups:
        do = f"take each away: aws logs delete-log-group --log-group-name {groups[0]}"
        yield warning("kept logs", f"{len(groups)} log groups of an earlier stack are there", do)
