"""What becomes of each payment at Elsom, step by step, and what Elsom tells of it."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.fates import Fate, choose_fate, choose_lag
from tests.simulation.notifier import Notifier


@dataclass
class Course:
    """Chooses a fate for every start that arrives. `forgets`: how forgetful Elsom is here."""

    server: ElsomServer
    notifier: Notifier
    rng: Random
    forgets: float
    outcomes: Counter[str]

    def begin(self, transaction: Transaction) -> None:
        fate = choose_fate(self.rng, self.forgets)
        self.outcomes[f"fate: {fate.name}"] += 1
        self.server.story.tell(transaction.id, f"Elsom: fate is '{fate.name}'")
        transaction.refuses = "17" if fate.refused else None
        transaction.knows = fate.knows
        transaction.lag = choose_lag(self.rng)
        if fate.forgets is not None:
            transaction.forgets_at = self.server.loop.now + self.rng.randint(*fate.forgets)
            transaction.forgets_by_404 = self.rng.random() < 0.35
        self._go_on(transaction, fate, 0)

    def _go_on(self, transaction: Transaction, fate: Fate, place: int) -> None:
        if place == len(fate.steps):
            return
        step = fate.steps[place]
        is_last = place == len(fate.steps) - 1

        def happen() -> None:
            self.server.set_status(transaction, step.status)
            self.notifier.notify(transaction, step.status, sure=fate.sure and is_last)
            self._go_on(transaction, fate, place + 1)

        wait = self.rng.randint(*step.wait)
        if wait == 0:
            # Before the start is answered, and the answer takes its time.
            self.server.pause = self.rng.choice((0, 200, 2_000, 5_000))
            happen()
        else:
            self.server.loop.after(wait, happen)
