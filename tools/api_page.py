"""Turns the OpenAPI document into one page to read, with nothing loaded from anywhere."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from string import Template
from typing import Any, Final

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title API</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1b1f24; background: #fff }
h2 { margin-top: 2.5rem; border-top: 1px solid #d0d7de; padding-top: 1rem }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #f6f8fa; padding: .75rem; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; border-bottom: 1px solid #d0d7de; padding: .3rem }
td:first-child { white-space: nowrap }
</style>
<h1>$title API <small>$version</small></h1>
<p>$description</p>
$operations
<h2>Types</h2>
$types
</html>
""")


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    operations = [
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    schemas = document["components"]["schemas"]
    return _PAGE.substitute(
        title=_text(info["title"]),
        version=_text(info["version"]),
        description=_text(info["description"]),
        operations="\n".join(operations),
        types="\n".join(_type(name, schema) for name, schema in schemas.items()),
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [
        (parameter["name"], f"{parameter['in']}. {_rule(parameter['schema'])}")
        for parameter in operation["parameters"]
    ]
    body = operation.get("requestBody")
    if body:
        rows.append(("body", _rule(body["content"]["application/json"]["schema"])))
    answers = [(status, answer["description"]) for status, answer in operation["responses"].items()]
    call = f"<code>{method.upper()} {html.escape(path)}</code>"
    return (
        f'<h2 id="{operation["operationId"]}">{call}</h2>'
        f"<p>{_text(operation['summary'])}</p>{_table('Input', rows)}{_table('Answers', answers)}"
    )


def _type(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (field, ("" if field in required else "optional. ") + _rule(rule))
        for field, rule in schema.get("properties", {}).items()
    ]
    examples = "".join(
        f"<pre>{html.escape(json.dumps(example, indent=2, ensure_ascii=False))}</pre>"
        for example in schema.get("examples", ())
    )
    text = _text(schema.get("description", ""))
    return f'<h3 id="{name}">{name}</h3><p>{text}</p>{_table("Field", rows)}{examples}'


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    body = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{_text(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table><tr><th>{title}</th><th></th></tr>{body}</table>"


def _rule(schema: Mapping[str, Any]) -> str:
    """A schema in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1] + "."
    choices = schema.get("anyOf", ())
    parts = [" or ".join(_rule(choice).rstrip(".") for choice in choices)] if choices else []
    kind = schema.get("type")
    if kind:
        parts.append(" or ".join(kind) if isinstance(kind, list) else kind)
    if "enum" in schema:
        parts.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    if "pattern" in schema:
        parts.append(f"`{schema['pattern']}`")
    if schema.get("default") is not None:
        parts.append(f"default `{schema['default']}`")
    text = ", ".join(parts)
    return f"{text}. {schema.get('description', '')}".strip()


def _text(text: str) -> str:
    """Escaped, with `code` marked."""
    pieces = html.escape(text, quote=False).split("`")
    return "".join(
        f"<code>{piece}</code>" if odd % 2 else piece for odd, piece in enumerate(pieces)
    )
