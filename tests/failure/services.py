"""SQS, EventBridge and Secrets Manager over HTTP for boto3, under the clock that a test moves.

Only the calls that the functions make, answered in AWS's own JSON; DynamoDB is AWS's own.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from payments.domain.clock import SECOND, now_ms
from tests.http_server import Request, Response, serving

VISIBILITY: Final = 120 * SECOND

type Json = dict[str, Any]


@dataclass
class Message:
    """One message; it can be received from `visible_at` on."""

    body: str
    visible_at: int
    receives: int = 0
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Queue:
    """A queue whose messages hide for two minutes while they are served."""

    messages: list[Message] = field(default_factory=list)

    def put(self, body: str, delay: int = 0) -> Json:
        assert 0 <= delay <= 900, "what SQS can delay"
        message = Message(body, now_ms() + delay * SECOND)
        self.messages.append(message)
        return {"MessageId": message.id}

    def receive(self) -> Message | None:
        for message in sorted(self.messages, key=lambda one: one.visible_at):
            if message.visible_at <= now_ms():
                message.receives += 1
                message.visible_at = now_ms() + VISIBILITY
                return message
        return None

    def delete(self, message: Message) -> None:
        self.messages.remove(message)

    def bodies(self) -> list[Json]:
        return [json.loads(message.body) for message in self.messages]


@dataclass
class Account:
    """What one stack has at AWS besides its table; `told` is what was put on the bus."""

    secret: Json
    queues: dict[str, Queue] = field(default_factory=dict)
    published: list[Json] = field(default_factory=list)
    # The bus's rule: every event goes to this queue.
    rule: str = "webhooks"

    def queue(self, url: str) -> Queue:
        return self.queues.setdefault(url.rpartition("/")[2], Queue())

    def answer(self, target: str, queried: Json) -> Json | None:
        """None: no function is meant to make this call."""
        call = _CALLS.get(target)
        return call(self, queried) if call else None


def _send(account: Account, queried: Json) -> Json:
    return account.queue(queried["QueueUrl"]).put(
        queried["MessageBody"], queried.get("DelaySeconds", 0)
    )


def _send_batch(account: Account, queried: Json) -> Json:
    queue = account.queue(queried["QueueUrl"])
    taken = [
        {"Id": one["Id"], **queue.put(one["MessageBody"], one.get("DelaySeconds", 0))}
        for one in queried["Entries"]
    ]
    return {"Successful": taken, "Failed": []}


def _attributes(account: Account, queried: Json) -> Json:
    waiting = len(account.queue(queried["QueueUrl"]).messages)
    counts = dict.fromkeys(queried["AttributeNames"], "0")
    return {"Attributes": {**counts, "ApproximateNumberOfMessages": str(waiting)}}


def _put_events(account: Account, queried: Json) -> Json:
    for entry in queried["Entries"]:
        account.published.append(entry)
        account.queue(account.rule).put(entry["Detail"])
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in queried["Entries"]]}


def _secret(account: Account, queried: Json) -> Json:
    return {"ARN": queried["SecretId"], "SecretString": json.dumps(account.secret)}


_CALLS: Final[dict[str, Callable[[Account, Json], Json]]] = {
    "AmazonSQS.SendMessage": _send,
    "AmazonSQS.SendMessageBatch": _send_batch,
    "AmazonSQS.GetQueueAttributes": _attributes,
    "AWSEvents.PutEvents": _put_events,
    "secretsmanager.GetSecretValue": _secret,
}


@dataclass
class Services:
    """The server; `account` is that of the test which runs."""

    url: str
    account: Account


@contextmanager
def serving_aws() -> Iterator[Services]:
    """Serve on a free port of 127.0.0.1; it ends with the context."""
    turn = threading.Lock()

    services = Services("", Account({}))

    def take(request: Request) -> Response:
        queried = json.loads(request.data)
        with turn:
            answer = services.account.answer(request.headers["X-Amz-Target"], queried)
        if answer is None:
            return Response('{"__type": "UnknownOperationException"}', 400)
        return Response(json.dumps(answer), content_type="application/x-amz-json-1.0")

    with serving(take) as services.url:
        yield services
