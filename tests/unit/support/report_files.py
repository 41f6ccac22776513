# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that reports are made from, of any size, as the modules write them."""

from __future__ import annotations

import random
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import digest
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES

IAD, PHX, FRA = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
TENANCY = f"ocid1.tenancy.oc1..{'t' * 60}"
SHORT = {IAD: "iad", PHX: "phx", FRA: "eu-frankfurt-1"}


def ocid(kind: str, number: int, region: str = IAD) -> str:
    return f"ocid1.{kind}.oc1.{SHORT[region]}.{number:06d}{'a' * 54}"


def key_ocid(number: int, region: str = IAD) -> str:
    return f"ocid1.key.oc1.{SHORT[region]}.vault{number:02d}.{number:06d}{'k' * 54}"


def compartment_ocid(number: int) -> str:
    return f"ocid1.compartment.oc1..{number:06d}{'c' * 54}"


KEY_A, KEY_B = key_ocid(1), key_ocid(2)


def resource(number: int = 1, kind: str = "volume", key: str | None = None, **fields: Any) -> dict[str, Any]:
    region = fields.get("region", IAD)
    assignment = {
        "asset_id": ocid("volume", number, region),
        "asset_type": "volume",
        "policy_id": ocid("volumebackuppolicy", 1, region),
        "destination_region": PHX,
    }
    more = {"policy_assignment": assignment, "replica": {"source_id": ocid("volume", number)}}
    return {
        "id": ocid(RESOURCE_TYPES[kind].ocid_types[0], number, region),
        "type": kind,
        "region": region,
        "compartment_id": compartment_ocid(1),
        "display_name": f"{kind}-{number}",
        "lifecycle_state": "AVAILABLE",
        "encryption": "customer" if key else "oracle",
        "kms_key_id": key,
        "time_created": "2026-01-02T03:04:05.678Z",
        "size_in_gbs": None if kind == "policy_assignment" else 50,
        "freeform_tags": {},
        "defined_tags": {},
        "group_id": None,
        "locked": None,
        "replicas": [],
        "managed_by_paas": False,
        "read_by": "get",
        **more.get(kind, {}),
        **fields,
    }


def scanned(**fields: Any) -> dict[str, Any]:
    """A search of everything."""
    return {
        "tenancy": TENANCY,
        "regions": [IAD, PHX, FRA],
        "all_regions": True,
        "skipped_regions": [],
        "whole_tenancy": True,
        "compartments": [
            {"id": TENANCY, "name": "acme", "path": "acme", "lifecycle_state": "ACTIVE"},
            {"id": compartment_ocid(1), "name": "prod", "path": "prod", "lifecycle_state": "ACTIVE"},
        ],
        "skipped_compartments": [{"id": compartment_ocid(9), "name": "old", "path": "old", "reason": "it is DELETED"}],
        "resource_types": list(RESOURCE_TYPES.with_key.names),
        "filters": {
            "kms_key_ids": None,
            "encryption": "any",
            "freeform_tags": None,
            "defined_tags": None,
            "only_named": False,
        },
        "time_started": "2026-11-24T01:00:00.000Z",
        "time_finished": "2026-11-24T01:00:09.000Z",
        **fields,
    }


