# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: asset_batches
short_description: The assets that a backup policy is assigned to, in batches
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Gives the OCIDs of the assets that the options of the role P(oci_keys.block_volume.backup_policy#role) name. Where
    they name none, of the discovered assets that its filters select.
positional: _input, discovery_file
options:
  _input:
    description: The options of the role, as P(oci_keys.block_volume.role_options#filter) gives them.
    type: dict
    required: true
  discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:discovery_file), read if the options name no assets.
    type: path
    default: ''
"""

EXAMPLES = r"""
- name: Show how many assets there are
  ansible.builtin.debug:
    msg: "{{ (options | oci_keys.block_volume.asset_batches('/var/reports/before.json')).total }}"
"""

RETURN = r"""
_value:
  description: The assets.
  type: dict
  contains:
    batches:
      description: The OCIDs, in lists of the role's batch size.
      type: list
      elements: list
    total:
      description: How many assets there are.
      type: int
    left_alone:
      description: Discovered assets in scope that are skipped, and why.
      type: list
      elements: dict
    problems:
      description: Why the file can't be read. Empty if it could be.
      type: list
      elements: str
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import read_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.asset_selection import (
    AssetSelection,
    batches_of,
    select_assets,
)
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted


def asset_batches(options: Mapping[str, Any], discovery_file: str = "") -> dict[str, Any]:
    """The assets in batches. ``problems`` says why the file can't be used."""
    chosen: AssetSelection = {"ids": [], "left_alone": []}
    problems = []
    if options["asset_ids"] is not None:
        chosen["ids"] = options["asset_ids"]
    else:
        try:
            chosen = select_assets(read_discovery(Path(discovery_file)).resources, options)
        except InputError as error:
            problems.append(str(error))
    result = {
        "batches": batches_of(chosen["ids"], options["batch_size"]),
        "total": len(chosen["ids"]),
        "left_alone": chosen["left_alone"],
        "problems": problems,
    }
    return dict(untrusted(result))


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"asset_batches": asset_batches}
