"""One local cloud: servers, build, deployment, secret. All it makes lies in its state folder."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tools.environments import ENVIRONMENTS, LOCAL, ROOT, with_programs
from tools.local.processes import Process
from tools.local.report import NoResponse, Report
from tools.local.secret import sandbox_secret
from tools.local.servers import (
    ACCESS_KEY_ID,
    REGION,
    SECRET_ACCESS_KEY,
    Roster,
    Server,
    ServerError,
    demo_shop,
    local_aws,
    sandbox,
)

STACK: Final = "elsom-payments-local"
BUCKET: Final = "elsom-payments-artifacts"
START_PATH: Final = "/service/v1/merchant/generateOTP/sandbox"
STATUS_PATH: Final = "/service/v1/merchant/status"
# States that CloudFormation cannot update from.
DEAD_ENDS: Final = {
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "REVIEW_IN_PROGRESS",
}


class LocalCloudError(Exception):
    """Something did not come up; the text is one sentence for the person at the keyboard."""


class LocalCloud:
    """A local AWS and an Elsom sandbox on 127.0.0.1, and stacks deployed there with the SAM CLI.

    Every method may be called again: what runs already and has not changed is left alone.
    All of them raise LocalCloudError, with one sentence and the place of the log.
    """

    def __init__(
        self,
        state_dir: Path = LOCAL,
        aws_port: int = 4566,
        sandbox_port: int = 8090,
        report: Report | None = None,
        demo_port: int = 8070,
    ) -> None:
        self.state = state_dir.resolve()
        self.report = report or NoResponse()
        self.aws = local_aws(self.state, aws_port)
        self.sandbox = sandbox(self.state, sandbox_port)
        self.shop = demo_shop(self.state, demo_port)
        self.outputs: dict[str, str] = {}
        self.stack_name = STACK
        self._roster = Roster(self.state)

    @property
    def aws_endpoint(self) -> str:
        return self.aws.url

    @property
    def sandbox_url(self) -> str:
        return self.sandbox.url

    def start(self) -> None:
        """Have the local AWS and the sandbox running."""
        self._run(self.aws, self.sandbox)

    def start_shop(self) -> None:
        """Have the demo shop running; it reads `stack.json`."""
        self._run(self.shop)

    @property
    def shop_parameters(self) -> dict[str, str]:
        """What a stack has to know of the demo shop."""
        return {
            "ShopUrl": f"{self.shop.url}/",
            "ShopWebhookUrl": f"{self.shop.url}/webhooks",
        }

    def _run(self, *servers: Server) -> None:
        for server in servers:
            with self.report.step(f"Start the {server.title} on {server.url}"):
                try:
                    started = self._roster.ensure(server)
                except ServerError as error:
                    raise LocalCloudError(str(error)) from error
            if not started:
                self.report.note(f"  The {server.title} was running already.")

    def build(self, template: Path = ROOT / "template.yaml") -> None:
        """Build functions and layer with `sam build`."""
        with self.report.step("Build with the SAM CLI"):
            self._sam(
                *("build", "--template-file", str(template), "--base-dir", str(template.parent)),
                *("--build-dir", str(self._build_dir), "--parallel"),
            )

    def deploy(
        self, stack_name: str = STACK, parameters: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Deploy what was built; the stack's outputs, with `ApiUrl` as it is reached here.

        `parameters` come on top of the sandbox's URLs, SandboxMode and this machine's architecture.
        """
        values = {
            "ElsomInitUrl": self.sandbox_url + START_PATH,
            "ElsomStatusUrl": self.sandbox_url + STATUS_PATH,
            "SandboxMode": "true",
            "Architecture": architecture(),
            **(parameters or {}),
        }
        with self.report.step(f"Deploy the stack {stack_name} with the SAM CLI"):
            self._make_bucket()
            self._remove_dead_end(stack_name)
            try:
                self._sam(
                    *("deploy", "--template-file", str(self._build_dir / "template.yaml")),
                    *("--stack-name", stack_name, "--s3-bucket", BUCKET, "--region", REGION),
                    *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
                    *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"),
                    *(
                        "--parameter-overrides",
                        *(f"{name}={value}" for name, value in values.items()),
                    ),
                )
            except LocalCloudError as error:
                raise LocalCloudError(f"{error} {self._what_failed(stack_name)}".strip()) from error
        self.outputs = self._read_outputs(stack_name)
        self.stack_name = stack_name
        return self.outputs

    def fill_secret(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the stack the sandbox merchant's credentials, and the sandbox the stack's address.

        `changes` are put over the sandbox's values. Answers what the secret holds now.
        """
        secrets = self.client("secretsmanager")
        arn = self.outputs["ElsomSecretArn"]
        current = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        filled = {**sandbox_secret(current), **(changes or {})}
        if filled != current:
            secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(filled))
        self.configure_sandbox(
            "PUT", "/_sandbox/portal", {"url": f"{self.api_url}/elsom/{filled['callbackToken']}"}
        )
        return filled

    @property
    def api_url(self) -> str:
        return self.outputs["ApiUrl"]

    def processes(self) -> dict[str, Process]:
        """The servers started for this state folder, by name."""
        return self._roster.read()

    def save(self) -> Path:
        """Write down where everything is: `stack.json` in the state folder."""
        pids = {name: process.pid for name, process in self.processes().items()}
        described = {
            "awsEndpoint": self.aws_endpoint,
            "sandboxUrl": self.sandbox_url,
            "shopUrl": self.shop.url,
            "region": REGION,
            "stackName": self.stack_name,
            "outputs": self.outputs,
            "pids": pids,
            "accessKeyId": ACCESS_KEY_ID,
            "secretAccessKey": SECRET_ACCESS_KEY,
        }
        self.stack_file.write_text(json.dumps(described, indent=2) + "\n")
        return self.stack_file

    def stop(self) -> list[str]:
        """End the servers started for this state folder; the names of what was running."""
        self.stack_file.unlink(missing_ok=True)
        stopped = self._roster.stop()
        shutil.rmtree(self.state / "aws-tmp", ignore_errors=True)
        return stopped

    @property
    def stack_file(self) -> Path:
        return self.state / "stack.json"

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS, with its root's rights."""
        return boto3.client(
            service,  # type: ignore[call-overload] # any service's name
            endpoint_url=self.aws_endpoint,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
        )

    def configure_sandbox(self, method: str, path: str, body: object = None) -> Any:
        """One call of the sandbox's control API; its JSON answer, None for an empty one."""
        request = urllib.request.Request(  # noqa: S310 - our own http URL
            self.sandbox_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own http URL
            text = answer.read()
        return json.loads(text) if text else None

    @property
    def _build_dir(self) -> Path:
        return self.state / "build"

    def _make_bucket(self) -> None:
        try:
            self.client("s3").create_bucket(Bucket=BUCKET)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("BucketAlready"):
                raise

    def _remove_dead_end(self, stack_name: str) -> None:
        cloudformation = self.client("cloudformation")
        try:
            state = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]["StackStatus"]
        except ClientError:
            return
        if state in DEAD_ENDS:
            cloudformation.delete_stack(StackName=stack_name)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def _what_failed(self, stack_name: str) -> str:
        """CloudFormation's own reason, which the SAM CLI does not always show."""
        try:
            events = self.client("cloudformation").describe_stack_events(StackName=stack_name)
        except ClientError:
            return ""
        for event in reversed(events["StackEvents"]):
            if event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event:
                return f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        return ""

    def _read_outputs(self, stack_name: str) -> dict[str, str]:
        stack = self.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        api = re.match(r"https://(\w+)\.execute-api\.[^/]+/(\w+)", outputs["ApiUrl"])
        if api:
            outputs["ApiUrl"] = f"{self.aws_endpoint}/_aws/execute-api/{api[1]}/{api[2]}"
        return outputs

    def _sam(self, command: str, *arguments: str) -> None:
        log = self.state / "logs" / f"sam-{command}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        # A settings file of our own: samconfig.toml is for the real AWS.
        settings = self.state / "samconfig.toml"
        settings.write_text("version = 0.1\n")
        sam = ENVIRONMENTS["run"].folder / "bin" / "sam"
        with log.open("wb") as output:
            finished = subprocess.run(
                [str(sam), command, *arguments, "--config-file", str(settings)],
                cwd=ROOT,
                env=self._sam_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if finished.returncode:
            raise LocalCloudError(f"`sam {command}` failed: {last_line(log)} Its log is {log}.")

    def _sam_environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            # Nothing of a real AWS account, and no import path of ours.
            if not name.startswith(("AWS_", "SAM_", "PYTHONPATH"))
        }
        return {
            **with_programs(kept),
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",
            "__SAM_CLI_APP_DIR": str(self.state / "sam-app"),
        }


def architecture() -> str:
    """This machine's architecture by Lambda's name: compiled wheels of the layer must fit it."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def last_line(log: Path) -> str:
    """The last thing said in a log, shortened, as a sentence."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    said = lines[-1].removeprefix("Error: ")[:300] if lines else "it said nothing"
    return said if said.endswith(".") else f"{said}."
