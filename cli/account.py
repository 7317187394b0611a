"""What the AWS account has to offer: credentials, region, quotas, names, the gateway's role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from cli.errors import code_of, unless_refused
from cli.findings import Finding, bad, either, ok, warning
from cli.target import Target
from cli.template import template

# Left for the API, the pages and the schedule, beside the two queues: for a shop, and for a trial.
ROOMY: Final = 20
TIGHT: Final = 3
_MORE: Final = "ask AWS for more: Service Quotas, {}, {}"
_DENIED: Final = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_LOG_IN: Final = "log in: aws login (or set AWS_PROFILE), then run this again"
# Limits of the account that the stack counts against: service, code, what, how many it needs.
QUOTAS: Final = (
    ("dynamodb", "L-F7858A77", "indexes of a table", 4),
    ("events", "L-244521F2", "rules of an event bus", 1),
)


def look_at_credentials(target: Target) -> Finding:
    """Who calls, as AWS sees it."""
    try:
        caller = target.client("sts").get_caller_identity()
    except NoCredentialsError:
        return bad("there are no AWS credentials", _LOG_IN)
    except ClientError as error:
        if code_of(error) in _EXPIRED:
            return bad("they have expired", _LOG_IN)
        do = "check them, and that the region is switched on for the account"
        return bad(f"AWS does not take them: {code_of(error)}", do)
    except BotoCoreError as error:
        return bad(f"they cannot be used: {error}", _LOG_IN)
    return ok(f"account {caller['Account']} as {caller['Arn'].rpartition(':')[2]}")


def look_at_region(target: Target) -> Finding:
    """Whether AWS has such a region, and API Gateway in it."""
    region, session = str(target.session.region_name), target.session
    is_known = any(
        region in session.get_available_regions("apigateway", partition)
        for partition in session.get_available_partitions()
    )
    unknown = f"{region} is not known to have API Gateway"
    return either(is_known, region, unknown, "check its name: make deploy asks for it")


def look_at_concurrency(target: Target) -> Finding:
    """New accounts often have 10 at once, of which two queues would take all."""
    limits = target.client("lambda").get_account_settings()["AccountLimit"]
    free, queues = limits["UnreservedConcurrentExecutions"], _queues(target)
    say = f"{free} functions may run at once, of which the queues take {queues}"
    more = _MORE.format("AWS Lambda", "L-B99A9384 (Concurrent executions)")
    if free - queues >= ROOMY:
        return ok(say)
    if free - queues >= TIGHT:
        return warning(f"{say}: enough to try things", more)
    do = f"{more}; until then ./elsom configure ElsomMaxConcurrency=2, and deploy"
    return bad(f"{say}: too few are left for the API", do)


def _queues(target: Target) -> int:
    """How many functions the queues of checks and of webhooks may have at once."""
    ours = template()
    default = ours["Parameters"]["ElsomMaxConcurrency"]["Default"]
    events = ours["Resources"]["DeliverWebhookFunction"]["Properties"]["Events"]
    caps = [one["Properties"]["ScalingConfig"]["MaximumConcurrency"] for one in events.values()]
    return int(target.parameters.get("ElsomMaxConcurrency") or default) + sum(map(int, caps))


def look_at_quotas(target: Target) -> Iterator[Finding]:
    """The quotas that Service Quotas can tell."""
    if target.is_local:
        yield ok("the local AWS has none")
        return
    client = target.client("service-quotas")
    for service, code, what, needed in QUOTAS:
        name = f"quota {service}"
        try:
            value = _quota(client, ServiceCode=service, QuotaCode=code)
        except ClientError as error:
            if code_of(error) not in _DENIED:
                raise
            do = "the right servicequotas:GetServiceQuota tells; AWS's default is enough"
            yield warning(f"how many {what} there may be cannot be read", do, name)
            continue
        say = f"{value:.0f} {what}, {needed} needed"
        yield either(value >= needed, say, say, _MORE.format(service, code), name)


def _quota(client: Any, **which: str) -> float:
    """What the account has, or AWS's default where it never had another."""
    own = unless_refused(lambda: client.get_service_quota(**which), "NoSuchResourceException")
    found = own or client.get_aws_default_service_quota(**which)
    return float(found["Quota"]["Value"])


def look_at_gateway_role(target: Target) -> Finding:
    """API Gateway writes logs by one role for each account and region; two stacks fight over it."""
    arn = target.client("apigateway").get_account().get("cloudwatchRoleArn") or ""
    role = arn.rpartition("/")[2]
    manages = target.parameters.get("ManageApiGatewayAccount", "true") == "true"
    is_ours = role.startswith(f"{target.stack}-ApiGatewayLogsRole-")
    gone = bool(role) and not is_ours and not _is_there(target, role)
    if manages and role and not is_ours and not gone:
        say = f"{role} is set already, which this stack would replace"
        return bad(say, "leave it: ./elsom configure ManageApiGatewayAccount=false")
    if not manages and (not role or gone):
        say = f"{f'{role} is gone' if gone else 'none is set'}, and this stack sets none"
        return bad(say, "have it set: ./elsom configure ManageApiGatewayAccount=true")
    return ok("set by this stack" if is_ours or manages else f"{role}, set by another")


def _is_there(target: Target, role: str) -> bool:
    iam = target.client("iam")
    return unless_refused(lambda: iam.get_role(RoleName=role), "NoSuchEntity") is not None


def look_at_names(target: Target) -> Finding:
    """The bus has the stack's name; no other may have it."""
    name, events = target.stack, target.client("events")
    if target.status and name in target.resources.values():
        return ok(f"the event bus {name} is this stack's")
    if not unless_refused(
        lambda: events.describe_event_bus(Name=name), "ResourceNotFoundException"
    ):
        return ok(f"no event bus is called {name} yet")
    do = (
        "give the stack another name (make deploy STACK=NAME), or take the bus away:"
        f" aws events delete-event-bus --name {name}"
    )
    return bad(f"an event bus {name} is there, which this stack did not make", do)
