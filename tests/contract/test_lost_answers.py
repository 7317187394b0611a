"""boto3 repeats a write whose answer was lost, and then meets its own: that is a success."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from msgspec.structs import replace

from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.elsom.protocol import Notification
from payments.store.inbox import Unknown
from tests.contract.conftest import LOCAL
from tests.contract.stores import DynamoStores
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW

# Answers get lost below boto3; the simulation's client takes its place.
pytestmark = pytest.mark.parametrize("dynamo", ["moto", LOCAL], indirect=True)


@pytest.fixture(autouse=True)
def no_waiting_between_tries() -> Iterator[None]:
    with patch("botocore.endpoint.time.sleep"):
        yield


class Line:
    """The line to DynamoDB: what is sent arrives, some answers do not come back."""

    def __init__(self, stores: DynamoStores) -> None:
        self._send = stores.client._endpoint._send
        self._moto = "localhost" not in stores.client.meta.endpoint_url and (
            "127.0.0.1" not in stores.client.meta.endpoint_url
        )
        self.lose = 0
        self.sent: list[str] = []
        self.meanwhile: Any = None
        # Last of all handlers: where moto plays DynamoDB, it has written by then.
        stores.client.meta.events.register_last("before-send", self._pass)

    def _pass(self, request: Any, **_: Any) -> Any:
        self.sent.append(request.headers["X-Amz-Target"].decode().rpartition(".")[2])
        if not self.lose:
            return None
        self.lose -= 1
        if not self._moto:
            self._send(request)
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            happening()
        raise ConnectionClosedError(endpoint_url=request.url)


@pytest.fixture
def line(dynamo: DynamoStores) -> Line:
    return Line(dynamo)


def test_a_new_payment_whose_answer_was_lost_is_ours(dynamo: DynamoStores, line: Line) -> None:
    line.lose = 1
    dynamo.payments.insert(a_payment())
    assert line.sent == ["PutItem", "PutItem"]
    assert dynamo.payments.get(PAYMENT_ID) == a_payment()


def test_a_change_whose_answer_was_lost_is_ours(dynamo: DynamoStores, line: Line) -> None:
    before = a_payment()
    dynamo.payments.insert(before)
    line.lose = 1
    after = dynamo.payments.save(before, replace(before, late=True, next_check_at=None))
    assert line.sent == ["PutItem", "UpdateItem", "UpdateItem"]
    assert (
        dynamo.payments.get(PAYMENT_ID)
        == after
        == replace(before, late=True, next_check_at=None, version=2)
    )


def test_an_unknown_id_whose_answer_was_lost_is_ours(dynamo: DynamoStores, line: Line) -> None:
    fresh = Unknown(id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW, next_check_at=NOW)
    line.lose = 1
    dynamo.inbox.insert_unknown(fresh)
    line.lose = 1
    stored = dynamo.inbox.save_unknown(fresh, replace(fresh, check_step=1))
    assert dynamo.inbox.unknown(UNKNOWN_ID) == stored
    line.lose = 1
    assert dynamo.schedule.claim_unknown_query(NOW)


def test_a_change_after_which_another_wrote_is_told_as_lost(
    dynamo: DynamoStores, line: Line
) -> None:
    """It was written, and then overtaken: whoever is told so reads on from what is there."""
    before = a_payment()
    dynamo.payments.insert(before)

    def rival() -> None:
        known = dynamo.payments.get(PAYMENT_ID)
        assert known is not None
        dynamo.payments.save(known, replace(known, queries=9))

    line.lose, line.meanwhile = 1, rival
    with pytest.raises(WriteConflict) as lost:
        dynamo.payments.save(before, replace(before, late=True))
    assert lost.value.current == replace(before, late=True, queries=9, version=3)


def test_another_ones_new_payment_is_never_taken_for_ours(dynamo: DynamoStores, line: Line) -> None:
    dynamo.payments.insert(a_payment(order_id="first"))
    line.lose = 1
    with pytest.raises(WriteConflict) as taken:
        dynamo.payments.insert(a_payment(order_id="second"))
    assert taken.value.current.order_id == "first"


def test_a_notification_whose_answer_was_lost_is_kept(dynamo: DynamoStores, line: Line) -> None:
    line.lose = 1
    dynamo.inbox.receive(Notification(partner_trn_id=PAYMENT_ID), b"{}", "192.0.2.1", NOW)
    (kept,) = dynamo.inbox.received(PAYMENT_ID)
    assert kept["times"] in (1, 2), "at least once is counted"


def test_when_every_answer_is_lost_the_store_is_unavailable(
    dynamo: DynamoStores, line: Line
) -> None:
    line.lose = 2
    with pytest.raises(StoreUnavailable):
        dynamo.payments.insert(a_payment())
    assert line.sent == ["PutItem", "PutItem"], "two tries, no more"
    line.lose = 2
    with pytest.raises(StoreUnavailable):
        dynamo.payments.get(PAYMENT_ID)


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="http://dynamodb"),
        ConnectionClosedError(endpoint_url="http://dynamodb"),
    ],
)
def test_no_answer_at_all_is_a_store_that_is_unavailable(
    dynamo: DynamoStores, error: Exception
) -> None:
    def fail(**_: Any) -> None:
        raise error

    dynamo.client.meta.events.register_first("before-send.dynamodb", fail)
    for call in (
        lambda: dynamo.payments.insert(a_payment()),
        lambda: dynamo.payments.get(PAYMENT_ID),
        lambda: dynamo.inbox.received(PAYMENT_ID),
        lambda: dynamo.schedule.due(NOW, 1),
        dynamo.schedule.circuit,
    ):
        with pytest.raises(StoreUnavailable) as reported:
            call()
        assert "dynamodb://" not in str(reported.value)


def test_a_refusal_of_dynamodb_is_a_store_that_is_unavailable(dynamo: DynamoStores) -> None:
    dynamo.client.delete_table(TableName=dynamo.name)
    with pytest.raises(StoreUnavailable, match="ResourceNotFoundException"):
        dynamo.payments.insert(a_payment())
