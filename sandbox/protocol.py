"""The partner protocol as the operator's document writes it: requests checked, answers built."""

import json
import re
from typing import Annotated, Final, Literal, get_args

import msgspec

from sandbox.texts import STATUSES, data

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


FIELDS: Final = data("protocol.toml", dict[str, dict[str, Field]])
# All public on purpose: they open nothing.
PARTNER_CODE, PASSWORD, MERCHANT_WALLET = (
    FIELDS[START][name].pattern for name in ("PartnerCode", "Password", "PmSISDN")
)
type Line = Annotated[str, msgspec.Meta(pattern=r"\A[ -~]+\Z")]


class Options(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How this Elsom reads what the document leaves open; outside, the names are in camelCase."""

    # Whether `Result` lies inside or beside `Response`.
    init_result: Literal["inside", "beside"] = "inside"
    status_result: Literal["beside", "inside"] = "beside"
    trailing_comma: bool = False  # the one the document prints at the end of a status's `Result`
    numeric_codes: bool = False  # ErrorCode and a numeric PaymentStatus as JSON numbers
    repeated_start: Literal["refuse", "same-url", "second-payment"] = "refuse"
    notification_method: Literal["PartnerPaymentResult", "PaymentResult"] = "PartnerPaymentResult"
    trn_field: Literal["PSPTTrnID", "PSPTrnID"] = "PSPTTrnID"
    notification_content_type: Line = "application/json; charset=utf-8"
    redirect_parameters: bool = False  # PartnerTrnID and PaymentStatus on the browser's way back

    def changed(self, wanted: dict[str, object]) -> "Options":
        """These options with `wanted` applied. Raises ValueError with what is wrong."""
        try:
            return msgspec.convert(msgspec.to_builtins(self) | wanted, Options)
        except msgspec.ValidationError as error:
            raise ValueError(f"{error}. The options are {', '.join(READINGS)}.") from None


# The options' names and what each can be, the value it begins with first.
READINGS = {
    it.encode_name: ("false", "true") if it.type is bool else get_args(it.type) or (it.default,)
    for it in msgspec.structs.fields(Options)
}


class Refusal(Exception):
    """Elsom answers with a non-zero ErrorCode and a message."""


def demand(is_right: object, code: str, message: str) -> None:
    if not is_right:
        raise Refusal(code, message)


class Request(msgspec.Struct, frozen=True):
    """What could be read of one call; `problem` says why it is no request of the protocol."""

    name: str | None = None
    fields: dict[str, object] = {}
    problem: str = ""
    method: str | None = None  # by the document's long name
    trn: str | None = None


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
    method, trn = STATUS if name == SHORT_STATUS else name, content.get("PartnerTrnID")
    return Request(name, content, method=method, trn=trn if isinstance(trn, str) else None)


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
    return _text({"Response": {"ErrorCode": _code(code, options), "ErrorMsg": message}})


def start_answer(pay_url: str, options: Options) -> bytes:
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
