from __future__ import annotations

import pytest

from tests.template.transform import OTHER, PLAIN, Json, transform


@pytest.fixture(scope="session", params=[PLAIN, OTHER], ids=["plain", "other"])
def values(request: pytest.FixtureRequest) -> dict[str, str]:
    given: dict[str, str] = request.param
    return given


@pytest.fixture(scope="session")
def transformed(values: dict[str, str]) -> Json:
    return transform(values)