def discovery(*resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    more_scanned = fields.pop("scanned", {})
    unreadable = fields.get("unreadable", [])
    return {
        "resources": list(resources),
        "summary": {},
        "unreadable": unreadable,
        "complete": not unreadable,
        "scanned": scanned(**more_scanned),
        "caller": {
            "tenancy": TENANCY,
            "principal": f"user ocid1.user.oc1..{'u' * 60}",
            "auth_type": "api_key",
            "collection_version": "0.1.0",
            "sdk_version": "2.189.0",
        },
        "new_volumes": new_volumes(),
        "msg": "",
        **fields,
    }


def new_volumes(*sources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """What new volumes are born with; by default, nothing creates any."""
    unreadable = fields.get("unreadable", [])
    return {"complete": not unreadable, "unreadable": unreadable, "sources": list(sources), **fields}


def configuration(
    number: int = 1, *keys: str | None, pools: int | list[dict[str, Any]] = 1, **fields: Any
) -> dict[str, Any]:
    """An instance configuration with a boot volume on the first key and block volumes on the others."""
    region = fields.get("region", IAD)
    kinds = ["boot_volume", *["volume"] * len(keys)]
    return {
        "id": ocid("instanceconfiguration", number, region),
        "type": "instance_configuration",
        "region": region,
        "compartment_id": compartment_ocid(1),
        "display_name": f"configuration-{number}",
        "lifecycle_state": None,
        "volumes": [created_volume(key, kind) for kind, key in zip(kinds, keys, strict=False)],
        "unknown": None,
        "pools": pools if isinstance(pools, list) else [pool(10 * number + each, region) for each in range(pools)],
        **fields,
    }


def created_volume(key: str | None, kind: str = "boot_volume", **fields: Any) -> dict[str, Any]:
    name = "data" if kind == "volume" else None
    return {"type": kind, "display_name": name, "kms_key_id": key, "copies_kms_key_id": None, **fields}


def pool(number: int = 1, region: str = IAD) -> dict[str, Any]:
    return {
        "id": ocid("instancepool", number, region),
        "compartment_id": compartment_ocid(1),
        "display_name": f"pool-{number}",
        "lifecycle_state": "RUNNING",
    }


def node_pool(number: int = 1, key: str | None = None, **fields: Any) -> dict[str, Any]:
    return {
        **configuration(number, key, pools=0),
        "id": ocid("nodepool", number, fields.get("region", IAD)),
        "type": "node_pool",
        "display_name": f"nodes-{number}",
        "lifecycle_state": "ACTIVE",
        **fields,
    }


def unreadable(**fields: Any) -> dict[str, Any]:
    return {
        "region": PHX,
        "compartment_id": compartment_ocid(1),
        "resource_type": "volume",
        "code": "NotAuthorizedOrNotFound",
        "status": 404,
        "message": f"Not allowed in {compartment_ocid(1)}.",
        "hint": "Allow group <your group> to inspect volume-family in tenancy",
        **fields,
    }


def key(kms_key_id: str = KEY_A, region: str = IAD, **fields: Any) -> dict[str, Any]:
    return {
        "id": kms_key_id,
        "region": region,
        "usable": True,
        "problems": [],
        "warnings": [],
        "display_name": "main-key",
        "lifecycle_state": "ENABLED",
        "time_of_deletion": None,
        "algorithm": "AES",
        "protection_mode": "HSM",
        "vault_id": f"ocid1.vault.oc1.{SHORT[region]}.vault01.{'v' * 60}",
        "management_endpoint": "https://vault01-management.kms.us-ashburn-1.oraclecloud.com",
        "compartment_id": compartment_ocid(1),
        "time_created": "2026-10-25T00:00:00Z",
        "current_key_version": f"ocid1.keyversion.oc1.{SHORT[region]}.vault01.{'w' * 60}",
        "time_current_version_created": "2026-10-25T00:00:00Z",
        "versions": 1,
        "is_auto_rotation_enabled": False,
        "is_replica": False,
        "policy_statements": [],
        **fields,
    }


def keys(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, "keys": list(entries), "summary": {}, "msg": ""}


def change(number: int = 1, kind: str = "volume", **fields: Any) -> dict[str, Any]:
    return {
        "id": ocid(RESOURCE_TYPES[kind].ocid_types[0], number),
        "type": kind,
        "display_name": f"{kind}-{number}",
        "region": IAD,
        "compartment_id": compartment_ocid(1),
        "lifecycle_state": "AVAILABLE",
        "previous_encryption": "customer",
        "previous_kms_key_id": KEY_A,
        "encryption": "customer",
        "kms_key_id": KEY_B,
        "action": "assign",
        "changed": True,
        "settled": True,
        "opc_request_id": "3cef1c0e0a5b4f4b/FA008B09/19C01641",
        "time_requested": "2026-11-24T01:10:00.000Z",
        "time_settled": "2026-11-24T01:10:03.000Z",
        "error": None,
        **fields,
    }


def failure(number: int = 1, **fields: Any) -> dict[str, Any]:
    error = {
        "code": "NotAuthorizedOrNotFound",
        "status": 404,
        "message": "Authorization failed or requested resource not found.",
        "opc_request_id": "3cef1c0e0a5b4f4b/FA008B09/19C01642",
        "hint": "Allow service blockstorage to use keys in tenancy",
    }
    return change(number, kms_key_id=KEY_A, changed=False, error=error, **fields)


def changes(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"changed": True, "resources": list(entries), "summary": {}, "msg": ""}


def planned(number: int = 1, kind: str = "volume", **fields: Any) -> dict[str, Any]:
    return {
        "id": ocid(RESOURCE_TYPES[kind].ocid_types[0], number),
        "type": kind,
        "region": IAD,
        "compartment_id": compartment_ocid(1),
        "display_name": f"{kind}-{number}",
        "key_region": IAD,
        "kms_key_id": KEY_A,
        "wanted_kms_key_id": KEY_B,
        "action": "assign",
        **fields,
    }


def plan(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "format": "oci_keys.block_volume/plan",
        "version": 1,
        "run_id": "20261124T010000Z-abcdef-localhost",
        "time_created": "2026-11-24T01:00:10.000Z",
        "tenancy": TENANCY,
        "dry_run": False,
        "digest": digest(entries),
        "options": {},
        "entries": list(entries),
        "blocked": [],
        "left_alone": [],
        "excluded": [],
        "not_approved": [],
        "unchanged": 0,
        **fields,
    }


def fleet(count: int, seed: int = 1) -> dict[str, Any]:
    """A discovery file of a large tenancy: most on a few keys, some on the Oracle-managed one."""
    dice = random.Random(seed)
    regions = dice.choices([IAD, PHX, FRA], [5, 3, 2], k=count)
    kinds = dice.choices(RESOURCE_TYPES.with_key.names[:5], [40, 20, 25, 10, 5], k=count)
    resources = []
    for number, (region, kind) in enumerate(zip(regions, kinds, strict=True)):
        weights = [8, 5, 2, 0.3, 3 if kind.endswith("backup") else 1.2]
        chosen = dice.choices([1, 2, 3, 4, None], weights)[0]
        name = dice.choice(["db-data", "db-redo", "app", "web", "batch", "risk-engine", "ledger"])
        resources.append(
            resource(
                number,
                kind,
                None if chosen is None else key_ocid(chosen, region),
                region=region,
                display_name=f"{name}-{number:04d}",
                compartment_id=compartment_ocid(dice.randint(1, 6)),
            )
        )
    compartments = [
        {"id": compartment_ocid(number), "name": name, "path": f"bu-{number % 2}/{name}", "lifecycle_state": "ACTIVE"}
        for number, name in enumerate(("prod", "payments", "trading", "risk", "test", "shared"), 1)
    ]
    return discovery(*resources, scanned={"compartments": [*scanned()["compartments"][:1], *compartments]})
