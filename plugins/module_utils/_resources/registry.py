# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Every kind of key-bearing resource that the collection knows. A new kind is a new file and a line here.

The imports are static because only what is imported statically is shipped with a module.
"""

from __future__ import annotations

from collections.abc import Iterable

from .backups import (
    BOOT_VOLUME_BACKUP,
    VOLUME_BACKUP,
    VOLUME_GROUP_BACKUP,
)
from .base import (
    GroupKind,
    ReadableKind,
    ResourceKind,
)
from .copies import (
    COPY_OF_BOOT_VOLUME_BACKUP,
    COPY_OF_VOLUME_BACKUP,
    COPY_OF_VOLUME_GROUP_BACKUP,
)
from .policies import (
    POLICY_OF_BOOT_VOLUME,
    POLICY_OF_VOLUME,
    POLICY_OF_VOLUME_GROUP,
)
from .replicas import (
    BLOCK_VOLUME_REPLICA,
    BOOT_VOLUME_REPLICA,
)
from .volume_groups import VOLUME_GROUP
from .volumes import BLOCK_VOLUME, BOOT_VOLUME

KINDS: dict[str, ResourceKind] = {
    kind.registry_name: kind
    for kind in (
        BLOCK_VOLUME,
        BOOT_VOLUME,
        VOLUME_BACKUP,
        BOOT_VOLUME_BACKUP,
        POLICY_OF_VOLUME,
        POLICY_OF_BOOT_VOLUME,
        POLICY_OF_VOLUME_GROUP,
        COPY_OF_VOLUME_BACKUP,
        COPY_OF_BOOT_VOLUME_BACKUP,
        COPY_OF_VOLUME_GROUP_BACKUP,
    )
}
"""The kinds that bear a key, by their name: the type in results, or what of it."""

GROUPS: dict[str, GroupKind] = {kind.type: kind for kind in (VOLUME_GROUP_BACKUP,)}
"""The kinds that stand for their members."""

LISTED: dict[str, tuple[ReadableKind, ...]] = {
    "volume": (BLOCK_VOLUME,),
    "boot_volume": (BOOT_VOLUME,),
    "volume_backup": (VOLUME_BACKUP,),
    "boot_volume_backup": (BOOT_VOLUME_BACKUP,),
    "replica": (BLOCK_VOLUME_REPLICA, BOOT_VOLUME_REPLICA),
}
"""The kinds of which every resource of a compartment can be listed with its key, by the type in results."""

ASSETS: tuple[ReadableKind, ...] = (VOLUME_GROUP, BLOCK_VOLUME, BOOT_VOLUME)
"""The kinds that backup policies are assigned to; groups first, since their policies are their members' too."""


def kinds_by_ocid_type(names: Iterable[str]) -> dict[str, ResourceKind | GroupKind]:
    """The kinds with these names, by the type that their OCIDs name."""
    kinds: dict[str, ResourceKind | GroupKind] = {**KINDS, **GROUPS}
    return {kinds[name].ocid_type: kinds[name] for name in names}
