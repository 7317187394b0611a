"""What Lambda says of functions, layers, permissions and event sources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.iam import may
from tests.template.pattern_rules import filter_pattern
from tests.template.stack import Finding, Resource, Stack

ENVIRONMENT_BYTES: Final = 4_096
RESERVED: Final = re.compile(
    r"AWS_(?!NODEJS|LAMBDA_EXEC_WRAPPER|LAMBDA_LOG_|STS_REGIONAL).*|_HANDLER|_X_AMZN_TRACE_ID"
    r"|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
ONLY_STREAMS: Final = {
    "BisectBatchOnFunctionError", "DestinationConfig", "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts", "ParallelizationFactor", "StartingPosition",
    "StartingPositionTimestamp", "TumblingWindowInSeconds",
}  # fmt: skip
ONLY_QUEUES: Final = {"ScalingConfig"}
TAKES: Final = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "dynamodb": (
        "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    ),
}  # fmt: skip
SENDS: Final = {"sqs": "sqs:SendMessage", "sns": "sns:Publish", "lambda": "lambda:InvokeFunction",
                "events": "events:PutEvents"}  # fmt: skip


def functions(stack: Stack) -> Iterator[Finding]:
    """Everything of Lambda."""
    yield from stack.each(
        {
            "Lambda::Function": _function,
            "Lambda::LayerVersion": _layer,
            "Lambda::EventSourceMapping": _source,
            "Lambda::EventInvokeConfig": _invocation,
            "Lambda::Permission": _permission,
        }
    )


def function_of(stack: Stack, value: Any) -> Resource | None:
    """The function that a name, ARN or ARN with a qualifier means."""
    return stack.named(value, "Lambda::Function")


def _function(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    variables = (given.get("Environment") or {}).get("Variables") or {}
    yield from _environment(variables)
    yield from _names_of_the_stack(stack, variables)
    yield from _layers(stack, one)
    yield from _network(given.get("VpcConfig"))
    yield from _needs_of_lambda(stack, one)
    yield from _logs(stack, one)
    yield from _runs(given)
    target = (given.get("DeadLetterConfig") or {}).get("TargetArn")
    if target is not None:
        yield from _may_send(stack, one, str(target))


def _runs(given: dict[str, Any]) -> Iterator[str]:
    """What a function is run by, and for how long."""
    if not 1 <= int(given.get("Timeout", 3)) <= 900:
        yield f"a time-out of {given['Timeout']} s is not between 1 and 900"
    storage = int((given.get("EphemeralStorage") or {}).get("Size", 512))
    if not 512 <= storage <= 10_240:
        yield f"a storage of {storage} MB is not between 512 and 10,240"
    if given.get("PackageType", "Zip") != "Zip":
        if {"Handler", "Layers", "Runtime"} & set(given):
            yield "an image has no handler, no runtime and no layers of its own"
    elif not re.fullmatch(r"[\w.-]+(/[\w.-]+)*\.[\w]+", str(given.get("Handler"))):
        yield f"{given.get('Handler')} names no handler"


def _environment(variables: dict[str, Any]) -> Iterator[str]:
    size = sum(
        len(str(key).encode()) + len(str(value).encode()) for key, value in variables.items()
    )
    if size > ENVIRONMENT_BYTES:
        yield f"its environment of {size} bytes is larger than 4 KB"
    for name, value in variables.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]+", name) or RESERVED.fullmatch(name):
            yield f"a variable may not be named {name}"
        if isinstance(value, dict | list):
            yield f"the variable {name} is no text"


def _logs(stack: Stack, one: Resource) -> Iterator[str]:
    logging = one.properties.get("LoggingConfig") or {}
    levels = {"ApplicationLogLevel", "SystemLogLevel"} & set(logging)
    if levels and logging.get("LogFormat") != "JSON":
        yield f"{sorted(levels)} are for logs in JSON"
    group = logging.get("LogGroup")
    if group is None:
        return
    logs = stack.named(group, "Logs::LogGroup")
    if logs is None:
        yield f"there is no log group {group}"
        return
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if not may(stack, str(one.properties.get("Role")), action, logs.arn):
            yield f"its role may not {action} in its log group"


# What Lambda itself does with a function's role, where the function has such a property.
CONNECTS: Final = (
    "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
)  # fmt: skip
TRACES: Final = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
# End of a variable's name: types of resources, one of which it must name.
NAMED: Final = {
    "_QUEUE_URL": ("SQS::Queue",),
    "_TABLE": ("DynamoDB::Table",),
    "_BUS": ("Events::EventBus",),
    "SECRET_ARN": ("SecretsManager::Secret",),
}


def _needs_of_lambda(stack: Stack, one: Resource) -> Iterator[str]:
    role = str(one.properties.get("Role"))
    traced = (one.properties.get("TracingConfig") or {}).get("Mode") == "Active"
    wanted = CONNECTS if one.properties.get("VpcConfig") else ()
    for action in (*wanted, *(TRACES if traced else ())):
        if not may(stack, role, action, "*"):
            yield f"its role may not {action}, which Lambda does with it"


def _names_of_the_stack(stack: Stack, variables: dict[str, Any]) -> Iterator[str]:
    """A variable that is called a queue's URL is one, and so on."""
    for name, value in variables.items():
        for end, kinds in NAMED.items():
            if name.endswith(end):
                found = stack.named(value, *kinds)
                if found is None or value != found.ref:
                    yield f"the variable {name} is no {end.strip('_')} of the stack: {value}"


