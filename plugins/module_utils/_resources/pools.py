# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds whose key is for what does not exist yet. Only modules that carry plans out, or back, import this file."""

from __future__ import annotations

from collections.abc import Mapping

from .instance_pools import INSTANCE_POOLS
from .node_pools import NODE_POOLS
from .resource_kind import ResourceKind

POOL_KINDS: Mapping[str, ResourceKind] = {kind.type: kind for kind in (NODE_POOLS, INSTANCE_POOLS)}
"""By the names of their types."""
