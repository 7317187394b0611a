"""The partner protocol as the operator's document writes it: requests checked, answers built."""

import json
import re
from pathlib import Path
from typing import Final

import msgspec

from sandbox.options import Options
from sandbox.texts import STATUSES

START: Final = "IA_Init"
STATUS: Final = "PartnerGetPaymentStatus"
# The document's table calls the status method by its short name, its example by the long one.
SHORT_STATUS: Final = "GetPaymentStatus"
WALLET: Final = re.compile(r"0[0-9]{9}")


class Field(msgspec.Struct, frozen=True):
    """A field of a method; one that breaks its pattern is refused with `code` and `wrong`."""

    longest: int
    pattern: str = "(?s:.*)"
    code: str = "12"
    wrong: str = ""


FIELDS: Final = msgspec.toml.decode(
    Path(__file__).with_suffix(".toml").read_bytes(), type=dict[str, dict[str, Field]]
)
# All public on purpose: they open nothing.
PARTNER_CODE, PASSWORD, MERCHANT_WALLET = (
    FIELDS[START][name].pattern for name in ("PartnerCode", "Password", "PmSISDN")
)


class Refusal(Exception):
    """Elsom answers with a non-zero ErrorCode and a message."""


def demand(is_right: object, code: str, message: str) -> None:
    """Raise `Refusal` unless it is right."""
    if not is_right:
        raise Refusal(code, message)


class Request(msgspec.Struct, frozen=True):
    """What could be read of one call; `problem` says why it is no request of the protocol."""

    name: str | None = None
    fields: dict[str, object] = {}
    problem: str = ""

    @property
    def method(self) -> str | None:
        """The method, by the document's long name."""
        return STATUS if self.name == SHORT_STATUS else self.name

    @property
    def trn(self) -> str | None:
        """The PartnerTrnID, when there is a readable one."""
        value = self.fields.get("PartnerTrnID")
        return value if isinstance(value, str) else None


def read_request(body: bytes) -> Request:
    """Read one JSON object whose only key is the method name; never raises."""
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique_keys)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        return Request(problem=f"The body is not JSON in UTF-8: {error}.")
    if not isinstance(document, dict) or len(document) != 1:
        return Request(problem="The body must be one object with one key, the method name.")
    name, content = next(iter(document.items()))
    if not isinstance(content, dict):
        return Request(name, problem=f"{name} must hold an object.")
    return Request(name, content)


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is written twice")
    return dict(pairs)


def check(request: Request, content_type: str) -> dict[str, str]:
    """Return the fields of a start or a status query. Raises `Refusal` with what is wrong."""
    is_json = content_type.partition(";")[0].strip().lower() == "application/json"
    demand(is_json, "11", "The Content-Type must be application/json; charset=utf-8.")
    demand(not request.problem, "11", request.problem)
    demand(request.method in FIELDS, "11", f"There is no method {request.name!r}.")
    fields = FIELDS[str(request.method)]
    missing = [name for name in fields if name not in request.fields]
    unknown = [name for name in request.fields if name not in fields]
    wrong = f"{request.name} has exactly {len(fields)} fields."
    wrong += f" Missing: {', '.join(missing)}." if missing else ""
    wrong += f" Unknown: {', '.join(unknown)}." if unknown else ""
    demand(request.fields.keys() == fields.keys(), "12", wrong)
    values = {name: value for name, value in request.fields.items() if isinstance(value, str)}
    for name, field in fields.items():
        demand(name in values, "12", f"{name} must be a string.")
        is_short = len(values[name]) <= field.longest
        demand(is_short, "12", f"{name} must be at most {field.longest} characters.")
    for name, field in sorted(fields.items(), key=lambda item: item[1].code):
        demand(re.fullmatch(field.pattern, values[name]), field.code, field.wrong)
    return values


def refusal(code: str, message: str, options: Options) -> bytes:
    """An answer that refuses: `Response` alone."""
    return _text({"Response": {"ErrorCode": _code(code, options), "ErrorMsg": message}})


def start_answer(pay_url: str, options: Options) -> bytes:
    """The answer to `IA_Init`: the pay page's URL."""
    return _with_result({"URL": pay_url}, options.init_result, options)


def status_answer(status: str, language: str, options: Options) -> bytes:
    """The answer to the status query, with the document's trailing comma when that is wanted."""
    message = STATUSES[language][status]
    result = {"PaymentStatus": _code(status, options), "Message": message}
    text = _with_result(result, options.status_result, options)
    if options.trailing_comma:
        ending = json.dumps(message, ensure_ascii=False).encode()
        text = text.replace(ending + b"}", ending + b",}")
    return text


def _with_result(result: dict[str, object], place: str, options: Options) -> bytes:
    response: dict[str, object] = {"ErrorCode": _code("0", options), "ErrorMsg": "Success"}
    if place == "inside":
        return _text({"Response": response | {"Result": result}})
    return _text({"Response": response, "Result": result})


def _code(code: str, options: Options) -> object:
    return int(code) if options.numeric_codes and code.isascii() and code.isdigit() else code


def _text(document: object) -> bytes:
    # As the document prints it, with a space after each colon and comma.
    return json.dumps(document, ensure_ascii=False).encode()
