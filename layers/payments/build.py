"""Builds the layer: `python build.py FOLDER` fills FOLDER/python with `payments` and what it needs.

One layer serves both architectures: it holds the wheels of arm64 and of x86_64, whose `.so` names
differ. Everything is compiled to bytecode here: Lambda's folders are read-only, so otherwise each
cold start would compile it again. The same input gives the same bytes, so an unchanged layer is not
published again.

Dependencies are fetched, pruned and compiled once for each hash of the requirements, and kept in
the folder named by LAYER_CACHE, by default .local/layer-cache. A second build needs no network and
no installer.
"""

from __future__ import annotations

import compileall
import filecmp
import gzip
import hashlib
import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent
REQUIREMENTS = SOURCE / "requirements.txt"
PACKAGE = SOURCE / "payments"
LOCAL = SOURCE.parents[1] / ".local"
PROJECT_UV = LOCAL / "uv" / "bin" / "uv"

# Python 3.13 on Lambda runs on Amazon Linux 2023 with glibc 2.34: wheels of this tag fit.
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_28_x86_64")
LAMBDA_FOLDER = "/opt/python"

# The calls that are made to AWS. Each cold start would read the rest of botocore's descriptions.
OPERATIONS = {
    "dynamodb": frozenset({"BatchGetItem", "GetItem", "PutItem", "Query", "UpdateItem"}),
    "events": frozenset({"PutEvents"}),
    "secretsmanager": frozenset({"GetSecretValue"}),
    "sqs": frozenset({"GetQueueAttributes", "SendMessage", "SendMessageBatch"}),
    "ssm": frozenset({"GetParameter"}),
}
SERVICES = frozenset(OPERATIONS)
# Files and folders that nothing reads at run time.
UNUSED_FOLDERS = frozenset({"__pycache__", "bin", "tests", "examples"})
UNUSED_SUFFIXES = frozenset({".dist-info", ".pyi", ".pyx", ".pxd", ".c", ".h"})
# Parts of packages that no function imports; a `*` stands for every name.
UNUSED_PARTS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/metrics/provider/datadog",
    "aws_lambda_powertools/utilities/*/",
    # What boto3.resource(), waiters, paginators and generated documentation read.
    "boto3/data",
    "botocore/data/*/*/examples-1.json",
    "botocore/data/*/*/paginators-1.json",
    "botocore/data/*/*/waiters-2.json",
    # Guesses the encoding of a text; this product reads replies as bytes.
    "charset_normalizer*",
    "dateutil/zoneinfo",
    "urllib3/contrib/emscripten",
)
USED_PARTS = frozenset({"aws_lambda_powertools/utilities/jmespath_utils"})


def main(folder: Path) -> None:
    """Fill `folder`/python. Exits with a message where that is not possible."""
    require_python_3_13()
    target = folder / "python"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(dependencies(), target)
    shutil.copytree(PACKAGE, target / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    compile_tree(target / PACKAGE.name, target)
    open_to_all(target)


def dependencies() -> Path:
    """The folder of pruned and compiled dependencies, made where the cache has none yet."""
    cache = Path(os.environ.get("LAYER_CACHE") or LOCAL / "layer-cache").resolve()
    finished = cache / cache_key()
    if not finished.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            made = Path(temporary) / "python"
            install(made)
            prune(made)
            compile_tree(made, made)
            publish(made, finished)
    return finished


def cache_key() -> str:
    """A hash of the requirements, of this program and of Python's bytecode version."""
    parts = (REQUIREMENTS.read_bytes(), Path(__file__).read_bytes(), importlib.util.MAGIC_NUMBER)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def publish(made: Path, finished: Path) -> None:
    """Move `made` into the cache in one step; where another build was faster, its result stays."""
    try:
        made.rename(finished)
    except OSError:
        if not finished.is_dir():
            raise


def install(target: Path) -> None:
    """Unpack both architectures' wheels into `target`.

    Raises ValueError when they differ in more than their `.so`.
    """
    target.mkdir()
    for platform in PLATFORMS:
        single = target.with_name(platform)
        unpack(single, platform)
        prune(single)
        merge(single, target)


def unpack(target: Path, platform: str) -> None:
    """Unpack the pinned wheels for one platform, with uv where that works, else with pip."""
    what = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--quiet"]
    what += ["--requirement", str(REQUIREMENTS), "--target", str(target)]
    what += ["--python-version", "3.13"]
    uv = os.environ.get("UV") or shutil.which("uv") or shutil.which(PROJECT_UV)
    if uv and run([uv, "pip", "install", *what, *uv_options(platform)]) == 0:
        return
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check"]
    shutil.rmtree(target, ignore_errors=True)
    if run([*pip, "install", *what, *pip_options(platform)]) != 0:
        raise SystemExit("the layer's dependencies could not be fetched: see the lines above")


def uv_options(platform: str) -> list[str]:
    """Uv's options for a platform."""
    architecture = platform.removeprefix("manylinux_2_28_")
    return [
        *("--python", sys.executable, "--python-platform", f"{architecture}-manylinux_2_28"),
        "--system-certs",
        "--link-mode=copy",  # what is pruned here must not be pruned in uv's cache
    ]


def pip_options(platform: str) -> list[str]:
    """Pip's options for a platform, which must name the older tags that fit too."""
    older = [platform.replace("2_28", "2_17"), platform.replace("manylinux_2_28", "manylinux2014")]
    tags = [argument for tag in (platform, *older) for argument in ("--platform", tag)]
    return ["--implementation", "cp", "--no-compile", *tags]


def run(command: list[str]) -> int:
    """Run a command without a shell, and return its exit code."""
    return subprocess.run(command, check=False).returncode  # noqa: S603


def merge(source: Path, target: Path) -> None:
    """Copy `source` into `target`; a file that is in both must be the same."""
    for path in sorted(source.rglob("*")):
        if path.is_dir() or path.name == ".lock":  # uv's own
            continue
        destination = target / path.relative_to(source)
        if destination.exists() and not filecmp.cmp(path, destination, shallow=False):
            raise ValueError(
                f"the wheels of both architectures disagree about {path.relative_to(source)}"
            )
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, destination)


