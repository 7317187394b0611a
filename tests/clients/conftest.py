"""One stack, one receiver and one copy of each client for all tests of clients."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from tests.clients.conformance import CLIENTS, FOLDERS, Client, names, run_scripted
from tests.clients.javascript import beside_packages
from tests.clients.languages import NEEDED, marked
from tests.deployed import Deployed, deployed, running_cloud
from tests.receiver import Receiver, receiving
from tools.local.cloud import LocalCloud
from tools.local.servers import REGION

# Waiting is most of what the list does: two halves of it side by side.
HALVES: Final = 2
PHP74: Final = Path(__file__).with_name("php74.mjs")
Results = dict[str, list[str]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `language` runs for every client."""
    if "language" in metafunc.fixturenames and "broken" not in metafunc.fixturenames:
        metafunc.parametrize("language", [marked(one) for one in NEEDED])


@pytest.fixture(scope="session")
def copied() -> Iterator[Callable[[str], Client]]:
    """A copy of a client in a folder of its own, for a test to run or to break."""
    with tempfile.TemporaryDirectory() as temporary:
        made: list[Path] = []

        def copy(language: str) -> Client:
            # Node looks for packages in the folders above.
            above = beside_packages() if "npm" in NEEDED[language] else Path(temporary)
            folder = Path(tempfile.mkdtemp(dir=above, prefix="client-"))
            made.append(folder)
            shutil.copytree(CLIENTS / FOLDERS[language], folder, dirs_exist_ok=True)
            if language == "php74":
                shutil.copy(PHP74, folder)
            return Client(language, folder)

        yield copy
        for folder in made:
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def clients(copied: Callable[[str], Client]) -> Callable[[str], Client]:
    """The client in a language, as it is."""
    kept: dict[str, Client] = {}

    def client(language: str) -> Client:
        if language not in kept:
            kept[language] = copied(language)
        return kept[language]

    return client


@pytest.fixture(scope="session")
def scripted(clients: Callable[[str], Client]) -> Iterator[Callable[[str], Results]]:
    """What each client does wrong in the scripted list; all clients run it side by side."""
    listed = names("scripted.json")
    there = [language for language, tools in NEEDED.items() if all(map(shutil.which, tools))]
    with ThreadPoolExecutor(HALVES * len(there)) as pool:
        runs: dict[str, list[Future[Results]]] = {
            language: [
                pool.submit(run_scripted, clients(language), set(listed[half::HALVES]))
                for half in range(HALVES)
            ]
            for language in there
        }

        def results(language: str) -> Results:
            return {name: said for run in runs[language] for name, said in run.result().items()}

        yield results


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The shop's end of the stack's webhooks."""
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with running_cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="session")
def stack(cloud: LocalCloud, receiver: Receiver) -> Deployed:
    parameters = {"ShopWebhookUrl": receiver.url, "ReturnUrlHosts": "shop.example"}
    return deployed(cloud, "clients", parameters)


@pytest.fixture(scope="session")
def caller(stack: Deployed) -> dict[str, str]:
    """What a shop has: the API's address, and a user's own keys with the caller policy alone."""
    iam = stack.cloud.client("iam")
    iam.create_user(UserName="shop")
    iam.attach_user_policy(UserName="shop", PolicyArn=stack.outputs["PaymentsCallerPolicyArn"])
    key = iam.create_access_key(UserName="shop")["AccessKey"]
    return {
        "apiUrl": stack.cloud.api_url,
        "region": REGION,
        "accessKeyId": key["AccessKeyId"],
        "secretAccessKey": key["SecretAccessKey"],
    }


@pytest.fixture(autouse=True)
def _no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "stack" in request.fixturenames:
        stack: Deployed = request.getfixturevalue("stack")
        stack.cloud.configure_sandbox("DELETE", "/_sandbox/faults")
