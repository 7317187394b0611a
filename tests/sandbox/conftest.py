from collections.abc import Iterator

import pytest

from tests.sandbox.driver import Cabinet, SandboxProcess


@pytest.fixture(scope="session")
def running() -> Iterator[SandboxProcess]:
    sandbox = SandboxProcess.start()
    yield sandbox
    code, errors = sandbox.stop()
    assert (code, errors) == (0, "")


@pytest.fixture
def sandbox(running: SandboxProcess) -> SandboxProcess:
    running.control("POST", "reset")
    return running


@pytest.fixture
def cabinet(sandbox: SandboxProcess) -> Iterator[Cabinet]:
    cabinet = Cabinet()
    sandbox.control("PUT", "cabinet", {"url": cabinet.url})
    yield cabinet
    cabinet.stop()
