"""Cold start: what importing each built handler costs, and what the first invocation adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.bench.artefact import EVENTS, Artefact, Took, run
from tests.bench.report import Row, Section, at_most, quick

ROUNDS: Final = 16
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
    "CPU and wall time to import each handler from the built bundle and layer, with their own"
    ' bytecode, over those of `import boto3; boto3.client("dynamodb")` with that layer\'s boto3.'
    " Fresh processes of Python {python}, {rounds} rounds by turns; a figure is the mean of the"
    " quickest third, since what else runs on the machine only ever adds. An import makes every AWS"
    " client that the function's usual invocation uses: nothing is put off to look better. The"
    " first invocation is measured with AWS and Elsom answering at once over plain HTTP on this"
    " machine; on AWS the handshakes of TLS come on top."
)
REMARK: Final = (
    "The floor itself is that of a trimmed layer, which keeps of botocore's data only the"
    " operations and endpoints in use: the same boto3 as it is published, compiled as well, takes"
    " {published:.2f} of it."
)
WHY: Final = (
    "besides boto3 a handler imports Powertools (0.04), msgspec (0.02), `requests` where it calls"
    " Elsom or the shop (0.1), each further AWS client (0.02), and its own code."
)
HEAD: Final = (
    *("function", "CPU", "ratio", "aim", "spread", "wall ratio"),
    *("first invocation, CPU", "wall"),
)


def measure(
    artefact: Artefact,
    boto3: Path,
    environment: Mapping[str, str],
    say: Callable[[str], None],
    rounds: int = ROUNDS,
) -> Section:
    """Measure every function; `boto3` is where the published one lies."""
    floor: list[Took] = []
    published: list[Took] = []
    imports: dict[str, list[Took]] = defaultdict(list)
    firsts: dict[str, list[Took]] = defaultdict(list)
    for number in range(rounds):
        published.append(Took(*run([boto3], environment, handler=False)["import"]))
        order = list(EVENTS)
        turned = number % len(order)  # nobody always comes after the same one
        for place, function in enumerate(order[turned:] + order[:turned]):
            if place % 2 == 0:
                floor.append(artefact.floor(environment))
            made = artefact.invoke(function, environment)
            imports[function].append(Took(*made["import"]))
            firsts[function].append(Took(*made["first"]))
        if number % 4 == 3:
            say(f"{number + 1} of {rounds} rounds")
    rows = [Row(("the floor", _ms(cpu(floor)), "1.00", "", f"{_halves(floor, floor):.1f} %"))]
    rows += [_row(function, imports[function], firsts[function], floor) for function in EVENTS]
    ratio = quick(cpu(published)) / quick(cpu(floor))
    return Section(
        "1. Cold start",
        METHOD.format(python="3.13", rounds=rounds),
        HEAD,
        rows,
        WHY,
        (REMARK.format(published=ratio),),
    )


def cpu(samples: Sequence[Took]) -> list[float]:
    return [took.cpu for took in samples]


def _row(
    function: str, imports: Sequence[Took], firsts: Sequence[Took], floor: Sequence[Took]
) -> Row:
    ratio, aim = quick(cpu(imports)) / quick(cpu(floor)), AIMS[function]
    wall = quick([took.wall for took in imports]) / quick([took.wall for took in floor])
    cells = (
        function.removesuffix("Function"),
        _ms(cpu(imports)),
        f"{ratio:.2f}",
        f"{aim:.2f}",
        f"{_halves(imports, floor):.1f} %",
        f"{wall:.2f}",
        _ms(cpu(firsts)),
        _ms([took.wall for took in firsts]),
    )
    return Row(cells, at_most(round(ratio, 2), aim))


def _halves(samples: Sequence[Took], floor: Sequence[Took]) -> float:
    """By how many percent the ratio of every other round differs from that of the rest."""
    each = len(floor) // len(samples)

    def of(half: int) -> float:
        mine = cpu(samples)[half::2]
        if samples is floor:
            return quick(mine)
        rounds = range(half, len(samples), 2)
        base = [took.cpu for one in rounds for took in floor[each * one : each * (one + 1)]]
        return quick(mine) / quick(base)

    return 100 * abs(of(0) / of(1) - 1)


def _ms(seconds: Sequence[float]) -> str:
    return f"{1000 * quick(seconds):.0f} ms"
