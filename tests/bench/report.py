"""What a section of the bench found, and how it is shown: on the screen and in docs/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

MET: Final = "met"


@dataclass(frozen=True)
class Row:
    """One line of a table. `verdict` is empty where there is no aim."""

    cells: tuple[str, ...]
    verdict: str = ""

    def padded(self, length: int) -> tuple[str, ...]:
        """As many cells as the head has, then the verdict."""
        return (*self.cells, *[""] * (length - len(self.cells)), self.verdict)

    @property
    def is_missed(self) -> bool:
        return self.verdict not in {"", MET}


@dataclass(frozen=True)
class Section:
    """One part of the bench: how it was measured, what was found, why an aim is missed."""

    title: str
    method: str
    head: tuple[str, ...]
    rows: Sequence[Row]
    why_missed: str = ""
    remarks: Sequence[str] = field(default_factory=tuple)

    @property
    def missed(self) -> int:
        return sum(row.is_missed for row in self.rows)

    def as_text(self) -> str:
        """The table in columns, for the screen."""
        lines = [(*self.head, ""), *(row.padded(len(self.head)) for row in self.rows)]
        widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
        shown = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join(["", self.title, *(f"  {line}" for line in shown), *self.remarks])

    def as_markdown(self) -> str:
        """The same for docs/, with the method and the reasons."""
        table = [
            "| " + " | ".join((*self.head, "")) + " |",
            "|" + "---|" * (len(self.head) + 1),
            *("| " + " | ".join(row.padded(len(self.head))) + " |" for row in self.rows),
        ]
        parts = [f"## {self.title}", self.method, "\n".join(table), *self.remarks]
        if self.missed and self.why_missed:
            parts.append(f"**Missed, because:** {self.why_missed}")
        return "\n\n".join(parts)


def at_most(value: float, aim: float) -> str:
    """The verdict on a figure that should not be higher."""
    return MET if value <= aim else f"missed by {100 * (value / aim - 1):.1f} %"


def at_least(value: float, aim: float) -> str:
    """The verdict on a figure that should not be lower."""
    return MET if value >= aim else f"missed by {100 * (1 - value / aim):.1f} %"


def spread(samples: Sequence[float], of: Callable[[Sequence[float]], float] = median) -> float:
    """By how many percent every other sample differs from the rest: two runs in one."""
    one, other = of(samples[::2]), of(samples[1::2])
    return 100 * abs(one - other) / min(one, other)


def quick(samples: Sequence[float]) -> float:
    """The mean of the lowest third: what else runs on a machine only ever adds."""
    lowest = sorted(samples)[: max(1, len(samples) // 3)]
    return sum(lowest) / len(lowest)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 to 1) of all do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
