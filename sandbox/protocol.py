"""The partner protocol as the operator's document writes it: requests checked, answers built."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox.options import Options

PARTNER_CODE: Final = "00609"
PASSWORD: Final = "sandbox-password"  # noqa: S105 - public on purpose, it opens nothing
MERCHANT_WALLET: Final = "0901015003"

START: Final = "IA_Init"
STATUS: Final = "PartnerGetPaymentStatus"
# The document's table calls the status method by its short name, its example by the long one.
STATUS_NAMES: Final = (STATUS, "GetPaymentStatus")

START_FIELDS: Final = {
    "CultureInfo": 10,
    "MSISDN": 10,
    "PmSISDN": 10,
    "PartnerCode": 10,
    "Password": 100,
    "ChequeNo": 20,
    "PartnerTrnID": 20,
    "Amount": 30,
    "CashierNo": 20,
    "UDF": 100,
}
STATUS_FIELDS: Final = {"CultureInfo": 10, "MSISDN": 10, "PartnerTrnID": 20, "Password": 100}

LANGUAGES: Final = {"ky-KG": "ky", "ru-RU": "ru", "en-US": "en"}
FINAL_STATUSES: Final = ("A", "2", "3", "4")
STATUSES: Final = ("A", "1", "2", "3", "4")

# The document lists no error codes: these are the sandbox's own.
CODE_UNREADABLE: Final = "11"
CODE_FIELDS: Final = "12"
CODE_CREDENTIALS: Final = "13"
CODE_REPEATED: Final = "14"
CODE_UNKNOWN: Final = "15"

_MESSAGES: Final = {
    "ky": {
        "A": "Төлөм ийгиликтүү өттү",
        "1": "Төлөм иштетилүүдө",
        "2": "Ийгиликсиз, транзакциянын убактысы бүттү",
        "3": "Төлөмдү өнөктөш жокко чыгарды",
        "4": "Башка ката",
    },
    "ru": {
        "A": "Платеж прошел успешно",
        "1": "Платеж в обработке",
        "2": "Не успешно время транзакции вышла",
        "3": "Платеж отменен партнером",
        "4": "Другая ошибка",
    },
    "en": {
        "A": "The payment was successful",
        "1": "The payment is in progress",
        "2": "Not successful, the transaction's time ran out",
        "3": "The payment was cancelled by the partner",
        "4": "Another error",
    },
}

_WALLET = re.compile(r"0[0-9]{9}")
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]{1,2})?")
_CULTURE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Refusal(Exception):
    """Elsom answers with a non-zero ErrorCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Request:
    """What could be read of one call; `problem` says why it is no request of the protocol."""

    method: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    problem: str | None = None

    @property
    def trn(self) -> str | None:
        """The PartnerTrnID, when there is a readable one."""
        value = self.fields.get("PartnerTrnID")
        return value if isinstance(value, str) else None

    @property
    def is_status(self) -> bool:
        """Whether this asks for a payment's status, under either of its two names."""
        return self.method in STATUS_NAMES


def read_request(body: bytes) -> Request:
    """Read one JSON object whose only key is the method name; never raises."""
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique_keys)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        return Request(problem=f"The body is not JSON in UTF-8: {error}.")
    if not isinstance(document, dict) or len(document) != 1:
        return Request(problem="The body must be one object with one key, the method name.")
    method, content = next(iter(document.items()))
    if not isinstance(content, dict):
        return Request(method=method, problem=f"{method} must hold an object.")
    return Request(method=method, fields=content)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key is written twice")
    return dict(pairs)


