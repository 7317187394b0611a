"""What `make deploy` is told is kept so that the SAM CLI reads the same, value by value."""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.answers import ENVIRONMENTS, TRACKED, Answers, WrongAnswer, check, load, save
from cli.configure import refuse_endpoint_override
from cli.errors import CliError
from cli.target import account_target
from cli.template import template

ODD = {
    "ShopUrl": "",
    "ShopWebhookUrl": "https://shop.example/hook?a=b&c=%20d",
    "ReturnUrlHosts": "shop.example,other.example:8443",
    "AlarmEmail": "o'brien+elsom@shop.example",
    "CallbackSourceCidrs": "192.0.2.0/24,::/0",
    "ElsomInitUrl": 'https://elsom.example/a"b\\c',
    "ElsomStatusUrl": "https://elsom.example/статус",
    "LogRetentionDays": "30",
}


def test_what_is_kept_is_read_again_odd_values_too(tmp_path: Path) -> None:
    reported = Answers(stack="shop", region="eu-central-1", parameters=ODD)
    save(reported, tmp_path / "kept.toml")
    assert load(tmp_path / "kept.toml") == reported
    save(load(tmp_path / "kept.toml"), tmp_path / "kept.toml")
    assert load(tmp_path / "kept.toml") == reported


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_rest_of_the_settings_is_that_of_the_tracked_file(tmp_path: Path, env: str) -> None:
    save(Answers(env=env, stack="shop", region="eu-central-1"), tmp_path / "kept.toml")
    kept = tomllib.loads((tmp_path / "kept.toml").read_text())
    tracked = tomllib.loads(TRACKED.read_text())
    ours = kept[env]["deploy"]["parameters"]
    assert ours.pop("parameter_overrides") == {}
    tracked[env]["deploy"]["parameters"].pop("parameter_overrides", None)
    tracked[env]["global"]["parameters"] = {"stack_name": "shop", "region": "eu-central-1"}
    assert kept == tracked


def test_before_anything_was_told_the_tracked_file_speaks(tmp_path: Path) -> None:
    reported = load(tmp_path / "none.toml", "dev")
    assert (reported.stack, reported.region, reported.was_named) == ("elsom-payments-dev", "", True)
    assert reported.parameters == {"LogRetentionDays": "7"}
    assert not load(tmp_path / "none.toml").was_named


@pytest.mark.parametrize(
    "overrides",
    [
        '"AlarmEmail=\\"a@b.example\\" ShopUrl=\\"\\""',
        '["AlarmEmail=a@b.example", "ShopUrl="]',
        '["ParameterKey=AlarmEmail,ParameterValue=a@b.example", "ShopUrl=\'\'"]',
        '{ AlarmEmail = "a@b.example", ShopUrl = "" }',
    ],
)
def test_every_form_that_sam_takes_is_read(tmp_path: Path, overrides: str) -> None:
    file = tmp_path / "kept.toml"
    text = "[default.deploy.parameters]\nstack_name = 'shop'\nregion = 'eu-west-1'\n"
    file.write_text(f"{text}parameter_overrides = {overrides}\n")
    reported = load(file)
    assert reported.parameters == {"AlarmEmail": "a@b.example", "ShopUrl": ""}
    assert (reported.stack, reported.region) == ("shop", "eu-west-1")


def test_a_file_that_is_no_toml_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept.toml"
    file.write_text("not = [toml")
    assert main(["--config-file", str(file), "configure", "ShopUrl="]) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[0].startswith("Error: kept.toml cannot be read")


def test_a_default_of_the_template_is_a_value_that_may_be_told() -> None:
    for name, parameter in template()["Parameters"].items():
        if parameter.get("Default", "") != "":
            assert check(name, str(parameter["Default"]))


# ---------------------------------------------------------------- elsom configure NAME=VALUE


def reported(file: Path, *words: str) -> int:
    return main(["--config-file", str(file), *words])


def test_any_parameter_is_set_by_its_name_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "kept.toml"
    assert reported(file, "configure", "ElsomMaxConcurrency=2", "ReturnUrlHosts=a.example") == 0
    assert reported(file, "configure", "ReturnUrlHosts=") == 0
    assert load(file).parameters == {"ElsomMaxConcurrency": "2", "ReturnUrlHosts": ""}
    assert reported(file, "--env", "dev", "--stack", "trial", "configure", "ShopUrl=") == 0
    assert (load(file).stack, load(file, "dev").stack) == ("elsom-payments", "trial")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("SandboxMode=true", "local AWS only"),
        ("ElsomInitUrl=http://127.0.0.1/", "https"),
        ("NoSuchThing=1", "no parameter NoSuchThing"),
        ("ElsomMaxConcurrency", "NAME=VALUE"),
        ("LogRetentionDays=2", "one of 1, 3, 5"),
        ("PaymentLifetimeMinutes=soon", "whole number from 1 to 10080"),
        ("PublicBaseUrl=https://pay.example/", "without a slash at the end"),
    ],
)
def test_what_the_template_would_refuse_is_refused_and_nothing_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str, said: str
) -> None:
    assert reported(tmp_path / "kept.toml", "configure", word, "--json") == 1
    assert said in json.loads(capsys.readouterr().out)["error"]
    assert not (tmp_path / "kept.toml").exists()


def test_without_a_terminal_nothing_is_asked_and_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert reported(tmp_path / "kept.toml", "--region", "eu-central-1", "configure", "--json") == 1
    assert "Elsom's URL for starts" in json.loads(capsys.readouterr().out)["error"]


def test_a_sandbox_that_stands_in_the_file_is_refused_when_it_is_asked_again(
    tmp_path: Path,
) -> None:
    with pytest.raises(WrongAnswer, match="local AWS only"):
        check("SandboxMode", "true")
    file = tmp_path / "kept.toml"
    save(Answers(stack="shop", region="eu-central-1", parameters={"SandboxMode": "true"}), file)
    assert reported(file, "configure") == 1


@pytest.mark.parametrize(
    ("variable", "profile"),
    [
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", ""),
        ("AWS_ENDPOINT_URL_S3", ""),
        ("", "[default]\nendpoint_url = http://127.0.0.1:4566\n"),
    ],
)
def test_what_leads_away_from_the_real_aws_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, profile: str
) -> None:
    (tmp_path / "config").write_text(profile)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    if variable:
        monkeypatch.setenv(variable, "http://127.0.0.1:4566")
    target = account_target(None, "eu-central-1", None, Answers())
    with pytest.raises(CliError, match="not reach the real AWS"):
        refuse_endpoint_override(target)
    monkeypatch.delenv(variable or "AWS_CONFIG_FILE")
    refuse_endpoint_override(account_target(None, "eu-central-1", None, Answers()))


def test_an_environment_that_is_none_is_a_wrong_command_line(tmp_path: Path) -> None:
    assert reported(tmp_path / "kept.toml", "--env", "test", "configure", "ShopUrl=") == 2
