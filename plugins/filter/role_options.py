# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: role_options
short_description: The variables of a role of this collection, validated and converted to their types
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Reads the variables of a role as playbooks and AWX give them. Text is turned into lists, dictionaries, numbers and
    truth values, and blanks count as not set.
  - It reports all problems at once, as sentences. For the roles of this collection.
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
  changes_here:
    description:
      - Whether the role is going to change something, with its report folder on this machine. In a container, and under
        AWX, the folder has to be one that outlives the job then.
    type: bool
    default: false
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
  description: The variables and their problems.
  type: dict
  contains:
    options:
      description: The values, by name without the role's prefix. Null where one is not set and has no default.
      type: dict
    problems:
      description: The problems, as sentences. Empty if there are none.
      type: list
      elements: str
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.region_tables import known_regions
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.kept_folder import expect_kept
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.exceptions_file import read_exceptions
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import read_role
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted


def role_options(
    given: Mapping[str, Any],
    role: str,
    shard_region: object = None,
    shard_compartment_id: object = None,
    host: str = "localhost",
    changes_here: bool = False,
) -> dict[str, Any]:
    """The options of a role, and what is wrong with them."""
    options, problems = read_role(
        role,
        given,
        host=host,
        shard_region=shard_region,
        shard_compartment_id=shard_compartment_id,
        table=known_regions(),
        environment=os.environ,
        expect_kept=expect_kept if changes_here else None,
    )
    options["exceptions"] = None
    if options.get("exceptions_file") is not None:
        # Read here, since Ansible has PyYAML on the controller, whatever Python the modules have.
        try:
            options["exceptions"] = [one.as_dict() for one in read_exceptions(Path(options["exceptions_file"]))]
        except InputError as error:
            problems.append(f"{role}_exceptions_file: {error}")
    return dict(untrusted({"options": options, "problems": problems}))


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"role_options": role_options}
