"""The checkout that a command works in, and its template: read without SAM, checked and imported.

The template lies beside this file where the command line is installed as a package.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from cli.errors import CliError

_HERE: Final = Path(__file__).resolve().parent
# What outlives a stack, and is imported into a new one.
KEPT: Final = ("PaymentsTable", "ElsomSecret")


def _find_checkout() -> Path | None:
    """The checkout that this program lies in, else the one in which it is called."""
    for folder in (_HERE.parent, Path.cwd(), *Path.cwd().parents):
        if (folder / "template.yaml").is_file() and (folder / "samconfig.toml").is_file():
            return folder
    return None


CHECKOUT: Final = _find_checkout()
TEMPLATE: Final = (CHECKOUT or _HERE) / "template.yaml"


def checkout() -> Path:
    """The checkout's folder. Raises CliError where there is none."""
    if CHECKOUT is None:
        raise CliError("This command needs a checkout of Elsom Payments: run it in its folder.")
    return CHECKOUT


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags; `!If [InSandbox, a, b]` is b: this is a real account."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        items = loader.construct_sequence(node, deep=True)
        return items[2] if suffix == "If" and items[0] == "InSandbox" else {suffix: items}
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    return {suffix: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type] # the third kind


_Loader.add_multi_constructor("!", _tagged)


@cache
def template() -> dict[str, Any]:
    """The template as a dictionary; a tag such as `!Ref x` is `{"Ref": "x"}`."""
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader with tags
    return found


def kept_template() -> dict[str, Any]:
    """The template with what outlives a stack alone.

    CloudFormation imports a table and a secret into a new stack only by a template that holds
    nothing else; the next deployment of the whole template takes both over as they are.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What outlives a stack of Elsom Payments, to be imported.",
        "Resources": {name: template()["Resources"][name] for name in KEPT},
    }
