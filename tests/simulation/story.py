"""Stories: everything that happened, in its order, to be told payment by payment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from payments.moments import DAY, HOUR, MINUTE, SECOND
from tests.simulation.tasks import Loop


@dataclass
class Story:
    """One log of a whole run: (moment, payment id or "", text)."""

    loop: Loop
    began: int
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    def tell(self, subject: str, text: str) -> None:
        self.lines.append((self.loop.now, subject, text))

    def tell_task(self, text: str) -> None:
        self.tell(self.loop.task.subject if self.loop.task else "", text)

    def of(self, subject: str) -> str:
        """What happened to one payment."""
        found = (line for line in self.lines if line[1] == subject)
        return "\n".join(f"  {self.when(at)}  {text}" for at, _, text in found)

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