def _layers(stack: Stack, one: Resource) -> Iterator[str]:
    named = one.properties.get("Layers") or []
    if len(named) > 5 or len(set(named)) != len(named):
        yield "has more than five layers, or one twice"
    for arn in named:
        layer = stack.named(arn, "Lambda::LayerVersion")
        if layer is None:
            yield f"there is no layer {arn}"
            continue
        runtimes = layer.properties.get("CompatibleRuntimes") or [one.properties.get("Runtime")]
        if one.properties.get("Runtime") not in runtimes:
            yield f"{layer.logical_id} is not for {one.properties.get('Runtime')}"
        processors = one.properties.get("Architectures") or ["x86_64"]
        fits = layer.properties.get("CompatibleArchitectures") or processors
        if not set(processors) <= set(fits):
            yield f"{layer.logical_id} is not for {processors}"


def _network(given: Any) -> Iterator[str]:
    if given is None:
        return
    subnets, groups = given.get("SubnetIds") or [], given.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        yield "has subnets without security groups, or the reverse"
    for value, head in [(each, "subnet-") for each in subnets] + [(each, "sg-") for each in groups]:
        if not str(value).startswith(head):
            yield f"{value} is no {head}"


def _layer(stack: Stack, one: Resource) -> Iterator[str]:
    del stack
    content = one.properties.get("Content") or {}
    if not {"S3Bucket", "S3Key"} <= set(content):
        yield "its content has no bucket or no key"


