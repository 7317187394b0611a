"""Schemathesis against the deployed stack: a thousand made-up requests, all as documented."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.deployed import Deployed, eventually
from tools.make_openapi import document

SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [
    ("POST", "/payments"),
    ("GET", "/payments"),
    ("GET", "/payments/{id}"),
    ("GET", "/payments/{id}/timeline"),
    ("GET", "/payments/{id}/events"),
    ("POST", "/payments/{id}/check"),
    ("POST", "/payments/{id}/resend"),
    ("GET", "/reports/{day}"),
    ("GET", "/cases"),
    ("POST", "/cases/{id}/resolve"),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
VALID, INVALID = 105, 35
DECLINED = "0000000002"


class Signed(AuthBase):
    """AWS Signature Version 4 for requests."""

    def __init__(self, stack: Deployed) -> None:
        self._shop = stack.shop

    def __call__(self, request: Any) -> Any:
        shop = self._shop
        body = request.body or b""
        plain = AWSRequest(request.method, request.url, dict(request.headers), body)
        keys = Credentials(shop.access_key_id, shop.secret_access_key)
        SigV4Auth(keys, "execute-api", shop.region).add_auth(plain)
        request.headers.update(dict(plain.headers))
        return request


@pytest.fixture(scope="module")
def answers() -> Counter[int]:
    """How often each status was answered, over the whole module."""
    return Counter()


@pytest.fixture(scope="module")
def known_ids(stack: Deployed) -> dict[str, list[str]]:
    """Ids that exist: of payments, and of the case that money which came late opened."""
    payments = [stack.start().body["id"] for _ in range(5)]
    late = stack.start(customerMsisdn=DECLINED).body["id"]
    stack.wait_for(late, "failed")
    stack.let_time_pass_since_the_last_query(late)
    stack.set_status(late, "A", notify=True)
    stack.wait_for(late, "paid")
    cases = eventually(lambda: stack.shop.call("GET", "/cases").body["items"])
    return {
        "payments": payments,
        "cases": [case["id"] for case in cases],
        "reports": ["2026-11-24", datetime.now(UTC).date().isoformat()],
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_input_gets_an_undocumented_answer(
    stack: Deployed,
    answers: Counter[int],
    known_ids: dict[str, list[str]],
    method: str,
    path: str,
    mode: GenerationMode,
) -> None:
    cases = SCHEMA[path][method].as_strategy(generation_mode=mode)
    session = requests.Session()
    session.auth = Signed(stack)
    known = known_ids[path.split("/")[1]]
    parameter = "day" if "{day}" in path else "id"
    keys = count()

    @seed(20261124)
    @settings(
        max_examples=VALID if mode is GenerationMode.POSITIVE else INVALID,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, known_id=st.sampled_from(known), made_up=st.integers(0, 9))
    def run(case: Any, known_id: str, made_up: int) -> None:
        if mode is GenerationMode.POSITIVE and made_up:
            if case.path_parameters:
                case.path_parameters = {parameter: known_id}
            if path == "/payments" and method == "POST":
                # Else nearly all keys were the same, and hardly a return URL allowed.
                case.headers["Idempotency-Key"] = f"made-up-{next(keys)}"
                case.body.pop("returnUrl", None)
            elif "cursor" in (case.query or {}):
                del case.query["cursor"]
        response = case.call(base_url=stack.cloud.api_url, session=session)
        answers[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    run()


def test_a_thousand_requests_were_made_and_enough_of_them_succeeded(answers: Counter[int]) -> None:
    total = sum(answers.values())
    good = sum(count for status, count in answers.items() if 200 <= status < 300)
    print(f"\n{total} requests: {dict(sorted(answers.items()))}")
    assert total >= 1_000
    assert good >= 0.3 * total
    assert not [status for status in answers if status >= 500]
