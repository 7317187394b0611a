"""Unit tests: no sockets, no clock of their own, the same examples on every run."""

import pytest
from hypothesis import settings

from tests.fakes.world import World

settings.register_profile("same-every-time", derandomize=True, database=None, deadline=None)
settings.load_profile("same-every-time")


@pytest.fixture
def world() -> World:
    return World()
