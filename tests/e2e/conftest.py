"""One local cloud and one stack for all end-to-end tests of a worker."""

from collections.abc import Iterator

import pytest

from cli.secret import new_webhook_secret
from tests.deployed import Deployed, another_stack, deployed, running_cloud
from tests.e2e.command_line import Elsom
from tests.receiver import Receiver, receiving
from tools.local.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The shop's end of the stack's webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud, receiver: Receiver) -> Deployed:
    made = deployed(cloud, "e2e", {"ShopWebhookUrl": receiver.url})
    # Two secrets, as while one takes the other's place.
    made.secret = cloud.fill_secret(
        {"webhookSecrets": [new_webhook_secret(), new_webhook_secret()]}
    )
    return made


@pytest.fixture(scope="module")
def operated(
    request: pytest.FixtureRequest, cloud: LocalCloud
) -> Iterator[tuple[Deployed, Receiver]]:
    """A stack for the operator's commands of one file, and its shop."""
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    with (
        receiving() as shop,
        another_stack(cloud, name, {"ShopWebhookUrl": shop.url}) as stack,
    ):
        stack.cloud.save()
        yield stack, shop


@pytest.fixture
def elsom(
    operated: tuple[Deployed, Receiver],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Elsom:
    stack, receiver = operated
    monkeypatch.setenv("STATE_DIR", str(stack.cloud.state))
    return Elsom(stack, receiver, capsys)


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        running: LocalCloud = request.getfixturevalue("cloud")
        running.configure_sandbox("DELETE", "/_sandbox/faults")
