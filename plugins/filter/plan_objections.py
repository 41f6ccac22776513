# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_objections
short_description: Why a plan of encryption keys must not be carried out
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Compares a plan with the limits that the variables of a role set. For the roles of this collection.
positional: _input, options, role
options:
  _input:
    description: The result of M(oci_keys.block_volume.key_assignment_plan).
    type: dict
    required: true
  options:
    description: The options of the role, as P(oci_keys.block_volume.role_options#filter) gives them.
    type: dict
    required: true
  role:
    description: The name of the role, for the messages.
    type: str
    default: rekey
"""

EXAMPLES = r"""
- name: Stop if the plan changes more than intended
  ansible.builtin.assert:
    that: planned | oci_keys.block_volume.plan_objections(options) | length == 0
"""

RETURN = r"""
_value:
  description: The objections, as sentences. Empty if there are none.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import objections
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted


def plan_objections(plan_result: Mapping[str, Any], options: Mapping[str, Any], role: str = "rekey") -> list[str]:
    """Why a plan must not be carried out."""
    return list(untrusted(objections(plan_result, options, role)))


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_objections": plan_objections}
