# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of keys: what kms_key_info, or a module that plans, learned of each key in each region."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from .json_reader import JsonNode, read_json

_DOCUMENT = "a result file of kms_key_info"


class ReportedKeyRow(TypedDict):
    """What a report says of a key in a region. None: Vault did not say."""

    id: str
    region: str
    usable: bool
    problems: list[str]
    warnings: list[str]
    display_name: str | None
    lifecycle_state: str | None
    time_of_deletion: str | None
    algorithm: str | None
    protection_mode: str | None
    vault_id: str | None
    compartment_id: str | None
    time_created: str | None
    current_key_version: str | None
    time_current_version_created: str | None
    versions: int | None
    is_auto_rotation_enabled: bool | None
    is_replica: bool | None


class KeyRow(ReportedKeyRow):
    """A key in a region, as kms_key_info returns it."""

    management_endpoint: str | None
    policy_statements: list[str]


def read_keys(path: Path) -> list[KeyRow]:
    """Read a file of keys: one row per key and region."""
    return parse_keys(read_json(path))


def parse_keys(root: JsonNode) -> list[KeyRow]:
    return [
        {
            **parse_reported_key(node),
            "management_endpoint": node.get("management_endpoint").text_or_none(),
            "policy_statements": node.get("policy_statements").texts(),
        }
        for node in root.expect_list("keys", _DOCUMENT)
    ]


def parse_reported_key(node: JsonNode) -> ReportedKeyRow:
    return {
        "id": node.get("id").text(),
        "region": node.get("region").text(),
        "usable": node.get("usable").flag(),
        "problems": node.get("problems").texts(),
        "warnings": node.get("warnings").texts(),
        "display_name": node.get("display_name").text_or_none(),
        "lifecycle_state": node.get("lifecycle_state").text_or_none(),
        "time_of_deletion": node.get("time_of_deletion").text_or_none(),
        "algorithm": node.get("algorithm").text_or_none(),
        "protection_mode": node.get("protection_mode").text_or_none(),
        "vault_id": node.get("vault_id").text_or_none(),
        "compartment_id": node.get("compartment_id").text_or_none(),
        "time_created": node.get("time_created").text_or_none(),
        "current_key_version": node.get("current_key_version").text_or_none(),
        "time_current_version_created": node.get("time_current_version_created").text_or_none(),
        "versions": node.get("versions").count_or_none(),
        "is_auto_rotation_enabled": node.get("is_auto_rotation_enabled").flag_or_none(),
        "is_replica": node.get("is_replica").flag_or_none(),
    }
