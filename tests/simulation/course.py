"""What becomes of each payment at Elsom, step by step, and what Elsom tells of it."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.notifier import Notifier
from tests.simulation.scenarios import Scenario, choose_lag, choose_scenario


@dataclass
class Course:
    """Chooses a fate for every start that arrives. `forgets`: how forgetful Elsom is here."""

    server: ElsomServer
    notifier: Notifier
    rng: Random
    forgets: float
    results: Counter[str]

    def begin(self, transaction: Transaction) -> None:
        scenario = choose_scenario(self.rng, self.forgets)
        self.results[f"fate: {scenario.name}"] += 1
        self.server.trace.log(transaction.id, f"Elsom: fate is '{scenario.name}'")
        transaction.refuses = "17" if scenario.refused else None
        transaction.knows = scenario.knows
        transaction.lag = choose_lag(self.rng)
        if scenario.forgets is not None:
            transaction.forgets_at = self.server.loop.now + self.rng.randint(*scenario.forgets)
            transaction.forgets_by_404 = self.rng.random() < 0.5
        self._go_on(transaction, scenario, 0)

    def _go_on(self, transaction: Transaction, scenario: Scenario, place: int) -> None:
        if place == len(scenario.steps):
            return
        step = scenario.steps[place]
        is_last = place == len(scenario.steps) - 1

        def happen() -> None:
            self.server.set_status(transaction, step.status)
            self.notifier.notify(transaction, step.status, sure=scenario.sure and is_last)
            self._go_on(transaction, scenario, place + 1)

        wait = self.rng.randint(*step.wait)
        if wait == 0:
            # Before the start is answered, and the answer takes its time.
            self.server.pause = self.rng.choice((0, 200, 2_000, 5_000))
            happen()
        else:
            self.server.loop.after(wait, happen)
