# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of resources: result files of the modules that change keys, and the batch files of a run.

A module for policies reports assets, but the policy assignment bears the key; so rows that are read here are about
the assignment. So it is with replicas and their sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from .._model.counts import ChangeCounts, count_outcomes
from .._model.resource_types import ASSIGNMENT, REPLICA
from .error_row import ErrorRow, parse_error
from .json_reader import JsonNode, read_json

DOCUMENT = "a result file of a module that changes keys"
_BATCH_FILE = re.compile(r"batch-([0-9]{4,})\.json")


class _CommonChangeFields(TypedDict):
    id: str
    type: str
    display_name: str | None
    region: str | None
    compartment_id: str | None
    lifecycle_state: str | None
    previous_encryption: str | None
    previous_kms_key_id: str | None
    encryption: str | None
    kms_key_id: str | None
    action: str | None
    opc_request_id: str | None
    time_requested: str | None
    time_settled: str | None
    left_alone: str | None
    group_id: str | None
    changed: bool
    settled: bool
    error: ErrorRow | None


class ChangeRow(_CommonChangeFields, total=False):
    """What became of one resource. A policy assignment also has its asset and its policies, a replica its source as
    ``asset_id``, a backup that was copied
    the OCID of its copy, which has the key."""

    asset_id: str
    asset_type: str | None
    assignment_id: str | None
    policy_id: str | None
    previous_policy_id: str | None
    destination_region: str | None
    previous_destination_region: str | None
    copy_id: str | None


def read_changes(path: Path) -> list[ChangeRow]:
    """Read a result file of a module that changes keys, or the file of a batch."""
    return parse_changes(read_json(path))


def parse_changes(root: JsonNode) -> list[ChangeRow]:
    return [parse_change(node) for node in root.expect_list("resources", DOCUMENT)]


def parse_change(node: JsonNode) -> ChangeRow:
    error = node.get("error")
    change: ChangeRow = {
        "id": node.get("id").text(),
        "type": node.get("type").resource_type(),
        "display_name": node.get("display_name").text_or_none(),
        "region": node.get("region").text_or_none(),
        "compartment_id": node.get("compartment_id").text_or_none(),
        "lifecycle_state": node.get("lifecycle_state").text_or_none(),
        "previous_kms_key_id": node.get("previous_kms_key_id").text_or_none(),
        "previous_encryption": node.get("previous_encryption").text_or_none(),
        "kms_key_id": node.get("kms_key_id").text_or_none(),
        "encryption": node.get("encryption").text_or_none(),
        "action": node.get("action").text_or_none(),
        "opc_request_id": node.get("opc_request_id").text_or_none(),
        "time_requested": node.get("time_requested").text_or_none(),
        "time_settled": node.get("time_settled").text_or_none(),
        "left_alone": node.get("left_alone").text_or_none(),
        "group_id": node.get("group_id").text_or_none(),
        "changed": node.get("changed").flag(),
        "settled": node.get("settled").flag(),
        "error": None if error.value is None else parse_error(error),
    }
    if "copy_id" in node.mapping():
        change["copy_id"] = node.get("copy_id").text_or_none()
        change["destination_region"] = node.get("destination_region").text_or_none()
    elif change["type"] == REPLICA or "replica_id" in node.mapping():
        _add_replica(change, node)
    elif change["type"] == ASSIGNMENT or "assignment_id" in node.mapping():
        _add_assignment(change, node)
    return change


def _add_assignment(change: ChangeRow, node: JsonNode) -> None:
    change["assignment_id"] = node.get("assignment_id").text_or_none()
    change["policy_id"] = node.get("policy_id").text_or_none()
    change["previous_policy_id"] = node.get("previous_policy_id").text_or_none()
    change["destination_region"] = node.get("destination_region").text_or_none()
    change["previous_destination_region"] = node.get("previous_destination_region").text_or_none()
    if change["type"] == ASSIGNMENT:
        change["asset_id"] = node.get("asset_id").text()
        change["asset_type"] = node.get("asset_type").text_or_none()
        return
    change["asset_id"], change["asset_type"] = change["id"], change["type"]
    change["id"], change["type"] = change["assignment_id"] or change["id"], ASSIGNMENT


def _add_replica(change: ChangeRow, node: JsonNode) -> None:
    """A module for replicas reports sources; what bears the key is the replica."""
    if change["type"] == REPLICA and "asset_id" not in node.mapping():
        return
    if change["type"] == REPLICA:
        change["asset_id"] = node.get("asset_id").text()
        change["asset_type"] = node.get("asset_type").text_or_none()
        return
    change["asset_id"], change["asset_type"] = change["id"], change["type"]
    replica_id = node.get("previous_replica_id").text_or_none() or node.get("replica_id").text_or_none()
    change["id"], change["type"] = replica_id or change["id"], REPLICA


def count_changes(rows: Iterable[Mapping[str, Any]]) -> ChangeCounts:
    return count_outcomes((bool(row.get("changed")), row.get("error") is not None) for row in rows)


def batch_paths(folder: Path) -> list[tuple[int, Path]]:
    """The batch files in the folder of a run, in the order of the batches."""
    matches = [(path, _BATCH_FILE.fullmatch(path.name)) for path in folder.glob("batch-*.json")]
    return sorted((int(match.group(1)), path) for path, match in matches if match is not None)


def read_batch_changes(folder: Path) -> list[ChangeRow]:
    """Read what became of resources from all batch files in the folder of a run."""
    return [change for _number, path in batch_paths(folder) for change in read_changes(path)]
