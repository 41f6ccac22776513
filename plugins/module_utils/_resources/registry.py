# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Every kind of key-bearing resource that the collection knows. A new kind is a new file and a line here.

The imports are static because only what is imported statically is shipped with a module. Kinds that only some modules
change are not imported here; their file registers them.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._model.resource_types import RESOURCE_TYPES
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
from .replicas import (
    BLOCK_VOLUME_REPLICA,
    BOOT_VOLUME_REPLICA,
)
from .volume_groups import VOLUME_GROUP
from .volumes import BLOCK_VOLUME, BOOT_VOLUME

KINDS: dict[str, ResourceKind] = {
    kind.name or kind.type: kind
    for kind in (
        BLOCK_VOLUME,
        BOOT_VOLUME,
        VOLUME_BACKUP,
        BOOT_VOLUME_BACKUP,
    )
}
"""The kinds that have a key, by their name: the type in results, or what of it.

Copies and policies are added when their file is imported, since only some modules ship it.
"""

GROUPS: dict[str, GroupKind] = {kind.type: kind for kind in (VOLUME_GROUP_BACKUP,)}
"""The kinds that stand for their members."""

LISTED: tuple[ReadableKind, ...] = (
    BLOCK_VOLUME,
    BOOT_VOLUME,
    VOLUME_BACKUP,
    BOOT_VOLUME_BACKUP,
    BLOCK_VOLUME_REPLICA,
    BOOT_VOLUME_REPLICA,
    VOLUME_GROUP,
)
"""The kinds of which all resources of a compartment can be listed. Policy assignments are found asset by asset."""


def register(*kinds: ResourceKind) -> tuple[str, ...]:
    """Add kinds that only some modules change, and return their names.

    The file of the kinds calls this, so that modules that don't import the file don't ship it either.
    """
    named = {kind.name or kind.type: kind for kind in kinds}
    KINDS.update(named)
    return tuple(named)


def listed_kinds(types: Iterable[str]) -> tuple[ReadableKind, ...]:
    """The kinds of these types that can be listed."""
    wanted = frozenset(types)
    return tuple(kind for kind in LISTED if kind.type in wanted)


def asset_kinds() -> tuple[ReadableKind, ...]:
    """The kinds that backup policies are assigned to; groups first, since their policies are their members' too."""
    return (*listed_kinds(RESOURCE_TYPES.groups.names), *listed_kinds(RESOURCE_TYPES.volumes.names))


def kinds_by_ocid_type(names: Iterable[str]) -> dict[str, ResourceKind | GroupKind]:
    """The kinds with these names, by the type that their OCIDs name."""
    kinds: dict[str, ResourceKind | GroupKind] = {**KINDS, **GROUPS}
    return {kinds[name].ocid_type: kinds[name] for name in names}
