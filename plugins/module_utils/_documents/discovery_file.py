# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Split off in the prototype."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._model.resource_types import ASSIGNMENT
from .json_reader import JsonNode, read_json


@dataclass(frozen=True)
class DiscoveryFile:
    """What key_assignment_info found, as far as a plan is made from it."""

    resources: list[dict[str, Any]]
    tenancy: str
    regions: list[str]
    complete: bool


def read_discovery(path: Path) -> DiscoveryFile:
    """The result file of key_assignment_info."""
    root = read_json(path)
    scanned = root.get("scanned")
    if not isinstance(root.get("resources").value, list) or not isinstance(scanned.value, dict):
        root.get("resources").fail("a result file of key_assignment_info, with 'resources' and 'scanned', is expected")
    return DiscoveryFile(
        resources=[_found(node) for node in root.get("resources").items()],
        tenancy=scanned.get("tenancy").text(),
        regions=scanned.get("regions").texts(),
        complete=root.get("complete").flag(),
    )


def _found(node: JsonNode) -> dict[str, Any]:
    row = dict(node.mapping())
    for name in ("id", "type", "region", "compartment_id", "lifecycle_state"):
        node.get(name).text()
    if row["type"] == ASSIGNMENT:
        node.get("asset_id").text()
        node.get("policy_id").text()
    row["kms_key_id"] = node.get("kms_key_id").text_or_none()
    row["display_name"] = node.get("display_name").text_or_none() or ""
    return row
