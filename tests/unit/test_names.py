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
# CONTRIBUTING.md says what the terms on the right are for.
REPLACED = {
    "door": "handler",
    "doors": "handler",
    "guarded": "handle_errors",
    "tell": "publish, notify, log, return",
    "told": "publish, notify, log, return",
    "aside": "dead letter, unpublished",
    "set_aside": "dead letter, unpublished",
    "ask": "query",
    "asked": "query",
    "asker": "trigger",
    "question": "query",
    "questions": "query",
    "silence": "no response",
    "silent": "no response",
    "moments": "clock",
    "vault": "merchant secret",
    "wire": "protocol",
    "wiring": "bootstrap",
    "outcomes": "gateway",
    "go_to_elsom": "redirect_to_elsom",
    "come_back": "handle_return",
    "cabinet": "merchant portal",
    "doorbell": "trigger",
    "room": "module",
    "rooms": "module",
    "house": "stack",
    "fate": "scenario",
    "fates": "scenario",
    "story": "trace",
    "watch": "invariant",
    "telling": "delivery",
    "dying": "crash",
    "anew": "again",
    "nobody_but": "only",
}
# Only as names of modules: as words for a link, a line of text or a zip file they stay.
REPLACED_MODULES = {"at_once", "links", "line", "lines", "masks", "archive", "transport"}
# Private words, metaphors and aphorisms; and Russian that is translated word by word.
WORDS = re.compile(
    r"cabinet|doorbell|\banew\b|\bnobody but\b|\bset(?:s|ting)? aside\b"
    r"|\b(?:only|one|its|the) room\b|believed never|never believed|nobody else's"
    r"|дверн\w+ звон\w+|выходно\w+ значени\w+|сигнал\w* тревоги",
    re.I,
)
# It holds the words themselves.
NOT_PROSE = {"tests/unit/test_names.py"}
PICTURES = {".png"}


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
    texts = [
        name for name in tracked() if Path(name).suffix not in PICTURES and name not in NOT_PROSE
    ]
    assert len(texts) > 500
    found = {
        name: sorted({match.group() for match in WORDS.finditer((ROOT / name).read_text())})
        for name in texts
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_contributing_says_what_each_preferred_term_is_for() -> None:
    _, section = (ROOT / "CONTRIBUTING.md").read_text().split("## Names and sentences")
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \|$", section.split("\n## ")[0], re.M)
    terms = {term for cell in cells for term in cell.split(", ")}
    wanted = {term for value in REPLACED.values() for term in value.split(", ")}
    assert wanted - terms == set()


@pytest.mark.parametrize(
    "source", ["told = 1", "def ask(): ...", "class Vault: ...", "def f(asker): ...", "x.story = 1"]
)
def test_a_name_that_was_replaced_is_found(source: str) -> None:
    assert names_in(source) & REPLACED.keys()


@pytest.mark.parametrize(
    "text",
    [
        "a doorbell",
        "begins anew",
        "Set aside",
        "nobody but us",
        "the only room for boto3",
        "a notification is believed never",
        "nobody else's moves it",
        "из выходного значения стека",
    ],
)
def test_a_private_word_is_found(text: str) -> None:
    assert WORDS.search(text)
