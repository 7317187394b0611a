"""Which stack a command works on: one of a local AWS, or one of a real account."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.answers import Answers
from payments.bootstrap import Services
from payments.settings import Settings
from payments.store.table import Table
from tools.local.shop import Shop

_API: Final = re.compile(r"https://(\w+)\.execute-api\.[^/]+/(\w+)")
_CONFIG: Final = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 4})
# The API gives no more at once.
_PAGE: Final = 100
DEFAULT_STACK: Final = "elsom-payments"
# Of a resource that CloudFormation has deleted, or has left where it was.
_GONE: Final = {"DELETE_COMPLETE", "DELETE_SKIPPED"}


class CliError(Exception):
    """The command cannot go on; the text says what is wrong and what to do."""


@dataclass
class Target:
    """One deployed stack. `sandbox_url` is there on the local AWS alone."""

    stack: str
    session: boto3.session.Session
    endpoint: str | None = None
    sandbox_url: str | None = None

    def client(self, service: str) -> Any:
        """A boto3 client where the stack is."""
        return self.session.client(  # type: ignore[call-overload] # any service's name
            service, endpoint_url=self.endpoint, config=_CONFIG
        )

    def again(self) -> Target:
        """The same stack, of which nothing has been read yet: it has changed."""
        return Target(self.stack, self.session, self.endpoint, self.sandbox_url)

    @property
    def is_local(self) -> bool:
        return self.endpoint is not None

    @cached_property
    def _found(self) -> dict[str, Any] | None:
        try:
            found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        return found[0] if found else None

    @property
    def status(self) -> str | None:
        """The stack's status; None where there is no such stack."""
        return str(self._found["StackStatus"]) if self._found else None

    @property
    def described(self) -> dict[str, Any]:
        """What CloudFormation says of the stack. Raises CliError."""
        if self._found is None:
            where = self.endpoint or f"region {self.session.region_name}"
            raise CliError(f"There is no stack {self.stack} in {where}: deploy it, or name it.")
        return self._found

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, with `ApiUrl` as it is reached from here. Raises CliError."""
        given = self.described.get("Outputs", [])
        outputs = {one["OutputKey"]: one["OutputValue"] for one in given}
        api = _API.match(outputs.get("ApiUrl", ""))
        if api is None and self.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise CliError(
                f"The stack {self.stack} is {self.status} and has no address yet:"
                " ./elsom doctor says what to do."
            )
        if api is None:
            raise CliError(f"The stack {self.stack} is not one of Elsom Payments.")
        if self.endpoint:
            outputs["ApiUrl"] = f"{self.endpoint}/_aws/execute-api/{api[1]}/{api[2]}"
        return outputs

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters that the stack was deployed with."""
        given = self.described.get("Parameters", [])
        return {one["ParameterKey"]: one["ParameterValue"] for one in given}

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical id by logical id; what was never made or is gone has none."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.stack)
            for one in page["StackResourceSummaries"]
            if one.get("PhysicalResourceId") and one.get("ResourceStatus") not in _GONE
        }

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource. Raises CliError where the stack has none."""
        found = self.resources.get(logical_id)
        if found is None:
            raise CliError(
                f"The stack {self.stack} has no {logical_id}: ./elsom doctor says what to do."
            )
        return found

    @cached_property
    def table(self) -> Table:
        """The table of payments."""
        return self.services.table

    @cached_property
    def services(self) -> Services:
        """The stack's parts, as its functions put them together, with this person's rights."""
        settings = Settings(
            payments_table=self.outputs["PaymentsTableName"],
            event_bus=self.outputs.get("EventBusName", ""),
            report_unknown_payments=self.parameters.get("ReportUnknownPayments", "true") == "true",
        )
        return Services(settings, self.client)

    @cached_property
    def shop(self) -> Shop:
        """A caller of the payments API with this person's rights."""
        keys = self.session.get_credentials()
        if keys is None:
            raise CliError("There are no AWS credentials: set AWS_PROFILE, or give --profile.")
        frozen = keys.get_frozen_credentials()
        return Shop(
            self.outputs["ApiUrl"],
            str(self.session.region_name),
            str(frozen.access_key),
            str(frozen.secret_key),
            frozen.token,
        )

    def call_api(self, method: str, path: str, body: object = None) -> Any:
        """One call of the payments API; its JSON body. Raises CliError with the problem's text."""
        answer = self.shop.call(method, path, body)
        if 200 <= answer.status < 300:
            return answer.body
        said = answer.body if isinstance(answer.body, dict) else {}
        detail = said.get("detail") or said.get("message") or said.get("title") or "no reason given"
        hint = ""
        if answer.status == 403:
            policy = self.outputs["PaymentsCallerPolicyArn"]
            hint = f" The policy {policy} lets a caller in: attach it to yours."
        raise CliError(f"The API answered {answer.status}: {detail}{hint}")

    def newest(self, path: str, query: dict[str, str], limit: int) -> list[dict[str, Any]]:
        """The first `limit` entries of a list of the payments API, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            size = {"limit": str(min(_PAGE, limit - len(found)))}
            # A signature is made over %20: a blank that is sent as + is refused.
            parameters_of_page = urlencode({**query, **size, **cursor}, quote_via=quote)
            page = self.call_api("GET", f"{path}?{parameters_of_page}")
            found += page["items"]
            if len(found) >= limit or page["nextCursor"] is None:
                return found
            cursor = {"cursor": page["nextCursor"]}

    def secret(self) -> dict[str, Any]:
        """The merchant's secret, to be kept off the screen."""
        found = self.client("secretsmanager").get_secret_value(
            SecretId=self.outputs["ElsomSecretArn"]
        )
        secret: dict[str, Any] = json.loads(found["SecretString"])
        return secret

    def secret_age(self) -> float:
        """Seconds since the merchant's secret was last changed."""
        described = self.client("secretsmanager").describe_secret(
            SecretId=self.outputs["ElsomSecretArn"]
        )
        changed: datetime = described["LastChangedDate"]
        return (datetime.now(UTC) - changed).total_seconds()

    def write_secret(self, secret: dict[str, Any]) -> None:
        """Make this the secret's newest version."""
        self.client("secretsmanager").put_secret_value(
            SecretId=self.outputs["ElsomSecretArn"], SecretString=json.dumps(secret)
        )

    def portal_url(self, token: str) -> str:
        """The one address that Elsom's merchant portal gets."""
        base = self.parameters.get("PublicBaseUrl") or self.outputs["ApiUrl"]
        return f"{base}/elsom/{token}"