def prune(tree: Path) -> None:
    """Remove what nothing reads at run time: metadata, tests, types, unused parts, services."""
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.suffix in UNUSED_SUFFIXES or (path.is_dir() and path.name in UNUSED_FOLDERS):
            remove(path)
    for pattern in UNUSED_PARTS:
        for path in sorted(tree.glob(pattern)):
            if path.relative_to(tree).as_posix() not in USED_PARTS:
                remove(path)
    prune_services(tree / "botocore" / "data")


def prune_services(data: Path) -> None:
    """Keep only the used services in botocore's data, each in its newest version."""
    for service in sorted(data.glob("*/")):
        versions = sorted(service.iterdir())
        for unused in versions[:-1] if service.name in SERVICES else [service]:
            remove(unused)
        if service.name in SERVICES:
            prune_operations(versions[-1] / "service-2", OPERATIONS[service.name])
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in SERVICES & known.keys()}
    write_json(data / "endpoints.json", endpoints)


def prune_operations(file: Path, names: frozenset[str]) -> None:
    """Keep only these operations in a service's description, with the shapes that they need.

    `file` is without its suffix; a description that was pruned before is left as it is.
    """
    packed = file.with_suffix(".json.gz")
    if not packed.exists():
        return
    with gzip.open(packed) as stream:
        description = json.load(stream)
    operations = {name: description["operations"][name] for name in names}
    shapes: dict[str, Any] = {}
    waiting = set(named_shapes(operations))
    while waiting:
        name = waiting.pop()
        shapes[name] = description["shapes"][name]
        waiting |= set(named_shapes(shapes[name])) - shapes.keys()
    kept = {**description, "operations": operations, "shapes": shapes}
    # Not compressed: to decompress it takes longer than to read it.
    write_json(file.with_suffix(".json"), undocumented(kept))
    packed.unlink()


def named_shapes(part: Any) -> Iterator[str]:
    """The names of all shapes that a part of a description refers to."""
    if isinstance(part, dict):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for value in part.values():
            yield from named_shapes(value)
    elif isinstance(part, list):
        for value in part:
            yield from named_shapes(value)


def undocumented(part: Any) -> Any:
    """A part of a description without its documentation, which is most of its text."""
    if isinstance(part, dict):
        return {
            name: undocumented(value)
            for name, value in part.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    return part


def write_json(file: Path, value: Any) -> None:
    """Write compact JSON, the same bytes for the same value."""
    file.write_text(json.dumps(value, separators=(",", ":"), sort_keys=True))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def compile_tree(tree: Path, root: Path) -> None:
    """Compile every module under `tree`; tracebacks show its path on Lambda."""
    compiled = compileall.compile_dir(
        tree,
        maxlevels=99,
        quiet=1,
        force=True,
        # Never checked against the source: a zip does not keep the times for that check.
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        stripdir=str(root),
        prependdir=LAMBDA_FOLDER,
    )
    if not compiled:
        raise SystemExit(f"some modules under {tree} do not compile")


def open_to_all(tree: Path) -> None:
    """Let every user read it, whatever the umask here: Lambda runs as another user."""
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def require_python_3_13() -> None:
    """Exit with a message under another Python, whose bytecode Lambda would not read."""
    if sys.version_info[:2] != (3, 13):
        raise SystemExit(f"the layer is built with Python 3.13, this is {sys.version.split()[0]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
