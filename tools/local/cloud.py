"""One local cloud: servers, build, deployment, secret. All it makes lies in its state folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

from cli.errors import CliError, unless_refused
from cli.sam import deploy_words, run_sam
from cli.screen import Screen
from cli.secret import filled
from cli.stack_state import DEAD_ENDS, delete_stack, first_failure
from cli.target import LOCAL_STACK, Target, local_target
from tools.environments import LOCAL, ROOT
from tools.local.processes import Process
from tools.local.servers import (
    ACCESS_KEY_ID,
    REGION,
    SECRET_ACCESS_KEY,
    Roster,
    Server,
    demo_shop,
    desk,
    local_aws,
    sandbox,
)

BUCKET: Final = "elsom-payments-artifacts"
# The sandbox's.
MERCHANT: Final = {
    "partnerCode": "00609",
    "password": "sandbox-password",
    "merchantMsisdn": "0901015003",
}


class LocalCloud:
    """A local AWS and an Elsom sandbox on 127.0.0.1, and stacks deployed there with the SAM CLI.

    Every method may be called again: what runs already and has not changed is left alone.
    All of them raise CliError, with one sentence and the place of the log. Without a screen nothing
    is shown.
    """

    def __init__(
        self,
        state_dir: Path = LOCAL,
        aws_port: int = 4566,
        sandbox_port: int = 8090,
        screen: Screen | None = None,
        demo_port: int = 8070,
        desk_port: int = 8060,
    ) -> None:
        self.state = state_dir.resolve()
        self.stack_file = self.state / "stack.json"
        self.aws = local_aws(self.state, aws_port)
        self.sandbox = sandbox(self.state, sandbox_port)
        self.shop = demo_shop(self.state, demo_port)
        self.desk = desk(self.state, desk_port)
        self.aws_endpoint = self.aws.url
        self.sandbox_url = self.sandbox.url
        self.target = self._target(LOCAL_STACK)
        self.outputs: dict[str, str] = {}
        self._screen = screen
        self._roster = Roster(self.state)
        self._build_dir = self.state / "build"

    def step(self, title: str) -> AbstractContextManager[None]:
        """A piece of work that is shown."""
        return self._screen.step(title) if self._screen else nullcontext()

    def start(self) -> None:
        """Have the local AWS and the sandbox running."""
        self._run(self.aws)
        self._run(self.sandbox)

    def start_readers(self) -> None:
        """Have the demo shop and the desk running; both read `stack.json`."""
        self._run(self.shop)
        self._run(self.desk)

    def _run(self, server: Server) -> None:
        with self.step(f"Start the {server.title} on {server.url}"):
            started = self._roster.ensure(server)
        if self._screen and not started:
            self._screen.note(f"    The {server.title} was running already.")

    @property
    def shop_parameters(self) -> dict[str, str]:
        """What a stack has to know of the demo shop."""
        return {"ShopUrl": f"{self.shop.url}/", "ShopWebhookUrl": f"{self.shop.url}/webhooks"}

    def build(self, template: Path = ROOT / "template.yaml") -> None:
        """Build functions and layer with `sam build`."""
        with self.step("Build with the SAM CLI"):
            self._sam(
                *("build", "--template-file", str(template), "--base-dir", str(template.parent)),
                *("--build-dir", str(self._build_dir), "--parallel"),
            )

    def deploy(
        self, stack_name: str = LOCAL_STACK, parameters: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Deploy what was built; the stack's outputs, with `ApiUrl` as it is reached here.

        `parameters` come on top of the sandbox's URLs, SandboxMode and this machine's architecture.
        """
        self.target = self._target(stack_name)
        values = self.target.sandbox_parameters | dict(parameters or {})
        template = self._build_dir / "template.yaml"
        words = deploy_words(template, stack_name, REGION, values)
        with self.step(f"Deploy the stack {stack_name} with the SAM CLI"):
            s3 = self.client("s3")
            have = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")
            unless_refused(lambda: s3.create_bucket(Bucket=BUCKET), *have)
            if self.target.status in DEAD_ENDS:
                delete_stack(self.target)
            try:
                self._sam("deploy", "--s3-bucket", BUCKET, *words)
            except CliError as error:
                raise CliError(f"{error} {first_failure(self.target)}".strip()) from error
        self.target = self.target.again()
        self.outputs = self.target.outputs
        return self.outputs

    @property
    def api_url(self) -> str:
        return self.outputs["ApiUrl"]

    def fill_secret(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the stack the sandbox merchant's credentials, and the sandbox the stack's address.

        `changes` are put over the sandbox's values. Answers what the secret holds now.
        """
        current = self.target.secret()
        secret = {**filled(current, MERCHANT), **(changes or {})}
        if secret != current:
            self.target.write_secret(secret)
        address = f"{self.api_url}/elsom/{secret['callbackToken']}"
        self.configure_sandbox("PUT", "/_sandbox/portal", {"url": address})
        return secret

    def processes(self) -> dict[str, Process]:
        """The servers started for this state folder, by name."""
        return self._roster.read()

    def save(self) -> Path:
        """Write down where everything is: `stack.json` in the state folder."""
        described = {
            **self._described,
            "shopUrl": self.shop.url,
            "deskUrl": self.desk.url,
            "stackName": self.target.stack,
            "outputs": self.outputs,
            "pids": {name: process.pid for name, process in self.processes().items()},
        }
        self.stack_file.write_text(json.dumps(described, indent=2) + "\n")
        return self.stack_file

    def stop(self) -> list[str]:
        """End the servers started for this state folder; the names of what was running."""
        self.stack_file.unlink(missing_ok=True)
        stopped = self._roster.stop()
        shutil.rmtree(self.state / "aws-tmp", ignore_errors=True)
        return stopped

    def client(self, service: str) -> Any:
        """A boto3 client of the local AWS, with its root's rights."""
        return self.target.client(service)

    def configure_sandbox(self, method: str, path: str, body: object = None) -> Any:
        """One call of the sandbox's control API; its JSON answer, None for an empty one."""
        return self.target.call_sandbox(method, path, body)

    @property
    def _described(self) -> dict[str, str]:
        return {
            "awsEndpoint": self.aws.url,
            "sandboxUrl": self.sandbox.url,
            "region": REGION,
            "accessKeyId": ACCESS_KEY_ID,
            "secretAccessKey": SECRET_ACCESS_KEY,
        }

    def _target(self, stack_name: str) -> Target:
        return local_target(stack_name, self._described)

    def _sam(self, command: str, *words: str) -> None:
        run_sam(self.target, self.state / "logs" / f"sam-{command}.log", command, *words)
