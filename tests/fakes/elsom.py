"""An Elsom that answers what the test says, and remembers what it was asked."""

from collections import deque
from collections.abc import Callable

from payments.domain.payment import ElsomStatus
from payments.elsom.gateway import NoResponse, StartOutcome, StatusOutcome
from payments.elsom.protocol import Accepted, Answered, Merchant, Refused, Start

PAY_PAGE = "https://elsom.example/merchant-payment/30b6689c?language=ru&platform=web"
MERCHANT = Merchant(partner_code="00609", password="elsom-password", msisdn="0901015003")

PAID = Answered(ElsomStatus.PAID)
IN_PROGRESS = Answered(ElsomStatus.IN_PROGRESS)
TIMED_OUT = Answered(ElsomStatus.TIMED_OUT)
CANCELLED = Answered(ElsomStatus.CANCELLED)
ERROR = Answered(ElsomStatus.ERROR)
NO_RESPONSE = NoResponse("timeout")
REFUSED = Refused("99", "wrong password")


def nothing() -> None:
    return


class FakeElsom:
    """Answers each start with `start_outcome`; statuses from `status_outcomes`, then the last one.

    `during_start` and `during_status` run while a call is under way: that is where others write.
    """

    def __init__(self) -> None:
        self.start_outcome: StartOutcome = Accepted(PAY_PAGE)
        self.status_results: deque[StatusOutcome] = deque([IN_PROGRESS])
        self.starts: list[Start] = []
        self.queries: list[str] = []
        self.seconds_given: list[float] = []
        self.during_start: Callable[[], None] = nothing
        self.during_status: Callable[[], None] = nothing

    def answers(self, *results: StatusOutcome) -> None:
        self.status_results = deque(results)

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        assert merchant == MERCHANT
        self.starts.append(start)
        self.seconds_given.append(seconds)
        self.during_start()
        return self.start_outcome

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        assert merchant == MERCHANT
        self.queries.append(payment_id)
        self.during_status()
        if len(self.status_results) > 1:
            return self.status_results.popleft()
        return self.status_results[0]
