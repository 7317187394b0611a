"""Where a customer may be sent on to; checked at each visit, since settings may change."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from payments.domain.payment import Payment
from payments.domain.payment_request import is_allowed_return_url
from payments.pages.state import shown_status


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The stack's rules. `plain_http`: http is allowed too, for the sandbox and a local shop."""

    shop_url: str = ""
    return_hosts: tuple[str, ...] = ()
    plain_http: bool = False

    def is_web_address(self, url: str) -> bool:
        """Whether it is an absolute https address, to which a browser may be sent."""
        schemes = ("https://", "http://") if self.plain_http else ("https://",)
        return url.startswith(schemes) and url.isprintable() and " " not in url and "\\" not in url


def back_to_shop(payment: Payment, places: Places) -> str | None:
    """The shop's URL for this payment, with `paymentId` and `status`; None where there is none.

    `status` is a hint for the shop, not a proof: the customer can change it.
    """
    shop = shop_page(payment, places)
    if shop is None:
        return None
    parts = urlsplit(shop)
    ours = urlencode({"paymentId": payment.id, "status": shown_status(payment)})
    query = f"{parts.query}&{ours}" if parts.query else ours
    return urlunsplit(parts._replace(query=query))


def shop_page(payment: Payment, places: Places) -> str | None:
    """The payment's `returnUrl` if that is still allowed, else the shop's own page."""
    url = payment.return_url
    if url and places.is_web_address(url) and is_allowed_return_url(url, places.return_hosts):
        return url
    return front_page(places)


def front_page(places: Places) -> str | None:
    """The shop's own page; None when the stack has none."""
    return places.shop_url if places.is_web_address(places.shop_url) else None


def elsom_page(payment: Payment, places: Places) -> str | None:
    """Elsom's page for this payment; None when there is none that a browser may be sent to."""
    url = payment.elsom_url
    return url if url and places.is_web_address(url) else None
