"""What the AWS account has to offer: credentials, region, quotas, names, the gateway's role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from cli.findings import Finding, bad, ok, warning
from cli.target import Target
from tools.template import template

# Left for the API, the pages and the schedule, beside the two queues: for a shop, and for a trial.
ROOMY: Final = 20
TIGHT: Final = 3
_ASK_AWS: Final = "ask AWS for more: Service Quotas, {service}, {code}"
_DENIED: Final = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_LOG_IN: Final = "log in: aws login (or set AWS_PROFILE), then run this again"


@dataclass(frozen=True)
class Quota:
    """A limit of the account that the stack counts against."""

    service: str
    code: str
    what: str
    needed: int


QUOTAS: Final = (
    Quota("dynamodb", "L-F7858A77", "indexes of a table", 4),
    Quota("events", "L-244521F2", "rules of an event bus", 1),
)


def look_at_credentials(target: Target, name: str) -> Iterator[Finding]:
    """Who calls, as AWS sees it."""
    try:
        caller = target.client("sts").get_caller_identity()
    except NoCredentialsError:
        yield bad(name, "there are no AWS credentials", _LOG_IN)
        return
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _EXPIRED:
            yield bad(name, "they have expired", _LOG_IN)
        else:
            do = "check them, and that the region is switched on for the account"
            yield bad(name, f"AWS does not take them: {code}", do)
        return
    except BotoCoreError as error:
        yield bad(name, f"they cannot be used: {error}", _LOG_IN)
        return
    yield ok(name, f"account {caller['Account']} as {caller['Arn'].rpartition(':')[2]}")


def look_at_region(target: Target, name: str) -> Iterator[Finding]:
    """Whether AWS has such a region, and API Gateway in it."""
    region, session = str(target.session.region_name), target.session
    known = {
        one
        for partition in session.get_available_partitions()
        for one in session.get_available_regions("apigateway", partition)
    }
    if region in known:
        yield ok(name, region)
    else:
        do = "check its name: make deploy asks for it"
        yield bad(name, f"{region} is not known to have API Gateway", do)


def look_at_concurrency(
    target: Target, parameters: Mapping[str, str], name: str
) -> Iterator[Finding]:
    """New accounts often have 10 at once, of which two queues would take all."""
    limits = target.client("lambda").get_account_settings()["AccountLimit"]
    free, queues = limits["UnreservedConcurrentExecutions"], _queues(parameters)
    say = f"{free} functions may run at once, of which the queues take {queues}"
    more = _ASK_AWS.format(service="AWS Lambda", code="L-B99A9384 (Concurrent executions)")
    if free - queues >= ROOMY:
        yield ok(name, say)
    elif free - queues >= TIGHT:
        yield warning(name, f"{say}: enough to try things", more)
    else:
        do = f"{more}; until then ./elsom configure ElsomMaxConcurrency=2, and deploy"
        yield bad(name, f"{say}: too few are left for the API", do)


def _queues(parameters: Mapping[str, str]) -> int:
    """How many functions the queues of checks and of webhooks may have at once."""
    ours = template()
    default = ours["Parameters"]["ElsomMaxConcurrency"]["Default"]
    events = ours["Resources"]["DeliverWebhookFunction"]["Properties"]["Events"]
    caps = [one["Properties"]["ScalingConfig"]["MaximumConcurrency"] for one in events.values()]
    return int(parameters.get("ElsomMaxConcurrency") or default) + sum(map(int, caps))


def look_at_quotas(target: Target, name: str) -> Iterator[Finding]:
    """The quotas that Service Quotas can tell."""
    if target.is_local:
        yield ok(name, "the local AWS has none")
        return
    client = target.client("service-quotas")
    for quota in QUOTAS:
        shown = f"{name} {quota.service}"
        try:
            value = _quota(client, quota)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            do = "the right servicequotas:GetServiceQuota tells; AWS's default is enough"
            yield warning(shown, f"how many {quota.what} there may be cannot be read", do)
            continue
        say = f"{value:.0f} {quota.what}, {quota.needed} needed"
        if value >= quota.needed:
            yield ok(shown, say)
        else:
            yield bad(shown, say, _ASK_AWS.format(service=quota.service, code=quota.code))


def _quota(client: Any, quota: Quota) -> float:
    """What the account has, or AWS's default where it never had another."""
    arguments = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        found = client.get_service_quota(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchResourceException":
            raise
        found = client.get_aws_default_service_quota(**arguments)
    return float(found["Quota"]["Value"])


def look_at_gateway_role(
    target: Target, parameters: Mapping[str, str], name: str
) -> Iterator[Finding]:
    """API Gateway writes logs by one role for each account and region; two stacks fight over it."""
    arn = target.client("apigateway").get_account().get("cloudwatchRoleArn") or ""
    role = arn.rpartition("/")[2]
    manages = parameters.get("ManageApiGatewayAccount", "true") == "true"
    is_ours = role.startswith(f"{target.stack}-ApiGatewayLogsRole-")
    gone = bool(role) and not is_ours and not _is_there(target, role)
    if manages and role and not is_ours and not gone:
        say = f"{role} is set already, which this stack would replace"
        yield bad(name, say, "leave it: ./elsom configure ManageApiGatewayAccount=false")
    elif not manages and (not role or gone):
        say = f"{f'{role} is gone' if gone else 'none is set'}, and this stack sets none"
        yield bad(name, say, "have it set: ./elsom configure ManageApiGatewayAccount=true")
    elif is_ours:
        yield ok(name, "set by this stack")
    else:
        yield ok(name, "set by this stack" if manages else f"{role}, set by another")


def _is_there(target: Target, role: str) -> bool:
    try:
        target.client("iam").get_role(RoleName=role)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        return False
    return True


def look_at_names(target: Target, name: str) -> Iterator[Finding]:
    """The bus has the stack's name; no other may have it."""
    ours = target.resources.values() if target.status else ()
    if target.stack in ours:
        yield ok(name, f"the event bus {target.stack} is this stack's")
        return
    try:
        target.client("events").describe_event_bus(Name=target.stack)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield ok(name, f"no event bus is called {target.stack} yet")
        return
    do = (
        "give the stack another name (make deploy STACK=NAME), or take the bus away:"
        f" aws events delete-event-bus --name {target.stack}"
    )
    yield bad(name, f"an event bus {target.stack} is there, which this stack did not make", do)
