# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of resource that some module changes. In the collection each module imports only those that it changes."""

from __future__ import annotations

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.backups import BACKUP_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.copies import COPY_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policies import POLICY_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.registry import KINDS as _REGISTERED
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import VOLUME_KINDS

KINDS = {name: _REGISTERED[name] for name in (*VOLUME_KINDS, *BACKUP_KINDS, *POLICY_KINDS, *COPY_KINDS)}
