"""The stack's parameters, as a typed value."""

import msgspec
import pytest

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.settings import read_settings


def test_defaults_are_the_contracts() -> None:
    settings = read_settings({})
    policy = settings.policy
    assert [step // SECOND for step in policy.ladder] == [60, 120, 300, 300, 300, 600, 1800]
    assert policy.late_ladder == (HOUR, DAY, DAY)
    assert (policy.lifetime, policy.give_up) == (60 * MINUTE, 120 * HOUR)
    assert (settings.elsom_max_concurrency, settings.report_unknown_payments) == (5, True)
    assert (settings.sandbox_mode, settings.allowed_return_hosts) == (False, ())


def test_what_is_set_is_read() -> None:
    settings = read_settings(
        {
            "CHECK_LADDER_SECONDS": "1, 2",
            "LATE_CHECK_SECONDS": "3",
            "PAYMENT_LIFETIME_MINUTES": "4",
            "GIVE_UP_AFTER_HOURS": "5",
            "RETURN_URL_HOSTS": "Shop.example, ,other.example",
            "SANDBOX_MODE": "true",
            "REPORT_UNKNOWN_PAYMENTS": "false",
            "ELSOM_MAX_CONCURRENCY": "20",
            "UNRELATED": "x",
        }
    )
    assert settings.policy.ladder == (SECOND, 2 * SECOND)
    assert settings.policy.late_ladder == (3 * SECOND,)
    assert (settings.policy.lifetime, settings.policy.give_up) == (4 * MINUTE, 5 * HOUR)
    assert settings.allowed_return_hosts == ("shop.example", "other.example")
    assert (settings.sandbox_mode, settings.report_unknown_payments) == (True, False)
    assert settings.elsom_max_concurrency == 20


def test_what_is_set_to_nothing_is_the_default() -> None:
    assert read_settings({"PAYMENT_LIFETIME_MINUTES": "", "SANDBOX_MODE": ""}) == read_settings({})


@pytest.mark.parametrize(
    "name", ["PAYMENT_LIFETIME_MINUTES", "SANDBOX_MODE", "ELSOM_MAX_CONCURRENCY"]
)
def test_a_wrong_value_is_an_error(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_settings({name: "often"})