def _source(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    function = function_of(stack, given.get("FunctionName"))
    if function is None:
        yield f"there is no function {given.get('FunctionName')}"
        return
    arn = str(given.get("EventSourceArn"))
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    if service == "sqs":
        yield from _queue_source(stack, one, function)
    elif service == "dynamodb":
        yield from _stream_source(stack, one)
    else:
        yield f"{arn} is no event source"
    if str(given.get("Enabled", True)).lower() == "false":
        yield "is switched off"
    for action in TAKES.get(service, ()):
        if not may(stack, str(function.properties.get("Role")), action, arn):
            yield f"the role of {function.logical_id} may not {action} on its event source"
    yield from _filters(given, service)
    batch, window = int(given.get("BatchSize", 10)), given.get("MaximumBatchingWindowInSeconds", 0)
    if batch > 10 and service == "sqs" and int(window) < 1:
        yield f"a batch of {batch} needs a window"
    failed = (given.get("DestinationConfig") or {}).get("OnFailure")
    if failed is not None:
        yield from _may_send(stack, function, str(failed.get("Destination")))


def _filters(given: dict[str, Any], service: str) -> Iterator[str]:
    filters = (given.get("FilterCriteria") or {}).get("Filters", [])
    if len(filters) > 5:
        yield "has more than five filters"
    for each in filters:
        yield from filter_pattern(str(each.get("Pattern", "")), service)


def _queue_source(stack: Stack, one: Resource, function: Resource) -> Iterator[str]:
    given = one.properties
    queue = stack.named(given.get("EventSourceArn"), "SQS::Queue")
    for name in ONLY_STREAMS & set(given):
        yield f"{name} is for streams only"
    if queue is None:
        yield "there is no such queue"
        return
    hidden = int(queue.properties.get("VisibilityTimeout", 30))
    time_out = int(function.properties.get("Timeout", 3))
    if hidden < time_out:
        yield f"{queue.logical_id} hides a message for {hidden} s, the function runs {time_out} s"
    fifo = bool(queue.properties.get("FifoQueue"))
    if fifo and ("MaximumBatchingWindowInSeconds" in given or int(given.get("BatchSize", 10)) > 10):
        yield "a FIFO queue has no window and no batch above 10"
    concurrency = (given.get("ScalingConfig") or {}).get("MaximumConcurrency")
    reserved = function.properties.get("ReservedConcurrentExecutions")
    if not 1 <= int(given.get("BatchSize", 10)) <= 10_000:
        yield f"a batch of {given['BatchSize']} is not between 1 and 10,000"
    if concurrency is not None and not 2 <= int(concurrency) <= 1000:
        yield f"a concurrency of {concurrency} is not between 2 and 1,000"
    if concurrency is not None and reserved is not None and int(reserved) < int(concurrency):
        yield "more at once than is reserved for the function"


def _stream_source(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    for name in ONLY_QUEUES & set(given):
        yield f"{name} is for queues only"
    for name, least, most in (
        ("MaximumRecordAgeInSeconds", 60, 604_800),
        ("MaximumRetryAttempts", 0, 10_000),
        ("BatchSize", 1, 10_000),
        ("MaximumBatchingWindowInSeconds", 0, 300),
        ("ParallelizationFactor", 1, 10),
    ):
        number = int(given.get(name, most))
        if not least <= number <= most and number != -1:
            yield f"{name} of {number} is not between {least} and {most}"
    if given.get("StartingPosition") not in ("LATEST", "TRIM_HORIZON"):
        yield "a stream needs LATEST or TRIM_HORIZON as its starting position"
    table = next(
        (
            each
            for each in stack.of("DynamoDB::Table")
            if str(given.get("EventSourceArn")).startswith(f"{each.arn}/stream/")
        ),
        None,
    )
    if table is None or "StreamSpecification" not in table.properties:
        yield "there is no such stream"
        return
    view = table.properties["StreamSpecification"].get("StreamViewType")
    for each in (given.get("FilterCriteria") or {}).get("Filters", []):
        for image in ("NewImage", "OldImage"):
            kinds = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE" if image == "NewImage" else "OLD_IMAGE")
            if image in str(each.get("Pattern")) and view not in kinds:
                yield f"its filter looks at {image}, which a stream of {view} does not have"


def _invocation(stack: Stack, one: Resource) -> Iterator[str]:
    function = function_of(stack, one.properties.get("FunctionName"))
    if function is None:
        yield f"there is no function {one.properties.get('FunctionName')}"
        return
    qualifier = one.properties.get("Qualifier")
    versions = {other.name for other in stack.of("Lambda::Alias", "Lambda::Version")}
    if qualifier not in {"$LATEST", *versions}:
        yield f"there is no qualifier {qualifier}"
    for each in (one.properties.get("DestinationConfig") or {}).values():
        yield from _may_send(stack, function, str(each.get("Destination")))


def _permission(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if function_of(stack, given.get("FunctionName")) is None:
        yield f"there is no function {given.get('FunctionName')}"
    principal = str(given.get("Principal"))
    if not re.fullmatch(r"[a-z0-9-]+\.amazonaws\.com|\d{12}", principal):
        yield f"there is no principal {principal}"
    if not re.fullmatch(r"lambda:(Invoke\w+|\*)", str(given.get("Action"))):
        yield f"there is no action {given.get('Action')} of a permission"
    if principal.endswith(".com") and not {"SourceAccount", "SourceArn"} & set(given):
        yield "a service of every account may invoke the function"
    source = str(given.get("SourceArn", ""))
    if principal == "apigateway.amazonaws.com" and not any(
        f":{api.ref}/" in source for api in stack.of("ApiGateway::RestApi")
    ):
        yield f"{source} is no API of this stack"


def _may_send(stack: Stack, function: Resource, target: str) -> Iterator[str]:
    """A function's role may send to a destination, and the destination is there."""
    service = target.split(":")[2] if target.count(":") > 2 else ""
    if service not in SENDS or not stack.named(target):
        yield f"there is no destination {target}"
    elif not may(stack, str(function.properties.get("Role")), SENDS[service], target):
        yield f"the role of {function.logical_id} may not {SENDS[service]} to {target}"