def check_envelope(request: Request, content_type: str) -> None:
    """Raise `Refusal` unless this is JSON that names a method of the protocol."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(CODE_UNREADABLE, "The Content-Type must be application/json; charset=utf-8.")
    if request.problem:
        raise Refusal(CODE_UNREADABLE, request.problem)
    if request.method != START and not request.is_status:
        raise Refusal(CODE_UNREADABLE, f"There is no method {request.method!r}.")


def check_start(request: Request) -> dict[str, str]:
    """Return the ten fields of `IA_Init`; raise `Refusal` with what is wrong."""
    values = _texts(request, START_FIELDS)
    if values["CultureInfo"] not in LANGUAGES:
        raise Refusal(CODE_FIELDS, f"CultureInfo must be one of {', '.join(LANGUAGES)}.")
    if values["MSISDN"] != "0" and not _WALLET.fullmatch(values["MSISDN"]):
        raise Refusal(CODE_FIELDS, "MSISDN must be 0, or 10 digits beginning with 0.")
    if not _AMOUNT.fullmatch(values["Amount"]) or not values["Amount"].strip("0."):
        raise Refusal(CODE_FIELDS, "Amount must be more than zero, with a point and two decimals.")
    if values["PartnerCode"] != PARTNER_CODE or values["Password"] != PASSWORD:
        raise Refusal(CODE_CREDENTIALS, "PartnerCode or Password is wrong.")
    if values["PmSISDN"] != MERCHANT_WALLET:
        raise Refusal(CODE_CREDENTIALS, "PmSISDN is not the wallet of this merchant.")
    return values


def check_status(request: Request) -> dict[str, str]:
    """Return the four fields of the status call; raise `Refusal` with what is wrong."""
    values = _texts(request, STATUS_FIELDS)
    if not _CULTURE.fullmatch(values["CultureInfo"]):
        raise Refusal(CODE_FIELDS, "CultureInfo must be a language tag such as ru-RU.")
    if values["Password"] != PASSWORD or values["MSISDN"] != MERCHANT_WALLET:
        raise Refusal(CODE_CREDENTIALS, "MSISDN is not the merchant's wallet or Password is wrong.")
    return values


def _texts(request: Request, limits: Mapping[str, int]) -> dict[str, str]:
    missing = [name for name in limits if name not in request.fields]
    unknown = [name for name in request.fields if name not in limits]
    if missing or unknown:
        raise Refusal(
            CODE_FIELDS,
            f"{request.method} has exactly {len(limits)} fields."
            + (f" Missing: {', '.join(missing)}." if missing else "")
            + (f" Unknown: {', '.join(unknown)}." if unknown else ""),
        )
    texts: dict[str, str] = {}
    for name, limit in limits.items():
        value = request.fields[name]
        if not isinstance(value, str):
            raise Refusal(CODE_FIELDS, f"{name} must be a string.")
        if len(value) > limit:
            raise Refusal(CODE_FIELDS, f"{name} must be at most {limit} characters.")
        texts[name] = value
    if not texts["PartnerTrnID"]:
        raise Refusal(CODE_FIELDS, "PartnerTrnID must not be empty.")
    return texts


def status_message(status: str, language: str) -> str:
    """The document's words for a status, in `ky`, `ru` or `en` (any other language: `ru`)."""
    return _MESSAGES.get(language, _MESSAGES["ru"])[status]


def language_of(culture: str) -> str:
    """`ky-KG` → `ky`; a culture the pages do not speak becomes `ru`."""
    language = culture[:2].lower()
    return language if language in _MESSAGES else "ru"


def error_answer(code: str, message: str, options: Options) -> bytes:
    """A refusal: `Response` alone."""
    return _text({"Response": {"ErrorCode": _code(code, options), "ErrorMsg": message}})


def start_answer(pay_url: str, options: Options) -> bytes:
    """The answer to `IA_Init`: the pay page's URL."""
    return _text(_with_result({"URL": pay_url}, options.init_result, options))


def status_answer(status: str, message: str, options: Options) -> bytes:
    """The answer to the status call, with the document's trailing comma when asked for."""
    result = {"PaymentStatus": _code(status, options), "Message": message}
    text = _text(_with_result(result, options.status_result, options))
    if options.trailing_comma:
        ending = json.dumps(message, ensure_ascii=False).encode()
        text = text.replace(ending + b"}", ending + b",}")
    return text


def _with_result(result: dict[str, object], place: str, options: Options) -> dict[str, object]:
    response: dict[str, object] = {"ErrorCode": _code("0", options), "ErrorMsg": "Success"}
    if place == "inside":
        return {"Response": response | {"Result": result}}
    return {"Response": response, "Result": result}


def _code(code: str, options: Options) -> object:
    return int(code) if options.numeric_codes and code.isascii() and code.isdigit() else code


def _text(document: dict[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
