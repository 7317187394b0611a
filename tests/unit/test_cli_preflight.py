"""`elsom preflight`: for each of its lines an account in which it is not ok."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from cli import answers, configure, elsom_urls
from cli.__main__ import main
from cli.configure import CREDENTIALS, LOOKS, planned
from cli.context import Context
from cli.findings import Finding, State, look_at
from payments.http_client import NotSent, Tls
from tests.fakes.account import (
    EMPTY_ACCOUNT,
    PARAMETERS,
    REGION,
    ROLE,
    ROLLED_BACK,
    SECRET,
    STACK,
    TABLE,
    FakeAccount,
    described,
    event,
    refused,
    resource,
)
from tests.fakes.well_stack import concurrency

type Reported = dict[str, Finding]


@pytest.fixture(autouse=True)
def elsom_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsom's host is there, with a valid certificate."""
    monkeypatch.setattr(elsom_urls, "reach", lambda *_: None)


def look(
    changes: dict[str, Any] | None = None,
    parameters: dict[str, str] = PARAMETERS,
    account: dict[str, Any] = EMPTY_ACCOUNT,
) -> Reported:
    """Every line of the preflight, by its name."""
    target = FakeAccount({**account, **(changes or {})})
    found = list(look_at(planned(target, parameters), LOOKS, last=CREDENTIALS))
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def states(reported: Reported) -> dict[str, State]:
    return {name: one.state for name, one in reported.items() if one.state is not State.OK}


def test_in_a_new_account_every_line_is_ok() -> None:
    reported = look()
    assert states(reported) == {}
    assert set(reported) == {
        *("credentials", "region", "parameters", "stack", "left behind", "names"),
        *("Lambda concurrency", "quota dynamodb", "quota events", "API Gateway role"),
        *("Elsom start", "Elsom status"),
    }


def gateway_role(role: str) -> dict[str, Any]:
    account = EMPTY_ACCOUNT["apigateway GetAccount"]
    arn = f"arn:aws:iam::111122223333:role/{role}"
    return {"apigateway GetAccount": {**account, "cloudwatchRoleArn": arn}}


ROLE_IS_THERE = {
    "iam GetRole": {
        "Role": {
            "Path": "/",
            "RoleName": "other-ApiGatewayLogsRole-1",
            "RoleId": "AROAEXAMPLEEXAMPLE1",
            "Arn": "arn:aws:iam::111122223333:role/other-ApiGatewayLogsRole-1",
            "CreateDate": "2026-11-24T09:00:00Z",
        }
    }
}
A_TABLE = {"dynamodb ListTables": {"TableNames": [TABLE]}}
A_SECRET = {
    "secretsmanager ListSecrets": {
        "SecretList": [
            {"ARN": SECRET, "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": STACK}]},
            # The filter looks for words: another stack's is found too.
            {
                "ARN": f"{SECRET}-2",
                "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": f"{STACK}-dev"}],
            },
        ]
    }
}
A_ROLE = {
    "iam ListRoles": {
        "Roles": [{**ROLE_IS_THERE["iam GetRole"]["Role"], "RoleName": ROLE}],
        "IsTruncated": False,
    }
}
LOGS = {
    "logs DescribeLogGroups": {"logGroups": [{"logGroupName": f"{STACK}-StartPaymentLogGroup-1"}]}
}
A_BUS = {"events DescribeEventBus": {"Name": STACK, "Arn": "arn:aws:events:bus"}}
TWO_ITEMS = {"dynamodb Scan": {"Items": [{"pk": {"S": "1"}}], "Count": 1, "ScannedCount": 1}}
FEW = {"service-quotas GetServiceQuota": {"Quota": {"Value": 3.0}}}
NOT_REPORTED = {"service-quotas GetServiceQuota": refused("AccessDeniedException")}
NO_RULES = {"service-quotas GetServiceQuota": {"Quota": {"Value": 0.0}}}


