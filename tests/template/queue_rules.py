"""What SQS, SNS and CloudWatch Logs say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.iam import documents, listed
from tests.template.stack import Finding, Resource, Stack

# Attribute: least and most.
BOUNDS: Final = {
    "DelaySeconds": (0, 900),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
    "MaximumMessageSize": (1_024, 1_048_576),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
}
ENDPOINTS: Final = {
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "email-json": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "http": r"http://\S+",
    "https": r"https://\S+",
    "lambda": r"arn:[\w-]+:lambda:.+",
    "sqs": r"arn:[\w-]+:sqs:.+",
    "sms": r"\+\d{6,15}",
    "firehose": r"arn:[\w-]+:firehose:.+",
    "application": r"arn:[\w-]+:sns:.+",
}


def queues(stack: Stack) -> Iterator[Finding]:
    """Queues and topics, their policies and subscriptions."""
    yield from stack.each(
        {
            "SQS::Queue": _queue,
            "SQS::QueuePolicy": _queue_policy,
            "SNS::Topic": _topic,
            "SNS::TopicPolicy": _topic_policy,
            "SNS::Subscription": _subscription,
        }
    )


def _queue(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    for name, (least, most) in BOUNDS.items():
        if name in given and not least <= int(given[name]) <= most:
            yield f"{name} of {given[name]} is not between {least} and {most}"
    fifo = _is_true(given.get("FifoQueue"))
    if fifo != one.name.endswith(".fifo") and ("QueueName" in given):
        yield "a FIFO queue, and no other, has a name that ends in .fifo"
    for name in ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"):
        if name in given and not fifo:
            yield f"{name} is for FIFO queues"
    if "KmsMasterKeyId" in given and _is_true(given.get("SqsManagedSseEnabled")):
        yield "is encrypted in two ways"
    yield from _allowing(as_map(given.get("RedriveAllowPolicy")))
    policy = as_map(given.get("RedrivePolicy"))
    if policy is not None:
        yield from _redrive(stack, one, policy)


def _allowing(policy: dict[str, Any] | None) -> Iterator[str]:
    """Which queues may have this one as their dead-letter queue."""
    if policy is None:
        return
    permission = policy.get("redrivePermission")
    if permission not in ("allowAll", "byQueue", "denyAll"):
        yield f"there is no permission {permission} to redrive"
    if (permission == "byQueue") != ("sourceQueueArns" in policy):
        yield "names queues that may redrive, or lets only those that it does not name"


def _redrive(stack: Stack, one: Resource, policy: dict[str, Any]) -> Iterator[str]:
    if set(policy) != {"deadLetterTargetArn", "maxReceiveCount"}:
        yield f"its redrive policy has {sorted(policy)}"
        return
    retention = int(one.properties.get("MessageRetentionPeriod", 345_600))
    hidden = int(one.properties.get("VisibilityTimeout", 30))
    receives = int(policy["maxReceiveCount"])
    if not 1 <= receives <= 1000:
        yield f"{receives} receives are not between 1 and 1,000"
    if retention <= receives * hidden:
        yield f"keeps a message for {retention} s, but {receives} receives take {receives * hidden}"
    dead_letters = stack.named(policy["deadLetterTargetArn"], "SQS::Queue")
    if dead_letters is None:
        yield f"there is no dead-letter queue {policy['deadLetterTargetArn']}"
        return
    if dead_letters.logical_id == one.logical_id:
        yield "is its own dead-letter queue"
    yield from _takes_from(one, dead_letters, retention)


def _takes_from(one: Resource, dead_letters: Resource, retention: int) -> Iterator[str]:
    """What the dead-letter queue must be, to take the queue's messages."""
    fifo = [_is_true(queue.properties.get("FifoQueue")) for queue in (one, dead_letters)]
    if fifo[0] != fifo[1]:
        yield "a FIFO queue has a dead-letter queue that is one too"
    # A message keeps the moment at which it was first sent.
    if int(dead_letters.properties.get("MessageRetentionPeriod", 345_600)) < retention:
        yield f"{dead_letters.logical_id} keeps messages for less long"
    allowed = as_map(dead_letters.properties.get("RedriveAllowPolicy")) or {}
    permission = allowed.get("redrivePermission")
    named = one.arn in listed(allowed.get("sourceQueueArns"))
    if permission == "denyAll" or (permission == "byQueue" and not named):
        yield f"{dead_letters.logical_id} does not let it move messages there"


