"""The composition root builds every part of a stack, and calls nothing while it does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

from payments.bootstrap import Services
from payments.domain.errors import NotConfigured
from payments.settings import Settings
from tests.fakes.world import NOW

BUNDLES = sorted(name for name in vars(Services) if name.endswith("_deps"))
PARTS = sorted(name for name, one in vars(Services).items() if isinstance(one, cached_property))


class UncalledClient:
    """A client of AWS that must not be called yet."""

    def __init__(self, service: str) -> None:
        self.service = service


def services(**settings: Any) -> Services:
    return Services(Settings(**settings), UncalledClient, lambda: NOW)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_built_once_without_a_call(name: str) -> None:
    ours = services(elsom_init_url="https://elsom.example/i")
    assert getattr(ours, name) is getattr(ours, name)


@pytest.mark.parametrize("name", BUNDLES)
def test_what_a_use_case_works_with_is_built_without_a_call(name: str) -> None:
    build: Callable[..., Any] = getattr(services(), name)
    given = dict.fromkeys(inspect.signature(build).parameters, 0)
    deps = build(**given)
    if hasattr(deps, "clock"):
        assert deps.clock() == NOW


def test_every_function_has_its_bundle() -> None:
    assert len(BUNDLES) == 10
    assert len(PARTS) > 12


def test_a_ca_bundle_that_cannot_be_read_is_said_before_anything_is_claimed() -> None:
    class Refuses:
        def get_parameter(self, **_: Any) -> Any:
            from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

            raise EndpointConnectionError(endpoint_url="https://ssm.example")

    ours = Services(
        Settings(elsom_ca_bundle_parameter="/elsom/ca"), lambda _service: Refuses(), lambda: NOW
    )
    deps = ours.check_deps()
    with pytest.raises(NotConfigured, match="CA bundle"):
        deps.merchant()
