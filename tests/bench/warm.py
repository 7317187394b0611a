"""Warm invocations: their CPU over that of the same AWS and HTTP calls made bare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.bench.artefact import EVENTS, Artefact
from tests.bench.report import Row, Section, at_most, spread

ROUNDS: Final = 60
WARM_UP: Final = 5
AIM: Final = 1.5
METHOD: Final = (
    "CPU of one warm invocation of the built function over that of the AWS and HTTP calls it makes,"
    " repeated with the same arguments by bare boto3 clients and `requests.post`, in the same"
    " process, by turns; medians of {rounds}. AWS, Elsom and the shop are one server on this"
    " machine, in another process, that answers at once."
)
WHY: Final = (
    "a call of boto3 costs about a millisecond of CPU, and an invocation that makes only one or two"
    " of them has little to hide its own work behind: the log line, the metrics, the thread that"
    " holds an HTTP call to its total time, the event and its answer."
)


@dataclass(frozen=True)
class Warm:
    """CPU seconds of one invocation, of its bare calls, and which these are."""

    cpu: float
    bare: float
    spread: float
    each: Sequence[str]

    @property
    def calls(self) -> str:
        """The calls, each kind once."""
        return ", ".join(
            f"{count} × {name}" if count > 1 else name for name, count in Counter(self.each).items()
        )


def measure_each(
    artefact: Artefact,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    rounds: int = ROUNDS,
) -> dict[str, Warm]:
    """Every function's CPU, by its logical id."""
    found = {}
    for function in EVENTS:
        say(function)
        made = artefact.invoke(function, environment, rounds + WARM_UP)
        calls, bare = made["calls"][WARM_UP:], made["bare"][WARM_UP:]
        pairs = [one / other for one, other in zip(calls, bare, strict=True)]
        found[function] = Warm(median(calls), median(bare), spread(pairs), made["made"])
    return found


def section(found: Mapping[str, Warm]) -> Section:
    """The table of what was measured."""
    rows = []
    for function, warm in found.items():
        ratio = warm.cpu / warm.bare
        cells = (
            function.removesuffix("Function"),
            f"{1000 * warm.cpu:.1f} ms",
            f"{1000 * warm.bare:.1f} ms",
            f"{ratio:.2f}",
            f"{AIM}",
            f"{warm.spread:.1f} %",
            warm.calls,
        )
        rows.append(Row(cells, at_most(ratio, AIM)))
    head = ("function", "CPU", "bare", "ratio", "aim", "spread", "its calls")
    return Section("2. Warm invocation", METHOD.format(rounds=ROUNDS), head, rows, WHY)
