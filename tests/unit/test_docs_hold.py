"""What the Markdown files name is there: links, headings, files, make targets, modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/**/*.md"))
    if ".local" not in page.parts
)
FOLDERS = "functions|layers|tests|tools|docs|sandbox|events|clients|demo_shop|desk|requirements"
FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = re.findall(r"^#+ +(.*)$", FENCE.sub("", page.read_text()), re.M)
    kept = (re.sub(r"[^\w\- ]", "", title.lower().strip()) for title in found)
    return {title.replace(" ", "-") for title in kept}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text())
    urls, pictures = re.findall(r"\]\(([^)\s]+)\)", text), re.findall(r'src="([^"]+)"', text)
    for target in urls + pictures:
        path, _, anchor = target.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        aim = (page.parent / path).resolve() if path else page
        assert aim.exists(), f"{name(page)}: {target}"
        if anchor and aim.suffix == ".md":
            assert anchor in headings(aim), f"{name(page)}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_named_is_there(page: Path) -> None:
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", page.read_text()):
        assert list(ROOT.glob(path.rstrip("/"))), f"{name(page)}: {path}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_and_module_named_is_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    text = page.read_text()
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), f"{name(page)}: make {target}"
    for module in re.findall(r"python3? -m ((?:tools|tests|sandbox|demo_shop)[\w.]*)", text):
        base = ROOT.joinpath(*module.split("."))
        there = base.with_suffix(".py").exists() or (base / "__main__.py").exists()
        assert there, f"{name(page)}: python -m {module}"


def test_the_two_readmes_have_the_same_parts() -> None:
    shapes = []
    for page in ("README.md", "README.ru.md"):
        text = (ROOT / page).read_text()
        code = [block for block in FENCE.findall(text) if not block.startswith("```mermaid")]
        levels = re.findall(r"^(#+) ", FENCE.sub("", text), re.M)
        rows = len(re.findall(r"^\|", text, re.M))
        shapes.append((levels, [re.sub(r"#.*", "", block) for block in code], rows))
    assert shapes[0] == shapes[1]
