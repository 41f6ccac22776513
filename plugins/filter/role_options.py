# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_options
short_description: The variables of a role of this collection, checked, in their proper types
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Reads the variables of a role as playbooks and AWX give them. Text is turned into lists, dictionaries, numbers and
    truth values, and blanks count as not set.
  - All that is wrong is told at once, in words. It is for the roles of this collection.
positional: _input, role
options:
  _input:
    description: The variables, by their full names.
    type: dict
    required: true
  role:
    description: The name of the role.
    type: str
    required: true
  host:
    description: The name of the host in the inventory.
    type: str
    default: localhost
  shard_region:
    description: The region of the host, if it is a shard. It replaces the role's own.
    type: str
  shard_compartment_id:
    description: The OCID of the compartment of the host, if it is a shard. It replaces the role's own.
    type: str
"""

EXAMPLES = r"""
- name: Read the variables
  ansible.builtin.set_fact:
    __rekey: "{{ given | oci_keys.block_volume.role_options('rekey') }}"
  vars:
    names: "{{ query('ansible.builtin.varnames', '^rekey_') }}"
    given: "{{ dict(names | zip(query('ansible.builtin.vars', *names))) }}"
"""

RETURN = r"""
_value:
  description: What was read.
  type: dict
  contains:
    options:
      description: The values, by name without the role's prefix. Null where one is not set and has no default.
      type: dict
    problems:
      description: What is wrong, in words. Empty if nothing is.
      type: list
      elements: str
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import region_table
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.variables import read_role


def role_options(
    given: Mapping[str, Any],
    role: str,
    shard_region: object = None,
    shard_compartment_id: object = None,
    host: str = "localhost",
) -> dict[str, Any]:
    """The options of a role, and what is wrong with them."""
    options, problems = read_role(
        role,
        given,
        host=host,
        shard_region=shard_region,
        shard_compartment_id=shard_compartment_id,
        table=_regions(),
        environment=os.environ,
    )
    return {"options": options, "problems": problems}


def _regions() -> RegionTable | None:
    """The regions that are known, or None where only the interpreter of the modules has the SDK."""
    try:
        return region_table()
    except InputError:
        return None


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"role_options": role_options}
