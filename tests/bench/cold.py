"""Cold start: what importing each built handler costs, and what the first invocation adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.artefact import EVENTS, Artefact, Took, run
from tests.bench.report import Row, Section, at_most, spread

ROUNDS: Final = 9
AIMS: Final[Mapping[str, float]] = {
    "ElsomCallbackFunction": 1.15,
    "ScheduleChecksFunction": 1.15,
    "StartPaymentFunction": 1.25,
    "CheckPaymentFunction": 1.30,
    "PaymentsApiFunction": 1.40,
    "CustomerPagesFunction": 1.40,
    "PublishEventsFunction": 1.40,
    "DeliverWebhookFunction": 1.40,
}
METHOD: Final = (
    "CPU and wall time to import each handler, from the built bundle and layer with their own"
    ' bytecode, over those of `import boto3; boto3.client("dynamodb")`; fresh processes of Python'
    " 3.13, by turns: the median of {rounds} pairs of a floor and a handler. The floor of the aim"
    " is the same version of boto3 as it is published, compiled in the same way. *Own floor* is"
    " the harder one: the boto3 of our layer, without the descriptions of AWS that nothing here"
    " reads. An import makes every AWS client that the function's usual invocation uses: nothing"
    " is put off to look better. The last columns are what the first invocation adds, with AWS and"
    " Elsom answering at once over plain HTTP on this machine (on AWS the handshakes of TLS come on"
    " top)."
)
WHY: Final = "`requests`, Powertools and msgspec are what is imported besides boto3."
HEAD: Final = (
    "function",
    "CPU",
    "ratio",
    "wall",
    "aim",
    "spread",
    "own floor",
    "first CPU",
    "wall",
)


@dataclass
class Measured:
    """Samples of one function, each with the two floors that were measured right before it."""

    floor: list[Took] = field(default_factory=list)
    own_floor: list[Took] = field(default_factory=list)
    imported: list[Took] = field(default_factory=list)
    first: list[Took] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """CPU over that of the floor, pair by pair: what slows the machine slows both."""
        return [one.cpu / base.cpu for one, base in zip(self.imported, self.floor, strict=True)]

    @property
    def own_ratios(self) -> list[float]:
        """The same over the layer's own boto3."""
        return [one.cpu / base.cpu for one, base in zip(self.imported, self.own_floor, strict=True)]

    @property
    def wall_ratios(self) -> list[float]:
        """The same of wall time, over the floor."""
        return [one.wall / base.wall for one, base in zip(self.imported, self.floor, strict=True)]


def measure(
    artefact: Artefact, boto3: Path, environment: Mapping[str, str], say: Callable[[str], None]
) -> Section:
    """Measure every function; `boto3` is where the published one lies."""
    found = {function: Measured() for function in EVENTS}
    for number in range(ROUNDS):
        for function, measured in found.items():
            measured.floor.append(Took(*run([boto3], environment, handler=False)["import"]))
            measured.own_floor.append(artefact.floor(environment))
            made = artefact.invoke(function, environment)
            measured.imported.append(Took(*made["import"]))
            measured.first.append(Took(*made["first"]))
        say(f"round {number + 1} of {ROUNDS}")
    floors = [took.cpu for measured in found.values() for took in measured.floor]
    own = [took.cpu for measured in found.values() for took in measured.own_floor]
    rows = [
        Row(("floor", _ms(floors), "1.00", "1.00", "", f"{spread(floors):.1f} %")),
        Row(("own floor", _ms(own), f"{median(own) / median(floors):.2f}", "", "", "", "1.00")),
        *(_row(function, measured) for function, measured in found.items()),
    ]
    return Section("1. Cold start", METHOD.format(rounds=ROUNDS), HEAD, rows, WHY)


def _row(function: str, measured: Measured) -> Row:
    ratio, aim = median(measured.ratios), AIMS[function]
    cells = (
        function.removesuffix("Function"),
        _ms([took.cpu for took in measured.imported]),
        f"{ratio:.2f}",
        f"{median(measured.wall_ratios):.2f}",
        f"{aim:.2f}",
        f"{spread(measured.ratios):.1f} %",
        f"{median(measured.own_ratios):.2f}",
        _ms([took.cpu for took in measured.first]),
        _ms([took.wall for took in measured.first]),
    )
    return Row(cells, at_most(round(ratio, 3), aim))


def _ms(seconds: Sequence[float]) -> str:
    return f"{1000 * median(seconds):.0f} ms"