def as_map(value: Any) -> dict[str, Any] | None:
    """A property that may be a map or its JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else None


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _queue_policy(stack: Stack, one: Resource) -> Iterator[str]:
    found = [stack.named(url, "SQS::Queue") for url in listed(one.properties.get("Queues"))]
    if None in found or not found:
        yield f"there is no queue {one.properties.get('Queues')}, or it is not given by its URL"
    if any(queue and queue.ref not in listed(one.properties["Queues"]) for queue in found):
        yield "a queue is not given by its URL"
    arns = {queue.arn for queue in found if queue}
    yield from _own_policy(stack, one, "sqs:", arns)
    for other in stack.of("SQS::QueuePolicy"):
        shared = {*listed(other.properties.get("Queues"))} & {*listed(one.properties.get("Queues"))}
        if other.logical_id < one.logical_id and shared:
            yield f"{other.logical_id} sets the policy of the same queue"


def _own_policy(stack: Stack, one: Resource, prefix: str, arns: set[str]) -> Iterator[str]:
    """A resource's policy speaks of that resource, in its service's words."""
    for policy in documents(stack):
        if policy.owner != one.logical_id:
            continue
        for statement in policy.statements:
            for action in listed(statement.get("Action", [])):
                if not str(action).lower().startswith(prefix):
                    yield f"{action} is no action on it"
                if re.search(r"sendmessagebatch|deletemessagebatch", str(action), re.IGNORECASE):
                    yield f"{action} is no action of a policy"
            for arn in listed(statement.get("Resource", [])):
                if arn not in arns and arn != "*":
                    yield f"speaks of {arn}"
            if "*" in (listed(statement.get("Principal")) or []) and not statement.get("Condition"):
                yield "lets everybody in"


def _topic(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if str(given.get("KmsMasterKeyId", "")).endswith("alias/aws/sns"):
        yield "CloudWatch cannot send to a topic that AWS's own key locks"
    fifo = _is_true(given.get("FifoTopic"))
    if fifo != str(given.get("TopicName", "")).endswith(".fifo"):
        yield "a FIFO topic, and no other, has a name that ends in .fifo"
    if len(str(given.get("DisplayName", ""))) > 100:
        yield "its display name is longer than 100 characters"
    for each in given.get("Subscription", []):
        yield from _endpoint(stack, each.get("Protocol"), each.get("Endpoint"))


def _topic_policy(stack: Stack, one: Resource) -> Iterator[str]:
    found = [stack.named(arn, "SNS::Topic") for arn in listed(one.properties.get("Topics"))]
    if None in found or not found:
        yield f"there is no topic {one.properties.get('Topics')}"
    yield from _own_policy(stack, one, "sns:", {topic.arn for topic in found if topic})


def _subscription(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if not stack.named(given.get("TopicArn"), "SNS::Topic"):
        yield f"there is no topic {given.get('TopicArn')}"
    yield from _endpoint(stack, given.get("Protocol"), given.get("Endpoint"))


def _endpoint(stack: Stack, protocol: Any, endpoint: Any) -> Iterator[str]:
    form = ENDPOINTS.get(str(protocol))
    if form is None:
        yield f"there is no protocol {protocol}"
    elif not re.fullmatch(form, str(endpoint)):
        yield f"{endpoint} is no endpoint for {protocol}"
    elif protocol in ("lambda", "sqs") and not stack.named(endpoint):
        yield f"there is no {endpoint}"
