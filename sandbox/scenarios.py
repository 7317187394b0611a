"""Wallet numbers that make a payment take one known course, chosen by MSISDN at the start."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scenario:
    """The course of one payment.

    `status`: what it becomes as soon as it is accepted (`1` waits for the pay page).
    `notifications`: how many are sent by themselves. `notify_first`: before the start's answer.
    `hang_seconds`: the start is accepted but never answered. `lag_seconds`: how long the status
    call still answers `1` afterwards. `refuse_code`: the start is refused with this ErrorCode.
    """

    wallet: str
    name: str
    description: str
    status: str = "1"
    notifications: int = 1
    notify_first: bool = False
    hang_seconds: float | None = None
    lag_seconds: float = 0.0
    refuse_code: str | None = None


PAY_PAGE: Final = Scenario("", "pay-page", "Waits for the customer on the pay page.")

SCENARIOS: Final = {
    scenario.wallet: scenario
    for scenario in (
        Scenario(
            "0000000001",
            "paid",
            "Paid at once: status A, and the notification right after the start's answer.",
            status="A",
        ),
        Scenario("0000000002", "declined", "Not paid: status 4, with a notification.", status="4"),
        Scenario("0000000003", "timed-out", "Time ran out: status 2, notified.", status="2"),
        Scenario("0000000004", "cancelled", "Cancelled: status 3, notified.", status="3"),
        Scenario(
            "0000000005",
            "paid-silent",
            "Paid, and no notification is ever sent.",
            status="A",
            notifications=0,
        ),
        Scenario(
            "0000000006",
            "paid-notified-twice",
            "Paid, and the same notification is sent twice.",
            status="A",
            notifications=2,
        ),
        Scenario(
            "0000000007",
            "paid-notified-early",
            "Paid, and the notification arrives before the start's answer.",
            status="A",
            notify_first=True,
        ),
        Scenario(
            "0000000008",
            "start-hangs",
            "The start is accepted and never answered (60 s, or until the client leaves); the"
            " payment exists and is paid, and is notified after that.",
            status="A",
            hang_seconds=60.0,
        ),
        Scenario(
            "0000000009",
            "status-lags",
            "Paid and notified at once, but the status call answers 1 for 5 more seconds.",
            status="A",
            lag_seconds=5.0,
        ),
        Scenario(
            "0000000010",
            "start-refused",
            "The start is refused with ErrorCode 17; no payment exists.",
            refuse_code="17",
        ),
    )
}


def scenario_for(wallet: str) -> Scenario:
    """The scenario of a wallet number; any other wallet waits for the pay page."""
    return SCENARIOS.get(wallet, PAY_PAGE)
