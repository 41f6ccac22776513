# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of instance_configuration_kms_key, and how it changes what new instances are born with."""

from __future__ import annotations

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._resources.instance_configurations import CONFIGURATION_COPIES
from .._resources.instance_pools import INSTANCE_POOL_KINDS
from .change_keys import Request, change_keys
from .planned_table import planned_table

CONFIGURATION_OPTIONS: dict[str, dict[str, Any]] = {
    "instance_configuration_ids": {
        "type": "list",
        "elements": "str",
        "default": [],
        "aliases": ["instance_configuration_id"],
    },
    "instance_pool_ids": {"type": "list", "elements": "str", "default": [], "aliases": ["instance_pool_id"]},
}


def change_configuration_keys(module: AnsibleModule) -> NoReturn:
    """Bring the pools, and the configurations, that are named to the desired key, and end the module."""
    request = Request(planned_lines=planned_table, other_ids={"instance_pool_ids": INSTANCE_POOL_KINDS})
    change_keys(module, "instance_configuration_ids", *CONFIGURATION_COPIES, request=request)
