"""Which functions and methods of the code a handler reaches, read from the source alone.

Types are taken from annotations; a function that is handed on counts as called, and so does each
class's method that fits a protocol, if the class is made anywhere on the way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

# An instance of a class, or something that is called and then is one.
type Kind = tuple[str, str]
IS, MAKES = "is", "makes"
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Class:
    """A class: methods, annotated fields, and what `__init__` and others put on `self`."""

    name: str
    module: str
    methods: dict[str, str] = field(default_factory=dict)
    fields: dict[str, ast.expr] = field(default_factory=dict)
    given: dict[str, tuple[str, ast.expr]] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)
    is_protocol: bool = False


@dataclass
class Code:
    """All modules: names as they are written there, and what they mean."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)
    functions: dict[str, tuple[str, str | None, ast.AST]] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    globals: dict[str, tuple[str, ast.expr]] = field(default_factory=dict)

    def read(self, name: str, file: Path) -> None:
        """Take up one module."""
        tree = ast.parse(file.read_text())
        self._imports(name, tree)
        for node in tree.body:
            if isinstance(node, _FUNCTIONS):
                self._function(name, node)
            elif isinstance(node, ast.ClassDef):
                self._class(name, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self._assigned(name, targets, node.value)

    def _imports(self, module: str, tree: ast.Module) -> None:
        known = self.names.setdefault(module, {})
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                known.update({one.asname or one.name: one.name for one in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    known[one.asname or one.name] = f"{node.module}.{one.name}"

    def _assigned(self, module: str, targets: Sequence[ast.expr], value: ast.expr) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                self.names[module][target.id] = f"{module}.{target.id}"
                self.globals[f"{module}.{target.id}"] = (module, value)

    def _function(self, module: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.names[module][node.name] = f"{module}.{node.name}"
        self.functions[f"{module}.{node.name}"] = (module, None, node)

    def _class(self, module: str, node: ast.ClassDef) -> None:
        full = f"{module}.{node.name}"
        self.names[module][node.name] = full
        bases = [ast.unparse(base).split("[")[0] for base in node.bases]
        found = Class(full, module, bases=bases, is_protocol="Protocol" in bases)
        self.classes[full] = found
        for one in node.body:
            if isinstance(one, _FUNCTIONS):
                found.methods[one.name] = f"{full}.{one.name}"
                self.functions[f"{full}.{one.name}"] = (module, full, one)
                for inner in ast.walk(one):
                    self._on_self(found, one.name, inner)
            elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                found.fields[one.target.id] = one.annotation

    @staticmethod
    def _on_self(found: Class, method: str, node: ast.AST) -> None:
        if not isinstance(node, ast.Assign):
            return
        for target in node.targets:
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                found.given.setdefault(target.attr, (f"{found.name}.{method}", node.value))

    def meaning(self, module: str, text: str) -> str:
        """The full name of a dotted name as a module writes it."""
        head, _, rest = text.partition(".")
        full = self.names.get(module, {}).get(head, head)
        return f"{full}.{rest}" if rest else full

    def implementers(self, protocol: Class) -> Iterator[Class]:
        """Classes that have all of a protocol's methods."""
        for one in self.classes.values():
            if not one.is_protocol and set(protocol.methods) <= set(one.methods):
                yield one


@dataclass
class Walk:
    """One walk from some functions through all that they reach."""

    code: Code
    reached: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    read_fields: set[tuple[str, str]] = field(default_factory=set)
    _wanted: set[tuple[str, str]] = field(default_factory=set)

    def start(self, module: str) -> None:
        """A module's own statements and its handler; and so on until nothing is new."""
        self._visit(f"{module}.lambda_handler")
        for name, (home, value) in self.code.globals.items():
            if home == module:
                self._global(name, value)

    def _visit(self, name: str) -> None:
        if name in self.reached or name not in self.code.functions:
            return
        self.reached.add(name)
        module, owner, node = self.code.functions[name]
        scope = Scope(self, module, owner, node)
        assert isinstance(node, _FUNCTIONS)
        for statement in node.body:
            scope.take(statement)

    def _global(self, name: str, value: ast.expr) -> None:
        if name not in self.reached:
            self.reached.add(name)
            Scope(self, self.code.globals[name][0], None, None).take(value)

    def use(self, full: str) -> None:
        """Something is named: a function, a class that is made, or a global."""
        if full in self.code.functions:
            self._visit(full)
        elif full in self.code.classes and full not in self.made:
            self.made.add(full)
            self._visit(f"{full}.__init__")
            self._visit(f"{full}.__post_init__")
            # What was called on a protocol before this class was known to be made.
            for protocol, method in list(self._wanted):
                self.method(protocol, method)
        elif full in self.code.globals:
            self._global(full, self.code.globals[full][1])

    def method(self, owner: str, name: str) -> None:
        """A method, or a field, of an instance is named."""
        found = self.code.classes.get(owner)
        if found is None:
            return
        self.read_fields.add((owner, name))
        self._wanted.add((owner, name))
        if found.is_protocol:
            for one in self.code.implementers(found):
                if one.name in self.made and name in one.methods:
                    self._visit(one.methods[name])
        elif name in found.methods:
            self._visit(found.methods[name])
        for base in found.bases:
            self.method(self.code.meaning(found.module, base), name)


class Scope:
    """The names inside one function, with the classes that they are known to be of."""

    def __init__(self, walk: Walk, module: str, owner: str | None, node: ast.AST | None) -> None:
        self._walk = walk
        self._code = walk.code
        self._module = module
        self._kinds: dict[str, set[Kind]] = {}
        if owner:
            self._kinds["self"] = {(IS, owner)}
        if isinstance(node, _FUNCTIONS):
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            for argument in every:
                if argument.annotation is not None:
                    self._kinds[argument.arg] = annotated(self._code, module, argument.annotation)

    def take(self, node: ast.AST) -> None:
        """Everything that a node names is reached."""
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            self._kinds.setdefault(node.targets[0].id, set()).update(self.kinds(node.value))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self._kinds[node.target.id] = annotated(self._code, self._module, node.annotation)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._walk.use(self._code.meaning(self._module, node.id))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self._walk.use(self._code.meaning(self._module, ast.unparse(node)))
            for how, owner in self.kinds(node.value):
                if how == IS:
                    self._walk.method(owner, node.attr)
        for child in ast.iter_child_nodes(node):
            self.take(child)

    def kinds(self, node: ast.expr) -> set[Kind]:
        """What an expression is an instance of, as far as annotations tell."""
        match node:
            case ast.Name(id=name) if name in self._kinds:
                return self._kinds[name]
            case ast.Name(id=name):
                return self._meant(self._code.meaning(self._module, name))
            case ast.Attribute():
                found = self._meant(self._code.meaning(self._module, ast.unparse(node)))
                for how, owner in self.kinds(node.value):
                    found |= self._of_field(owner, node.attr) if how == IS else set()
                return found
            case ast.Call():
                return {(IS, owner) for how, owner in self.kinds(node.func) if how == MAKES}
            case ast.IfExp():
                return self.kinds(node.body) | self.kinds(node.orelse)
        return set()

    def _meant(self, full: str) -> set[Kind]:
        if full in self._code.classes:
            return {(MAKES, full)}
        if full in self._code.functions:
            return returned(self._code, full)
        if full in self._code.globals:
            module, value = self._code.globals[full]
            return Scope(self._walk, module, None, None).kinds(value)
        return set()

    def _of_field(self, owner: str, name: str) -> set[Kind]:
        found = self._code.classes.get(owner)
        if found is None:
            return set()
        if name in found.fields:
            return annotated(self._code, found.module, found.fields[name])
        if name in found.methods:
            made = returned(self._code, found.methods[name])
            _, _, node = self._code.functions[found.methods[name]]
            decorated = [ast.unparse(one) for one in getattr(node, "decorator_list", [])]
            is_value = any("property" in one for one in decorated)
            return {(IS, kind) for _, kind in made} if is_value else made
        if name in found.given:
            method, value = found.given[name]
            module, _, node = self._code.functions[method]
            return Scope(self._walk, module, owner, node).kinds(value)
        return set()


def returned(code: Code, function: str) -> set[Kind]:
    """What a function's result is, by its annotation."""
    module, _, node = code.functions[function]
    result = node.returns if isinstance(node, _FUNCTIONS) else None
    if result is None:
        return set()
    return {(MAKES, kind) for how, kind in annotated(code, module, result) if how == IS}


def annotated(code: Code, module: str, node: ast.expr) -> set[Kind]:
    """The classes that an annotation names; `Callable[[...], X]` makes an X, `X[Y]` is an X."""
    match node:
        case ast.BinOp(left=left, right=right):
            return annotated(code, module, left) | annotated(code, module, right)
        case ast.Constant(value=str(text)):
            return annotated(code, module, ast.parse(text, mode="eval").body)
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, result])) if (
            ast.unparse(outer) == "Callable"
        ):
            return {(MAKES, kind) for how, kind in annotated(code, module, result) if how == IS}
        case ast.Subscript(value=outer):
            return annotated(code, module, outer)
        case ast.Name() | ast.Attribute():
            full = code.meaning(module, ast.unparse(node))
            return {(IS, full)} if full in code.classes else set()
    return set()


def read_all(roots: Mapping[str, Path]) -> Code:
    """Every module below these folders; a key is the package's name, or empty."""
    code = Code()
    for package, folder in roots.items():
        for file in sorted(folder.rglob("*.py")):
            parts = [package, *file.relative_to(folder).with_suffix("").parts]
            name = ".".join(part for part in parts if part and part != "__init__")
            code.read(name, file)
    return code
