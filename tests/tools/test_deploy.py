"""`make deploy` refuses a sandbox on the real AWS, and anything that is not the real AWS."""

from pathlib import Path

import pytest

from tools.deploy import SETTINGS, Refused, check


@pytest.mark.parametrize(
    "overrides",
    [
        '"SandboxMode=true"',
        '["ElsomInitUrl=https://elsom.example", "SandboxMode=true"]',
        '"ElsomMaxConcurrency=5 SandboxMode=\\"true\\""',
        '"ParameterKey=SandboxMode,ParameterValue=true"',
    ],
)
def test_sandbox_mode_is_refused(tmp_path: Path, overrides: str) -> None:
    settings = tmp_path / "samconfig.toml"
    settings.write_text(
        f"version = 0.1\n[prod.deploy.parameters]\nparameter_overrides = {overrides}\n"
    )
    with pytest.raises(Refused, match="SandboxMode=true"):
        check(settings, {})


def test_a_local_aws_is_refused() -> None:
    with pytest.raises(Refused, match="AWS_ENDPOINT_URL"):
        check(SETTINGS, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"})


def test_ordinary_settings_pass(tmp_path: Path) -> None:
    settings = tmp_path / "samconfig.toml"
    settings.write_text(
        'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = "SandboxMode=false"\n'
    )
    check(settings, {})
    check(SETTINGS, {})
