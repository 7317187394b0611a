"""Where the operator's document is silent or contradicts itself, one option per reading."""

from dataclasses import dataclass, fields, replace
from typing import Final

from sandbox.naming import camel, camel_json

CHOICES: Final = {
    "initResult": ("inside", "beside"),
    "statusResult": ("beside", "inside"),
    "repeatedStart": ("refuse", "same-url", "second-payment"),
    "notificationMethod": ("PartnerPaymentResult", "PaymentResult"),
    "trnField": ("PSPTTrnID", "PSPTrnID"),
}


@dataclass(frozen=True)
class Options:
    """How this Elsom behaves; outside, the names are written in camelCase.

    `init_result`, `status_result`: whether `Result` lies inside or beside `Response`.
    `trailing_comma`: end the status answer's `Result` with the comma the document prints.
    `numeric_codes`: write ErrorCode and a numeric PaymentStatus as JSON numbers.
    `redirect_parameters`: add PartnerTrnID and PaymentStatus to the browser's way back.
    """

    init_result: str = "inside"
    status_result: str = "beside"
    trailing_comma: bool = False
    numeric_codes: bool = False
    repeated_start: str = "refuse"
    notification_method: str = "PartnerPaymentResult"
    trn_field: str = "PSPTTrnID"
    notification_content_type: str = "application/json; charset=utf-8"
    redirect_parameters: bool = False

    def as_json(self) -> dict[str, object]:
        """The options as the control API shows them."""
        return camel_json(self)


def change(options: Options, wanted: dict[str, object]) -> Options:
    """Return `options` with `wanted` applied; ValueError names what is wrong."""
    known = {camel(field.name): field for field in fields(Options)}
    changes: dict[str, object] = {}
    for name, value in wanted.items():
        if name not in known:
            raise ValueError(f"There is no option {name!r}; there are {', '.join(known)}.")
        if known[name].type is bool and not isinstance(value, bool):
            raise ValueError(f"Option {name} is true or false.")
        if known[name].type is str and not (isinstance(value, str) and _is_line(value)):
            raise ValueError(f"Option {name} is a line of ASCII text.")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"Option {name} is one of {', '.join(CHOICES[name])}.")
        changes[known[name].name] = value
    return replace(options, **changes)  # type: ignore[arg-type]  # checked one by one above


def _is_line(value: str) -> bool:
    return bool(value) and value.isprintable() and value.isascii()


def parse_assignments(assignments: list[str]) -> dict[str, object]:
    """Turn `name=value` texts of the command line into option values."""
    wanted: dict[str, object] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise ValueError(f"An option is written name=value, not {assignment!r}.")
        wanted[name] = {"true": True, "false": False}.get(value, value)
    return wanted
