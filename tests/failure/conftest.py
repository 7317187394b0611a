"""What the tests of failures run on: one sandbox, one DynamoDB, and a stack for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.deployed import Deployed, deployed, running_cloud
from tests.failure import services
from tests.failure.burst import Burst, Weather, running_burst
from tests.failure.services import Services
from tests.failure.stack import OLD_TOKEN, Endpoints, Stack, running_stack
from tests.receiver import Receiver, receiving
from tests.sandbox.driver import SandboxProcess
from tools.local.cloud import LocalCloud

NewStack = Callable[..., AbstractContextManager[Stack]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            # A call that counts nothing says nothing to a log, but pytest shows every warning.
            item.add_marker(pytest.mark.filterwarnings("ignore:No application metrics to publish"))


@pytest.fixture(scope="session")
def elsom_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess.start("--control-port", "0")
    yield process
    process.stop()


@pytest.fixture(scope="session")
def other_services() -> Iterator[Services]:
    with services.serving_aws() as running:
        yield running


@pytest.fixture
def new_stack(
    elsom_process: SandboxProcess, other_services: Services, dynamodb_local: str
) -> NewStack:
    """Makes one stack after the other, for tests that need more than one."""
    endpoints = Endpoints(dynamodb_local, other_services.url, dynamodb_local)
    return partial(running_stack, elsom_process, other_services, endpoints)


@pytest.fixture
def stack(new_stack: NewStack) -> Iterator[Stack]:
    with new_stack() as running:
        yield running


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """The shop's end of webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture
def leaky(new_stack: NewStack, shop: Receiver) -> Iterator[Stack]:
    """A stack with a webhook, while one token takes another's place."""
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        stack.account.secret["previousCallbackToken"] = OLD_TOKEN
        yield stack


@pytest.fixture(scope="session")
def bursts(dynamodb_local: str, other_services: Services) -> Iterator[tuple[Burst, Burst]]:
    with (
        running_burst(dynamodb_local, "dynamodb") as first,
        running_burst(other_services.url, "sqs", "events", "secretsmanager") as second,
    ):
        yield first, second


@pytest.fixture
def weather(bursts: tuple[Burst, Burst]) -> Iterator[Weather]:
    made = Weather(*bursts)
    made.fired()
    yield made
    made.turn(None)


@pytest.fixture
def behind_burst(
    bursts: tuple[Burst, Burst],
    elsom_process: SandboxProcess,
    other_services: Services,
    dynamodb_local: str,
) -> NewStack:
    """The same with microburst between boto3 and the services."""
    endpoints = Endpoints(bursts[0].url, bursts[1].url, dynamodb_local)
    return partial(running_stack, elsom_process, other_services, endpoints)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def reported() -> Iterator[Receiver]:
    """The shop's end of the deployed stack's webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def deployed_stack(cloud: LocalCloud, reported: Receiver) -> Deployed:
    return deployed(cloud, "failure", {"ShopWebhookUrl": reported.url})
