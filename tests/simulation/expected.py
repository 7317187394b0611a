"""What must have happened in a run that proves anything."""

from typing import Final

from tests.simulation.run import Report
from tests.simulation.scenarios import SCENARIOS

FAULTS: Final = frozenset(
    {
        *(
            f"dynamodb: {kind}"
            for kind in (
                "throttled", "answer lost", "slow", "frozen", "killed before", "killed after",
                "repeated by the SDK", "away", "index late", "stale read", "batch read in part",
            )
        ),
        *(
            f"sqs: {kind}"
            for kind in (
                "throttled", "answer lost", "killed before", "killed after",
                "repeated by the SDK", "away", "batch taken in part",
            )
        ),
        *(
            f"checks: {kind}"
            for kind in (
                "delivered twice", "out of order", "no delivery succeeds", "dead-lettered",
                "received, function throttled", "dies after the claim", "delayed", "lost",
                "receives miscounted",
            )
        ),
        "sqs: backlog shown as nothing", "stream: batch lost",
        "events: away", "events: killed after", "events: repeated by the SDK",
        "bus: event twice", "bus: one event not taken",
        "stream: batch told again", "stream: late", "schedule: a turn is missed",
        "webhooks: delivered twice", "webhooks: out of order",
        "lambda: killed", "lambda: time is over", "secretsmanager: throttled",
        *(
            f"elsom: {kind}"
            for kind in (
                "refused", "no connection", "reset", "reset unread", "hang", "hang unread", "500",
                "302", "400", "garbage", "empty", "cut", "odd status", "error code", "slow",
                "killed before", "killed after", "frozen",
            )
        ),
        *(
            f"elsom away: {kind}"
            for kind in ("refused", "no connection", "hang unread", "500 unread", "garbage")
        ),
        *(
            f"notification: {kind}"
            for kind in (
                "lost", "late", "repeated", "out of order", "forged", "wrong status", "junk",
                "another transaction id", "before the start's answer",
            )
        ),
        *(f"shop: {kind}" for kind in ("refused", "500", "hang", "reset", "told again")),
        "shop: down for hours",
    }
)  # fmt: skip
RESULTS: Final = frozenset(
    {
        *(f"fate: {scenario.name}" for scenario in SCENARIOS),
        *(
            f"start: {answer}"
            for answer in (
                "201 started", "200 replayed", "202 not known", "ElsomRefused", "ElsomUnreachable",
                "IdempotencyKeyReused", "StartInProgress", "StoreUnavailable", "Killed",
            )
        ),
        *(f"callback: {answer}" for answer in ("200", "400", "503", "killed")),
        *(
            f"check: {result}"
            for result in (
                "answered", "no-response", "too-early", "not-due", "circuit-open",
                "settled-without-query",
                "served", "unknown asked", "comes again",
            )
        ),
        *(
            f"case: {kind}"
            for kind in (
                "paid_late", "disagreement", "unresolved", "duplicate_paid", "paid_unknown",
            )
        ),
        *(f"webhook: {outcome}" for outcome in ("Delivered", "Failed", "Skipped", "comes again")),
        *(
            f"ends: {end}"
            for end in (
                "paid", "paid late", "expired elsom-2", "expired unresolved", "cancelled elsom-3",
                "failed elsom-4", "failed elsom-refused", "failed elsom-unreachable",
            )
        ),
        "shop: two payments for one order", "shop: the same start twice at once",
        "operator: published again", "resend: 202", "page: paid", "shop's check: paid",
    }
)  # fmt: skip
# What a world's profile decides: of ten worlds drawn by chance, often none has one of these.
DRAWN: Final = frozenset(
    {
        "operator: table restored",
        *(f"flood: {whom}" for whom in ("a known id", "an unknown id", "unknown ids")),
    }
)


def missing(report: Report, results: frozenset[str] = RESULTS) -> list[str]:
    """Faults and outcomes that a run has not met."""
    return sorted((FAULTS - report.faults.keys()) | (results - report.results.keys()))
