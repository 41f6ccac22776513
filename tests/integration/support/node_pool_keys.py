# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that no user has: it changes the keys of node pools by their OCIDs, as plans do by their entries."""

from __future__ import annotations

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import change_keys, change_spec
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.node_pools import NODE_POOL_KINDS


def main() -> None:
    spec = change_spec(node_pool_ids={"type": "list", "elements": "str", "required": True})
    change_keys(Module(argument_spec=spec, supports_check_mode=True), "node_pool_ids", *NODE_POOL_KINDS)
