# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States as ``terraform show -json`` prints them: two files made by hand from the documentation of the format, and
small ones for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
TERRAFORM_1_5 = _HERE / "terraform_1_5.json"
OPENTOFU_1_8 = _HERE / "opentofu_1_8.json"


def state(*resources: Any) -> dict[str, Any]:
    return {
        "format_version": "1.0",
        "terraform_version": "1.5.7",
        "values": {"root_module": {"resources": list(resources)}},
    }


def resource(address: str, **values: Any) -> dict[str, Any]:
    """A managed resource of the root module, of the type that its address says."""
    kind, name = address.split("[")[0].split(".")
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/oracle/oci",
        "schema_version": 0,
        "values": values,
        "sensitive_values": {},
    }


def volume(address: str, ocid: str, kms_key_id: str | None, **values: Any) -> dict[str, Any]:
    return resource(address, id=ocid, kms_key_id=kms_key_id, **values)


def instance(address: str, boot_volume_id: str, kms_key_id: str | None) -> dict[str, Any]:
    source = {"kms_key_id": kms_key_id, "source_type": "image"}
    return resource(address, boot_volume_id=boot_volume_id, source_details=[source])


def assignment(address: str, asset_id: str, kms_key_id: str | None) -> dict[str, Any]:
    return resource(address, asset_id=asset_id, xrc_kms_key_id=kms_key_id)
