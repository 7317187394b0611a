"""A template of what outlives the stack alone, to import it with: `python -m tools.attach`.

CloudFormation imports a table and a secret into a new stack only by a template that holds nothing
else; the next deployment of the whole template takes both over as they are.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

import yaml

from tools.environments import ROOT

KEPT: Final = ("PaymentsTable", "ElsomSecret")


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


def kept_template(text: str) -> dict[str, Any]:
    """The template with the kept resources alone, as JSON."""
    resources = yaml.load(text, _Loader)["Resources"]  # noqa: S506 - a SafeLoader with tags
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What outlives a stack of Elsom Payments, to be imported.",
        "Resources": {name: resources[name] for name in KEPT},
    }


if __name__ == "__main__":
    json.dump(kept_template((ROOT / "template.yaml").read_text()), sys.stdout, indent=2)
    sys.stdout.write("\n")
