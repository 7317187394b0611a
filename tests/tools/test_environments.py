"""Pins name no address; `make` finds Python 3.13, or gets it from uv, or says what to install."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.environments import ENVIRONMENTS, ROOT

LAYER = ROOT / "layers" / "payments" / "requirements.txt"
PINNED = sorted((ROOT / "requirements").glob("*.txt"))
NODE = ROOT / "requirements" / "node"
STAMP = ".local/uv/.made"
# All that the Makefile needs to make the first environment, without any Python.
PROGRAMS = ("bash", "cat", "env", "getconf", "make", "mkdir", "rm")


def pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[\w+\])?==([^ ]+)", file.read_text(), re.MULTILINE))


def test_every_environment_has_its_pins() -> None:
    names = {file.stem for file in PINNED}
    assert names == {*ENVIRONMENTS, "bootstrap"}


@pytest.mark.parametrize("file", [*PINNED, LAYER], ids=lambda file: file.stem)
def test_pins_have_hashes_and_no_address(file: Path) -> None:
    text = file.read_text()
    assert pins(file)
    assert len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(
        re.findall(r"^\S+==\S+", text, re.MULTILINE)
    )
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)


def test_the_packages_for_node_have_hashes_and_no_address() -> None:
    text = (NODE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert not re.search(r"https?://", text)
    _, sha512 = (NODE / "dynamodb-local.txt").read_text().split()
    assert len(bytes.fromhex(sha512)) == hashlib.sha512().digest_size


@pytest.mark.parametrize("name", ["dev", "local-aws", "elsom"])
def test_tests_and_local_functions_run_with_what_the_layer_ships(name: str) -> None:
    shipped, ours = pins(LAYER), pins(ROOT / "requirements" / f"{name}.txt")
    both = ours.keys() & shipped.keys()
    assert both
    assert {package: ours[package] for package in both} == {
        package: shipped[package] for package in both
    }


def a_wheel(folder: Path) -> str:
    """An empty package that passes for uv; the line that pins it."""
    info = "uv-0.1.dist-info"
    with zipfile.ZipFile(folder / "uv-0.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 0.1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    sha = hashlib.sha256((folder / "uv-0.1-py3-none-any.whl").read_bytes()).hexdigest()
    return f"uv==0.1 --hash=sha256:{sha}\n"


class Machine:
    """A machine with few programs, and a checkout to make the first environment in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.checkout = folder / "checkout"
        (self.checkout / "requirements").mkdir(parents=True)
        self.bin.mkdir()
        for program in PROGRAMS:
            path = shutil.which(program)
            assert path, program
            (self.bin / program).symlink_to(path)
        shutil.copy(ROOT / "Makefile", self.checkout)
        (self.checkout / "requirements" / "bootstrap.txt").write_text(a_wheel(folder))

    def program(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def make(self) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.bin),
            "HOME": str(self.folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder),
            "PIP_CONFIG_FILE": os.devnull,
        }
        return subprocess.run(
            ["make", STAMP],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def python() -> str:
    """The Python that this one's environment was made of."""
    return str(Path(sys.base_prefix) / "bin" / "python3.13")


@pytest.mark.needs("make")
def test_without_python_and_uv_one_sentence_says_how_to_install_either(machine: Machine) -> None:
    done = machine.make()
    (said,) = done.stdout.splitlines()
    assert done.returncode
    assert said.startswith("Error: Python 3.13 is needed: install it")
    assert "install uv, which fetches it" in said


@pytest.mark.needs("make")
def test_what_was_made_is_left_alone_until_the_checkout_moves(machine: Machine) -> None:
    machine.program("python3.13", "exit 1")
    machine.program("python3", f'exec "{python()}" "$@"')
    assert "Installing .local/uv" in machine.make().stdout
    assert "up to date" in machine.make().stdout
    machine.checkout = machine.checkout.rename(machine.folder / "moved")
    (machine.folder / "uv-0.1-py3-none-any.whl").unlink()
    again = machine.make()
    assert "Installing .local/uv" in again.stdout
    assert again.returncode
    assert "requirements/bootstrap.txt could not be installed" in again.stdout
    assert ".local/logs/environments.log" in again.stdout


@pytest.mark.needs("make")
def test_without_python_uv_fetches_it(machine: Machine) -> None:
    fetched = machine.folder / "fetched"
    machine.program(
        "uv",
        f'case "$*" in "python install 3.13") >{fetched};;'
        f' "python find --system 3.13") [ -e {fetched} ] && echo "{python()}";; *) exit 9;; esac',
    )
    machine.program("python3", "exit 1")
    done = machine.make()
    assert done.returncode == 0, done.stdout + done.stderr
    found = machine.checkout / ".local" / "uv" / "bin" / "python"
    assert found.resolve() == Path(python()).resolve()
