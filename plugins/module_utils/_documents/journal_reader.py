# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What a run changed according to its journal, for batches that were killed before they wrote their results.

Raises InputError for what is not of a journal's form; half a line, as a process leaves that is killed, is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .._common.text import shorten
from .._model.resource_types import ASSIGNMENT
from .json_reader import JsonNode, read_bytes
from .records import (
    change_record,
)

_NO_OUTCOME = {
    "code": "OutcomeUnknown",
    "message": "The run ended before it was known what became of this change.",
    "hint": "Look what is there now, or run again: what is as wanted is left as it is.",
}


def journal_records(path: Path, told: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """The changes of a journal, but for those of the resources, by type and OCID, that results tell of."""
    begun: dict[tuple[str, str], dict[str, Any]] = {}
    open_changes: dict[tuple[str | None, str], dict[str, Any]] = {}
    for node in _lines(path):
        by = (node.get("run").text_or_none(), node.get("id").text())
        if node.get("event").one_of("intent", "outcome") == "intent":
            row = _begun(node)
            open_changes[by] = begun.setdefault((row["type"], row.get("asset_id") or row["id"]), row)
        elif by in open_changes:
            _conclude(open_changes[by], node)
    return [
        change_record(JsonNode(row, str(path), f"the change of {shorten(about[1], 100)}"))
        for about, row in begun.items()
        if about not in told
    ]


def _lines(path: Path) -> list[JsonNode]:
    found = []
    for number, line in enumerate(read_bytes(path).split(b"\n"), 1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        found.append(JsonNode(value, f"{path}, line {number}"))
    return found


def _begun(intent: JsonNode) -> dict[str, Any]:
    """What is known of a change before its outcome."""
    row = {
        **intent.mapping(),
        "type": intent.get("type").text(),
        "kms_key_id": None,
        "encryption": "unknown",
        "changed": True,
        "settled": False,
        "time_requested": intent.get("time").text(),
        "error": _NO_OUTCOME,
    }
    if "previous_copy_id" in row:
        row["copy_id"] = row["previous_copy_id"]
    if "previous_policy_id" in row:
        asset_id = intent.get("id").text()
        row.update(asset_id=asset_id, asset_type=intent.get("type").text(), type=ASSIGNMENT, policy_id=None)
        row["id"] = intent.get("previous_assignment_id").text_or_none() or asset_id
    return row


def _conclude(row: dict[str, Any], outcome: JsonNode) -> None:
    for name in ("changed", "settled", "opc_request_id", "error"):
        row[name] = outcome.get(name).value
    if outcome.get("known").flag():
        names = ("encryption", "kms_key_id", "policy_id", "assignment_id")
        row.update({name: outcome.get(name).value for name in names if name in outcome.mapping()})
