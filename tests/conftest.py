"""What all tests share: no network in unit tests, tools that a test needs, AWS's own DynamoDB."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.dynamodb_local import running_dynamodb_local

pytest_plugins = ["tests.sums"]

HERE = Path(__file__).parent
SOCKETLESS = tuple(HERE / name for name in ("unit", "simulation", "exploration"))
# Programs beyond Python that some tests need, and how each is installed on Debian.
INSTALL = {
    "chromium": "apt-get install -y chromium",
    "java": "apt-get install -y default-jre-headless",
    "make": "apt-get install -y make",
    "node": "apt-get install -y nodejs",
    "npm": "apt-get install -y npm",
    "php": "apt-get install -y php-cli php-curl",
    "phpunit": "apt-get install -y phpunit",
}
# What takes longest begins first; folders that are not named come after these.
LONGEST_FIRST = (
    *("simulation", "e2e", "failure", "exploration", "browser", "clients", "contract", "template"),
)
# Many long tests that share nothing: each goes to whichever worker is free.
EACH_ALONE = {
    "tests/exploration/test_all_interleavings.py",
    "tests/failure/test_aws_fails.py",
    "tests/failure/test_guards_are_needed.py",
    "tests/lint/test_lint.py",
    "tests/simulation/test_guards_taken_away.py",
}
# Files that share one deployed stack.
WITH = {
    "tests/browser/test_the_demo_shop.py": "tests/browser/test_paying_in_a_browser.py",
    "tests/clients/test_django_app.py": "tests/clients/test_example_shops.py",
    "tests/clients/test_documented_calls.py": "tests/clients/test_example_shops.py",
    "tests/clients/test_elsoms_own_php_call.py": "tests/clients/test_example_shops.py",
    "tests/clients/test_every_client_passes_the_list.py": "tests/clients/test_example_shops.py",
}

# No test may reach a real AWS account, whatever this machine's settings are.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
# Chosen once for all workers, since all must collect the same tests.
os.environ.setdefault("FRESH_SEED", str(secrets.randbelow(10**9)))


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Gives a worker a whole file, for the sake of its fixtures, or one test of EACH_ALONE."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in EACH_ALONE else WITH.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SOCKETLESS):
            item.add_marker(pytest.mark.disable_socket)
    items.sort(key=place)


def place(item: pytest.Item) -> int:
    folder = item.path.relative_to(HERE).parts[0]
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for tool in marker.args:
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is missing: {INSTALL[tool]}")


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint URL of AWS's DynamoDB Local. Mark the test with `needs("java", "npm")`."""
    with running_dynamodb_local(tmp_path_factory.mktemp("dynamodb-local")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's chromium is. Mark the test with `needs("chromium")`."""
    path = shutil.which("chromium")
    assert path, "a test that uses this fixture is marked with needs('chromium')"
    return path
