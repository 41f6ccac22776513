# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that key_assignment_info writes: every resource found, its key, and where the search could not look.

Only fields that are known here are read, so that plans and reports have the same fields whatever else a file holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._model.new_volumes import NewVolumes, keys_handed_on
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._model.rows import (
    ATTACHED,
    ATTACHMENT_STATES,
    READ_BY_GET,
    READ_BY_LIST,
    AttachmentsRow,
    CallerRow,
    FilterRow,
    ReplicaRow,
    ResourceRow,
    ScannedAttachmentsRow,
    ScannedRow,
    UnreadableRow,
    key_region,
)
from .error_row import parse_unreadable
from .json_reader import JsonNode, read_json
from .new_volumes import parse_new_volumes

_DOCUMENT = "a result file of key_assignment_info"


@dataclass(frozen=True)
class DiscoveryFile:
    """What key_assignment_info found. ``complete`` is false where some place could not be read."""

    resources: list[ResourceRow]
    unreadable: list[UnreadableRow]
    complete: bool
    scanned: ScannedRow
    caller: CallerRow
    name: str = ""
    """The file that it was read from, for error messages."""
    new_volumes: NewVolumes | None = None
    """What new volumes are born with; None if nobody looked."""

    @property
    def tenancy(self) -> str:
        """Raises InputError where the file does not name one."""
        tenancy = self.scanned["tenancy"]
        if tenancy is None:
            raise InputError(f"{self.name!r}: required field 'scanned.tenancy' (string) is missing")
        return tenancy

    @property
    def regions(self) -> list[str]:
        return self.scanned["regions"]

    @property
    def keys_in_use(self) -> list[tuple[str, str]]:
        """Each key with each region in which it is used, or handed on to new volumes."""
        used = {(row["kms_key_id"], key_region(row)) for row in self.resources}
        if self.new_volumes is not None:
            used |= keys_handed_on(self.new_volumes["sources"])
        return sorted((key, region) for key, region in used if key and region)


def read_discovery(path: Path) -> DiscoveryFile:
    """Read a result file of key_assignment_info."""
    return parse_discovery(read_json(path), str(path))


def parse_discovery(root: JsonNode, name: str = "") -> DiscoveryFile:
    root.expect_list("resources", _DOCUMENT)
    if not isinstance(root.get("scanned").value, dict):
        root.get("scanned").expected("an object")
    caller = root.get("caller")
    return DiscoveryFile(
        resources=parse_resources(root.get("resources")),
        unreadable=parse_unreadable(root.get("unreadable")),
        complete=root.get("complete").flag(),
        scanned=parse_scanned(root.get("scanned")),
        caller={
            "tenancy": caller.get("tenancy").text_or_none(),
            "principal": caller.get("principal").text_or_none(),
            "auth_type": caller.get("auth_type").text_or_none(),
            "collection_version": caller.get("collection_version").text_or_none(),
            "sdk_version": caller.get("sdk_version").text_or_none(),
        },
        name=name,
        new_volumes=parse_new_volumes(root.get("new_volumes")),
    )


def parse_resources(node: JsonNode) -> list[ResourceRow]:
    return [_resource(item) for item in node.items() if not _is_asset_without_policy(item)]


def _is_asset_without_policy(node: JsonNode) -> bool:
    """Whether it stands for an asset that has no backup policy: version 0.1.0 listed such ones when it restored keys,
    under the OCID of the asset."""
    if node.get("type").value != ASSIGNMENT or node.get("policy_id").value is not None:
        return False
    return node.get("asset_id").value is not None and node.get("asset_id").value == node.get("id").value


def _resource(node: JsonNode) -> ResourceRow:
    encryption = node.get("encryption").one_of("customer", "oracle")
    kms_key_id = node.get("kms_key_id").text_or_none()
    if (encryption == "customer") != (kms_key_id is not None):
        node.get("kms_key_id").contradicted(f"'encryption' is {encryption}")
    row: ResourceRow = {
        "id": node.get("id").text(),
        "type": node.get("type").resource_type(),
        "region": node.get("region").text(),
        "encryption": encryption,
        "compartment_id": node.get("compartment_id").text(),
        "display_name": node.get("display_name").text_or_none(),
        "lifecycle_state": node.get("lifecycle_state").text(),
        "kms_key_id": kms_key_id,
        "time_created": node.get("time_created").text_or_none(),
        "size_in_gbs": node.get("size_in_gbs").count_or_none(),
        "group_id": node.get("group_id").text_or_none(),
        "locked": node.get("locked").text_or_none(),
        "freeform_tags": _tags(node.get("freeform_tags")),
        "defined_tags": {name: _tags(node.get("defined_tags").get(name)) for name in _namespaces(node)},
        "replicas": [_replica(replica) for replica in node.get("replicas").items()],
        "managed_by_paas": node.get("managed_by_paas").flag(),
        "read_by": _read_by(node.get("read_by")),
    }
    if row["type"] == ASSIGNMENT:
        row["asset_id"] = node.get("asset_id").text()
        row["asset_type"] = node.get("asset_type").text_or_none()
        row["policy_id"] = node.get("policy_id").text()
        row["destination_region"] = node.get("destination_region").text_or_none()
    elif row["type"] == REPLICA:
        row["source_id"] = node.get("source_id").text_or_none()
    elif node.get("attachments").value is not None:
        row["attachments"] = _attachments(node.get("attachments"))
    return row


