"""The bus: ten in a call, and never a silent loss."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from msgspec.structs import replace

from payments.aws.event_bus import EventBridgeBus
from payments.domain.errors import QueueUnavailable
from payments.domain.events import Event, last_payment_event
from payments.domain.payment import Status
from tests.fakes.payments import a_payment


class FakeEvents:
    """EventBridge's PutEvents; `codes` are the errors of entries, by their number."""

    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.codes: dict[int, str] = {}
        self.error: Exception | None = None

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self.error is not None:
            raise self.error
        first = sum(map(len, self.calls))
        self.calls.append(Entries)
        answers = [
            {"ErrorCode": self.codes[number]} if number in self.codes else {"EventId": "x"}
            for number in range(first, first + len(Entries))
        ]
        failed = sum("ErrorCode" in answer for answer in answers)
        return {"FailedEntryCount": failed, "Entries": answers}


@pytest.fixture
def fake() -> FakeEvents:
    return FakeEvents()


def events(count: int) -> list[Event]:
    event = last_payment_event(a_payment(Status.PAID))
    assert event is not None
    return [replace(event, event_id=f"E{number}") for number in range(count)]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (10, [10]), (23, [10, 10, 3])])
def test_events_go_in_tens_and_each_once(fake: FakeEvents, count: int, sizes: list[int]) -> None:
    assert EventBridgeBus(fake, "bus").publish(events(count)) == []
    assert [len(call) for call in fake.calls] == sizes
    reported = [json.loads(entry["Detail"])["eventId"] for call in fake.calls for entry in call]
    assert reported == [f"E{number}" for number in range(count)]


def test_an_entry_names_source_type_bus_and_the_events_own_time(fake: FakeEvents) -> None:
    EventBridgeBus(fake, "bus").publish(events(1))
    ((entry,),) = fake.calls
    detail = json.loads(entry["Detail"])
    assert entry["Source"] == "elsom.payments"
    assert entry["DetailType"] == detail["type"] == "payment.paid"
    assert entry["EventBusName"] == "bus"
    assert entry["Time"] == a_payment(Status.PAID).updated_at / 1000


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "AccessDenied", "New"])
def test_one_entry_that_was_not_taken_raises(fake: FakeEvents, code: str) -> None:
    fake.codes = {3: code}
    with pytest.raises(QueueUnavailable, match=code):
        EventBridgeBus(fake, "bus").publish(events(5))


def test_an_entry_that_is_wrong_in_itself_is_returned_and_the_rest_is_told(
    fake: FakeEvents,
) -> None:
    fake.codes = {3: "MalformedDetail", 11: "InvalidArgument"}
    refused = EventBridgeBus(fake, "bus").publish(events(14))
    assert [event.event_id for event in refused] == ["E3", "E11"]
    assert [len(call) for call in fake.calls] == [10, 4]


def test_a_wrong_entry_beside_one_that_was_not_taken_raises(fake: FakeEvents) -> None:
    fake.codes = {0: "MalformedDetail", 1: "ThrottlingException"}
    with pytest.raises(QueueUnavailable):
        EventBridgeBus(fake, "bus").publish(events(2))


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents"),
        EndpointConnectionError(endpoint_url="https://events.example/"),
    ],
)
def test_a_bus_that_does_not_answer_raises_without_its_address(
    fake: FakeEvents, error: Exception
) -> None:
    fake.error = error
    with pytest.raises(QueueUnavailable) as raised:
        EventBridgeBus(fake, "bus").publish(events(1))
    assert "example" not in str(raised.value)
