#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_restore_plan
short_description: Plan to put Block Volume in Oracle Cloud back on the encryption keys that it had
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Reads reports, plans or journals of former runs, reads which key each resource that they name is on now, and writes
    a plan that puts each back on its original key, which is the oldest former key that the files tell.
  - A resource is planned only if it is on a key that the runs gave it. What was changed since is left alone, as is what
    could not be read then.
  - What can't go back, because its former key is no longer usable, is named, and the others are planned.
  - The files are not trusted. A file of a dry run or of another tenancy is an error.
  - M(oci_keys.block_volume.key_plan_apply) carries the plan out. The playbook C(oci_keys.block_volume.restore_keys)
    does all of it.
extends_documentation_fragment:
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing in OCI is changed in either mode. The files are written in check mode too, and the plan says that it is
        one of a dry run.
  diff_mode:
    support: none
    details:
      - The plan has the present and the wanted key of each resource.
  idempotent:
    support: full
options:
  reports:
    description:
      - Files of former runs, which are reports (C(report.json)), plans that are not of a dry run (C(plan.json)), and
        journals (C(journal.jsonl)), also of the modules. A folder stands for all of these in it.
      - Those of several runs belong together, such as of one that was killed and of the one that finished it.
    type: list
    elements: path
    required: true
  allow_oracle_managed:
    description:
      - Whether resources that were on the Oracle-managed key go back to it.
    type: bool
    default: false
  found_file:
    description:
      - A file for what was read, in the form of the result of M(oci_keys.block_volume.key_assignment_info).
    type: path
  plan_file:
    description:
      - The file to which the plan is written. Only its owner can read it.
      - If results of batches are in its folder, this is a later round of the same run. Its batches are numbered on, and
        what has failed in the run is not planned again.
    type: path
    required: true
  keys_file:
    description:
      - A file for what was learned of the keys, in the form of the result of M(oci_keys.block_volume.kms_key_info).
    type: path
  include_replicated:
    description:
      - Whether to plan volumes with replicas in another region too, which keep their own key.
    type: bool
    default: false
  include_locked:
    description:
      - Whether to plan backups under retention lock or legal hold too.
    type: bool
    default: false
  batch_size:
    description:
      - How many resources are changed in one batch at most.
    type: int
    default: 500
  canary:
    description:
      - How many resources of each region, kind and key are changed first, together, before all others.
    type: int
    default: 1
  run_id:
    description:
      - The name of the run, for the plan. Without it, one is made up.
    type: str
  validate_key:
    description:
      - Whether to look up each key that is wanted, in each region where it is going to be used, and each key that is
        left. V(false) is for callers who may use a key, but not read it.
    type: bool
    default: true
  multi_version_key:
    description:
      - What to do if a key has more than one version. Block Volume documents support only for keys with a single
        version.
    type: str
    choices:
      - warn
      - fail
    default: warn
requirements:
  - python >= 3.9
  - oci
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
plan_file:
  description: Where the plan is.
  returned: success
  type: str
  sample: /var/reports/20261124T013439Z-0f1e2d-localhost/plan.json
digest:
  description: SHA-256 of the entries of the plan. The same changes give the same digest.
  returned: success
  type: str
  sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
summary:
  description: Counts of what was looked at.
  returned: success
  type: dict
  contains:
    planned:
      description: What would be changed.
      type: int
      sample: 1200
    unchanged:
      description: What is as wanted.
      type: int
      sample: 300
    blocked:
      description: What can't be changed as it is, such as what is V(FAULTY) or on a key that is disabled.
      type: int
      sample: 2
    left_alone:
      description: What is left alone unless it is asked for.
      type: int
      sample: 5
    excluded:
      description: What was excluded by its OCID.
      type: int
      sample: 0
    not_approved:
      description: What would be changed, but is not in the approved plan, or is not any more as it was then.
      type: int
      sample: 0
    not_selected:
      description: What the filters leave out.
      type: int
      sample: 0
    changed_earlier:
      description: What earlier batches of the same run have changed.
      type: int
      sample: 0
    failed_earlier:
      description: What has failed in earlier batches of the same run. It is among what is blocked.
      type: int
      sample: 0
counts:
  description: How many resources would be changed, by region, type, present key and wanted key. The plan has all the
    rows, the result forty at most.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      sample: us-ashburn-1
    type:
      description: The type.
      type: str
      sample: volume
    from_kms_key_id:
      description: The present key. Null for the Oracle-managed one.
      type: str
      sample: null
    to_kms_key_id:
      description: The wanted key. Null for the Oracle-managed one.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    count:
      description: How many there are.
      type: int
      sample: 1000
first_batch:
  description: The number of the first batch.
  returned: success
  type: int
  sample: 1
batch_count:
  description: How many batches there are. They are numbered on from the first.
  returned: success
  type: int
  sample: 7
plan:
  description: In check mode, the plan as packed text, if that has no more than 25,000 characters. Else null.
  returned: success
  type: str
  sample: null
plan_note:
  description: In check mode, that the plan is too long for RV(plan), and what that means. Else null.
  returned: success
  type: str
  sample: null
lines:
  description: The plan in lines that a person reads, with the digest.
  returned: success
  type: list
  elements: str
  sample:
    - 1,200 resources would be changed, 300 already correct
msg:
  description: The first of the lines, or what is wrong.
  returned: always
  type: str
  sample: 1,200 resources would be changed, 300 already correct
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan import (
    PLAN_OPTIONS,
    write_key_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_restore_plan import plan_restore


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "reports": {"type": "list", "elements": "path", "required": True},
            "allow_oracle_managed": {"type": "bool", "default": False, "no_log": False},
            "found_file": {"type": "path"},
            **PLAN_OPTIONS,
        },
        supports_check_mode=True,
    )
    write_key_plan(module, plan_restore)


if __name__ == "__main__":
    main()
