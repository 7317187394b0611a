"""The command line takes every kind of AWS credentials, those of `aws login` too."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tools.environments import ENVIRONMENTS, ROOT

SESSION = "arn:aws:sts::111122223333:assumed-role/Operator/operator"
# Takes the credentials as `./elsom` does, and prints whose they are.
PROGRAM = """
from cli.answers import Answers
from cli.target import account_target
target = account_target(None, "eu-central-1", None, Answers())
print(target.session.get_credentials().get_frozen_credentials().access_key)
"""


@pytest.fixture
def logged_in(tmp_path: Path) -> dict[str, str]:
    """A home as `aws login` leaves it: a profile that names a session, and the session's token."""
    (tmp_path / "config").write_text(f"[default]\nlogin_session = {SESSION}\n")
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    token = {
        "accessToken": {
            "accessKeyId": "ASIAOFALOGIN",
            "secretAccessKey": "secret",
            "sessionToken": "token",
            "accountId": "111122223333",
            "expiresAt": "2100-01-01T00:00:00Z",
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "refresh",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": key.decode(),
    }
    cache = tmp_path / "cache"
    cache.mkdir()
    name = hashlib.sha256(SESSION.encode()).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'layers' / 'payments'}:{ROOT / 'clients' / 'python'}:{ROOT}",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_LOGIN_CACHE_DIRECTORY": str(cache),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_credentials_of_aws_login_are_taken(logged_in: dict[str, str]) -> None:
    done = subprocess.run(
        [ENVIRONMENTS["elsom"].python, "-c", PROGRAM],
        cwd=ROOT,
        env=logged_in,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "ASIAOFALOGIN", done.stderr
