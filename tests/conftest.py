"""What all tests share: no network in unit tests, tools that a test needs, AWS's own DynamoDB."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dynamodb_local import running_dynamodb_local
from tools.needs import TOOLS, missing

HERE = Path(__file__).parent
SOCKETLESS = tuple(HERE / name for name in ("unit", "simulation", "exploration"))

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SOCKETLESS):
            item.add_marker(pytest.mark.disable_socket)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for tool in marker.args:
            if missing(tool):
                pytest.skip(f"{tool} is missing: {TOOLS[tool].install}")


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
