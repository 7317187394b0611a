"""The stack's parameters as a typed value; no other module reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.payment import Policy


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The environment of one function; what it does not use may be empty."""

    elsom_init_url: str = ""
    elsom_status_url: str = ""
    elsom_ca_bundle_parameter: str = ""
    elsom_tls_server_name: str = ""
    elsom_max_concurrency: int = 5
    check_ladder_seconds: str = "60,120,300,300,300,600,1800"
    late_check_seconds: str = "3600,86400,86400"
    payment_lifetime_minutes: int = 60
    give_up_after_hours: int = 120
    return_url_hosts: str = ""
    shop_url: str = ""
    shop_webhook_url: str = ""
    report_unknown_payments: bool = True
    public_base_url: str = ""
    sandbox_mode: bool = False
    secret_arn: str = ""
    payments_table: str = ""
    checks_queue_url: str = ""
    webhooks_queue_url: str = ""
    webhooks_dead_letter_queue_url: str = ""
    unpublished_queue_url: str = ""
    event_bus: str = ""
    stack_id: str = ""

    @property
    def policy(self) -> Policy:
        """The stack's timing in milliseconds."""
        return Policy(
            ladder=_seconds(self.check_ladder_seconds),
            late_ladder=_seconds(self.late_check_seconds),
            lifetime=self.payment_lifetime_minutes * MINUTE,
            give_up=self.give_up_after_hours * HOUR,
        )

    @property
    def allowed_return_hosts(self) -> tuple[str, ...]:
        """Host names that a `returnUrl` may have, lower case."""
        return tuple(_words(self.return_url_hosts.lower()))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read what is set and not empty; raise msgspec.ValidationError on a wrong value."""
    names = Settings.__struct_fields__
    given = {name: environment.get(name.upper(), "") for name in names}
    return msgspec.convert(
        {name: value for name, value in given.items() if value}, Settings, strict=False
    )


def from_environment() -> Settings:
    """The settings of this process."""
    return read_settings(os.environ)


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _seconds(text: str) -> tuple[int, ...]:
    return tuple(int(word) * SECOND for word in _words(text))
