# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every API operation that the product uses, as its source tells: by name, or by the kinds that a name is made of."""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operation_table import OPERATIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import base

_PACKAGE = "ansible_collections.oci_keys.block_volume.plugins.module_utils"
_FOLDER = Path(__file__).parents[3] / "plugins" / "module_utils"
_VERB = re.compile(r"(change|copy|create|delete|get|list|search|update)_")


@functools.cache
def operations() -> frozenset[str]:
    """As the API calls them. ``Federate``, by which the SDK signs principals in, is none of the product's own."""
    methods = set(OPERATIONS)
    found = set()
    for path in sorted(_FOLDER.rglob("*.py")):
        if path.name == "operation_table.py":
            continue  # it has them all, whoever calls them
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts: set[ast.AST] = {
            part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        whole = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in parts]
        found |= {node.value for node in whole if node.value in methods}
        module = ".".join([_PACKAGE, *path.relative_to(_FOLDER).with_suffix("").parts])
        made = set(_made(tree, module))
        assert made <= methods, f"{path.name} makes names that no client has: {sorted(made - methods)}"
        found |= made
    return frozenset("".join(word.capitalize() for word in name.split("_")) for name in found)


def _made(tree: ast.AST, module: str) -> Iterator[str]:
    """The names that f-strings such as ``f"get_{self.type}"`` make, for each kind that there is of the class."""
    for holder in ast.walk(tree):
        if not isinstance(holder, ast.ClassDef):
            continue
        for function in holder.body:
            if not isinstance(function, ast.FunctionDef):
                continue
            classes = {it.arg: it.annotation.id for it in function.args.args if isinstance(it.annotation, ast.Name)}
            classes["self"] = holder.name
            for node in ast.walk(function):
                if isinstance(node, ast.JoinedStr) and _begins_with_verb(node):
                    yield from _spelled(node, module, classes)


def _begins_with_verb(node: ast.JoinedStr) -> bool:
    first = node.values[0]
    return isinstance(first, ast.Constant) and bool(_VERB.fullmatch(first.value))


def _spelled(node: ast.JoinedStr, module: str, classes: dict[str, str]) -> Iterator[str]:
    (part,) = (part.value for part in node.values if isinstance(part, ast.FormattedValue))
    assert isinstance(part, ast.Attribute)
    assert isinstance(part.value, ast.Name)
    owner = getattr(importlib.import_module(module), classes[part.value.id])
    for kind in _kinds():
        if isinstance(kind, owner):
            name = getattr(kind, part.attr)
            yield "".join(it.value if isinstance(it, ast.Constant) else name for it in node.values)


def _kinds() -> list[base.NamedKind]:
    modules = [
        importlib.import_module(f"{_PACKAGE}._resources.{path.stem}") for path in _FOLDER.glob("_resources/*.py")
    ]
    return [it for module in modules for it in vars(module).values() if isinstance(it, base.NamedKind)]
