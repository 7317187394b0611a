"""A file or function that outgrows a screen or two is split, or says in one line why it is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50
# `# long: why`, beside the `def` or in the line above it (above its decorators).
REASON = re.compile(r"#\s*long: \S.*\S")


@cache
def sources() -> dict[str, str]:
    """Every Python file of the project; what is installed or built lies in folders with a dot."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if "node_modules" not in path.parts
    }


def long_functions(name: str, text: str) -> Iterator[str]:
    """Each function over the limit without its reason, as `file:line name: lines`."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        # From the line above to the last one of the signature.
        beside = lines[max(first - 2, 0) : node.body[0].lineno - 1]
        if length > LINES_OF_A_FUNCTION and not any(REASON.search(line) for line in beside):
            yield f"{name}:{node.lineno} {node.name}: {length} lines"


def test_no_file_is_too_long() -> None:
    lengths = {name: len(text.splitlines()) for name, text in sources().items()}
    assert len(lengths) > 300
    assert not [
        f"{name}: {length} lines" for name, length in lengths.items() if length > LINES_OF_A_FILE
    ]


def test_no_function_is_too_long_without_a_reason() -> None:
    assert not [found for name, text in sources().items() for found in long_functions(name, text)]


def a_function(above: str = "", beside: str = "", lines: int = LINES_OF_A_FUNCTION) -> str:
    return f"{above}\n@wrapped\ndef one():{beside}\n" + "    x = 1\n" * (lines - 1)


def test_a_long_function_is_found_and_a_reason_excuses_it() -> None:
    longer = LINES_OF_A_FUNCTION + 1
    assert not list(long_functions("a.py", a_function()))
    assert list(long_functions("a.py", a_function(lines=longer))) == ["a.py:3 one: 51 lines"]
    reason = "# long: one table"
    assert not list(long_functions("a.py", a_function(above=reason, lines=longer)))
    assert not list(long_functions("a.py", a_function(beside=f"  {reason}", lines=longer)))
    assert list(long_functions("a.py", a_function(above="# long:", lines=longer)))
