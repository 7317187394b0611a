"""One local cloud and one stack for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from tests.deployed import Deployed, deployed, running_cloud
from tools.local.cloud import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud) -> Deployed:
    return deployed(cloud, "e2e")


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        running: LocalCloud = request.getfixturevalue("cloud")
        running.tell_sandbox("DELETE", "/_sandbox/faults")
