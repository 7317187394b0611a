"""Packages that npm fetches from whatever registry it is set up for, each held to its hash."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300


class FetchError(Exception):
    """The archive could not be had, or is not the one that was pinned."""


@dataclass(frozen=True)
class NpmPackage:
    """One version, `name@1.2.3`, and the SHA-512 of its archive in base64."""

    name: str
    sha512: str

    def install(self, folder: Path, part: str = ".") -> Path:
        """`folder`, filled with this part of the package where it is missing.

        Needs npm. Raises FetchError.
        """
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            unpacked = unpack(self.fetch(Path(temporary)))
            try:
                # At once, so that a parallel or interrupted installation leaves no half of it.
                (unpacked / part).rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
        return folder

    def fetch(self, folder: Path) -> Path:
        """The archive, in `folder`. Raises FetchError."""
        command = ["npm", "pack", "--silent", self.name]
        try:
            finished = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise FetchError(f"npm could not fetch {self.name} in {SECONDS} s") from error
        archives = list(folder.glob("*.tgz"))
        if finished.returncode or len(archives) != 1:
            raise FetchError(f"npm could not fetch {self.name}: {finished.stderr.strip()}")
        found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if found != self.sha512:
            raise FetchError(
                f"{self.name} is not the archive that was pinned: its SHA-512 is {found}"
            )
        return archives[0]


def unpack(archive: Path) -> Path:
    """The package's own folder, beside the archive."""
    with tarfile.open(archive) as contents:
        contents.extractall(archive.parent, filter="data")
    return archive.parent / "package"