def _attachments(node: JsonNode) -> AttachmentsRow:
    state = node.get("state").one_of(*ATTACHMENT_STATES)
    instances = node.get("instances").items()
    if (state == ATTACHED) != bool(instances):
        node.get("instances").contradicted(f"'state' is {state}")
    return {
        "state": state,
        "instances": [
            {"id": one.get("id").text(), "display_name": one.get("display_name").text_or_none()} for one in instances
        ],
    }


def _read_by(node: JsonNode) -> str | None:
    """None in files of versions that did not say it."""
    return None if node.value is None else node.one_of(READ_BY_GET, READ_BY_LIST)


def _namespaces(node: JsonNode) -> Iterable[str]:
    tags = node.get("defined_tags")
    return () if tags.value is None else tags.mapping()


def _tags(node: JsonNode) -> dict[str, Any]:
    """Tags of one namespace. Values are strings, but OCI allows numbers and booleans in defined tags."""
    if node.value is None:
        return {}
    tags = node.mapping()
    for name, value in tags.items():
        if isinstance(value, (dict, list)):
            node.get(name).expected("the value of a tag")
    return {name: str(value) if isinstance(value, float) else value for name, value in tags.items()}


def _replica(node: JsonNode) -> ReplicaRow:
    return {
        "id": node.get("id").text(),
        "availability_domain": node.get("availability_domain").text_or_none(),
        "kms_key_id": node.get("kms_key_id").text_or_none(),
        "in_other_region": node.get("in_other_region").flag(),
    }


def parse_scanned(node: JsonNode) -> ScannedRow:
    return {
        "tenancy": node.get("tenancy").text_or_none(),
        "time_started": node.get("time_started").text_or_none(),
        "time_finished": node.get("time_finished").text_or_none(),
        "regions": node.get("regions").texts(),
        "all_regions": node.get("all_regions").flag_or_none(),
        "skipped_regions": [row.texts_of(("name", "reason")) for row in node.get("skipped_regions").items()],
        "compartments": _compartments(node.get("compartments"), "lifecycle_state"),
        "skipped_compartments": _compartments(node.get("skipped_compartments"), "reason"),
        "whole_tenancy": node.get("whole_tenancy").flag_or_none(),
        "resource_types": node.get("resource_types").texts(),
        "filters": _filters(node.get("filters")),
        "compartment_parents": _parents(node.get("compartment_parents")),
        "attachments": _scanned_attachments(node.get("attachments")),
    }


def _scanned_attachments(node: JsonNode) -> ScannedAttachmentsRow | None:
    if node.value is None:
        return None
    unreadable = parse_unreadable(node.get("unreadable"))
    return {"complete": node.get("complete").flag() and not unreadable, "unreadable": unreadable}


def _compartments(node: JsonNode, fact: str) -> list[dict[str, str | None]]:
    return [{"id": row.get("id").text(), **row.texts_of(("name", "path", fact))} for row in node.items()]


def _parents(node: JsonNode) -> dict[str, str]:
    """Empty in files that have none."""
    return {} if node.value is None else {name: node.get(name).text() for name in node.mapping()}


def _filters(node: JsonNode) -> FilterRow | None:
    if node.value is None:
        return None
    keys = node.get("kms_key_ids")
    return {
        "kms_key_ids": None if keys.value is None else keys.texts(),
        "encryption": node.get("encryption").text_or_none() or "any",
        "freeform_tags": _tags(node.get("freeform_tags")) or None,
        "defined_tags": {name: _tags(node.get("defined_tags").get(name)) for name in _namespaces(node)} or None,
        "only_named": node.get("only_named").flag_or_none() is True,
    }
