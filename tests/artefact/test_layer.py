"""What is in the layer and the bundles, and what is not."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tools.environments import ENVIRONMENTS, with_programs

ROOT = Path(__file__).resolve().parents[2]
LAYER_SOURCE = ROOT / "layers" / "payments"
PACKAGES = {
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "certifi",
    "dateutil",
    "idna",
    "jmespath",
    "msgspec",
    "payments",
    "requests",
    "s3transfer",
    "six.py",
    "standardwebhooks",
    "typing_extensions.py",
    "urllib3",
}
MACHINES = {"aarch64": 183, "x86_64": 62}  # ELF's e_machine
UNCHECKED_HASH = 0b01  # PEP 552
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """The layer's build program as a module."""
    spec = importlib.util.spec_from_file_location("build_layer", LAYER_SOURCE / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer once more, from nothing, elsewhere, with another umask than the first."""
    folder = tmp_path_factory.mktemp("elsewhere") / "built-in-another-folder"
    folder.mkdir()
    done = subprocess.run(
        [ENVIRONMENTS["run"].python, "-I", LAYER_SOURCE / "build.py", folder],
        env={**with_programs(os.environ), "LAYER_CACHE": str(folder / "cache")},
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "python"


def sums(tree: Path) -> dict[str, str]:
    """The SHA-256 of every file, by its place."""
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tree.rglob("*")
        if path.is_file()
    }


def rights(tree: Path) -> dict[str, int]:
    return {str(path.relative_to(tree)): path.stat().st_mode for path in tree.rglob("*")}


def sources(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*.py")]


def bytecode_of(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


def test_the_layer_holds_exactly_the_known_packages(layer: Path) -> None:
    assert {path.name for path in layer.iterdir()} - {"__pycache__"} == PACKAGES


def test_the_layer_holds_the_whole_package_payments(layer: Path) -> None:
    def files(folder: Path) -> set[Path]:
        found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        return {path for path in found if path.suffix != ".pyc"}

    assert files(layer / "payments") == files(LAYER_SOURCE / "payments")
    for path in files(layer / "payments"):
        written = (LAYER_SOURCE / "payments" / path).read_bytes()
        assert (layer / "payments" / path).read_bytes() == written


def test_a_bundle_holds_its_handler_and_nothing_else(bundles: list[Path]) -> None:
    for bundle in bundles:
        files = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()}
        assert files == {"handler.py", "__pycache__/handler.cpython-313.pyc"}, bundle.name


def test_every_compiled_module_is_there_for_both_architectures(layer: Path) -> None:
    found: dict[str, set[str]] = {architecture: set() for architecture in MACHINES}
    for library in layer.rglob("*.so*"):
        header = library.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        (machine,) = struct.unpack_from("<H", header, 18)
        named = re.fullmatch(r"(.+)\.cpython-313-(\w+)-linux-gnu\.so", library.name)
        assert named, library
        assert machine == MACHINES[named[2]], library
        found[named[2]].add(str(library.relative_to(layer).with_name(named[1])))
    assert found["aarch64"] == found["x86_64"]
    assert "msgspec/_core" in found["aarch64"]


def test_every_module_has_bytecode_that_is_never_checked(layer: Path, bundles: list[Path]) -> None:
    modules = sources(layer, *bundles)
    assert len(modules) > 300
    for source in modules:
        header = bytecode_of(source).read_bytes()[:8]
        assert header[:4] == importlib.util.MAGIC_NUMBER, source
        assert struct.unpack_from("<I", header, 4) == (UNCHECKED_HASH,), source


def test_no_bytecode_is_left_of_a_module_that_is_gone(layer: Path, bundles: list[Path]) -> None:
    expected = {bytecode_of(source) for source in sources(layer, *bundles)}
    assert {path for folder in (layer, *bundles) for path in folder.rglob("*.pyc")} == expected


def test_bytecode_names_the_source_by_its_place_on_lambda(layer: Path, bundles: list[Path]) -> None:
    money = bytecode_of(layer / "payments" / "domain" / "money.py").read_bytes()
    assert b"/opt/python/payments/domain/money.py" in money
    handler = bytecode_of(bundles[0] / "handler.py").read_bytes()
    assert b"/var/task/handler.py" in handler
    for folder in (layer, *bundles):
        for compiled in folder.rglob("*.pyc"):
            assert str(folder).encode() not in compiled.read_bytes(), compiled


def test_the_same_source_gives_the_same_bytes_and_rights_in_another_folder_and_umask(
    layer: Path, again: Path
) -> None:
    assert len(sums(again)) > 600
    assert sums(layer) == sums(again)
    assert rights(layer) == rights(again)


def test_everybody_may_read_what_is_built(again: Path, bundles: list[Path]) -> None:
    for folder in (again, *bundles):
        for path in (folder, *folder.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


def test_no_file_of_the_layer_names_the_folder_it_was_built_in(again: Path) -> None:
    for path in again.rglob("*"):
        if path.is_file():
            assert again.parent.name.encode() not in path.read_bytes(), path


def test_nothing_is_in_the_layer_that_nobody_reads(layer: Path, builder: ModuleType) -> None:
    for path in layer.rglob("*"):
        assert path.suffix not in builder.UNUSED_SUFFIXES, path
        assert path.name not in {"tests", "bin", ".lock"}, path
    services = {path.name for path in (layer / "botocore" / "data").iterdir() if path.is_dir()}
    assert services == builder.SERVICES
    for part in builder.UNUSED_PARTS:
        left = {path.relative_to(layer).as_posix() for path in layer.glob(part)}
        assert left <= builder.USED_PARTS | {"aws_lambda_powertools/utilities/__pycache__"}, part


def test_every_aws_service_in_use_is_described_in_the_layer(builder: ModuleType) -> None:
    code = "".join(path.read_text() for path in sources(LAYER_SOURCE / "payments"))
    used = set(re.findall(r"(?:\b|_)client\(\"([a-z0-9]+)\"\)", code))
    assert used >= {"dynamodb", "secretsmanager", "sqs"}
    assert used <= builder.SERVICES


def test_a_client_of_every_described_service_can_be_made(layer: Path, builder: ModuleType) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import boto3;"
        "[boto3.client(name, region_name='eu-central-1') for name in sys.argv[2:]]"
    )
    command = [sys.executable, "-I", "-S", "-B", "-c", program, str(layer)]
    subprocess.run([*command, *sorted(builder.SERVICES)], check=True)


def test_the_operations_that_the_code_calls_are_exactly_those_in_the_layer(
    layer: Path, builder: ModuleType
) -> None:
    code = "".join(path.read_text() for path in sources(LAYER_SOURCE / "payments"))
    called = set(re.findall(r"(?<!http)(?:\b|_)client(?:\(\"[a-z]+\"\))?\.([a-z_]+)\(", code))
    named = {name for names in builder.OPERATIONS.values() for name in names}
    assert {name.title().replace("_", "") for name in called - {"exceptions"}} == named
    for service, names in builder.OPERATIONS.items():
        (file,) = (layer / "botocore" / "data" / service).glob("*/service-2.json")
        assert set(json.loads(file.read_text())["operations"]) == names


def test_layer_and_bundles_stay_small(layer: Path, bundles: list[Path], tmp_path: Path) -> None:
    files = [path for path in layer.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 12 * MEGABYTE
    with zipfile.ZipFile(tmp_path / "layer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(layer))
    assert (tmp_path / "layer.zip").stat().st_size < 6 * MEGABYTE
    for bundle in bundles:
        assert sum(path.stat().st_size for path in bundle.rglob("*.*")) < 32 * 1024, bundle.name


def pins(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", file.read_text(), re.MULTILINE))


def test_the_layer_is_pinned_to_what_development_and_tests_use() -> None:
    shipped = pins(LAYER_SOURCE / "requirements.txt")
    assert shipped["boto3"] == shipped["botocore"]
    developed_with = pins(ROOT / "requirements" / "dev.txt")
    assert {name: developed_with.get(name) for name in shipped} == shipped


def test_every_pin_has_hashes_and_no_address() -> None:
    text = (LAYER_SOURCE / "requirements.txt").read_text()
    for pin in re.split(r"\n(?=[a-z])", text.strip()):
        assert "--hash=sha256:" in pin, pin
    assert "://" not in text
    assert "--index" not in text
