"""Every call that leaves a function: counted, and the place where it is cut, held up or killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec
from botocore.exceptions import EndpointConnectionError

from payments import http_client

HOOKS: Final = "before-call", "after-call"
Act = Callable[[], None]


class Killed(BaseException):
    """The function's process is gone: nothing of it runs any more."""


class Recorder:
    """What one stack's functions have done to the world, as `service:Operation`, in order.

    `down` holds what does not answer now: an operation, or a service as a whole.
    """

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.down: set[str] = set()
        self._dies_after: int | None = None
        self._at_call: tuple[int, Act] | None = None
        self._once: dict[str, Act] = {}

    def dies_after(self, effects: int | None) -> None:
        """Kill the function that runs after so many effects from now; 0 is before the first."""
        self._dies_after = None if effects is None else len(self.effects) + effects

    def at_call(self, number: int, act: Act) -> None:
        """Do something just before the call with this number from now, the first being 0."""
        self._at_call = (len(self.effects) + number, act)

    def undisturbed(self) -> None:
        """Do nothing at any call."""
        self._at_call = None

    def when(self, effect: str, act: Act) -> None:
        """Do something once: when the other side has answered, and nobody here knows it yet."""
        self._once[effect] = act

    def before(self, effect: str) -> None:
        if self._at_call is not None and self._at_call[0] == len(self.effects):
            act, self._at_call = self._at_call[1], None
            act()
        self._die_if_it_is_time()
        if self.down & {effect, effect.partition(":")[0]}:
            self.effects.append(effect)
            raise EndpointConnectionError(endpoint_url="down")

    def after(self, effect: str) -> None:
        self.effects.append(effect)
        act = self._once.pop(effect, None)
        if act is not None:
            act()
        self._die_if_it_is_time()

    def _die_if_it_is_time(self) -> None:
        if self._dies_after is not None and len(self.effects) >= self._dies_after:
            self._dies_after = None
            raise Killed

    @contextmanager
    def tapped(self, clients: Mapping[str, Any]) -> Iterator[None]:
        """Listen on these boto3 clients, and on every HTTP request to Elsom and to the shop."""

        def before(model: Any, **_: Any) -> None:
            self.before(_name(model))

        def after(model: Any, **_: Any) -> None:
            self.after(_name(model))

        for client in clients.values():
            client.meta.events.register(HOOKS[0], before)
            client.meta.events.register(HOOKS[1], after)
        try:
            with patch.object(http_client, "post", self._post(http_client.post)):
                yield
        finally:
            for client in clients.values():
                client.meta.events.unregister(HOOKS[0], before)
                client.meta.events.unregister(HOOKS[1], after)

    def _post(self, post: Callable[..., http_client.Reply]) -> Callable[..., http_client.Reply]:
        def posted(url: str, body: bytes, *more: Any, **named: Any) -> http_client.Reply:
            effect = _method(body)
            self.before(effect)
            try:
                return post(url, body, *more, **named)
            finally:
                self.after(effect)

        return posted


def _name(model: Any) -> str:
    return f"{model.service_model.service_name}:{model.name}"


def _method(body: bytes) -> str:
    named: Mapping[str, Any] = msgspec.json.decode(body)
    return "shop:webhook" if "eventId" in named else f"elsom:{next(iter(named))}"
