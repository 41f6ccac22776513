# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations of the SDK are written in full where they are used, so that a search for one finds its uses."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from oci.container_engine import ContainerEngineClient
from oci.core import BlockstorageClient, ComputeManagementClient
from oci.identity import IdentityClient
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import registry

CLIENTS = (BlockstorageClient, IdentityClient, ContainerEngineClient, ComputeManagementClient)
FOLDER = Path(registry.__file__).parent
CALLS = [
    (path.name, node)
    for path in sorted(FOLDER.glob("*.py"))
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call)
    and isinstance(node.func, ast.Attribute)
    and node.func.attr in ("read", "write")
    and ast.unparse(node.func.value).endswith(("service", "_there", "identity(self._region)"))
]


def test_no_operation_is_composed() -> None:
    assert len(CALLS) > 15
    for name, call in CALLS:
        operation = call.args[0]
        literal = isinstance(operation, ast.Constant)
        attribute = isinstance(operation, ast.Attribute) and operation.attr.endswith("_operation")
        assert literal or attribute, f"{name}: {ast.unparse(call)}"


@pytest.mark.parametrize("name", KINDS)
def test_every_operation_of_a_kind_is_one_of_the_sdk(name: str) -> None:
    kind = KINDS[name]
    operations = [getattr(kind, field) for field in dir(kind) if field.endswith("_operation")]
    assert all(hasattr(BlockstorageClient, operation) for operation in operations), operations


def test_every_literal_is_an_operation_of_the_sdk() -> None:
    literals = {call.args[0].value for _name, call in CALLS if isinstance(call.args[0], ast.Constant)}
    assert all(any(hasattr(client, each) for client in CLIENTS) for each in literals), literals
