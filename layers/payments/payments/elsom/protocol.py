"""Elsom's messages: written exactly as the operator's document has them, read leniently. Pure.

Sources: the operator's partner API document 1.1 and, where it says nothing, what working
integrations were seen to receive (docs/protocol.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from payments.domain.masking import mask_numbers, visible
from payments.domain.money import Tyiyn, format_som
from payments.domain.payment import ElsomStatus

CULTURES: Final[Mapping[str, str]] = {"ky": "ky-KG", "ru": "ru-RU", "en": "en-US"}
SUCCESS: Final = "0"
NO_WALLET: Final = "0"

# A comma before a closing bracket, as in the document's own examples. Strings are skipped whole,
# also one that never ends: to search its end from every quote in it would take minutes.
_TRAILING_COMMA: Final = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|,(?=\s*[}\]])', re.DOTALL)
_MAX_MESSAGE: Final = 250
_MAX_CODE: Final = 20
_MAX_URL: Final = 2_000


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What the start call sends. Amount in tyiyn; the wallet is the customer's, or None."""

    payment_id: str
    amount: Tyiyn
    order_id: str
    language: str
    customer_msisdn: str | None = None
    cashier_no: str | None = None
    description: str | None = None


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to Elsom."""

    partner_code: str
    password: str
    msisdn: str

    def __repr__(self) -> str:
        """Hide the password."""
        return "Merchant(...)"


class Accepted(msgspec.Struct, frozen=True):
    """Elsom accepted the start; the customer pays at `url`."""

    url: str


class Refused(msgspec.Struct, frozen=True):
    """Elsom responded with an error code other than 0."""

    code: str
    message: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """Elsom answered with the payment's status."""

    answer: ElsomStatus


class Unusable(msgspec.Struct, frozen=True):
    """A response that cannot be used; `why` is a fixed code of ours, never Elsom's text.

    `is_response`: it has the form of Elsom's responses, and only a value is missing or unknown.
    """

    why: str
    is_response: bool = False


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a notification claims. Nothing in it is proven."""

    partner_trn_id: str
    transaction_id: str | None = None
    payment_status: str | None = None
    message: str | None = None
    cheque_no: str | None = None
    cashier_no: str | None = None


def start_request(start: Start, merchant: Merchant) -> bytes:
    """The ten fields of `IA_Init`, all strings."""
    return _request(
        "IA_Init",
        CultureInfo=CULTURES[start.language],
        MSISDN=start.customer_msisdn or NO_WALLET,
        PmSISDN=merchant.msisdn,
        PartnerCode=merchant.partner_code,
        Password=merchant.password,
        ChequeNo=start.order_id,
        PartnerTrnID=start.payment_id,
        Amount=format_som(start.amount),
        CashierNo=start.cashier_no or "",
        UDF=start.description or "",
    )


def status_request(payment_id: str, merchant: Merchant) -> bytes:
    """The four fields of `PartnerGetPaymentStatus`; the wallet is the merchant's."""
    return _request(
        "PartnerGetPaymentStatus",
        CultureInfo="ru-RU",
        MSISDN=merchant.msisdn,
        PartnerTrnID=payment_id,
        Password=merchant.password,
    )


def read_start(body: bytes, *, plain_http: bool = False) -> Accepted | Refused | Unusable:
    """Read the response to `IA_Init`. `plain_http` accepts an http URL (sandbox only)."""
    result = _result(body)
    if isinstance(result, Refused | Unusable):
        return result
    url = _scalar(result.get("URL"))
    if url is None or len(url) > _MAX_URL or not _is_page(url, plain_http=plain_http):
        return Unusable("no-url", is_response=True)
    return Accepted(url)


def read_status(body: bytes) -> Answered | Refused | Unusable:
    """Read the response to a status query."""
    result = _result(body)
    if isinstance(result, Refused | Unusable):
        return result
    letter = _scalar(result.get("PaymentStatus"))
    try:
        return Answered(ElsomStatus((letter or "").upper()))
    except ValueError:
        return Unusable("unknown-status", is_response=True)


