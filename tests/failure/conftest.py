"""What the tests of failures run on: one sandbox, one DynamoDB, and a stack for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest

from tests.failure import services
from tests.failure.house import Endpoints, House, running_house
from tests.failure.services import Services
from tests.receiver import Receiver, receiving
from tests.sandbox.driver import SandboxProcess

NewHouse = Callable[..., AbstractContextManager[House]]


@pytest.fixture(scope="session")
def elsom_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess.start("--control-port", "0")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def other_services() -> Iterator[Services]:
    with services.serving() as running:
        yield running


@pytest.fixture
def new_house(
    elsom_process: SandboxProcess, other_services: Services, dynamodb_local: str
) -> NewHouse:
    """Makes one stack after the other, for tests that need more than one."""
    endpoints = Endpoints(dynamodb_local, other_services.url, dynamodb_local)
    return partial(running_house, elsom_process, other_services, endpoints)


@pytest.fixture
def house(new_house: NewHouse) -> Iterator[House]:
    with new_house() as running:
        yield running


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """The shop's end of webhooks."""
    with receiving() as running:
        yield running