@pytest.mark.parametrize(
    ("changes", "line", "state", "said", "advice"),
    [
        (concurrency(10), "Lambda concurrency", "bad", "queues take 10", "ElsomMaxConcurrency=2"),
        (concurrency(13), "Lambda concurrency", "warning", "enough to try", "L-B99A9384"),
        (FEW, "quota dynamodb", "bad", "4 needed", "L-F7858A77"),
        (NO_RULES, "quota events", "bad", "1 needed", "L-244521F2"),
        (NOT_REPORTED, "quota dynamodb", "warning", "cannot be read", "GetServiceQuota"),
        (NOT_REPORTED, "quota events", "warning", "cannot be read", "GetServiceQuota"),
        (
            {**gateway_role("other-ApiGatewayLogsRole-1"), **ROLE_IS_THERE},
            *("API Gateway role", "bad", "would replace", "ManageApiGatewayAccount=false"),
        ),
        (A_TABLE, "kept table", "warning", "is empty", "no-deletion-protection-enabled"),
        ({**A_TABLE, **TWO_ITEMS}, "kept table", "bad", "holds payments", "docs/operate.md"),
        (A_SECRET, "kept secret", "warning", "ElsomSecret-a1B2c3", "delete-secret"),
        (A_ROLE, "kept role", "warning", ROLE, "API Gateway"),
        (LOGS, "kept logs", "warning", "1 log groups", "delete-log-group"),
        (A_BUS, "names", "bad", "did not make", "STACK=NAME"),
    ],
)
def test_what_is_not_ok_is_told_with_what_to_do(
    changes: dict[str, Any], line: str, state: str, said: str, advice: str
) -> None:
    reported = look(changes)[line]
    assert reported.state == state
    assert said in reported.say
    assert advice in reported.do


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name elsom-payments; then make deploy"),
        ("ROLLBACK_FAILED", "delete-stack"),
        ("CREATE_FAILED", "delete-stack"),
        ("REVIEW_IN_PROGRESS", "delete-stack"),
        ("DELETE_FAILED", "what the reason names"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "wait"),
        ("DELETE_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_takes_no_deployment_is_told_with_the_first_reason(
    status: str, advice: str
) -> None:
    changes = {"cloudformation DescribeStacks": described(status)}
    reported = look(changes, account=ROLLED_BACK)["stack"]
    assert reported.state is State.BAD
    assert status in reported.say
    assert "ElsomSecret: All characters of the desired type have been excluded" in reported.say
    assert advice in reported.do


def test_a_first_creation_that_failed_is_told_with_what_it_left() -> None:
    reported = look(account=ROLLED_BACK)
    assert states(reported) == {"stack": State.BAD, "kept table": State.WARNING}


def test_a_deletion_that_the_attached_policy_stopped_says_to_take_it_off() -> None:
    reason = "Cannot delete a policy attached to entities. (Service: Iam, Status Code: 409)"
    events = [
        event(STACK, "DELETE_FAILED", "The following resource(s) failed to delete"),
        event("PaymentsCallerPolicy", "DELETE_FAILED", reason),
        event(STACK, "DELETE_IN_PROGRESS", "User Initiated"),
        event("ElsomSecret", "CREATE_FAILED", "of an earlier time"),
    ]
    reported = look(
        {
            "cloudformation DescribeStacks": described("DELETE_FAILED"),
            "cloudformation DescribeStackEvents": {"StackEvents": events},
        },
        account=ROLLED_BACK,
    )["stack"]
    assert "PaymentsCallerPolicy: Cannot delete" in reported.say
    assert "doctor --before-delete" in reported.do


def test_a_stack_that_is_there_owns_its_table_its_bus_and_its_role() -> None:
    resources = [
        resource("PaymentsTable", "CREATE_COMPLETE", TABLE),
        resource("PaymentsBus", "CREATE_COMPLETE", STACK),
        resource("ApiGatewayLogsRole", "CREATE_COMPLETE", ROLE),
        resource("ElsomSecret", "CREATE_COMPLETE", SECRET),
    ]
    reported = look(
        {
            **A_TABLE, **A_ROLE, **A_SECRET, **A_BUS, **gateway_role(ROLE),
            "cloudformation DescribeStacks": described("UPDATE_COMPLETE", outputs=True),
            "cloudformation ListStackResources": {"StackResourceSummaries": resources},
        }
    )  # fmt: skip
    assert states(reported) == {}
    assert "will be updated" in reported["stack"].say


