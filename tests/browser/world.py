"""The customer's pages without a cloud: the real routes over the stack in memory."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from payments.aws.api_gateway import LambdaEvent, Response, read_request
from payments.aws.merchant_secret import MerchantSecretCache
from payments.domain.clock import SECOND
from payments.domain.errors import PaymentsError
from payments.domain.payment import Payment, Reason, Status, Trigger
from payments.domain.signed_urls import sign
from payments.elsom.protocol import Merchant
from payments.pages import routes
from payments.pages.destinations import Places, front_page
from payments.pages.responses import error_page
from tests.fakes.elsom import MERCHANT
from tests.fakes.payments import PAYMENT_ID, a_payment, queried
from tests.fakes.world import World

KEY = "page-signing-key"
TOKEN = "token-of-the-portal-url"
SHOP = "https://shop.example/"
ROUTES = {
    "/pay/{id}": routes.redirect_to_elsom,
    "/elsom/{token}": routes.handle_return,
    "/return/{id}": routes.show_result,
    "/return/{id}/status": routes.show_status,
}
# Every state that a page can show, as the payment that brings it about.
STATES: dict[str, dict[str, Any]] = {
    "waiting": {"status": Status.PENDING},
    "unknown": {"status": Status.START_UNKNOWN},
    "paid": {"status": Status.PAID},
    "late": {"status": Status.PAID, "late": True},
    "expired": {"status": Status.EXPIRED},
    "unresolved": {
        "status": Status.EXPIRED,
        "status_reason": Reason.UNRESOLVED,
        "last_answer": None,
    },
    "cancelled": {"status": Status.CANCELLED},
    "failed": {"status": Status.FAILED},
    "unsent": {
        "status": Status.FAILED,
        "status_reason": Reason.ELSOM_UNREACHABLE,
        "last_answer": None,
        "next_check_at": None,
    },
}


class PagesWorld(World):
    """A World with its pages. `secret` is what Secrets Manager would answer."""

    def __init__(self, places: Places | None = None) -> None:
        super().__init__()
        self.secret: dict[str, Any] = {
            "partnerCode": MERCHANT.partner_code,
            "password": MERCHANT.password,
            "merchantMsisdn": MERCHANT.msisdn,
            "callbackToken": TOKEN,
            "pageSigningKeys": [KEY],
        }
        self.secret_reads = 0
        self.checking_error: PaymentsError | None = None
        self.places = places or Places(shop_url=SHOP, return_hosts=("shop.kg",))
        self.pages = routes.PageDeps(
            payments=self.payments,
            merchant_secret=MerchantSecretCache(self._read_secret, self.clock),
            places=self.places,
            checks=self.checking(),
            clock=self.clock,
        )

    def show(self, payment: Payment, *, query: bool = False) -> Payment:
        """Keep a payment in place of what was there; Elsom was just asked, unless `ask`."""
        payment = payment if query else queried(payment, self.clock.now, Trigger.PAGE)
        self.store.payments.items.pop(payment.id, None)
        # Not in the due index: no schedule runs here.
        self.store.payments.items[payment.id] = replace(payment, next_check_at=None)
        return payment

    def pass_seconds(self, seconds: int) -> None:
        self.clock.advance(seconds * SECOND)

    def open(
        self,
        resource: str,
        name: str = PAYMENT_ID,
        query: dict[str, str] | None = None,
        cookie: str = "",
    ) -> Response:
        """Open an address, signed unless `query` says otherwise."""
        parameter = "token" if "{token}" in resource else "id"
        wanted = {"s": signature(name)} if query is None else query
        return self.answer(event_of(resource, {parameter: name}, wanted, cookie))

    def answer(self, event: LambdaEvent) -> Response:
        """What the function answers; errors become pages, as its handler has it."""
        try:
            request = read_request(event, "", local=True)
            return ROUTES[request.resource](request, self.pages)
        except PaymentsError as error:
            return error_page(error, front_page(self.places))

    def _read_secret(self) -> str:
        self.secret_reads += 1
        return json.dumps(self.secret)

    def merchant(self) -> Merchant:
        if self.checking_error:
            raise self.checking_error
        return super().merchant()


def in_state(state: str, language: str = "ru", **changes: Any) -> Payment:
    return a_payment(**{**STATES[state], "language": language, **changes})


def event_of(
    resource: str,
    parameters: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    cookie: str = "",
    host: str = "pages.example",
    accept_language: str = "",
) -> LambdaEvent:
    """A REST API proxy event as the local AWS makes it."""
    path = resource
    for name, value in (parameters or {}).items():
        path = path.replace(f"{{{name}}}", value)
    return {
        "httpMethod": "GET",
        "resource": resource,
        "path": path,
        "pathParameters": parameters,
        "queryStringParameters": query,
        "headers": {"host": host, "cookie": cookie, "accept-language": accept_language},
        "requestContext": {"path": f"/v1{path}", "stage": "v1", "apiId": "api", "requestId": "r"},
        "body": None,
    }


def signature(payment_id: str = PAYMENT_ID, key: str = KEY) -> str:
    return sign("page", payment_id, key)
