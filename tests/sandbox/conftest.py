from collections.abc import Iterator

import pytest

from tests.sandbox.driver import MerchantPortal, SandboxProcess


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
def portal(sandbox: SandboxProcess) -> Iterator[MerchantPortal]:
    portal = MerchantPortal()
    sandbox.control("PUT", "portal", {"url": portal.url})
    yield portal
    portal.stop()
