# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_progress import LiveModule
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.role_step import RoleStep


class ActionModule(RoleStep, LiveModule):
    """Shows the progress of the module of this name while it runs, and how the run stands, where a role asks for it."""
