"""`aws SERVICE OPERATION --option value` as a document has it, run by boto3."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from botocore import xform_name


def commands_in(text: str) -> list[str]:
    """The `aws` commands in a sentence, in their order."""
    return [found.strip() for found in re.findall(r"\baws (?:[a-z]+ [a-z-]+ --[^;]+)", text)]


def aws(command: str, client: Callable[[str], Any]) -> Any:
    """Run one command. Raises ClientError, and KeyError for an option that AWS does not have."""
    program, service, operation, *options = shlex.split(command)
    assert program == "aws"
    made = client(service)
    names = {name.replace("_", "-"): name for name in _operations(made)}
    model = made.meta.service_model.operation_model(
        made.meta.method_to_api_mapping[names[operation]]
    )
    members = {
        xform_name(name, "-"): (name, shape.type_name)
        for name, shape in model.input_shape.members.items()
    }
    given: dict[str, Any] = {}
    words = iter(options)
    for option in words:
        name = option.removeprefix("--")
        if (
            name.removeprefix("no-") in members
            and members[name.removeprefix("no-")][1] == "boolean"
        ):
            given[members[name.removeprefix("no-")][0]] = not name.startswith("no-")
        else:
            given[members[name][0]] = next(words)
    return getattr(made, names[operation])(**given)


def _operations(client: Any) -> list[str]:
    return list(client.meta.method_to_api_mapping)
