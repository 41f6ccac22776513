# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Terraform manages of the keys that this collection changes. Pure.

The types and attributes are those of the provider for OCI (oracle/oci, before hashicorp/oci).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .resource_types import ASSIGNMENT, REPLICA

KEY = "kms_key_id"
COPIES_KEY = "xrc_kms_key_id"
SOURCE_KEY = "source_details.kms_key_id"
REPLICA_KEY = "xrr_kms_key_id"
POOLS_CONFIGURATION = "instance_configuration_id"

INSTANCE = "oci_core_instance"
POLICY_ASSIGNMENT = "oci_core_volume_backup_policy_assignment"
CONFIGURATION = "oci_core_instance_configuration"


@dataclass(frozen=True)
class ManagedKey:
    """One attribute of a resource in a state of Terraform, and the resource here whose key it sets.

    ``resource_type`` and ``ocid`` say which; a policy assignment is known by its asset, since its OCID changes with its
    key. ``kms_key_id`` is the key in the state, where None says that the code may leave it open. ``path`` is the
    attribute with its indexes, as code refers to it; ``attribute`` is the same without them.
    """

    file: str
    address: str
    terraform_type: str
    path: str
    resource_type: str
    ocid: str
    kms_key_id: str | None

    @property
    def attribute(self) -> str:
        return _INDEX.sub("", self.path)

    @property
    def replaced(self) -> str | None:
        """What Terraform replaces when the attribute gets another value in the code; None if it updates in place."""
        if self.terraform_type == CONFIGURATION:
            return "instance configuration"
        return _REPLACED.get((self.terraform_type, self.attribute))

    @property
    def takes_value(self) -> bool:
        """Whether Terraform updates the attribute in place, so that its code can have the new key."""
        return self.replaced is None and self.attribute != POOLS_CONFIGURATION


_INDEX = re.compile(r"\[[0-9]+\]", re.ASCII)

_REPLACED = {
    (INSTANCE, SOURCE_KEY): "machine",
    (POLICY_ASSIGNMENT, COPIES_KEY): "policy assignment",
    ("oci_core_volume_group", COPIES_KEY): "volume group",
    ("oci_core_volume", COPIES_KEY): "volume",
    ("oci_core_boot_volume", COPIES_KEY): "boot volume",
    ("oci_core_volume_backup", SOURCE_KEY): "backup",
    ("oci_core_boot_volume_backup", SOURCE_KEY): "backup",
}


class TerraformStates:
    """All attributes in some states, to be found by the resource whose key they set."""

    def __init__(self, files: Sequence[str], managed: Iterable[ManagedKey]) -> None:
        self.files = list(files)
        self._by_resource: dict[tuple[str, str], list[ManagedKey]] = {}
        for one in managed:
            self._by_resource.setdefault((one.resource_type, one.ocid), []).append(one)

    def of(self, row: Mapping[str, object]) -> list[ManagedKey]:
        """What manages the key of a row of any document; empty if nothing in these states does."""
        kind = str(row["type"])
        if kind == REPLICA and row.get("group_id"):
            return []  # The provider shows it in the member's state, but it is set on the group.
        name = row.get("asset_id") if kind == ASSIGNMENT else row["id"]
        return self._by_resource.get((kind, str(name)), [])

    @property
    def count(self) -> int:
        return sum(map(len, self._by_resource.values()))
