# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that change something.

    ``ASSIGNMENT`` are those of the key and whether it is assigned, ``KEY_CHECKS`` those of its validation, and
    ``CONCURRENCY`` limits the changes in flight.
    """

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until every change has taken effect.
      - With V(false), each changed resource is read once more, and is reported as that read showed it.
    type: bool
    default: true
  wait_timeout:
    description:
      - The time limit for making the changes and verifying them, in seconds, including retries.
    type: int
    default: 1200
  journal:
    description:
      - A file to which a JSON line is appended before each change, with the key that is about to be replaced, and
        after it, with its outcome.
      - It is flushed to disk before the change is made, so the former keys are known even if the task is killed.
      - When not set, the journal is C(oci_keys.block_volume/journal.jsonl) in the folder E(XDG_STATE_HOME),
        by default C(~/.local/state), on the machine that runs the module.
      - It has to be a regular file of your own. In a container, and in jobs of AWX, its folder has to be on a mount
        that outlives them, or a file C(.oci-keys-reports) in it or in a folder above it has to say that it is kept.
    type: path
"""

    ASSIGNMENT = r"""
options:
  kms_key_id:
    description:
      - The OCID of the customer-managed key to assign, or its name, V(vault/key), or V(key) where that is unique in the
        region.
      - It must exist in the region of each resource, be V(ENABLED), and be an AES key.
        A key of a replicated vault has the same OCID in every region that it is replicated to.
      - Required with O(state=present), where an empty value is an error. Not allowed with O(state=absent).
    type: str
  state:
    description:
      - V(present) assigns the key O(kms_key_id).
      - V(absent) removes the customer-managed key, so that the Oracle-managed key protects the resource.
    type: str
    choices:
      - present
      - absent
    default: present
"""

    KEY_CHECKS = r"""
options:
  validate_key:
    description:
      - Whether to look up the desired key, in each region where it is going to be used, and each current key that
        is going to be replaced.
      - A desired key that can't be used fails the task before anything is changed.
      - Set it to V(false) if the caller is allowed to use a key, but not to read it. Then only OCI validates it.
    type: bool
    default: true
  multi_version_key:
    description:
      - What to do if the desired key has more than one version. Block Volume documents support only for keys with a
        single version.
    type: str
    choices:
      - warn
      - fail
    default: warn
"""

    CONCURRENCY = r"""
options:
  concurrency:
    description:
      - Maximum number of changes in flight per region, from 1 to 256. It is lowered while OCI throttles.
      - At most 4 if the key is kept outside of OCI (protection mode V(EXTERNAL)).
    type: int
    default: 64
"""
