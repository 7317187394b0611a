"""Faults that AWS refuses, or that break the stack without a word: each is put in alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.template.transform import Json

GONE: Final = object()

# Description: logical id (or a part such as `Parameters.X`), path below it, new value; a function
# makes it of the value before.
type Listed = dict[str, tuple[str, str, Any]]


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong, where, and how it comes into a template."""

    name: str
    resource: str
    path: str
    value: Any

    def found_in(self, template: Json) -> str:
        """The logical id; SAM puts a mark behind some, for which the fault has a star."""
        head = self.resource.removesuffix("*")
        if head == self.resource:
            return head
        (found,) = (name for name in template["Resources"] if name.startswith(head))
        return str(found)

    def put_into(self, template: Json) -> Json:
        """A copy of the template with the fault. Raises LookupError if there is no such place."""
        changed = copy.deepcopy(template)
        holder = changed if "." in self.resource else changed["Resources"]
        start = self.resource.split(".") if "." in self.resource else [self.found_in(template)]
        steps = [*start, *_steps(self.path)]
        for step in steps[:-1]:
            holder = holder[step]
        last: Any = steps[-1]
        if self.value is GONE:
            del holder[last]
            return changed
        before = _before(holder, last)
        new = self.value(before) if callable(self.value) else self.value
        if isinstance(holder, list) and last == len(holder):
            holder.append(new)
        else:
            holder[last] = new
        return changed


def _steps(path: str) -> Iterator[Any]:
    """`a/b/0/c`: names, and places in lists."""
    for step in path.split("/"):
        text = step.replace("|", "/")
        yield int(text) if text.isdigit() else text


def _before(holder: Any, last: Any) -> Any:
    if isinstance(holder, list):
        return holder[last] if last < len(holder) else None
    return copy.deepcopy(holder.get(last))


def faults(listed: Listed) -> list[Fault]:
    """The listed faults."""
    return [Fault(name, *where) for name, where in listed.items()]


def more(**given: Any) -> Callable[[Json], Json]:
    """A map with more in it."""
    return lambda before: {**(before or {}), **given}


def another(*items: Any) -> Callable[[list[Any]], list[Any]]:
    """A list with more in it."""
    return lambda before: [*(before or []), *items]