def read_notification(body: bytes) -> Notification | None:
    """Read a notification; None where neither method's name nor a PartnerTrnID is there."""
    document = read_json(body)
    if not isinstance(document, dict):
        return None
    fields = document.get("PartnerPaymentResult", document.get("PaymentResult"))
    if not isinstance(fields, dict):
        return None
    trn = _scalar(fields.get("PartnerTrnID"))
    if not trn:
        return None
    transaction = _scalar(fields.get("PSPTTrnID")) or _scalar(fields.get("PSPTrnID"))
    return Notification(
        partner_trn_id=visible(trn)[:100],
        transaction_id=visible(transaction)[:30] if transaction else None,
        payment_status=_masked_text(fields.get("PaymentStatus"), 100),
        message=_masked_text(fields.get("Message"), _MAX_MESSAGE),
        cheque_no=_masked_text(fields.get("ChequeNo"), 100),
        cashier_no=_masked_text(fields.get("CashierNo"), 100),
    )


def notification_answer(*, accepted: bool, message: str) -> bytes:
    """The response that Elsom expects: error code 0, or 1 where we did not store it."""
    code = SUCCESS if accepted else "1"
    return msgspec.json.encode({"Response": {"ErrorCode": code, "ErrorMsg": message}})


def read_json(body: bytes) -> Any:
    """Read JSON as Elsom writes it: a byte order mark and trailing commas are accepted.

    None where it is not JSON. Bytes that are not UTF-8 become U+FFFD: only texts can hold them.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").encode()
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        repaired = _TRAILING_COMMA.sub(lambda found: found.group(1) or b"", text)
    try:
        return msgspec.json.decode(repaired)
    except (msgspec.DecodeError, RecursionError):
        return None


def scrub_refusal(refused: Refused, secrets: Iterable[str]) -> Refused:
    """Mask our secrets and every wallet number in Elsom's texts; only then cut them short.

    Control characters are escaped, since the texts are shown on screens.
    """
    code, message = refused.code, refused.message or ""
    # The longest first: one secret may be a part of another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        code, message = code.replace(secret, "***"), message.replace(secret, "***")
    message = visible(mask_numbers(message))[:_MAX_MESSAGE]
    return Refused(visible(mask_numbers(code))[:_MAX_CODE] or "?", message or None)


def _request(method: str, **fields: str) -> bytes:
    return msgspec.json.encode({method: fields})


def _result(body: bytes) -> dict[str, Any] | Refused | Unusable:
    """The Result of a response whose error code is 0."""
    response, result = _response(body)
    if response is None:
        return Unusable("unreadable")
    code = _error_code(response)
    if code is None:
        return Unusable("no-error-code", is_response=True)
    if code != SUCCESS:
        return Refused(code, _scalar(response.get("ErrorMsg")))
    return result


def _response(body: bytes) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The Response object, and the Result inside it or beside it."""
    document = read_json(body)
    response = document.get("Response") if isinstance(document, dict) else None
    if not isinstance(response, dict):
        return None, {}
    for result in (response.get("Result"), document.get("Result")):
        if isinstance(result, dict):
            return response, result
    return response, {}


def _error_code(response: dict[str, Any]) -> str | None:
    code = _scalar(response.get("ErrorCode"))
    if not code:
        return None
    return SUCCESS if code.strip("0") == "" else code


def _scalar(value: Any) -> str | None:
    """A string or a whole number as a string; None for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _masked_text(value: Any, limit: int) -> str | None:
    """Mask, escape and cut a text. Cut first, a number could be too short to be masked.

    Anybody who knows the URL may send it, and an operator reads it on a screen.
    """
    return visible(mask_numbers(_scalar(value) or ""))[:limit] or None


def _is_page(url: str, *, plain_http: bool) -> bool:
    """An absolute https address without blanks or control characters."""
    schemes = ("https://", "http://") if plain_http else ("https://",)
    rest = url.partition("://")[2]
    return url.startswith(schemes) and bool(rest) and url.isprintable() and " " not in url
