#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_restore_plan
short_description: Plan to return Block Volume resources in Oracle Cloud to their former encryption keys
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Reads reports, plans or journals of former runs, reads the current key of each resource that they name, and writes
    a plan that returns each to its original key, which is the oldest former key that the files record.
  - A resource is planned only if it is on a key that the runs assigned. Resources that were changed since, or that
    could not be read at the time, are skipped.
  - An asset whose backup policy a run replaced or removed gets its original one back, with its key.
  - A resource whose former key is no longer usable is reported, and the others are planned.
  - The files are not trusted. A file of a dry run or of another tenancy is an error.
  - M(oci_keys.block_volume.key_plan_apply) applies the plan. The playbook C(oci_keys.block_volume.restore_keys)
    does all of it.
extends_documentation_fragment:
  - oci_keys.block_volume.plans
  - oci_keys.block_volume.plans.included
  - oci_keys.block_volume.changes.key_checks
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
  - oci_keys.block_volume.attributes.plan_module
options:
  reports:
    description:
      - Files of former runs. They are reports (C(report.json)), plans that are not of a dry run (C(plan.json)), and
        journals (C(journal.jsonl)), including those of the modules. A folder stands for all of these in it.
      - Pass the files of a killed run and of the run that completed it together.
    type: list
    elements: path
    required: true
  allow_oracle_managed:
    description:
      - Whether resources that were on the Oracle-managed key return to it.
    type: bool
    default: false
  remove_policies:
    description:
      - Whether the backup policy is removed from assets that had none before a run assigned one. Otherwise they are
        skipped.
    type: bool
    default: false
    version_added: 0.2.0
seealso:
  - module: oci_keys.block_volume.key_plan_apply
"""

EXAMPLES = r"""
- name: Plan to undo a run and the one before it, which was killed
  oci_keys.block_volume.key_restore_plan:
    reports:
      - /var/reports/20261124T013439Z-0f1e2d-localhost
      - /var/reports/20261124T020112Z-3c4b5a-localhost
    plan_file: /var/reports/undo/plan.json
  register: planned
"""

RETURN = r"""
# shared: plan (resource)
plan_file:
  description: The file with the plan.
  returned: success
  type: str
  sample: /var/reports/20261124T013439Z-0f1e2d-localhost/plan.json
digest:
  description: The SHA-256 digest of the plan's entries. The same changes have the same digest.
  returned: success
  type: str
  sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
complete:
  description: Whether everything in scope could be read.
  returned: success
  type: bool
  sample: true
counts:
  description: The number of resources to change by region, type, current and desired key, and current and desired
    backup policy. The plan has all rows, the result at most forty.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      sample: us-ashburn-1
    type:
      description: The resource type.
      type: str
      sample: volume
    from_kms_key_id:
      description: The current key. Null for the Oracle-managed one.
      type: str
      sample: null
    to_kms_key_id:
      description: The desired key. Null for the Oracle-managed one.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    from_policy_id:
      description: The backup policy that is assigned. Null if none is.
      returned: where another one is desired, or none
      type: str
      sample: ocid1.volumebackuppolicy.oc1.iad.exampleuniqueid
    to_policy_id:
      description: The desired backup policy. Null if none is.
      returned: where it is not the one that is assigned
      type: str
      sample: ocid1.volumebackuppolicy.oc1.iad.exampleuniqueid
    count:
      description: The number of resources.
      type: int
      sample: 1000
first_batch:
  description: The number of the first batch.
  returned: success
  type: int
  sample: 1
batch_count:
  description: The number of batches. They are numbered consecutively, starting with RV(first_batch).
  returned: success
  type: int
  sample: 7
plan:
  description: The plan as packed text. Null outside of check mode, and if it has more than 25,000 characters.
  returned: success
  type: str
  sample: null
plan_note:
  description: Why a plan of check mode is too large for RV(plan), and what that means. Null if it is not.
  returned: success
  type: str
  sample: null
lines:
  description:
    - The plan as lines to read, in 100 columns or in those of the terminal, with the digest. Keys and compartments are
      shown by their names.
    - Where the action plugin of the module runs, which is the usual case, they are shown while the task runs.
  returned: success
  type: list
  elements: str
  sample:
    - 1,200 resources would be changed, 300 already right
msg:
  description: The first of the lines, or what is wrong.
  returned: always
  type: str
  sample: 1,200 resources would be changed, 300 already right
# end of plan
found:
  description: Whether everything was read that a run may not pass over, even if no plan could be made of it.
  returned: always
  type: dict
  contains:
    file:
      description: The O(new_discovery_file). Null without one.
      type: str
      sample: /var/reports/before.json
    complete:
      description: Whether everything could be read, but for what OCI does not find, such as what was deleted since, and
        each replica could be planned for.
      type: bool
      sample: true
    msg:
      description: How many could not be read, and how many replicas could not be restored, with an example. Empty
        if there are none.
      type: str
      sample: ''
summary:
  description: Counts of the resources that were considered.
  returned: success
  type: dict
  contains:
    # shared: plan_counts (resource)
    planned:
      description: Those that the plan changes.
      type: int
      sample: 1200
    unchanged:
      description: Those that already have the desired key.
      type: int
      sample: 300
    blocked:
      description: Those that can't be changed as they are, such as V(FAULTY) ones, locked backups, or those on a
        disabled key.
      type: int
      sample: 2
    left_alone:
      description: Those that are skipped unless an option includes them.
      type: int
      sample: 5
    excluded:
      description: Those that were excluded by their OCID.
      type: int
      sample: 0
    not_approved:
      description: Those that would be changed, but are not in the approved plan, or differ from what it says.
      type: int
      sample: 0
    not_selected:
      description: Those that the filters do not select.
      type: int
      sample: 0
    changed_earlier:
      description: Those that earlier batches of the same run have changed.
      type: int
      sample: 0
    failed_earlier:
      description: Those that failed in earlier batches of the same run. They count as blocked too.
      type: int
      sample: 0
    unsettled:
      description: Those that an interrupted run changed in part, and that the plan does not bring to an end.
      type: int
      sample: 0
    not_seen:
      description: Resources, or places of the discovery, that could not be read.
      type: int
      sample: 0
    unchanged_by_run:
      description: Those of the unchanged ones that earlier batches of the same run have changed.
      type: int
      sample: 0
    blocked_by_failure:
      description: Those of the blocked ones that failed in earlier batches of the same run.
      type: int
      sample: 0
    # end of plan_counts
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan import write_key_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_restore_plan import RESTORE_PLAN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module


def main() -> None:
    module = Module(
        argument_spec=RESTORE_PLAN.spec,
        supports_check_mode=True,
    )
    write_key_plan(module, RESTORE_PLAN)


if __name__ == "__main__":
    main()
