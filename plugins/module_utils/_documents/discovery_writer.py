# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a file that reads like a result file of key_assignment_info."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._model.rows import ResourceRow
from .discovery_file import DiscoveryFile
from .formats import RESULT_FORMAT, RESULT_VERSION
from .json_writer import write_before_changes


def write_discovery(path: Path, discovery: DiscoveryFile) -> None:
    """Write a file that reads like a result file of key_assignment_info, before anything is changed.

    Raises InputError where it can't be written.
    """
    write_before_changes(
        path,
        {
            "format": RESULT_FORMAT,
            "version": RESULT_VERSION,
            "resources": discovery.resources,
            "unreadable": discovery.unreadable,
            "complete": discovery.complete,
            "scanned": discovery.scanned,
            "caller": discovery.caller,
            "new_volumes": discovery.new_volumes,
        },
    )


def named_resources(rows: Sequence[ResourceRow], tenancy: str, *, complete: bool) -> DiscoveryFile:
    """Resources that were read because a user or an earlier run named them, as a discovery of nothing else."""
    return DiscoveryFile(
        resources=list(rows),
        unreadable=[],
        complete=complete,
        scanned={
            "tenancy": tenancy,
            "time_started": None,
            "time_finished": None,
            "regions": sorted({row["region"] for row in rows}),
            "all_regions": False,
            "skipped_regions": [],
            "compartments": [
                {"id": name, "name": None, "path": None, "lifecycle_state": None}
                for name in sorted({row["compartment_id"] for row in rows})
            ],
            "skipped_compartments": [],
            "whole_tenancy": False,
            "resource_types": sorted({row["type"] for row in rows}),
            "filters": {
                "kms_key_ids": None,
                "encryption": "any",
                "freeform_tags": None,
                "defined_tags": None,
                "only_named": True,
            },
        },
        caller={
            "tenancy": tenancy,
            "principal": None,
            "auth_type": None,
            "collection_version": None,
            "sdk_version": None,
        },
    )
