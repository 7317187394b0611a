"""Which stack a command works on: one of a local AWS, or one of a real account."""

from __future__ import annotations

import json
import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from cli.answers import Answers
from cli.errors import CliError, unless_refused
from elsom_payments_client import ElsomPayments

if TYPE_CHECKING:
    from payments.bootstrap import Services

_API: Final = re.compile(r"https://(\w+)\.execute-api\.[^/]+/(\w+)")
_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 4},
    s3={"addressing_style": "path"},
)
# For so long a person waits for an API that says "later".
_PATIENCE: Final = 20.0
DEFAULT_STACK: Final = "elsom-payments"
LOCAL_STACK: Final = "elsom-payments-local"
# Of a resource that CloudFormation has deleted, or has left where it was.
_GONE: Final = {"DELETE_COMPLETE", "DELETE_SKIPPED"}


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
        client = self.client("cloudformation")
        found = unless_refused(
            lambda: client.describe_stacks(StackName=self.stack), "ValidationError"
        )
        return next(iter(found["Stacks"]), None) if found else None

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
        """The parameters that the stack was deployed with, or will be deployed with."""
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
    def services(self) -> Services:
        """The stack's parts, as its functions put them together, with this person's rights."""
        # Only these commands need what the functions run with.
        from payments.bootstrap import Services  # noqa: PLC0415
        from payments.settings import Settings  # noqa: PLC0415

        settings = Settings(
            payments_table=self.outputs["PaymentsTableName"],
            event_bus=self.outputs.get("EventBusName", ""),
            report_unknown_payments=self.parameters.get("ReportUnknownPayments", "true") == "true",
        )
        return Services(settings, self.client)

    @cached_property
    def api(self) -> ElsomPayments:
        """The payments API, called with this person's rights. Raises CliError."""
        return self.api_within(_PATIENCE)

    def api_within(self, deadline: float) -> ElsomPayments:
        """The same, with calls repeated for so many seconds."""
        keys = self.session.get_credentials()
        if keys is None:
            raise CliError("There are no AWS credentials: set AWS_PROFILE, or give --profile.")
        url, region = self.outputs["ApiUrl"], self.session.region_name
        return ElsomPayments(url, region=region, credentials=keys, deadline=deadline)

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

    def call_sandbox(self, method: str, path: str, body: object = None) -> Any:
        """One call of the sandbox's control API; its JSON answer, None for an empty one."""
        answer = requests.request(method, f"{self.sandbox_url}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @property
    def sandbox_parameters(self) -> dict[str, str]:
        """What a stack has to be told to work with the sandbox of this machine."""
        is_arm = platform.machine().lower() in {"arm64", "aarch64"}
        return {
            "ElsomInitUrl": f"{self.sandbox_url}/service/v1/merchant/generateOTP/sandbox",
            "ElsomStatusUrl": f"{self.sandbox_url}/service/v1/merchant/status",
            "SandboxMode": "true",
            # Compiled wheels of the layer must fit this machine.
            "Architecture": "arm64" if is_arm else "x86_64",
        }


def post_json(url: str, document: object) -> tuple[int, dict[str, Any]]:
    """One unsigned POST, as Elsom makes it: the HTTP status and the JSON object in the answer."""
    answer = requests.post(url, json=document, timeout=15, allow_redirects=False)
    try:
        found = answer.json()
    except ValueError:
        found = {}
    return answer.status_code, found if isinstance(found, dict) else {}


def local_target(stack: str, described: dict[str, str]) -> Target:
    """A stack of the local AWS that `stack.json` describes."""
    session = boto3.session.Session(
        aws_access_key_id=described["accessKeyId"],
        aws_secret_access_key=described["secretAccessKey"],
        region_name=described["region"],
    )
    return Target(stack, session, described["awsEndpoint"], described["sandboxUrl"])


def account_target(
    stack: str | None, region: str | None, profile: str | None, answers: Answers
) -> Target:
    """The account's stack. Raises CliError."""
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
