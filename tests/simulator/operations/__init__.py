# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations, one file for each group. A new group is imported here, which declares its operations."""

from __future__ import annotations

from simulator.api import OPERATIONS

from . import (
    backups,
    copies,
    creation,
    groups,
    identity,
    instance_pools,
    instances,
    node_pools,
    policies,
    replicas,
    search,
    vaults,
    volume_keys,
    volumes,
    work_requests,
)

GROUPS = (
    identity,
    search,
    vaults,
    volume_keys,
    volumes,
    replicas,
    instances,
    groups,
    backups,
    copies,
    creation,
    work_requests,
    policies,
    instance_pools,
    node_pools,
)
ALL = tuple(OPERATIONS)
