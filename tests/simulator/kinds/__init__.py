# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of kinds. A new kind is a new file with a `load`, and an operations file that imports it, named here."""

from __future__ import annotations

from . import (
    assignments,
    backups,
    compartments,
    groups,
    instance_pools,
    instances,
    keys,
    node_pools,
    policies,
    vaults,
    volumes,
)

#: In the order in which they refer to each other.
LOADERS = (
    compartments.load,
    vaults.load,
    keys.load,
    volumes.load,
    instances.load,
    groups.load,
    backups.load,
    policies.load,
    assignments.load,
    instance_pools.load,
    node_pools.load,
)
