"""The linters have nothing to say, about the template and about what SAM makes of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.template.linting import lint
from tests.template.transform import OTHER, PLAIN, REGION, ROOT, TEMPLATE, transform

# Said by cfn-lint-serverless, and wrong here.
NOT_HERE = {
    "ES6000": "asks for a dead-letter queue of the dead-letter queue",
    "WS1000": "no function is traced: a trace would lead to the token, and costs",
    "WS1004": "looks for log groups by name; ours are given by LoggingConfig",
    "WS2002": "a trace of the gateway holds the URL, and so the token",
}


def test_cfn_lint_has_nothing_to_say_about_the_template() -> None:
    assert lint(TEMPLATE.read_text(), of_sam=False) == []


@pytest.mark.parametrize("values", [PLAIN, OTHER], ids=["plain", "other"])
def test_cfn_lint_has_nothing_to_say_about_the_transformed_template(
    values: dict[str, str],
) -> None:
    assert lint(json.dumps(transform(values))) == []


def test_the_serverless_rules_have_nothing_to_say() -> None:
    rules = ["--append-rules", "cfn_lint_serverless.rules", "--ignore-checks", *NOT_HERE]
    program = shutil.which(ROOT / ".venv" / "bin" / "cfn-lint")
    assert program
    done = subprocess.run(
        [program, *rules, "--template", str(TEMPLATE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_sam_calls_the_template_valid() -> None:
    sam = shutil.which(ROOT / ".local" / "sam" / "bin" / "sam") or shutil.which("sam")
    assert sam, "the SAM CLI is missing: make run, or make build, installs it"
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}
    command = [sam, "validate", "--lint", "--template-file", str(TEMPLATE)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
