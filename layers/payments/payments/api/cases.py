"""Lists of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from payments.api.pagination import from_cursor, parse_limit
from payments.domain.cases import Case, CaseState
from payments.domain.errors import InvalidRequest
from payments.store.cases import Cases
from payments.store.listing import Position

_PARAMETERS: Final = frozenset({"state", "limit", "cursor"})


class CaseQuery(msgspec.Struct, frozen=True, array_like=True, tag="cases"):
    """The filter of a list, and where the previous page ended."""

    state: CaseState = CaseState.OPEN
    after: Position | None = None


def parse_case_query(
    parameters: Mapping[str, str], signing_keys: Sequence[str]
) -> tuple[CaseQuery, int]:
    """The query and the limit; raise InvalidRequest that names every wrong parameter."""
    errors = [(name, "is not a parameter of this list") for name in parameters.keys() - _PARAMETERS]
    limit, wrong_limit = parse_limit(parameters.get("limit"))
    errors = [*sorted(errors), *wrong_limit]
    state = parameters.get("state", CaseState.OPEN)
    if state not in set(CaseState):
        errors.append(("state", f"must be one of {', '.join(CaseState)}"))
    query: CaseQuery | None = CaseQuery()
    if "cursor" in parameters:
        query = from_cursor(parameters["cursor"], CaseQuery, signing_keys)
        if query is None or parameters.get("state", query.state) != query.state:
            errors.append(("cursor", "is not a cursor of this list"))
    elif not errors:
        query = CaseQuery(CaseState(state))
    if errors or query is None:
        raise InvalidRequest(*errors)
    return query, limit


def list_cases(query: CaseQuery, limit: int, cases: Cases) -> tuple[list[Case], CaseQuery | None]:
    """One page of cases, and the query of the next one if there may be one."""
    page = cases.page(query.state, limit, query.after)
    return page.cases, CaseQuery(query.state, page.end) if page.end else None
