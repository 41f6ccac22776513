# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that write a plan."""

    DOCUMENTATION = r"""
options:
  plan_file:
    description:
      - The file to which the plan is written. Only its owner can read it.
      - If its folder has results of batches, this plan is a later round of the same run. Its batch numbers continue,
        and resources that failed earlier in the run are not planned again.
    type: path
    required: true
  create_folder:
    description:
      - Whether to create the folder of O(plan_file), and those above it, where they are missing. Only their owner can
        read them. Beside it, the link C(latest) is made to lead to it, unless that is something else than such a link.
    type: bool
    default: false
  keys_file:
    description:
      - A file for the results of the key validation, in the format that M(oci_keys.block_volume.kms_key_info) writes.
    type: path
  new_discovery_file:
    description:
      - A file to which the state that was read is written before anything is planned, in the format of
        O(oci_keys.block_volume.key_assignment_info#module:discovery_file).
    type: path
    aliases:
      - found_file
  batch_size:
    description:
      - Maximum number of resources per batch.
    type: int
    default: 500
  canary:
    description:
      - How many resources of each region, type and key are changed in the first batch, before all others.
    type: int
    default: 1
  run_id:
    description:
      - The name of the run, for the plan. When not set, one is generated.
    type: str
  approved_by:
    description:
      - Who approved the changes, as you say, for the plan, the journal and the report.
    type: str
  change_ticket:
    description:
      - The ticket for which the changes are made, for the plan, the journal and the report.
    type: str
  former_runs:
    description:
      - Journals, folders of runs, and folders with such folders, to be searched for changes of backup policies that
        were interrupted. The default journal and the folder of O(plan_file) are searched anyway.
      - A policy that an interrupted run took away is planned to be assigned again, with the desired key if the plan
        would have given it one, or else with its former key.
    type: list
    elements: path
    version_added: 0.2.0
"""

    INCLUDED = r"""
options:
  include_replicated:
    description:
      - Whether to plan volumes with replicas in another region too. Their replicas keep their own key.
    type: bool
    default: false
  include_locked:
    description:
      - Whether to plan backups under retention lock or legal hold too.
    type: bool
    default: false
  recreate_replicas:
    description:
      - Whether replication is switched off and on where OCI leaves the key of a replica as it was. That deletes the
        replica, and copies everything again; until then there is none.
    type: bool
    default: false
"""

    SELECTION = r"""
options:
  exclude_ids:
    description:
      - OCIDs of resources to exclude. An asset stands for its assignment too, a volume group for its members.
    type: list
    elements: str
  freeform_tags:
    description:
      - Select only resources that have all of these free-form tags.
    type: dict
  defined_tags:
    description:
      - Select only resources that have all of these defined tags, given by namespace.
    type: dict
  created_before:
    description:
      - Select only resources that were created before this time, in UTC, such as V(2026-11-24T00:00:00Z).
    type: str
"""

    APPROVAL = r"""
options:
  approved_file:
    description:
      - The file of an approved plan. Only its entries are planned.
    type: path
  approved_plan:
    description:
      - The same as text, as in RV(plan). O(approved_file) takes precedence.
    type: str
  plan_digest:
    description:
      - The digest of what was approved. It is an error if the plan has another one.
    type: str
  plan_signers:
    description:
      - A file of allowed signers, as C(ssh-keygen) reads it (see C(ALLOWED SIGNERS) in its manual). Nothing of
        O(approved_file) is read unless it has a valid signature of one of them, made with C(ssh-keygen -Y sign -n
        oci-keys-plan).
      - Outside of check mode, it is an error if there is no O(approved_file).
      - Needs C(ssh-keygen) of OpenSSH 8.2 or later.
    type: path
  plan_signature:
    description:
      - The signature of O(approved_file). When not set, the file beside it with C(.sig) added to its name.
    type: path
"""
