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


def replicated(
    address: str, ocid: str, list_name: str, *replicas: tuple[str, str | None, str | None]
) -> dict[str, Any]:
    """Something with replicas: their OCIDs, the key that the code gives, and the one that the provider has read."""
    id_name = f"{list_name.removesuffix('s')}_id"
    rows = [{id_name: name, "xrr_kms_key_id": given, "kms_key_id": seen} for name, given, seen in replicas]
    return resource(address, id=ocid, **{list_name: rows})


def node_pool(address: str, ocid: str, kms_key_id: str | None) -> dict[str, Any]:
    return resource(address, id=ocid, node_config_details=[{"kms_key_id": kms_key_id, "size": 3}])


def configuration(address: str, ocid: str, image_key: str | None, *volume_keys: str | None) -> dict[str, Any]:
    """An instance configuration with an image and volumes, once more as an option that boots a volume."""
    source = {"source_type": "image", "kms_key_id": image_key}
    launch = [{"source_details": [source]}]
    volumes = [{"create_details": [{"kms_key_id": key}]} for key in volume_keys]
    attached: dict[str, Any] = {"create_details": [], "volume_id": "x"}
    booted = [{"source_details": [{"source_type": "bootVolume", "kms_key_id": None}]}]
    options = [{"launch_details": booted, "block_volumes": volumes[:1]}]
    details = {"launch_details": launch, "block_volumes": [*volumes, attached], "options": options}
    return resource(address, id=ocid, instance_details=[details])


def assignment(address: str, asset_id: str, kms_key_id: str | None) -> dict[str, Any]:
    return resource(address, asset_id=asset_id, xrc_kms_key_id=kms_key_id)
