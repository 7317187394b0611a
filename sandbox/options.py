"""Where the operator's document is silent or contradicts itself, one option per reading."""

from typing import Annotated, Literal, get_args

import msgspec

type Line = Annotated[str, msgspec.Meta(pattern=r"\A[ -~]+\Z")]


class Options(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How this Elsom behaves; outside, the names are written in camelCase."""

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
