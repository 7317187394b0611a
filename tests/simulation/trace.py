"""Stories: everything that happened, in its order, to be told payment by payment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from tests.simulation.tasks import Loop


@dataclass
class Trace:
    """One log of a whole run: (moment, payment id or "", text)."""

    loop: Loop
    began: int
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    def log(self, subject: str, text: str) -> None:
        self.lines.append((self.loop.now, subject, text))

    def step(self) -> int:
        """Rises with everything that happens."""
        return len(self.lines)

    def log_task(self, text: str) -> None:
        self.log(self.loop.task.subject if self.loop.task else "", text)

    def of(self, subject: str) -> str:
        """What happened to one payment."""
        return self.of_all({subject})[subject]

    def of_all(self, subjects: set[str]) -> dict[str, str]:
        """What happened to each of some payments."""
        found: dict[str, list[str]] = {subject: [] for subject in subjects}
        for at, subject, text in self.lines:
            if subject in found:
                found[subject].append(f"  {self.when(at)}  {text}")
        return {subject: "\n".join(lines) for subject, lines in found.items()}

    def text(self) -> Iterator[str]:
        return (f"{at - self.began} {subject} {text}\n" for at, subject, text in self.lines)

    def digest(self) -> str:
        total = sha256()
        for line in self.text():
            total.update(line.encode())
        return total.hexdigest()

    def when(self, moment: int) -> str:
        """Days and time of day since the beginning."""
        passed = moment - self.began
        days, rest = divmod(passed, DAY)
        hours, rest = divmod(rest, HOUR)
        minutes, rest = divmod(rest, MINUTE)
        return f"{days}d {hours:02}:{minutes:02}:{rest / SECOND:06.3f}"
