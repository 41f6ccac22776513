# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of resources that can be changed, by their names. Each kind's file registers it here.

Only what is imported statically is shipped with a module, so modules import the files of the kinds that they change,
and nothing here does.
"""

from __future__ import annotations

from collections.abc import Iterable

from .base import GroupKind
from .resource_kind import ResourceKind

KINDS: dict[str, ResourceKind] = {}
"""The kinds that have a key, by name: ``volume``, ``policy of volume``, ``copy of volume_backup`` ..."""

GROUPS: dict[str, GroupKind] = {}
"""The kinds that stand for their members."""


def register(*kinds: ResourceKind) -> tuple[str, ...]:
    """Add kinds that have a key, and return their names."""
    named = {kind.registry_name: kind for kind in kinds}
    KINDS.update(named)
    return tuple(named)


def register_group(kind: GroupKind) -> str:
    """Add a kind that stands for its members, and return its name."""
    GROUPS[kind.type] = kind
    return kind.type


def kinds_by_ocid_type(names: Iterable[str]) -> dict[str, ResourceKind | GroupKind]:
    """The kinds with these names, by the type that their OCIDs name."""
    kinds: dict[str, ResourceKind | GroupKind] = {**KINDS, **GROUPS}
    return {kinds[name].ocid_type: kinds[name] for name in names}
