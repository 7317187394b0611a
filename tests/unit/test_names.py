"""Names are those that an engineer of this field would search for; prose has no private words."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What these were called once, and what to use: no variable, function, class, argument or module.
REPLACED = {
    "door": "handler",
    "doors": "handlers",
    "guarded": "handle_errors",
    "tell": "publish, notify, log or return",
    "told": "published or reported",
    "aside": "dead letter or unpublished",
    "set_aside": "dead letter or unpublished",
    "ask": "query",
    "asked": "queried",
    "asker": "trigger",
    "question": "query",
    "questions": "queries",
    "silence": "no response",
    "silent": "no response",
    "vault": "merchant secret",
    "wire": "protocol or connection",
    "outcomes": "gateway or results",
    "go_to_elsom": "redirect_to_elsom",
    "come_back": "handle_return",
    "cabinet": "merchant portal",
    "doorbell": "trigger",
    "house": "stack",
    "fate": "scenario",
    "fates": "scenarios",
    "story": "trace",
    "watch": "invariants",
    "telling": "delivery",
    "dying": "crashes",
    "anew": "again",
}
# Only as names of modules: as words for a moment, a link, a line of text they stay.
REPLACED_MODULES = {
    "at_once",
    "moments",
    "links",
    "line",
    "lines",
    "masks",
    "archive",
    "transport",
    "wiring",
}
WORDS = re.compile(r"cabinet|doorbell|\banew\b|nobody but|\bsets? aside\b|\bsetting aside\b", re.I)
# The change log names what changed.
NOT_PROSE = {"CHANGELOG.md", "tests/unit/test_names.py"}
PROSE = {".py", ".md", ".toml", ".html", ".js", ".css", ".sh", ".yml", ".yaml", ".json", ".php"}


@cache
def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def names_in(source: str) -> set[str]:
    """Every name that the source binds: variables, attributes, arguments, functions, classes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name):
                found.add(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name))
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
    return {name.strip("_").lower() for name in found}


PYTHON = [name for name in tracked() if name.endswith(".py")]


@pytest.mark.parametrize("name", PYTHON)
def test_no_name_is_one_that_was_replaced(name: str) -> None:
    found = names_in((ROOT / name).read_text()) & REPLACED.keys()
    assert {one: REPLACED[one] for one in found} == {}
    assert Path(name).stem not in REPLACED.keys() | REPLACED_MODULES


def test_no_prose_holds_a_private_word() -> None:
    texts = [name for name in tracked() if Path(name).suffix in PROSE and name not in NOT_PROSE]
    assert len(texts) > 400
    found = {
        name: sorted({match.group() for match in WORDS.finditer((ROOT / name).read_text())})
        for name in texts
    }
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "source", ["told = 1", "def ask(): ...", "class Vault: ...", "def f(asker): ...", "x.story = 1"]
)
def test_a_name_that_was_replaced_is_found(source: str) -> None:
    assert names_in(source) & REPLACED.keys()


@pytest.mark.parametrize("text", ["a doorbell", "begins anew", "Set aside", "nobody but us"])
def test_a_private_word_is_found(text: str) -> None:
    assert WORDS.search(text)
