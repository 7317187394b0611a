"""Who may call the deployed API: callers with the policy, and nobody else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.deployed import Deployed
from tests.e2e.still import http
from tests.shop import Shop
from tools.local.servers import REGION

ROUTES = [
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


@pytest.fixture(scope="module")
def caller(stack: Deployed) -> Iterator[tuple[str, Shop]]:
    """A user of the account without any right, and the shop that has its keys."""
    iam, name = stack.cloud.client("iam"), f"caller-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    shop = Shop(stack.shop.api_url, REGION, key["AccessKeyId"], key["SecretAccessKey"])
    yield name, shop
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def filled(path: str) -> str:
    return path.replace("{id}", "0" * 20).replace("{day}", "2026-11-24")


def query(shop: Shop, method: str, path: str) -> int:
    body = {"note": "x"} if path.endswith("/resolve") else None
    return shop.call(method, filled(path), body, {"Idempotency-Key": "x"}).status


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_caller_without_the_policy_is_refused_on_every_route(
    caller: tuple[str, Shop], method: str, path: str
) -> None:
    assert query(caller[1], method, path) == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_comes_in_without_a_signature_or_with_a_wrong_one(
    stack: Deployed, caller: tuple[str, Shop], method: str, path: str
) -> None:
    url = stack.shop.api_url + filled(path)
    assert http(method, url, json.dumps({}).encode())[0] == 403
    forger = replace(caller[1], secret_access_key="made-up")
    assert query(forger, method, path) == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_policy_lets_its_caller_in_on_every_route(
    stack: Deployed, caller: tuple[str, Shop], method: str, path: str
) -> None:
    name, shop = caller
    iam, policy = stack.cloud.client("iam"), stack.outputs["PaymentsCallerPolicyArn"]
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    try:
        # Let in, and answered by the function: what is asked for does not exist, or is incomplete.
        assert query(shop, method, path) in {200, 400, 404}
    finally:
        iam.detach_user_policy(UserName=name, PolicyArn=policy)


def test_the_policy_opens_nothing_but_the_api(stack: Deployed, caller: tuple[str, Shop]) -> None:
    name, shop = caller
    iam, policy = stack.cloud.client("iam"), stack.outputs["PaymentsCallerPolicyArn"]
    iam.attach_user_policy(UserName=name, PolicyArn=policy)
    try:
        assert query(shop, "DELETE", "/payments/{id}") == 403
        assert query(shop, "PUT", "/payments/{id}") == 403
    finally:
        iam.detach_user_policy(UserName=name, PolicyArn=policy)
