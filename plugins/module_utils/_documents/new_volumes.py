# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The section ``new_volumes`` of a file: what new volumes are born with. Its OCIDs may be redacted."""

from __future__ import annotations

from .._model.new_volumes import CREATED_TYPES, SOURCES, CreatedVolumeRow, NewVolumes, PoolRow, SourceRow
from .._model.resource_types import NODE_POOL
from .error_row import parse_unreadable
from .json_reader import JsonNode


def parse_new_volumes(node: JsonNode) -> NewVolumes | None:
    """None where nobody looked, as in files of earlier versions."""
    if node.value is None:
        return None
    unreadable = parse_unreadable(node.get("unreadable"))
    return {
        "complete": node.get("complete").flag() and not unreadable,
        "unreadable": unreadable,
        "sources": [_source(row) for row in node.get("sources").items()],
    }


def _source(node: JsonNode) -> SourceRow:
    row: SourceRow = {
        "id": node.get("id").text(),
        "type": node.get("type").one_of(*SOURCES),
        "region": node.get("region").text(),
        "compartment_id": node.get("compartment_id").text_or_none(),
        "display_name": node.get("display_name").text_or_none(),
        "lifecycle_state": node.get("lifecycle_state").text_or_none(),
        "volumes": [_volume(each) for each in node.get("volumes").items()],
        "unknown": node.get("unknown").text_or_none(),
        "pools": [_pool(each) for each in node.get("pools").items()],
    }
    if row["type"] == NODE_POOL and not row["volumes"] and row["unknown"] is None:
        node.get("volumes").contradicted("a node pool creates boot volumes")
    return row


def _volume(node: JsonNode) -> CreatedVolumeRow:
    if "kms_key_id" not in node.mapping():
        # A missing key would count as the Oracle-managed key.
        node.get("kms_key_id").expected("a key or null")
    return {
        "type": node.get("type").one_of(*CREATED_TYPES),
        "display_name": node.get("display_name").text_or_none(),
        "kms_key_id": node.get("kms_key_id").text_or_none(),
        "copies_kms_key_id": node.get("copies_kms_key_id").text_or_none(),
    }


def _pool(node: JsonNode) -> PoolRow:
    return {
        "id": node.get("id").text(),
        "compartment_id": node.get("compartment_id").text_or_none(),
        "display_name": node.get("display_name").text_or_none(),
        "lifecycle_state": node.get("lifecycle_state").text_or_none(),
    }
