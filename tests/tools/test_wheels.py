"""What can be installed works where nothing else is: each wheel in an empty environment.

The wheels are built offline. The command line's is tried offline too, with the packages of the
environment that `make` fills for it. What the client's needs is taken from uv's cache, else from an
index; where neither has it, or a Python is missing, the test says so and is skipped.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from payments import __version__
from tools.environments import ENVIRONMENTS, ROOT, UV

HOME = "https://git.example/elsom-payments"
# A shop's first steps: a webhook of ours is taken in, and a call is signed and sent.
CLIENT_PROGRAM = """
import base64, datetime, json
from botocore.credentials import Credentials
from standardwebhooks import Webhook
from elsom_payments_client import ApiUnreachable, ElsomPayments, verify_webhook

secret = "whsec_" + base64.b64encode(b"s" * 32).decode()
now = datetime.datetime.now(datetime.timezone.utc)
event = {"eventId": "E1", "type": "case.opened", "sequence": 1, "occurredAt": now.isoformat()}
body = json.dumps(event)
headers = {
    "webhook-id": "E1",
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": Webhook(secret).sign("E1", now, body),
}
print(verify_webhook(body.encode(), headers, [secret]).type)
place = {"region": "us-east-1", "credentials": Credentials("key", "secret")}
try:
    ElsomPayments("http://127.0.0.1:9/v1", **place, deadline=0).get("A")
except ApiUnreachable as error:
    print(error)
"""


def run(
    *command: str | Path, cwd: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    words = list(map(str, command))
    return subprocess.run(
        words, cwd=cwd, env={**os.environ, **kept, **variables, "PYTHONPATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def build(folder: Path, out: Path) -> Path:
    """Build the wheel of a project's folder."""
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", out)
    done = run(*command, cwd=folder, PROJECT_URL=HOME)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob("*.whl")
    return wheel


def empty_environment(folder: Path, python: str) -> Path:
    """A new virtual environment with nothing in it; its Python."""
    done = run(UV, "venv", "--quiet", "--python", python, folder)
    if done.returncode:
        pytest.skip(f"Python {python} is missing: {UV} python install {python}")
    return folder / "bin" / "python"


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def packages_of(python: Path) -> str:
    """Where the environment of this Python keeps its packages."""
    done = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    return done.stdout.strip()


@pytest.fixture(scope="module")
def cli_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def installed(cli_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the command line and what it needs."""
    folder = tmp_path_factory.mktemp("tool")
    interpreter = empty_environment(folder / "environment", "3.13")
    install = (UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", interpreter)
    done = run(*install, cli_wheel)
    assert done.returncode == 0, done.stderr
    others = packages_of(ENVIRONMENTS["elsom"].python)
    (Path(packages_of(interpreter)) / "others.pth").write_text(f"{others}\n")
    return interpreter.parent


def test_the_command_line_asks_for_what_its_own_environment_holds(cli_wheel: Path) -> None:
    said = metadata(cli_wheel)
    assert (said["Name"], said["Version"]) == ("elsom-payments", __version__)
    wanted = {re.split(r"[^\w-]", one)[0] for one in said.get_all("Requires-Dist", [])}
    folders = ("layers/payments", "desk")
    pins = (
        ROOT / "requirements" / "elsom.in",
        *(ROOT / one / "requirements.in" for one in folders),
    )
    lines = "\n".join(file.read_text() for file in pins)
    assert wanted == set(re.findall(r"^([a-z][\w-]*)", lines, re.MULTILINE))


def test_the_command_line_works_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    helped = run(installed / "elsom", "--help", cwd=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "dead-letters" in helped.stdout
    # Without a checkout it has the template that it was built with.
    template = run(installed / "elsom", "kept-template", cwd=tmp_path)
    assert set(json.loads(template.stdout)["Resources"]) == {"PaymentsTable", "ElsomSecret"}
    refused = run(installed / "elsom", "payments", "list", cwd=tmp_path, AWS_DEFAULT_REGION="")
    assert refused.returncode == 1
    assert "Which region?" in refused.stderr


@pytest.mark.parametrize("command", ["configure", "rehearse"])
def test_a_command_that_needs_a_checkout_says_so_and_finds_the_one_it_is_run_in(
    installed: Path, tmp_path: Path, command: str
) -> None:
    words = (installed / "elsom", "--region", "eu-central-1", command)
    refused = run(*words, cwd=tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert refused.returncode == 1
    assert "needs a checkout" in refused.stderr
    for name in ("template.yaml", "samconfig.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    found = run(*words, cwd=tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "needs a checkout" not in found.stderr
    assert found.returncode == 1


@pytest.fixture(scope="module")
def client_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT / "clients" / "python", tmp_path_factory.mktemp("client"))


def test_the_clients_wheel_tells_what_it_is_and_where_it_comes_from(client_wheel: Path) -> None:
    said = metadata(client_wheel)
    assert (said["Name"], said["Version"]) == ("elsom-payments-client", __version__)
    assert said["License-Expression"] == "MIT"
    urls = dict(one.split(", ") for one in said.get_all("Project-URL", []))
    assert urls.keys() == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(HOME) for url in urls.values())
    assert (ROOT / "clients/python/README.md").read_text().strip() in said.get_payload()
    with zipfile.ZipFile(client_wheel) as archive:
        assert "elsom_payments_client/py.typed" in archive.namelist()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("python", "newest"), [("3.11", False), ("3.13", True)])
def test_the_client_installs_alone_and_works(
    client_wheel: Path, tmp_path: Path, python: str, newest: bool
) -> None:
    """With the oldest Python and the oldest packages that it takes, and with the newest."""
    interpreter = empty_environment(tmp_path / "environment", python)
    needed = metadata(client_wheel).get_all("Requires-Dist", [])
    pins = [] if newest else [one.replace(">=", "==") for one in needed]
    assert all("==" in one for one in pins)
    install = (UV, "pip", "install", "--quiet", "--python", interpreter)
    if run(*install, "--offline", client_wheel, *pins).returncode:
        done = run(*install, client_wheel, *pins)
        if done.returncode:
            pytest.skip(f"no index has what the client needs: {done.stderr.splitlines()[0]}")
    done = run(interpreter, "-W", "error", "-c", CLIENT_PROGRAM, cwd=tmp_path)
    assert done.stdout.split() == ["case.opened", "ConnectionError"], done.stderr
