# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that documents name as proofs: whether they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[2]
ROOT = TESTS.parent


def are_there(cell: str, quote: str) -> None:
    """Whether a cell of a table names tests, each within such quotes, and nothing else, and each of them exists."""
    named = re.findall(rf"{quote}([\w/]+\.py)::(\w+){quote}", cell)
    assert cell.split() == ", ".join(f"{quote}{path}::{name}{quote}" for path, name in named).split()
    assert named
    for path, name in named:
        assert name in names_of_tests(path), f"{path}::{name}"


@cache
def names_of_tests(path: str) -> frozenset[str]:
    tree = ast.parse((TESTS / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef)))
