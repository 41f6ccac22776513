# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_verdict
short_description: How a run that changes encryption keys ended
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Judges the results of the last tasks of a run. For the roles of this collection.
positional: _input, found
options:
  _input:
    description: The result of the module that made the last plan of the run.
    type: dict
    required: true
  found:
    description: The result of the last discovery.
    type: dict
    required: true
  stopped:
    description: Whether the run was stopped because too many changes failed.
    type: bool
    default: false
  check_mode:
    description: Whether it was a dry run.
    type: bool
    default: false
  folder:
    description: The folder of the run.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show how the run ended
  ansible.builtin.debug:
    msg: "{{ (planned | oci_keys.block_volume.plan_verdict(found)).line }}"
"""

RETURN = r"""
_value:
  description: How the run ended.
  type: dict
  contains:
    faults:
      description: What went wrong, as sentences. Empty if nothing did.
      type: list
      elements: str
    line:
      description: How the run ended, in one line.
      type: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import Verdict, verdict
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted


def plan_verdict(
    last_plan: Mapping[str, Any],
    found: Mapping[str, Any],
    stopped: bool = False,
    check_mode: bool = False,
    folder: str = "",
) -> Verdict:
    """How a run ended."""
    found_verdict: Verdict = untrusted(verdict(last_plan, found, stopped=stopped, check_mode=check_mode, folder=folder))
    return found_verdict


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_verdict": plan_verdict}
