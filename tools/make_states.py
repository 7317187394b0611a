"""Makes docs/states.md from the transition table, for `make generated`.

A test fails when the committed file is not what the table says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from payments.domain.payment import AFTER_ANSWER, FINAL, OPEN, ElsomStatus, Status
from tools.environments import ROOT

FILE: Final = ROOT / "docs" / "states.md"

# What a start and the clock can do; the rest of the drawing is AFTER_ANSWER.
STARTS: Final = (
    (Status.CREATED, Status.PENDING, "Elsom gave a URL"),
    (Status.CREATED, Status.START_UNKNOWN, "sent, outcome not known"),
    (Status.CREATED, Status.FAILED, "refused, or never sent by expiresAt"),
)
GIVEN_UP: Final = tuple(
    (status, Status.EXPIRED, "no end after GiveUpAfterHours")
    for status in Status
    if status in OPEN and status is not Status.CREATED
)
MEANINGS: Final = {
    Status.CREATED: "stored; a start runs, or nothing was sent yet",
    Status.START_UNKNOWN: (
        "the start may have reached Elsom; it is not sent again, checks settle it"
    ),
    Status.PENDING: "Elsom has it; the customer may pay",
    Status.PAID: "Elsom answered `A` to our query; never left",
    Status.EXPIRED: "Elsom's `2`, or given up (`unresolved`)",
    Status.CANCELLED: "Elsom's `3`",
    Status.FAILED: "Elsom's `4`, a refusal, or never sent",
}


def text() -> str:
    """The whole page."""
    rows = "\n".join(f"| `{status}` | {MEANINGS[status]} |" for status in Status)
    return f"""# States of a payment

Made by `make generated` from the transition table in `layers/payments/payments/domain/payment.py`.

```mermaid
stateDiagram-v2
    [*] --> created
{chr(10).join(_arrows())}
```

| status | meaning |
|---|---|
{rows}

`paid` is never left. `expired`, `cancelled` and `failed` can only become `paid`, with `late`; such
a payment opens a case. While a start still runs, only `A` is applied.

`1` changes no status. An answer that cannot be read, an error code and no response change no status
either: Elsom is queried again. The statuses of Elsom are in [protocol.md](protocol.md).
"""


def _arrows() -> list[str]:
    labels: dict[tuple[Status, Status], list[str]] = {}
    for before, after, why in (*STARTS, *_answers(), *GIVEN_UP):
        labels.setdefault((before, after), []).append(why)
    return [
        f"    {before} --> {after}: {', '.join(whys)}" for (before, after), whys in labels.items()
    ]


def _answers() -> list[tuple[Status, Status, str]]:
    return [
        (before, after, _label(before, answer))
        for before, answers in AFTER_ANSWER.items()
        for answer, after in answers.items()
    ]


def _label(before: Status, answer: ElsomStatus) -> str:
    return f"{answer}, late" if before in FINAL else str(answer)


def files() -> dict[Path, str]:
    """What the committed file has to hold."""
    return {FILE: text()}