@pytest.mark.parametrize(
    ("manages", "changes", "state", "advice"),
    [
        ("false", {}, "bad", "ManageApiGatewayAccount=true"),
        ("false", gateway_role("gone-1"), "bad", "ManageApiGatewayAccount=true"),
        ("false", {**gateway_role("other-1"), **ROLE_IS_THERE}, "ok", ""),
        # Whoever set it is gone: nobody is robbed.
        ("true", gateway_role("gone-1"), "ok", ""),
        ("true", gateway_role(ROLE), "ok", ""),
    ],
)
def test_the_gateways_role_is_set_by_exactly_one_stack(
    manages: str, changes: dict[str, Any], state: str, advice: str
) -> None:
    parameters = {**PARAMETERS, "ManageApiGatewayAccount": manages}
    reported = look(changes, parameters)["API Gateway role"]
    assert (reported.state, advice in reported.do) == (state, True)


def test_two_at_once_for_elsom_leave_room_in_a_new_account() -> None:
    reported = look(concurrency(10), {**PARAMETERS, "ElsomMaxConcurrency": "2"})[
        "Lambda concurrency"
    ]
    assert reported.state is State.WARNING


def test_a_quota_that_was_never_changed_is_awss_default() -> None:
    changes = {"service-quotas GetServiceQuota": refused("NoSuchResourceException")}
    assert look(changes)["quota events"].state is State.OK


# ---------------------------------------------------------------- credentials, region, parameters


@pytest.mark.parametrize(
    ("error", "said", "advice"),
    [
        (NoCredentialsError(), "no AWS credentials", "aws login"),
        (refused("ExpiredToken"), "have expired", "aws login"),
        (refused("InvalidClientTokenId"), "InvalidClientTokenId", "switched on"),
        (refused("AccessDenied"), "AccessDenied", "check them"),
    ],
)
def test_without_credentials_nothing_else_is_looked_at(
    error: Exception, said: str, advice: str
) -> None:
    reported = look({"sts GetCallerIdentity": error})
    assert list(reported) == ["credentials"]
    assert reported["credentials"].state is State.BAD
    assert said in reported["credentials"].say
    assert advice in reported["credentials"].do


def test_a_region_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeAccount(EMPTY_ACCOUNT)
    monkeypatch.setattr(type(target.session), "region_name", "eu-central-9")
    reported = LOOKS["region"](target)
    assert isinstance(reported, Finding)
    assert reported.state is State.BAD
    assert "eu-central-9" in reported.say


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ElsomStatusUrl": ""}, "ElsomStatusUrl not given"),
        ({"ElsomInitUrl": "http://127.0.0.1:8090/init"}, "https"),
        ({"SandboxMode": "true"}, "local AWS only"),
        ({"AlarmEmail": "nobody"}, "e-mail address"),
        ({"ShopName2": "x"}, "no parameter ShopName2"),
        ({"ElsomMaxConcurrency": "7"}, "one of 2, 3, 5, 10, 20"),
        ({"GiveUpAfterHours": "9000"}, "from 1 to 8760"),
        ({"ElsomSubnetIds": "subnet-0a1b,sg-2"}, "subnets"),
    ],
)
def test_parameters_that_the_template_would_refuse_are_told(
    changes: dict[str, str], said: str
) -> None:
    reported = look(parameters={**PARAMETERS, **changes})["parameters"]
    assert reported.state is State.BAD
    assert said in reported.say
    assert "configure" in reported.do


