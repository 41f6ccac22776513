# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Split off in the prototype."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._api.iam import read_statements, use_statements
from .validation import KeyReport


def key_entry(report: KeyReport, auth_type: str = "api_key") -> dict[str, Any]:
    """One entry of ``keys``. What could not be learned is None."""
    statements = (
        *use_statements(report.id, report.compartment_id, auth_type),
        *read_statements(report.id, report.compartment_id, report.vault_compartment_id, auth_type),
    )
    return {
        "id": report.id,
        "region": report.region,
        "usable": report.usable,
        "problems": list(report.problems),
        "warnings": list(report.warnings),
        "display_name": report.display_name,
        "lifecycle_state": report.lifecycle_state,
        "time_of_deletion": report.time_of_deletion,
        "algorithm": report.algorithm,
        "protection_mode": report.protection_mode,
        "vault_id": report.vault_id,
        "management_endpoint": report.management_endpoint,
        "compartment_id": report.compartment_id,
        "time_created": report.time_created,
        "current_key_version": report.current_key_version,
        "versions": report.versions,
        "is_auto_rotation_enabled": report.is_auto_rotation_enabled,
        "is_replica": report.is_replica,
        "policy_statements": list(statements),
    }


def summary(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Counts of the entries, which are one for each key and region."""
    usable = sum(entry["usable"] for entry in entries)
    return {"total": len(entries), "usable": usable, "unusable": len(entries) - usable}
