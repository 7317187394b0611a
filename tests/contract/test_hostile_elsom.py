"""F28: what a server answers may keep a payment waiting, and never breaks a start or a query."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments.domain.money import Tyiyn
from payments.domain.payment import ElsomStatus
from payments.elsom.client import ElsomClient
from payments.elsom.gateway import NoResponse, NothingSent, OutcomeUnknown
from payments.elsom.protocol import Answered, Merchant, Start
from payments.http_client import tls
from tests.contract.bad_servers import ADDRESS, Authority
from tests.contract.hostile import hostile
from tests.contract.hostile_cases import CASES, READABLE

PAYMENT_ID = "0123456789ABCDEFGHJK"
MERCHANT = Merchant(partner_code="12345", password="ee7e", msisdn="0556109910")
START = Start(payment_id=PAYMENT_ID, amount=Tyiyn(15000), order_id="A-1001", language="ru")
QUICK = {name: case for name, case in CASES.items() if not case.slow}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ElsomClient]]:
    authority = Authority.new()
    trust = tls(authority.pem)
    context = authority.server(tmp_path_factory.mktemp("elsom"), ADDRESS)
    with hostile(QUICK, context) as urls:
        yield {name: ElsomClient(url, url, lambda: trust) for name, url in urls.items()}


@pytest.mark.parametrize("name", QUICK)
def test_a_query_that_is_answered_oddly_had_no_answer(
    name: str, clients: dict[str, ElsomClient]
) -> None:
    outcome = clients[name].status(PAYMENT_ID, MERCHANT)
    if name in READABLE:
        assert outcome == Answered(ElsomStatus.PAID), "a readable answer is never thrown away"
    else:
        assert isinstance(outcome, NoResponse)


@pytest.mark.parametrize("name", QUICK)
def test_a_start_that_is_answered_oddly_is_unknown_or_was_not_sent(
    name: str, clients: dict[str, ElsomClient]
) -> None:
    outcome = clients[name].start(START, MERCHANT, 20.0)
    not_sent = QUICK[name].read == "NotSent"
    assert isinstance(outcome, NothingSent if not_sent else OutcomeUnknown)
