# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options for the scope of the discovery."""

    DOCUMENTATION = r"""
options:
  compartment_ids:
    description:
      - The OCIDs of the compartments to scan, or their names from the root down, such as V(prod/databases). The OCID of
        the tenancy stands for its root compartment.
      - When not set, the whole tenancy, or with O(recursive=false) its root compartment. An empty list is an error.
    type: list
    elements: str
  recursive:
    description:
      - Whether to scan the compartments below these too.
    type: bool
    default: true
  regions:
    description:
      - The regions to scan, such as V(us-ashburn-1) or V(iad), or V(all) for every region that the tenancy is
        subscribed to.
      - When not set, the region of the connection options. An empty list is an error.
    type: list
    elements: str
  read_each:
    description:
      - Whether to read each resource by itself, too, which takes a call for each instead of one for a hundred.
      - Lists may lag behind. That a key has no use left is only concluded if each resource was read by itself, because
        a key that is deleted is lost forever.
      - What Resource Search shows besides is read, too, where the caller may search, since a list that lags behind
        lacks what was made a moment ago.
    type: bool
    default: false
"""