# ---------------------------------------------------------------- Elsom, from here


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("certificate", "ElsomCaBundleParameter"),
        ("name", "host's name"),
        ("refused", "the port"),
        ("timeout", "lets this address in"),
        ("tls", "speaks TLS"),
        ("reset", "lets this address in"),
        ("connection", "network"),
        ("something new", "network"),
    ],
)
def test_an_elsom_that_is_not_reached_is_told_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, why: str, advice: str
) -> None:
    def reach(*_: object) -> None:
        raise NotSent(why)

    monkeypatch.setattr(elsom_urls, "reach", reach)
    reported = look()
    for line in ("Elsom start", "Elsom status"):
        assert reported[line].state is State.BAD
        assert f"elsom.example:10690 is not reached: {why}" in reported[line].say
        assert advice in reported[line].do


def test_a_private_authority_that_is_not_stored_is_told() -> None:
    reported = look(parameters={**PARAMETERS, "ElsomCaBundleParameter": "/elsom/ca"})["CA bundle"]
    assert reported.state is State.BAD
    assert "put-parameter --name /elsom/ca" in reported.do


@pytest.mark.parametrize("stored", ["nonsense", "сертификат"])
def test_a_bundle_without_certificates_is_told(stored: str) -> None:
    changes = {"ssm GetParameter": {"Parameter": {"Name": "/elsom/ca", "Value": stored}}}
    reported = look(changes, {**PARAMETERS, "ElsomCaBundleParameter": "/elsom/ca"})["CA bundle"]
    assert reported.state is State.BAD
    assert "BEGIN CERTIFICATE" in reported.do


def test_the_name_in_the_certificate_is_the_one_that_lambda_will_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trusts: list[Tls] = []
    monkeypatch.setattr(elsom_urls, "reach", lambda *given: trusts.append(given[3]))
    look(parameters={**PARAMETERS, "ElsomTlsServerName": "mfs.elsom.example"})
    assert [one.server_name for one in trusts] == ["mfs.elsom.example"] * 2


@pytest.mark.parametrize("url", ["https://elsom.example:99999/init", "ftp://elsom.example"])
def test_a_url_that_cannot_be_called_is_no_stack_trace(url: str) -> None:
    reported = look(parameters={**PARAMETERS, "ElsomInitUrl": url})["Elsom start"]
    assert reported.state is State.BAD


def test_a_look_that_may_not_be_taken_is_a_line_too() -> None:
    reported = look({"lambda GetAccountSettings": refused("AccessDeniedException")})
    assert reported["Lambda concurrency"].state is State.BAD
    assert "rights" in reported["Lambda concurrency"].do


# ---------------------------------------------------------------- as a command


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeAccount:
    """The account that the command finds, and answers that were kept for it."""
    made = FakeAccount(EMPTY_ACCOUNT)
    monkeypatch.setattr(Context, "account", made)
    monkeypatch.setattr(configure, "refuse_endpoint_override", lambda _: None)
    reported = answers.Answers(stack=STACK, region=REGION, parameters=PARAMETERS)
    answers.save(reported, tmp_path / "kept.toml")
    return made


def test_the_command_ends_with_0_when_all_is_ok(
    account: FakeAccount, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config-file", str(tmp_path / "kept.toml"), "preflight"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "The stack can be deployed."


def test_the_command_ends_with_1_and_a_document_when_something_is_not(
    account: FakeAccount, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account.answers |= concurrency(10)
    assert main(["--config-file", str(tmp_path / "kept.toml"), "preflight", "--json"]) == 1
    reported = json.loads(capsys.readouterr().out)
    assert reported["ok"] is False
    (bad,) = [one for one in reported["checks"] if one["state"] == "bad"]
    assert bad["name"] == "Lambda concurrency"


def test_nothing_is_changed_and_nothing_is_sent_to_elsom(account: FakeAccount) -> None:
    list(look_at(planned(account, PARAMETERS), LOOKS))
    verbs = {one.split()[1][:3] for one in account.queried}
    assert verbs <= {"Get", "Des", "Lis", "Sca"}
