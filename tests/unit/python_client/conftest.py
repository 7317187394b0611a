"""A client, the answers it gets, and its clock."""

from collections.abc import Iterator

import pytest

from elsom_payments_client import ElsomPayments, client
from tests.unit.python_client.world import KEYS, URL, Answers, Clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(client, "time", made)
    return made


@pytest.fixture(autouse=True)
def answers() -> Iterator[Answers]:
    made = Answers()
    with made:
        yield made


@pytest.fixture
def api() -> ElsomPayments:
    return ElsomPayments(URL, credentials=KEYS)
