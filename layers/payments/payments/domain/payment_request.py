"""The request that starts a payment: the types that validate it.

The OpenAPI document is made of the same types. `message` is what a shop reads after a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from payments.domain.errors import InvalidRequest
from payments.domain.money import AMOUNT_PATTERN

_METADATA_PAIRS: Final = 20
_METADATA_BYTES: Final = 2_048
_MAX_BODY_BYTES: Final = 32 * 1024
_MAX_KEY: Final = 255


def _text(at_least: int, at_most: int) -> str:
    """A pattern without control characters, which would be stored, printed and sent to Elsom."""
    return rf"^[^\x00-\x1f\x7f]{{{at_least},{at_most}}}$(?!\n)"


TEXT_500: Final = _text(1, 500)
# Characters that move the cursor, change the text's direction or cannot be seen.
_UNSEEN: Final = (
    r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
)
_NAME_64: Final = rf"^[^{_UNSEEN}]{{1,64}}$(?!\n)"


def _rule(message: str, description: str, *, pattern: str, example: str) -> Meta:
    return Meta(
        pattern=pattern,
        description=description,
        examples=[example],
        extra={"message": message},
    )


Person = Annotated[
    str,
    _rule(
        "must be 1 to 64 printable characters",
        "Who requests this, by a name of the caller's. It is stored, and not verified.",
        pattern=_NAME_64,
        example="aida",
    ),
]
Amount = Annotated[
    str,
    _rule(
        'must be a decimal string in som such as "1500.00", above zero, at most two decimals',
        "Sum in Kyrgyz som (KGS), a decimal string.",
        pattern=AMOUNT_PATTERN,
        example="1500.00",
    ),
]
OrderId = Annotated[
    str,
    _rule(
        "must be a string of 1 to 20 characters",
        "The shop's order number; Elsom shows it as the receipt number.",
        pattern=_text(1, 20),
        example="A-1001",
    ),
]
Msisdn = Annotated[
    str,
    _rule(
        "must be a string of 10 digits, the first of them 0",
        "The customer's Elsom wallet. Stored and shown only masked.",
        pattern=r"^0[0-9]{9}$(?!\n)",
        example="0556109910",
    ),
]
CashierNo = Annotated[
    str,
    _rule(
        "must be a string of at most 20 characters",
        "The cashier, if there is one.",
        pattern=_text(0, 20),
        example="0001",
    ),
]
Description = Annotated[
    str,
    _rule(
        "must be a string of at most 100 characters",
        "Free text that is passed on to Elsom.",
        pattern=_text(0, 100),
        example="Two tickets",
    ),
]
ReturnUrl = Annotated[
    str,
    _rule(
        "must be an https address of at most 500 characters",
        "Where the customer goes after the result page; its host must be one of ReturnUrlHosts.",
        pattern=r"^https://[\x21-\x7e]{1,492}$(?!\n)",
        example="https://shop.example/orders/A-1001",
    ),
]
Language = Annotated[
    Literal["ky", "ru", "en"],
    Meta(
        description="Language of the customer's pages.",
        extra={"message": "must be ky, ru or en"},
    ),
]
Metadata = Annotated[
    dict[str, str],
    Meta(
        description="Up to 20 pairs of strings, 2 KB in all. Kept and echoed, never sent to Elsom.",
        extra={"message": "must be up to 20 pairs of strings"},
    ),
]


class PaymentRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The body of `POST /payments`."""

    amount: Amount
    order_id: OrderId
    customer_msisdn: Msisdn | None = None
    language: Language = "ru"
    cashier_no: CashierNo | None = None
    description: Description | None = None
    return_url: ReturnUrl | None = None
    metadata: Metadata | None = None


def parse_start(
    key: str | None, body: bytes, return_url_hosts: tuple[str, ...]
) -> tuple[str, PaymentRequest]:
    """The key and the request of a start; raise InvalidRequest that names everything wrong."""
    if key and len(key) <= _MAX_KEY and key.isascii() and key.isprintable():
        return key, parse_payment_request(body, return_url_hosts)
    wrong_key = ("Idempotency-Key", f"must be 1 to {_MAX_KEY} printable ASCII characters")
    try:
        parse_payment_request(body, return_url_hosts)
    except InvalidRequest as error:
        raise InvalidRequest(wrong_key, *error.errors) from error
    raise InvalidRequest(wrong_key)


def parse_payment_request(body: bytes, return_url_hosts: tuple[str, ...]) -> PaymentRequest:
    """Check the body field by field; raise InvalidRequest that names every wrong one."""
    values, errors = _read_fields(body, PaymentRequest)
    errors += _beyond_types(values, return_url_hosts)
    if errors:
        raise InvalidRequest(*errors)
    return PaymentRequest(**values)


def check_fields(body: bytes, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields of a body that has this form; raise InvalidRequest that names every wrong one."""
    values, errors = _read_fields(body, kind)
    if errors:
        raise InvalidRequest(*errors)
    return values


def _read_fields(
    body: bytes, kind: type[msgspec.Struct]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Check each field by itself, since msgspec stops at the first mistake."""
    fields = parse_object(body)
    errors: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    known = _fields_of(kind)
    for name, field in known.items():
        if name not in fields:
            if field.required:
                errors.append((name, "is required"))
            continue
        try:
            values[field.name] = msgspec.convert(fields[name], field.type)
        except msgspec.ValidationError:
            errors.append((name, _message(field.type)))
    errors += [(name, "is not a field of this request") for name in fields if name not in known]
    return values, errors


@cache
def _fields_of(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields by name; to look them up takes longer than to check a whole request."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def parse_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a request's body; raise InvalidRequest when it is not one."""
    if len(body) > _MAX_BODY_BYTES:
        raise InvalidRequest(("body", f"must be at most {_MAX_BODY_BYTES} bytes"))
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidRequest(("body", "must be a JSON object")) from None
    if not isinstance(document, dict):
        raise InvalidRequest(("body", "must be a JSON object"))
    return document


def _beyond_types(values: dict[str, Any], hosts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Check the rules that a type cannot express."""
    errors = []
    metadata = values.get("metadata") or {}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items())
    if len(metadata) > _METADATA_PAIRS:
        errors.append(("metadata", f"must be at most {_METADATA_PAIRS} pairs"))
    elif "" in metadata:
        errors.append(("metadata", "must not have an empty name"))
    elif size > _METADATA_BYTES:
        errors.append(("metadata", f"must be at most {_METADATA_BYTES} bytes in all"))
    url = values.get("return_url")
    if url is not None and not is_allowed_return_url(url, hosts):
        errors.append(("returnUrl", "must be an https address whose host is in ReturnUrlHosts"))
    return errors


def is_allowed_return_url(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address leads to one of the hosts, however a browser parses it.

    The whole part between `https://` and the path must be a listed host (with its port, where one
    is listed): no user part, no backslash, nothing that another parser takes for the host.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and "\\" not in url and parts.netloc.lower() in hosts


def _message(annotation: Any) -> str:
    """The message that belongs to a field's type."""
    for part in (annotation, *get_args(annotation)):
        if get_origin(part) is Annotated:
            for meta in part.__metadata__:
                if isinstance(meta, Meta) and meta.extra:
                    return str(meta.extra["message"])
    return "is not valid"
