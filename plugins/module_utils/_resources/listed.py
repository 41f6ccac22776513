# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds that discovery lists. Only modules that discover import this file, which ships all of them."""

from __future__ import annotations

from collections.abc import Iterable

from .._model.resource_types import RESOURCE_TYPES
from .backups import BOOT_VOLUME_BACKUP, VOLUME_BACKUP
from .base import ReadableKind
from .node_pools import NODE_POOLS
from .replicas import BLOCK_VOLUME_REPLICA, BOOT_VOLUME_REPLICA, GROUP_REPLICA
from .volume_groups import VOLUME_GROUP
from .volumes import BLOCK_VOLUME, BOOT_VOLUME

LISTED: tuple[ReadableKind, ...] = (
    BLOCK_VOLUME,
    BOOT_VOLUME,
    VOLUME_BACKUP,
    BOOT_VOLUME_BACKUP,
    BLOCK_VOLUME_REPLICA,
    BOOT_VOLUME_REPLICA,
    GROUP_REPLICA,
    NODE_POOLS,
    VOLUME_GROUP,
)
"""The kinds of which all resources of a compartment can be listed. Policy assignments are found asset by asset."""


def listed_kinds(types: Iterable[str]) -> tuple[ReadableKind, ...]:
    """The kinds of these types that can be listed."""
    wanted = frozenset(types)
    return tuple(kind for kind in LISTED if kind.type in wanted)


def asset_kinds() -> tuple[ReadableKind, ...]:
    """The kinds that backup policies are assigned to; groups first, since their policies are their members' too."""
    return (*listed_kinds(RESOURCE_TYPES.groups.names), *listed_kinds(RESOURCE_TYPES.volumes.names))
