# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What the files of a run hold, as the records of a report. Pure: raises InputError for what is not of their form.

Only what is known here gets into a report, so that its form is the one of its schema whatever a file holds besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._model.resource_types import ASSIGNMENT, REPLICA
from .json_reader import JsonNode

FORMAT = "oci_keys.block_volume/report"
VERSION = 1
PLAN_FORMAT = "oci_keys.block_volume/plan"
PLAN_VERSION = 1

_TYPE = re.compile(r"[a-z_]{1,40}")
_RESOURCE_TEXTS = (
    "compartment_id",
    "display_name",
    "lifecycle_state",
    "kms_key_id",
    "time_created",
    "group_id",
    "locked",
)
_MORE_TEXTS: Mapping[str, tuple[str, ...]] = {
    ASSIGNMENT: ("asset_id", "asset_type", "policy_id", "destination_region"),
    REPLICA: ("source_id",),
}
_CHANGE_TEXTS = (
    "display_name",
    "region",
    "compartment_id",
    "lifecycle_state",
    "previous_kms_key_id",
    "previous_encryption",
    "kms_key_id",
    "encryption",
    "action",
    "opc_request_id",
    "time_requested",
    "time_settled",
    "left_alone",
    "group_id",
)
_CHANGED_ASSIGNMENT_TEXTS = (
    "assignment_id",
    "policy_id",
    "previous_policy_id",
    "destination_region",
    "previous_destination_region",
)
_KEY_TEXTS = (
    "display_name",
    "lifecycle_state",
    "time_of_deletion",
    "algorithm",
    "protection_mode",
    "vault_id",
    "compartment_id",
    "time_created",
    "current_key_version",
)
_PLANNED_TEXTS = (
    "display_name",
    "region",
    "compartment_id",
    "asset_id",
    "policy_id",
    "key_region",
    "kms_key_id",
    "wanted_kms_key_id",
    "action",
    "reason",
)

UNSEEN = "NotSeenAgain"
UNSEEN_WORDS = "The state after the changes could not be looked at"
"""Code and words of the place in ``unreadable`` that stands for everything."""

BEFORE_COUNTS = ("total", "customer", "oracle")

PLAN_LISTS = ("entries", "blocked", "left_alone", "excluded", "not_approved")


def discovery_record(root: JsonNode) -> dict[str, Any]:
    """What ``key_assignment_info`` found: resources, unreadable, complete, scanned, caller."""
    if not isinstance(root.get("resources").value, list) or not isinstance(root.get("scanned").value, dict):
        root.get("resources").fail("a result file of key_assignment_info, with 'resources' and 'scanned', is expected")
    return {
        **_found(root, root.get("scanned")),
        "caller": _texts(
            root.get("caller"), ("tenancy", "principal", "auth_type", "collection_version", "sdk_version")
        ),
    }


