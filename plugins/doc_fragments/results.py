# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options about what a module returns."""

    DOCUMENTATION = r"""
options:
  result:
    description:
      - Which resources the result of the task lists. The counts in RV(ignore:summary) always cover all of them.
      - V(all) lists all of them, V(changed) those that changed or failed, V(summary) none.
    type: str
    choices:
      - all
      - changed
      - summary
    default: all
  result_file:
    description:
      - A file for the whole result as JSON, regardless of O(result). It is written in check mode too, and only its
        owner can read it.
    type: path
"""
