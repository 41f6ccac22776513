# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results of modules that look keys up: entries, counts and message. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._api.iam import read_statements, use_statements
from .validation import KeyReport

# A message lists this many of the keys that can't be used; ``kms_keys`` has all of them.
_PROBLEMS_IN_MESSAGE = 3


def key_entry(report: KeyReport, auth_type: str = "api_key") -> dict[str, Any]:
    """One entry of ``kms_keys``. Fields that are not known are None."""
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
        "time_current_version_created": report.time_current_version_created,
        "versions": report.versions,
        "is_auto_rotation_enabled": report.is_auto_rotation_enabled,
        "is_replica": report.is_replica,
        "policy_statements": list(statements),
    }


def summary(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of entries; there is one entry for each key and region."""
    usable = sum(entry["usable"] for entry in entries)
    return {"total": len(entries), "usable": usable, "unusable": len(entries) - usable}


def message(entries: Sequence[Mapping[str, Any]]) -> str:
    """One line for the terminal, followed by the first keys that can't be used, with the reasons."""
    if not entries:
        return "No keys given; nothing to look up."
    counts = summary(entries)
    per_region = len({entry["id"] for entry in entries}) < len(entries)
    noun = "keys, counted once per region," if per_region else "key" if len(entries) == 1 else "keys"
    line = f"{counts['usable']} of {counts['total']} {noun} can be used"
    bad = [entry for entry in entries if not entry["usable"]]
    lines = [
        f"In {entry['region']}, {entry['id']} {problem}."
        for entry in bad[:_PROBLEMS_IN_MESSAGE]
        for problem in entry["problems"]
    ]
    if len(bad) > _PROBLEMS_IN_MESSAGE:
        lines.append(f"... and {len(bad) - _PROBLEMS_IN_MESSAGE} more, see 'kms_keys'")
    return "\n".join([line + ":" if lines else line, *lines])


def selected(entries: Sequence[dict[str, Any]], which: str) -> list[dict[str, Any]]:
    """The entries that the task's result lists. Nothing changes here, so ``changed`` selects the unusable keys."""
    if which == "summary":
        return []
    return [entry for entry in entries if which == "all" or not entry["usable"]]
