"""A first deployment that fails, what is said of it, and the second one, which works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli import answers
from cli.__main__ import main
from cli.answers import Answers
from cli.sam import environment_of
from tests.aws_cli import aws, commands_in
from tests.deployed import FAST, eventually
from tests.terminal import at_terminal
from tools.environments import ENVIRONMENTS, ROOT
from tools.local.cloud import MERCHANT, LocalCloud
from tools.local.servers import REGION

STACK = "first-shop"
pytestmark = pytest.mark.timeout(300)


class Operator:
    """A person with the command line, kept answers, and the SAM CLI as `make deploy` runs it."""

    def __init__(self, cloud: LocalCloud, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cloud = cloud
        self.kept = kept
        self.capsys = capsys

    def says(self, *words: str) -> tuple[int, dict[str, Any]]:
        self.capsys.readouterr()
        before = ("--local", "--stack", STACK, "--config-file", str(self.kept))
        code = main([*before, *words, "--json"])
        return code, json.loads(self.capsys.readouterr().out)

    def bad(self, *words: str) -> dict[str, Any]:
        _, reported = self.says(*words)
        return {one["name"]: one for one in reported["checks"] if one["state"] == "bad"}

    def deploys(self) -> int:
        """The line of the Makefile; only the place of the build is another."""
        (line,) = re.findall(r"\$\(SAM\) (deploy .*)", (ROOT / "Makefile").read_text())
        words = line.replace('"$(CONFIG_FILE)"', str(self.kept))
        words = words.replace('"$(or $(ENV),default)"', "default").split()
        built = self.cloud.state / "build" / "template.yaml"
        done = subprocess.run(
            [ENVIRONMENTS["run"].folder / "bin" / "sam", *words,
             "--template-file", built, "--no-confirm-changeset"],
            cwd=ROOT, env=environment_of(self.cloud.target), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode


@pytest.fixture
def operator(
    cloud: LocalCloud, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Iterator[Operator]:  # fmt: skip
    kept = tmp_path / "samconfig.local.toml"
    parameters = {
        **FAST,
        **cloud.target.sandbox_parameters,
        # Empty, odd and left as it is.
        "ShopUrl": "",
        "ElsomCaBundleParameter": "",
        "CallbackSourceCidrs": "0.0.0.0/0,::/0",
        "ManageApiGatewayAccount": "false",
    }
    answers.save(Answers(stack=STACK, region=REGION, parameters=parameters), kept)
    portal = cloud.configure_sandbox("GET", "/_sandbox/portal")["url"]
    cloud.save()
    monkeypatch.setenv("STATE_DIR", str(cloud.state))
    yield Operator(cloud, kept, capsys)
    if portal:
        cloud.configure_sandbox("PUT", "/_sandbox/portal", {"url": portal})
    cloud.client("cloudformation").delete_stack(StackName=STACK)


def carry_out(operator: Operator, advice: str) -> None:
    """Do what a line says, command by command."""
    commands = commands_in(advice)
    for command in commands:
        aws(command, operator.cloud.client)
    for words in re.findall(r"\./elsom (configure \S+=\S+)", advice):
        assert operator.says(*words.split())[0] == 0


def an_earlier_tables_rest(cloud: LocalCloud) -> str:
    """AWS makes table and bus at once, so a failure keeps the table; here the bus comes first."""
    name = f"{STACK}-PaymentsTable-OLDER"
    cloud.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    return name


def test_a_first_deployment_fails_and_the_second_works_by_what_preflight_says(
    operator: Operator,
) -> None:
    cloud = operator.cloud
    cloud.client("events").create_event_bus(Name=STACK)
    assert "names" in operator.bad("preflight")
    # Whoever deploys all the same:
    assert operator.deploys() != 0
    table = an_earlier_tables_rest(cloud)

    code, reported = operator.says("doctor")
    lines = {one["name"]: one for one in reported["checks"]}
    assert code == 1
    assert "ROLLBACK_COMPLETE: PaymentsBus: " in lines["stack"]["say"]
    assert f"{table} of an earlier stack is empty" in lines["kept table"]["say"]

    _, reported = operator.says("preflight")
    bad = {one["name"] for one in reported["checks"] if one["state"] == "bad"}
    assert {"stack", "names"} <= bad
    for one in reported["checks"]:
        carry_out(operator, one["do"])
    eventually(lambda: _is_gone(cloud))
    assert table not in cloud.client("dynamodb").list_tables()["TableNames"]

    for one in operator.bad("preflight").values():
        carry_out(operator, one["do"])
    assert operator.bad("preflight") == {}
    assert operator.deploys() == 0

    options = ["--partner-code", MERCHANT["partnerCode"]]
    options += ["--merchant-msisdn", MERCHANT["merchantMsisdn"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELSOM_PASSWORD", MERCHANT["password"])
        assert operator.says("setup", *options)[0] == 0
    code, reported = operator.says("doctor")
    assert (code, reported["ok"]) == (0, True)
    described = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in described["Parameters"]}
    assert (given["ShopUrl"], given["CallbackSourceCidrs"]) == ("", "0.0.0.0/0,::/0")


def test_a_policy_that_is_attached_is_told_before_the_deletion_that_it_would_stop(
    operator: Operator,
) -> None:
    assert operator.deploys() == 0
    assert operator.says("doctor", "--before-delete")[0] == 0
    iam = operator.cloud.client("iam")
    iam.create_user(UserName="first-shop-user")
    stack = operator.cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    (policy,) = [
        one["OutputValue"]
        for one in stack["Outputs"]
        if one["OutputKey"] == "PaymentsCallerPolicyArn"
    ]
    iam.attach_user_policy(UserName="first-shop-user", PolicyArn=policy)
    try:
        (line,) = operator.bad("doctor", "--before-delete").values()
        assert "first-shop-user" in line["say"]
        carry_out(operator, line["do"])
        assert operator.says("doctor", "--before-delete")[0] == 0
    finally:
        iam.delete_user(UserName="first-shop-user")


def test_the_sam_clis_own_guided_deployment_keeps_answers_that_elsom_reads(
    operator: Operator,
) -> None:
    given = dict(answers.load(operator.kept).parameters)
    shutil.copy(answers.TRACKED, operator.kept)
    built = operator.cloud.state / "build" / "template.yaml"
    session = at_terminal(
        [
            str(ENVIRONMENTS["run"].folder / "bin" / "sam"),
            *("deploy", "--guided", "--config-file", str(operator.kept)),
            *("--template-file", str(built)),
        ],
        {
            "Stack Name": [STACK],
            "AWS Region": [REGION],
            **{rf"Parameter {name} ": [value] for name, value in given.items() if value},
            "Parameter ": [""] * 40,
            "Confirm changes": ["n"],
            "Allow SAM CLI|Save arguments": ["y", "y"],
            "Disable rollback": ["n"],
            "SAM configuration": ["", ""],
        },
        environment_of(operator.cloud.target),
        ROOT,
        seconds=120,
    )
    assert session.code == 0, session.screen
    reported = answers.load(operator.kept)
    assert (reported.stack, reported.region) == (STACK, REGION)
    assert {name: reported.parameters[name] for name in given} == given
    assert operator.says("doctor")[1]["checks"][0]["say"] == f"{STACK} is deployed"


def _is_gone(cloud: LocalCloud) -> bool:
    try:
        found = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError:
        return True
    return not found or found[0]["StackStatus"] == "DELETE_COMPLETE"
