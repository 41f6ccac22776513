# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that change something. ``ASSIGNMENT`` are those of the key and whether it is assigned."""

    DOCUMENTATION = r"""
options:
  validate_key:
    description:
      - Whether to look the key up before the first change, in each region where it is going to be used, and each
        key that is left.
      - V(false) is for callers who may use a key, but not read it. Then the service alone judges.
    type: bool
    default: true
  multi_version_key:
    description:
      - What to do if the key has more than one version. Block Volume documents support only for keys with a single
        version.
    type: str
    choices:
      - warn
      - fail
    default: warn
  concurrency:
    description:
      - How many changes are made side by side in each region at most, from 1 to 256. When the service refuses for
        too many requests, they get fewer.
      - Never more than 4 where the key is kept outside of OCI (protection mode V(EXTERNAL)).
    type: int
    default: 32
  wait:
    description:
      - Whether to wait until every change has taken effect.
      - With V(false), each changed resource is read once more, and is reported as that read showed it.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long the task may take to make its changes and see them take effect, in seconds, retries included.
    type: int
    default: 1200
  journal:
    description:
      - A file to which a JSON line is appended before each change, with the key that is about to be replaced, and
        after it, with its outcome.
      - It is written to disk before the change is made, so the former keys are known even if the task is killed.
      - Without it, the journal is C(oci_keys.block_volume/journal.jsonl) in the folder E(XDG_STATE_HOME),
        by default C(~/.local/state), on the machine that runs the module.
    type: path
"""

    ASSIGNMENT = r"""
options:
  kms_key_id:
    description:
      - The OCID of the customer-managed key to assign.
      - It has to exist in the region of each resource, to be V(ENABLED), and to be an AES key.
        A key of a replicated vault has the same OCID in every region that it is replicated to.
      - Required with O(state=present), where an empty value is an error. Not allowed with O(state=absent).
    type: str
  state:
    description:
      - V(present) assigns the key O(kms_key_id).
      - V(absent) takes the customer-managed key away, so that the Oracle-managed key protects the resource.
    type: str
    choices:
      - present
      - absent
    default: present
"""
