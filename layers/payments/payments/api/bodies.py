"""The bodies of the shop's calls except the start."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from payments.domain.errors import InvalidRequest
from payments.domain.payment_request import TEXT_500, Person, check_fields

Note = Annotated[
    str,
    Meta(
        description="What was found and done.",
        pattern=TEXT_500,
        examples=["The customer was paid back in cash"],
        extra={"message": "must be 1 to 500 characters"},
    ),
]


class ByPerson(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The body of a check or a resend, which may be empty."""

    requested_by: Person | None = None


class Resolution(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """The body of `POST /cases/{id}/resolve`. `requestedBy` is another name of `resolvedBy`."""

    note: Note
    resolved_by: Person | None = None
    requested_by: Person | None = None


def parse_requested_by(body: bytes) -> str | None:
    """The person in the body, if there is one; raise InvalidRequest for any other body."""
    if not body.strip():
        return None
    by: str | None = check_fields(body, ByPerson).get("requested_by")
    return by


def parse_resolution(body: bytes) -> tuple[str, str | None]:
    """The note, and who resolved the case; raise InvalidRequest that names what is wrong."""
    fields = check_fields(body, Resolution)
    note: str = fields["note"]
    named = [fields[name] for name in ("resolved_by", "requested_by") if fields.get(name)]
    if len(set(named)) > 1:
        raise InvalidRequest(("requestedBy", "must be the same as resolvedBy, or be left out"))
    return note, named[0] if named else None