def unseen_record(before: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """What is known where nobody could look again after the changes: nothing but by whom and in which tenancy.

    What was there before may be another way now, so that it is not told as what is there.
    """
    nowhere = dict.fromkeys(before["scanned"])
    lists = ("regions", "skipped_regions", "compartments", "skipped_compartments", "resource_types")
    place = dict.fromkeys(("region", "compartment_id", "resource_type", "status", "hint"))
    return {
        "resources": [],
        "unreadable": [{**place, "code": UNSEEN, "message": f"{UNSEEN_WORDS}: {reason.rstrip('. ')}"}],
        "complete": False,
        "scanned": {**nowhere, **{name: [] for name in lists}, "tenancy": before["scanned"]["tenancy"]},
        "caller": before["caller"],
    }


def keys_in_use(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each key of a discovery record with each region where it is used; that of an assignment is where copies go."""
    used = {
        (resource["kms_key_id"], region_of_key(resource)) for resource in found["resources"] if resource["kms_key_id"]
    }
    return sorted((key, region) for key, region in used if region)


def region_of_key(resource: Mapping[str, Any]) -> str | None:
    region = resource["destination_region" if resource["type"] == ASSIGNMENT else "region"]
    return None if region is None else str(region)


def _found(root: JsonNode, scanned: JsonNode) -> dict[str, Any]:
    return {
        "resources": [_resource(node) for node in root.get("resources").items()],
        "unreadable": [_unreadable(node) for node in root.get("unreadable").items()],
        "complete": root.get("complete").flag(),
        "scanned": _scanned(scanned),
    }


def _resource(node: JsonNode) -> dict[str, Any]:
    resource_type = _type(node.get("type"))
    encryption = node.get("encryption").one_of("customer", "oracle")
    texts = _texts(node, _RESOURCE_TEXTS)
    if (encryption == "customer") != (texts["kms_key_id"] is not None):
        node.get("kms_key_id").fail(f"'encryption' is {encryption}")
    return {
        "id": node.get("id").text(),
        "type": resource_type,
        "region": node.get("region").text(),
        "encryption": encryption,
        **texts,
        **_texts(node, _MORE_TEXTS.get(resource_type, ())),
        "freeform_tags": _tags(node.get("freeform_tags")),
        "defined_tags": {name: _tags(node.get("defined_tags").get(name)) for name in _tags_by_namespace(node)},
        "replicas": [_replica(replica) for replica in node.get("replicas").items()],
        "managed_by_paas": node.get("managed_by_paas").flag(),
    }


def _type(node: JsonNode) -> str:
    name = node.text()
    if not _TYPE.fullmatch(name):
        node.fail("the type of a resource is expected")
    return name


def _tags_by_namespace(node: JsonNode) -> Iterable[str]:
    tags = node.get("defined_tags")
    return () if tags.value is None else tags.mapping()


def _tags(node: JsonNode) -> dict[str, Any]:
    """Tags of one sort. Their values are text, but OCI knows others for defined ones."""
    if node.value is None:
        return {}
    tags = node.mapping()
    for name, value in tags.items():
        if isinstance(value, (dict, list)):
            node.get(name).fail("a tag's value is expected")
    return {name: str(value) if isinstance(value, float) else value for name, value in tags.items()}


def _replica(node: JsonNode) -> dict[str, Any]:
    return {
        "id": node.get("id").text(),
        **_texts(node, ("availability_domain", "kms_key_id")),
        "in_other_region": node.get("in_other_region").flag(),
    }


def _unreadable(node: JsonNode) -> dict[str, Any]:
    return {
        **_texts(node, ("region", "compartment_id", "resource_type", "code", "message", "hint")),
        "status": node.get("status").count_or_none(),
    }


def _scanned(node: JsonNode) -> dict[str, Any]:
    """Where it was looked, and where it was not. What is None was not told, so nothing may be concluded from it."""
    filters = node.get("filters")
    return {
        **_texts(node, ("tenancy", "time_started", "time_finished")),
        "regions": node.get("regions").texts(),
        "all_regions": _flag_or_none(node.get("all_regions")),
        "skipped_regions": [_texts(row, ("name", "reason")) for row in node.get("skipped_regions").items()],
        "compartments": [
            {"id": row.get("id").text(), **_texts(row, ("name", "lifecycle_state"))}
            for row in node.get("compartments").items()
        ],
        "skipped_compartments": [
            {"id": row.get("id").text(), **_texts(row, ("name", "reason"))}
            for row in node.get("skipped_compartments").items()
        ],
        "whole_tenancy": _flag_or_none(node.get("whole_tenancy")),
        "resource_types": node.get("resource_types").texts(),
        "filters": (
            None
            if filters.value is None
            else {
                "kms_key_ids": None if filters.get("kms_key_ids").value is None else filters.get("kms_key_ids").texts(),
                "encryption": filters.get("encryption").text_or_none() or "any",
            }
        ),
    }


def key_records(root: JsonNode) -> list[dict[str, Any]]:
    """What ``kms_key_info`` told, an entry for each key and region."""
    if not isinstance(root.get("keys").value, list):
        root.get("keys").fail("a result file of kms_key_info, with 'keys', is expected")
    return [_key(node) for node in root.get("keys").items()]


def _key(node: JsonNode) -> dict[str, Any]:
    return {
        "id": node.get("id").text(),
        "region": node.get("region").text(),
        "usable": node.get("usable").flag(),
        "problems": node.get("problems").texts(),
        "warnings": node.get("warnings").texts(),
        **_texts(node, _KEY_TEXTS),
        "versions": node.get("versions").count_or_none(),
        "is_auto_rotation_enabled": _flag_or_none(node.get("is_auto_rotation_enabled")),
        "is_replica": _flag_or_none(node.get("is_replica")),
    }


def change_records(root: JsonNode) -> list[dict[str, Any]]:
    """What a module that changes keys reported of each resource."""
    if not isinstance(root.get("resources").value, list):
        root.get("resources").fail("a result file of a module that changes keys, with 'resources', is expected")
    return [change_record(node) for node in root.get("resources").items()]


def change_record(node: JsonNode) -> dict[str, Any]:
    """What became of one resource."""
    change: dict[str, Any] = {
        "id": node.get("id").text(),
        "type": _type(node.get("type")),
        **_texts(node, _CHANGE_TEXTS),
        "changed": node.get("changed").flag(),
        "settled": node.get("settled").flag(),
        "error": None if node.get("error").value is None else _error(node.get("error")),
    }
    if "copy_id" in node.mapping():
        # The module for copies tells of a source; what bears the key is its copy in the other region.
        return {**change, **_texts(node, ("copy_id", "destination_region"))}
    if change["type"] != ASSIGNMENT and "assignment_id" not in node.mapping():
        return change
    # The module for policies tells of an asset; in a report it is the assignment that bears the key.
    assigned = _texts(node, _CHANGED_ASSIGNMENT_TEXTS)
    is_asset = change["type"] != ASSIGNMENT
    return {
        **change,
        **assigned,
        "id": (assigned["assignment_id"] if is_asset else None) or change["id"],
        "type": ASSIGNMENT,
        "asset_id": change["id"] if is_asset else node.get("asset_id").text(),
        "asset_type": change["type"] if is_asset else node.get("asset_type").text_or_none(),
    }


def _error(node: JsonNode) -> dict[str, Any]:
    return {
        **_texts(node, ("code", "message", "opc_request_id", "hint")),
        "status": node.get("status").count_or_none(),
    }


def plan_record(root: JsonNode) -> dict[str, Any]:
    """A plan of the rekey role."""
    root.expect_format(PLAN_FORMAT, PLAN_VERSION)
    return {**_plan(root), "unchanged": root.get("unchanged").count()}


def _plan(root: JsonNode) -> dict[str, Any]:
    return {
        **_texts(root, ("run_id", "time_created", "tenancy", "digest")),
        "dry_run": root.get("dry_run").flag(),
        **{name: [_planned(node) for node in root.get(name).items()] for name in PLAN_LISTS},
    }


def _planned(node: JsonNode) -> dict[str, Any]:
    return {"id": node.get("id").text(), "type": _type(node.get("type")), **_texts(node, _PLANNED_TEXTS)}


def report_record(root: JsonNode) -> dict[str, Any]:
    """What an earlier report was made from, to be made into one report with others."""
    root.expect_format(FORMAT, VERSION)
    evidence = root.get("evidence")
    versions, plan, before = evidence.get("versions"), root.get("plan"), root.get("before")
    retirement = root.get("retirement")
    return {
        "found": {
            **_found(root, evidence.get("scanned")),
            "caller": {
                **_texts(evidence, ("tenancy", "principal", "auth_type")),
                "collection_version": versions.get("collection").text_or_none(),
                "sdk_version": versions.get("sdk").text_or_none(),
            },
        },
        "before": None if before.value is None else {name: before.get(name).count() for name in BEFORE_COUNTS},
        "plan": None
        if plan.value is None
        else {**_plan(plan), "unchanged": plan.get("counts").get("unchanged").count()},
        "changes": [change_record(node) for node in root.get("changes").items()],
        "keys": [_key(node) for node in root.get("keys").items()],
        "kms_key_ids": (
            []
            if retirement.value is None
            else [node.get("kms_key_id").text() for node in retirement.get("keys").items()]
        ),
        "run": _texts(evidence, ("run_id", "mode", "time_started", "time_finished", "redacted")),
    }


def _texts(node: JsonNode, names: tuple[str, ...]) -> dict[str, str | None]:
    return {name: node.get(name).text_or_none() for name in names}


def _flag_or_none(node: JsonNode) -> bool | None:
    return None if node.value is None else node.flag()
