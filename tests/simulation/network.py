"""The line to Elsom: the real client above it, an Elsom that is away, slow or odd behind it."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from payments import http_client
from payments.domain.clock import SECOND
from payments.elsom.client import ElsomClient
from payments.elsom.gateway import StartOutcome, StatusOutcome
from payments.elsom.protocol import Merchant, Start
from payments.http_client import Limits, MaybeSent, NotSent, Reply
from tests.simulation.dynamodb import Gate
from tests.simulation.elsom import ElsomServer, read_call
from tests.simulation.faults import Faults, Weights
from tests.simulation.queries import Queries

START_URL: Final = "https://elsom.example:10690/service/v1/merchant/generateOTP/tenant"
STATUS_URL: Final = "https://elsom.example:10690/service/v1/merchant/status"
# In a thousand calls.
TROUBLES: Final[Weights] = (
    ("refused", 8), ("no connection", 4), ("reset", 6), ("reset unread", 2), ("hang", 8),
    ("hang unread", 2), ("500", 6), ("500 unread", 2), ("302", 2), ("400", 2), ("garbage", 4),
    ("empty", 3), ("cut", 4), ("odd status", 4), ("error code", 4), ("slow", 12),
)  # fmt: skip
OUTAGES: Final = ("refused", "no connection", "hang unread", "500 unread", "garbage")
_BODIES: Final = {
    "garbage": b"<html>\xff\xfe maintenance </html>",
    "empty": b"",
    "error code": b'{"Response": {"ErrorCode": 99, "ErrorMsg": "busy"}}',
    "odd status": b'{"Response": {"ErrorCode": "0", "Result": {"PaymentStatus": "9"}}}',
}
_STATUSES: Final = {"500": 500, "500 unread": 500, "302": 302, "400": 400}
_UNREAD: Final = frozenset(
    {"reset unread", "hang unread", "500 unread", "302", "400", "error code"}
)


@dataclass(frozen=True)
class Outage:
    """A time in which Elsom is away; `trouble` is how that shows, or a mixture of all."""

    first: int
    last: int
    trouble: str = "mixed"


@dataclass
class Network:
    """Carries one request to Elsom and its answer back; both may get lost."""

    faults: Faults
    server: ElsomServer
    queries: Queries
    outages: tuple[Outage, ...] = ()
    troubles: Weights = TROUBLES
    calls_in_outage: int = 0
    in_flight: int = 0
    most_queries: int = 0
    latency: tuple[int, int] = (80, 900)

    def carry(self, url: str, body: bytes, limits: Limits) -> Reply:
        """Raises NotSent or MaybeSent, as the real transport does."""
        if url == START_URL:
            return self._carry(body, limits, is_start=True)
        self.in_flight += 1
        self.most_queries = max(self.most_queries, self.in_flight)
        query = self.queries.sent(id_in(body))
        try:
            reply = self._carry(body, limits, is_start=False)
        except (NotSent, MaybeSent):
            self.queries.heard(query, None)
            raise
        finally:
            self.in_flight -= 1
        self.queries.heard(query, reply)
        return reply

    def _carry(self, body: bytes, limits: Limits, *, is_start: bool) -> Reply:
        rng, sleep = self.faults.rng, self.faults.loop.sleep
        trouble = self._trouble(is_start=is_start)
        self._connect(trouble, limits)
        if is_start:
            self.server.get(id_in(body)).seen = True
        status, answer = (200, b"") if trouble in _UNREAD else self.server.answer(body)
        pause, self.server.pause = self.server.pause, 0
        if pause:
            sleep(pause)
        match trouble:
            case "reset" | "reset unread":
                raise MaybeSent("reset")
            case "hang" | "hang unread":
                sleep(int(min(limits.read, limits.total) * SECOND))
                raise MaybeSent("timeout")
            case "cut":
                return Reply(200, answer[: len(answer) // 2], whole=False)
            case "odd status" if is_start:
                return Reply(200, b'{"Response": {"ErrorCode": "0"}}')
            case "garbage" | "empty" | "odd status" | "error code":
                return Reply(200, _BODIES[trouble])
            case "slow":
                sleep(rng.randint(1, 8) * SECOND)
        sleep(rng.randint(*self.latency) // 4)
        return Reply(_STATUSES.get(trouble or "", status), answer)

    def _connect(self, trouble: str | None, limits: Limits) -> None:
        rng, sleep = self.faults.rng, self.faults.loop.sleep
        if trouble == "refused":
            sleep(rng.randint(1, 40))
            raise NotSent("refused")
        if trouble == "no connection":
            sleep(int(limits.connect * SECOND))
            raise NotSent("timeout")
        sleep(rng.randint(*self.latency))

    def _trouble(self, *, is_start: bool) -> str | None:
        now, rng = self.faults.loop.now, self.faults.rng
        for outage in self.outages:
            if outage.first <= now < outage.last:
                self.calls_in_outage += 1
                trouble = rng.choice(OUTAGES) if outage.trouble == "mixed" else outage.trouble
                if is_start and rng.random() < 0.8:
                    # Few starts get lost on their way: each is asked about for five days.
                    trouble = "refused"
                self.faults.note(f"elsom away: {trouble}")
                return trouble
        trouble_now = self.faults.of_call(self.troubles)
        if trouble_now is not None:
            self.faults.note(f"elsom: {trouble_now}")
        return trouble_now


def id_in(body: bytes) -> str:
    return read_call(body)[1]["PartnerTrnID"]


@cache
def trust() -> http_client.Tls:
    return http_client.tls()


class SimulatedElsom(ElsomClient):
    """The real client, with the simulated line in place of the real one."""

    def __init__(self, network: Network, gate: Gate) -> None:
        super().__init__(START_URL, STATUS_URL, trust)
        self._network = network
        self._gate = gate

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        def send() -> StartOutcome:
            return ElsomClient.start(self, start, merchant, seconds)

        return self._gate.call("elsom", "start", send, writes=True)

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        def query() -> StatusOutcome:
            return ElsomClient.status(self, payment_id, merchant)

        self._network.queries.tried(payment_id)
        return self._gate.call("elsom", "status", query)

    def _post(self, url: str, body: bytes, limits: Limits) -> Reply:
        return self._network.carry(url, body, limits)
