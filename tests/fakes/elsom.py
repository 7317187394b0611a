"""An Elsom that answers what the test says, and remembers what it was asked."""

from collections import deque
from collections.abc import Callable

from payments.elsom.outcomes import Silent, StartOutcome, StatusOutcome
from payments.elsom.wire import Accepted, Answered, Merchant, Refused, Start
from payments.model import Answer

PAY_PAGE = "https://elsom.example/merchant-payment/30b6689c?language=ru&platform=web"
MERCHANT = Merchant(partner_code="00609", password="elsom-password", msisdn="0901015003")

PAID = Answered(Answer.PAID)
IN_PROGRESS = Answered(Answer.IN_PROGRESS)
TIMED_OUT = Answered(Answer.TIMED_OUT)
CANCELLED = Answered(Answer.CANCELLED)
ERROR = Answered(Answer.ERROR)
SILENT = Silent("timeout")
NO_WORD = Refused("99", "wrong password")


def nothing() -> None:
    return


class FakeElsom:
    """Answers each start with `start_outcome`; statuses from `status_outcomes`, then the last one.

    `during_start` and `during_status` run while a call is under way: that is where others write.
    """

    def __init__(self) -> None:
        self.start_outcome: StartOutcome = Accepted(PAY_PAGE)
        self.status_outcomes: deque[StatusOutcome] = deque([IN_PROGRESS])
        self.starts: list[Start] = []
        self.questions: list[str] = []
        self.seconds_given: list[float] = []
        self.during_start: Callable[[], None] = nothing
        self.during_status: Callable[[], None] = nothing

    def answers(self, *outcomes: StatusOutcome) -> None:
        self.status_outcomes = deque(outcomes)

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        assert merchant == MERCHANT
        self.starts.append(start)
        self.seconds_given.append(seconds)
        self.during_start()
        return self.start_outcome

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        assert merchant == MERCHANT
        self.questions.append(payment_id)
        self.during_status()
        if len(self.status_outcomes) > 1:
            return self.status_outcomes.popleft()
        return self.status_outcomes[0]
