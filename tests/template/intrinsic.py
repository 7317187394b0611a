"""CloudFormation's functions, evaluated before a deployment."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Final

NOTHING: Final = object()
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_IS_FUNCTION = re.compile(r"^(Fn::.+|Ref|Condition)$")

type Complain = Callable[[str], None]


class Resolver:
    """Evaluates one template's functions; each mistake is told to `complain` and gives a text."""

    def __init__(
        self,
        template: dict[str, Any],
        known: dict[str, Any],
        reference: Callable[[str], str],
        attribute: Callable[[str, str], str],
    ) -> None:
        self._template = template
        self._known = known
        self._reference = reference
        self._attribute = attribute

    def value(self, node: Any, complain: Complain) -> Any:
        """A node with its functions evaluated; NOTHING where it is to be left out."""
        if isinstance(node, list):
            found = [self.value(item, complain) for item in node]
            return [item for item in found if item is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1 and _IS_FUNCTION.match(str(next(iter(node)))):
            name, argument = next(iter(node.items()))
            if name != "Condition" or isinstance(argument, str):
                return self._call(str(name), argument, complain)
        filled = {key: self.value(item, complain) for key, item in node.items()}
        return {key: item for key, item in filled.items() if item is not NOTHING}

    def holds(self, condition: Any) -> bool:
        """Whether a condition, by its name or as an expression, is true. Raises ValueError."""
        if isinstance(condition, str):
            declared = self._template.get("Conditions") or {}
            if condition not in declared:
                raise ValueError(f"there is no condition {condition}")
            return self.holds(declared[condition])
        match condition:
            case {"Condition": str(name)}:
                return self.holds(name)
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": [*parts]}:
                return all(self.holds(part) for part in parts)
            case {"Fn::Or": [*parts]}:
                return any(self.holds(part) for part in parts)
            case {"Fn::Equals": [left, right]}:
                return bool(self._text(left) == self._text(right))
        raise ValueError(f"no condition: {json.dumps(condition, default=str)[:80]}")

    def _text(self, node: Any) -> Any:
        found = self.value(node, _raise)
        return found if isinstance(found, list) else str(found)

    def _call(self, name: str, argument: Any, complain: Complain) -> Any:
        try:
            handler = _HANDLERS.get(name)
            if handler is None:
                raise ValueError(f"there is no function {name}")
            return handler(self, argument, complain)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            complain(f"{name}: {error}" if isinstance(error, ValueError) else f"{name}: {error!r}")
            return "unresolved"

    def ref(self, name: Any, _: Complain) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if not isinstance(name, str):
            raise TypeError("takes one name")
        return self._known[name] if name in self._known else self._reference(name)

    def get_att(self, argument: Any, complain: Complain) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        name, attribute = parts
        return self._attribute(str(name), str(self.value(attribute, complain)))

    def sub(self, argument: Any, complain: Complain) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        if not isinstance(text, str) or not isinstance(own, dict):
            raise TypeError("takes a text, or a text and its names")
        filled = {name: self.value(item, complain) for name, item in own.items()}

        def one(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name in filled:
                value = filled[name]
            elif "." in name and name not in self._known:
                value = self.get_att(name, complain)
            else:
                value = self.ref(name, complain)
            if isinstance(value, dict | list) or value is NOTHING:
                raise ValueError(f"{name} is no text")
            return str(value)

        return _VARIABLE.sub(one, text).replace("${!", "${")

    def join(self, argument: Any, complain: Complain) -> str:
        separator, given = argument
        items = self.value(given, complain)
        if not isinstance(separator, str) or not isinstance(items, list):
            raise ValueError("takes a separator and a list")
        if any(isinstance(item, dict | list) for item in items):
            raise ValueError("takes a list of texts")
        return separator.join(str(item) for item in items)

    def split(self, argument: Any, complain: Complain) -> list[str]:
        separator, given = argument
        text = self.value(given, complain)
        if not isinstance(separator, str) or not isinstance(text, str) or not separator:
            raise ValueError("takes a separator and a text")
        return text.split(separator)

    def select(self, argument: Any, complain: Complain) -> Any:
        number, given = argument
        items = self.value(given, complain)
        if not isinstance(items, list):
            raise TypeError("takes a number and a list")
        index = int(self.value(number, complain))
        if not 0 <= index < len(items):
            raise ValueError(f"there is no part {index} of {items}")
        return items[index]

    def find_in_map(self, argument: Any, complain: Complain) -> Any:
        table, key, attribute, *default = [self.value(part, complain) for part in argument]
        try:
            return self._template["Mappings"][table][str(key)][str(attribute)]
        except KeyError as error:
            if default:
                return default[0]["DefaultValue"]
            raise ValueError(f"no {error} in the mapping {table}") from error

    def choose(self, argument: Any, complain: Complain) -> Any:
        condition, yes, no = argument
        if not isinstance(condition, str):
            raise TypeError("takes the name of a condition first")
        return self.value(yes if self.holds(condition) else no, complain)

    def base64(self, argument: Any, complain: Complain) -> str:
        return base64.b64encode(str(self.value(argument, complain)).encode()).decode()

    def import_value(self, argument: Any, complain: Complain) -> str:
        return f"imported-{self.value(argument, complain)}"

    def zones(self, argument: Any, complain: Complain) -> list[str]:
        region = self.value(argument, complain) or self._known["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def as_json(self, argument: Any, complain: Complain) -> str:
        return json.dumps(self.value(argument, complain))

    def length(self, argument: Any, complain: Complain) -> int:
        return len(self.value(argument, complain))


_HANDLERS: Final[dict[str, Callable[[Resolver, Any, Complain], Any]]] = {
    "Ref": Resolver.ref,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::Split": Resolver.split,
    "Fn::Select": Resolver.select,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::If": Resolver.choose,
    "Fn::Base64": Resolver.base64,
    "Fn::ImportValue": Resolver.import_value,
    "Fn::GetAZs": Resolver.zones,
    "Fn::ToJsonString": Resolver.as_json,
    "Fn::Length": Resolver.length,
}


def _raise(text: str) -> None:
    raise ValueError(text)