def find_target(
    stack: str | None,
    region: str | None,
    profile: str | None,
    answers: Answers,
    *,
    local: bool,
    state: Path,
) -> Target:
    """The local AWS's stack where one is there and no other is named; else the account's.

    `answers` are what the last deployment was told. Raises CliError.
    """
    file = state / "stack.json"
    named = stack or region or profile or answers.was_named
    if local or (not named and file.exists()):
        return _local(stack, file)
    return account_target(stack, region, profile, answers)


def account_target(
    stack: str | None, region: str | None, profile: str | None, answers: Answers
) -> Target:
    """The account's stack, whatever runs locally. Raises CliError."""
    try:
        session = boto3.session.Session(
            profile_name=profile,
            # boto3 itself reads AWS_DEFAULT_REGION and the profile's region alone.
            region_name=region or answers.region or os.environ.get("AWS_REGION") or None,
        )
    except BotoCoreError as error:
        raise CliError(str(error)) from error
    if not session.region_name:
        raise CliError("Which region? Give --region, or set AWS_REGION.")
    return Target(stack or answers.stack or DEFAULT_STACK, session)


def _local(stack: str | None, file: Path) -> Target:
    if not file.exists():
        raise CliError(f"No local AWS runs with its state in {file.parent}: make run")
    found = json.loads(file.read_text())
    session = boto3.session.Session(
        aws_access_key_id=found["accessKeyId"],
        aws_secret_access_key=found["secretAccessKey"],
        region_name=found["region"],
    )
    name = stack or found.get("stackName") or "elsom-payments-local"
    return Target(name, session, found["awsEndpoint"], found["sandboxUrl"])
