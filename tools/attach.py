"""A template of what outlives the stack alone, to import it with: `python -m tools.attach`.

CloudFormation imports a table and a secret into a new stack only by a template that holds nothing
else; the next deployment of the whole template takes both over as they are.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Final

from tools.template import TEMPLATE, read_template

KEPT: Final = ("PaymentsTable", "ElsomSecret")


def kept_template(text: str) -> dict[str, Any]:
    """The template with the kept resources alone, as JSON."""
    resources = read_template(text)["Resources"]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What outlives a stack of Elsom Payments, to be imported.",
        "Resources": {name: resources[name] for name in KEPT},
    }


if __name__ == "__main__":
    json.dump(kept_template(TEMPLATE.read_text()), sys.stdout, indent=2)
    sys.stdout.write("\n")
