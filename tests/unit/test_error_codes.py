# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to error codes has every code that the collection gives, or treats in a way of its own."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import FAULTY_STATE, GONE_STATES

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_troubleshooting.rst"

_CODE = re.compile(r"[A-Z][A-Za-z]+")


@functools.cache
def _trees() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in sorted((ROOT / "plugins" / "module_utils").rglob("*.py"))]


def _constants() -> dict[str, list[str]]:
    """The texts that module-level names stand for."""
    found: dict[str, list[str]] = {}
    for tree in _trees():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = list(_texts(node.value, {}))
    return found


def _texts(node: ast.AST, names: dict[str, list[str]]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.Set, ast.List)):
        for element in node.elts:
            yield from _texts(element, names)
    elif isinstance(node, ast.Name):
        yield from names.get(node.id, [])


def _functions_with_a_code() -> set[str]:
    """Those whose first argument, besides ``self``, is a code."""
    found = set()
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                arguments = [argument.arg for argument in node.args.args if argument.arg != "self"]
                if arguments[:1] == ["code"]:
                    found.add(node.name)
    return found


@functools.cache
def codes() -> set[str]:
    """Every code that is given to an error, or that an error's code is compared with."""
    names, functions = _constants(), _functions_with_a_code()
    found = {TransportError.code, FAULTY_STATE, *GONE_STATES}
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                if ast.unparse(node.func).rsplit(".", maxsplit=1)[-1] in functions:
                    given += node.args[:1]
                found |= {text for value in given for text in _texts(value, names)}
            elif isinstance(node, ast.Compare) and ast.unparse(node.left).endswith(".code"):
                found |= {text for value in node.comparators for text in _texts(value, names)}
    return {code for code in found if _CODE.fullmatch(code)}


def _explained() -> set[str]:
    """The codes in the first columns of the guide's tables."""
    rows = re.findall(r"^  \* - (``.*)$", GUIDE.read_text(), re.MULTILINE)
    return {code for row in rows for code in re.findall(r"``(\w+)``", row)}


def test_there_are_codes() -> None:
    assert {"NoAnswer", "KeyCannotBeLeft", "WaitTimeout", "ChangeIgnored", "ResourceLocked"} <= codes()
    assert len(codes()) > 25


def test_every_code_is_in_the_guide() -> None:
    assert codes() - _explained() == set()


def test_the_guide_has_no_codes_that_nobody_gives() -> None:
    """Besides those of the collection, OCI's own (oci_semantics.md section 4), which the guide may explain."""
    of_oci = set(re.findall(r"\b[A-Z]\w+\b", (ROOT / "docs" / "oci_semantics.md").read_text()))
    assert _explained() - codes() - of_oci == {"NoErrorCode"}  # an answer without a code
