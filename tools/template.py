"""The template as it is written: read without SAM, for what is asked, checked and imported."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from tools.environments import ROOT

TEMPLATE = ROOT / "template.yaml"


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


def read_template(text: str) -> dict[str, Any]:
    """The template's text as a dictionary; a tag such as `!Ref x` is `{"Ref": "x"}`."""
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with tags
    return found


@cache
def template() -> dict[str, Any]:
    """This checkout's template."""
    return read_template(TEMPLATE.read_text())
