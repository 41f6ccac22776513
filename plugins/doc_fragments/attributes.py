# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """What the modules support. ``INFO_MODULE`` is for those that only read, ``PLAN_MODULE`` for those that plan."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no
        change.
  action_group:
    description:
      - Use C(group/oci_keys.block_volume.all) in C(module_defaults) to set the connection options of all modules.
    support: full
    membership:
      - oci_keys.block_volume.all
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module never changes anything.
  diff_mode:
    support: N/A
    details:
      - This module never changes anything.
  idempotent:
    support: full
"""

    PLAN_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Nothing in OCI is changed in either mode. The files are written in check mode too, and the plan is marked as
        that of a dry run.
  diff_mode:
    support: none
    details:
      - The plan has the current and the desired key of each resource.
  idempotent:
    support: full
"""
