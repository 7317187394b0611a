"""Size of layer and bundles, and what in them no function imports."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.artefact.test_functions_import import fresh_import
from tests.bench.artefact import EVENTS, Artefact
from tests.bench.report import Row, Section, at_most

LAYER_AIM: Final = 6.0
MEGABYTE: Final = 2**20
METHOD: Final = (
    "Unpacked, and as the zip that is uploaded. *Not imported* is the part of the"
    " modules, with their"
    " bytecode, that no handler imports; what is left of it are parts of libraries that load on"
    " demand (TLS and international names, error paths). The layer's wheels are for both"
    " architectures."
)


def measure(artefact: Artefact, scratch: Path) -> Section:
    """Weigh what `sam build` made."""
    files = [path for path in artefact.layer.rglob("*") if path.is_file()]
    packed = pack(files, artefact.layer, scratch / "layer.zip")
    imported: set[Path] = set()
    for function in EVENTS:
        found = fresh_import(artefact.bundle(function), artefact.layer)
        imported |= {Path(module["source"]) for module in found["modules"].values()}
    unused = [path for path in files if path.suffix == ".py" and path not in imported]
    modules = [path for path in files if path.suffix == ".py"]
    share = weight(unused) / weight(modules)
    bundles = {
        function: [path for path in artefact.bundle(function).rglob("*") if path.is_file()]
        for function in EVENTS
    }
    heaviest = max(bundles, key=lambda name: weight(bundles[name]))
    aim = ("layer, zipped", f"{packed / MEGABYTE:.1f} MB", f"{LAYER_AIM:g} MB")
    rows = [
        Row(("layer, unpacked", f"{weight(files) / MEGABYTE:.1f} MB", "")),
        Row(aim, at_most(packed / MEGABYTE, LAYER_AIM)),
        Row(("its modules that no handler imports", f"{100 * share:.0f} %", "")),
        Row((f"largest bundle ({heaviest})", f"{weight(bundles[heaviest]) / 1024:.1f} KB", "")),
    ]
    by_package = Counter[str]()
    for path in files:
        by_package[path.relative_to(artefact.layer).parts[0]] += path.stat().st_size
    largest = ", ".join(
        f"{name} {size / MEGABYTE:.1f} MB" for name, size in by_package.most_common(6)
    )
    return Section(
        "8. Size", METHOD, ("what", "size", "aim"), rows, remarks=(f"Largest: {largest}.",)
    )


def weight(files: Iterable[Path]) -> int:
    """Bytes of these files."""
    return sum(path.stat().st_size for path in files)


def pack(files: Iterable[Path], root: Path, archive: Path) -> int:
    """Bytes of the zip with these files."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            packed.write(path, path.relative_to(root))
    return archive.stat().st_size
