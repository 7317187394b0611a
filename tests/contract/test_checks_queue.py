"""The checks queue, in memory and in SQS: the same promises."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from payments.aws import queues
from payments.aws.queues import CheckRequest, SqsQueue
from payments.domain.errors import QueueUnavailable
from tests.fakes.memory import MemoryQueue
from tests.fakes.world import NOW, ManualClock

type ChecksQueue = queues.Queue[CheckRequest]

REQUEST = CheckRequest(
    id="0123456789ABCDEFGHJK",
    reason="notification",
    triggered_at=NOW,
    elsom_transaction_id="PSP1",
    step=2,
)


class Queue:
    """One queue, and how a test takes a message off it."""

    def __init__(self, queue: ChecksQueue, take: Callable[[], CheckRequest | None]) -> None:
        self.queue = queue
        self.take = take


def in_sqs() -> Queue:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="checks")["QueueUrl"]

    def take() -> CheckRequest | None:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages", [])
        if not messages:
            return None
        sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
        return msgspec.json.decode(messages[0]["Body"], type=CheckRequest)

    return Queue(SqsQueue(sqs, url), take)


@pytest.fixture(params=["memory", "moto"])
def checks(request: pytest.FixtureRequest) -> Iterator[Queue]:
    if request.param == "memory":
        memory = MemoryQueue(ManualClock())
        yield Queue(memory, memory.take)
    else:
        with mock_aws():
            yield in_sqs()


def test_a_request_comes_out_as_it_went_in(checks: Queue) -> None:
    checks.queue.send(REQUEST)
    assert checks.take() == REQUEST
    assert checks.take() is None


def test_a_delayed_request_is_not_seen_but_counted(checks: Queue) -> None:
    checks.queue.send(REQUEST, 10)
    assert checks.take() is None
    assert checks.queue.backlog() == 1


def test_many_are_handed_over_whatever_a_batch_holds(checks: Queue) -> None:
    requests = [(CheckRequest(id=str(number), reason="schedule"), 0) for number in range(25)]
    assert checks.queue.send_all(requests) == 25
    assert checks.queue.backlog() == 25
    taken = {request.id for _ in range(25) if (request := checks.take())}
    assert taken == {str(number) for number in range(25)}
    assert checks.queue.send_all([]) == 0


def test_no_delay_is_longer_than_fifteen_minutes(checks: Queue) -> None:
    checks.queue.send(REQUEST, 900)
    with pytest.raises((ValueError, QueueUnavailable)):
        checks.queue.send(REQUEST, 901)


def test_the_message_is_the_json_that_both_sides_agree_on() -> None:
    assert msgspec.json.decode(msgspec.json.encode(REQUEST)) == {
        "id": "0123456789ABCDEFGHJK",
        "reason": "notification",
        "triggeredAt": NOW,
        "elsomTransactionId": "PSP1",
        "step": 2,
    }


class Refusing:
    """An SQS that takes nothing."""

    def __getattr__(self, name: str) -> Any:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, name)

        return refuse


def down() -> list[ChecksQueue]:
    memory = MemoryQueue(ManualClock())
    memory.down = True
    return [memory, SqsQueue(Refusing(), "https://sqs/checks")]


@pytest.mark.parametrize("queue", down(), ids=["memory", "sqs"])
def test_a_queue_that_is_down_is_an_error_of_ours(queue: ChecksQueue) -> None:
    for call in (
        lambda: queue.send(REQUEST),
        lambda: queue.send_all([(REQUEST, 0)]),
        queue.backlog,
    ):
        with pytest.raises(QueueUnavailable):
            call()
