# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to follow in the code of Terraform: the addresses of what was changed, will be, or is different. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .._documents.subject import Subject, subject
from .._model.terraform import (
    CONFIGURATION,
    POLICY_ASSIGNMENT,
    POOLS_CONFIGURATION,
    ManagedKey,
    TerraformStates,
)
from .report_csv import csv_table

CHANGED, PLANNED, DIFFERENT, NEW_VOLUMES = "changed", "planned", "different", "new_volumes"


class TerraformRow(TypedDict):
    """An attribute at an address, with the key that the resource has now or is planned to get, None for Oracle's.

    ``status``: ``changed`` by the run, ``planned``, ``different``, when the state has another key than OCI, or
    ``new_volumes``, when new volumes are born with a key that fails the check about them.
    ``replaces`` is what Terraform replaces when the attribute gets that value in the code, or None.
    """

    status: str
    address: str
    file: str
    attribute: str
    state_kms_key_id: str | None
    kms_key_id: str | None
    id: str
    type: str
    region: str | None
    display_name: str | None
    replaces: str | None
    warning: str | None
    snippet: str


_CHOICE = 'kms_key_id = "<OCID of the key>"'
"""No run has chosen a key for it."""

COLUMNS = tuple(TerraformRow.__annotations__)


def terraform_section(
    states: TerraformStates | None,
    resources: Iterable[Mapping[str, Any]],
    planned: Iterable[Mapping[str, Any]],
    changes: Iterable[Mapping[str, Any]],
    new_volumes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any] | None:
    """The section of a report; None where no states were given. ``managed`` counts the resources of the report that
    these states manage, ``planned`` are the entries of the plan, ``new_volumes`` what creates volumes on a key that
    fails, with ``wrong_kms_key_ids``."""
    if states is None:
        return None
    found: dict[Subject, list[TerraformRow]] = {}
    known = [row for row in resources if states.of(row)]
    tried: set[Subject] = set()
    for change in changes:
        tried.add(subject(change))
        if change["changed"] and change["error"] is None:
            found[subject(change)] = _rows(states, change, CHANGED, change["kms_key_id"])
    for entry in planned:
        if subject(entry) not in tried:
            found[subject(entry)] = _rows(states, entry, PLANNED, entry["wanted_kms_key_id"])
    for row in known:
        if subject(row) not in found:
            found[subject(row)] = [
                one
                for one in _rows(states, row, DIFFERENT, row["kms_key_id"])
                if one["state_kms_key_id"] is not None and one["state_kms_key_id"] != row["kms_key_id"]
            ]
    for source in new_volumes:
        if not found.get(subject(source)):
            found[subject(source)] = [
                one
                for key in source["wrong_kms_key_ids"]
                for one in _rows(states, source, NEW_VOLUMES, key)
                if one["state_kms_key_id"] == key
            ]
    rows = [row for each in found.values() for row in each]
    rows.sort(key=lambda row: (row["replaces"] != "machine", row["file"], row["address"], row["attribute"]))
    return {"files": states.files, "addresses": states.count, "managed": len(known), "rows": rows}


def _rows(states: TerraformStates, row: Mapping[str, Any], status: str, kms_key_id: str | None) -> list[TerraformRow]:
    return [
        {
            "status": status,
            "address": one.address,
            "file": one.file,
            "attribute": one.attribute,
            "state_kms_key_id": one.kms_key_id,
            "kms_key_id": kms_key_id,
            "id": row["id"],
            "type": row["type"],
            "region": row["region"],
            "display_name": row["display_name"],
            "replaces": one.replaced,
            "warning": _warning(one),
            "snippet": _CHOICE if status == NEW_VOLUMES else _snippet(one, kms_key_id),
        }
        for one in states.of(row)
    ]


def _warning(one: ManagedKey) -> str | None:
    replaced = one.replaced
    if one.attribute == POOLS_CONFIGURATION:
        return "Terraform would point the pool back. Ignore it, or give the pool the new configuration in the code."
    if replaced is None:
        return None
    if one.terraform_type == CONFIGURATION:
        return (
            "Another value in the code replaces the instance configuration, which OCI can't delete while a pool uses "
            "it. Set create_before_destroy."
        )
    if replaced == "machine":
        return "Some versions of the provider replace the machine if this value differs. Ignore it before you apply."
    if one.terraform_type == POLICY_ASSIGNMENT:
        return "Its OCID changes with its key, so Terraform would assign it again. Import the new one before you apply."
    return f"Another value in the code replaces the {replaced}. Ignore it."


def _snippet(one: ManagedKey, kms_key_id: str | None) -> str:
    """For the code: the value where the provider can update it in place, or else that it is ignored.

    An empty value is refused by the API and none is no change, so the way back to Oracle's key is to ignore it, too.
    """
    if one.takes_value and kms_key_id is not None:
        return f"{one.path.rpartition('.')[2]} = {_hcl_string(kms_key_id)}"
    return f"lifecycle {{ ignore_changes = [{one.path}] }}"


def _hcl_string(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")


def terraform_csv(section: Mapping[str, Any]) -> str:
    """The rows of the section as a table."""
    return csv_table(COLUMNS, ([row[name] for name in COLUMNS] for row in section["rows"]))


def terraform_lines(report: Mapping[str, Any]) -> list[str]:
    """How much of Terraform's code has to follow, for the terminal."""
    section = report.get("terraform")
    if section is None:
        return []
    rows: Sequence[TerraformRow] = section["rows"]
    if not rows:
        return [f"Terraform manages {section['managed']:,} of these resources; its code has nothing to follow."]
    machines = sum(row["replaces"] == "machine" for row in rows)
    warning = f" {machines:,} may make it replace a machine: ignore these first." if machines else ""
    attributes = "1 attribute" if len(rows) == 1 else f"{len(rows):,} attributes"
    return [f"Terraform: {attributes} in its code to change or ignore, see terraform.csv.{warning}"]
