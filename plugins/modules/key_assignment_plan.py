#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_assignment_plan
short_description: Plan which encryption keys of Block Volume in Oracle Cloud have to be changed
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Compares what M(oci_keys.block_volume.key_assignment_info) found, or what it finds itself, with the key that is
    wanted in each region, looks every key up that is wanted or left, and writes a plan to a file. The plan has each
    resource with its present and its wanted key.
  - What is V(FAULTY), what is on a key that can't be left, volumes with replicas in another region, backups under
    retention lock or legal hold, and what a platform service manages are planned apart, each with the reason.
  - With an approved plan, only what it has is planned, if it is still on the key that it was on then.
  - M(oci_keys.block_volume.key_plan_apply) carries a plan out. The role P(oci_keys.block_volume.rekey#role) does all of
    it.
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
  discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:result_file) with what was found.
      - One of this and O(found_file) is required.
    type: path
  found_file:
    description:
      - Look first at what there is, as M(oci_keys.block_volume.key_assignment_info) does. What is found is written to
        this file, in the form of its result, before anything is planned.
    type: path
  compartment_ids:
    description:
      - With O(found_file), the OCIDs of the compartments to look into. When not set, the whole tenancy, or with
        O(recursive=false) its root compartment.
    type: list
    elements: str
  recursive:
    description:
      - With O(found_file), whether to look into all compartments below too.
    type: bool
    default: true
  regions:
    description:
      - With O(found_file), the regions to look into, or V(all). When not set, the region of the connection options.
    type: list
    elements: str
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
  state:
    description:
      - V(present) plans the keys O(kms_key_ids), V(absent) the Oracle-managed key.
    type: str
    choices:
      - present
      - absent
    default: present
  kms_key_ids:
    description:
      - The OCID of the key that is wanted in each region. Every region that was looked in needs one, and every region
        that backup policies in scope copy to.
      - Required with O(state=present), not allowed with O(state=absent).
    type: dict
  resource_types:
    description:
      - The types that are meant, and with O(found_file) looked for. By default all that were found, and
        with O(found_file) all but V(policy_assignment).
    type: list
    elements: str
    choices:
      - volume
      - boot_volume
      - volume_backup
      - boot_volume_backup
      - policy_assignment
  from_kms_key_ids:
    description:
      - Only what is on one of these keys is meant.
    type: list
    elements: str
  only_oracle_managed:
    description:
      - Whether only what is on the Oracle-managed key is meant.
    type: bool
    default: false
  exclude_ids:
    description:
      - OCIDs of resources that are not meant. An asset stands for its assignment too, a volume group for its members.
    type: list
    elements: str
  freeform_tags:
    description:
      - Only what has all of these free-form tags is meant.
    type: dict
  defined_tags:
    description:
      - Only what has all of these defined tags is meant, given by namespace.
    type: dict
  created_before:
    description:
      - Only what was made before this time is meant, in UTC, such as V(2026-11-24T00:00:00Z).
    type: str
  approved_file:
    description:
      - A plan that was approved. Nothing else is planned.
    type: path
  approved_plan:
    description:
      - The same as text, as RV(plan) gives it. O(approved_file) beats it.
    type: str
  plan_digest:
    description:
      - The digest of what was approved. Another one is an error.
    type: str
requirements:
  - python >= 3.9
  - oci
seealso:
  - module: oci_keys.block_volume.key_assignment_info
  - module: oci_keys.block_volume.key_plan_apply
"""

EXAMPLES = r"""
- name: Find what there is
  oci_keys.block_volume.key_assignment_info:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
    result: summary
    result_file: /var/reports/before.json

- name: Plan to put it all on one key
  oci_keys.block_volume.key_assignment_plan:
    discovery_file: /var/reports/before.json
    plan_file: /var/reports/plan.json
    kms_key_ids:
      us-ashburn-1: ocid1.key.oc1.iad.examplevault.exampleuniqueid
  register: planned

- name: Show it
  ansible.builtin.debug:
    var: planned.lines

- name: The same in one task
  oci_keys.block_volume.key_assignment_plan:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
    found_file: /var/reports/before.json
    plan_file: /var/reports/plan.json
    kms_key_ids:
      us-ashburn-1: ocid1.key.oc1.iad.examplevault.exampleuniqueid
"""

RETURN = r"""
found:
  description: What the look came to, also if no plan could be made of it.
  returned: with O(found_file)
  type: dict
  contains:
    file:
      description: The O(found_file).
      type: str
      sample: /var/reports/before.json
    complete:
      description: Whether all that was asked for could be looked at.
      type: bool
      sample: true
    msg:
      description: What was found, in a sentence.
      type: str
      sample: '20 resources in 1 compartment of 2 regions: 7 on customer-managed keys, 13 on the Oracle-managed key'
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_plan import plan_assignment
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan import (
    PLAN_OPTIONS,
    write_key_plan,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "discovery_file": {"type": "path"},
            "found_file": {"type": "path"},
            "compartment_ids": {"type": "list", "elements": "str"},
            "recursive": {"type": "bool", "default": True},
            "regions": {"type": "list", "elements": "str"},
            **PLAN_OPTIONS,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "kms_key_ids": {"type": "dict", "no_log": False},
            "resource_types": {"type": "list", "elements": "str", "choices": list(RESOURCE_TYPES.changeable.names)},
            "from_kms_key_ids": {"type": "list", "elements": "str", "no_log": False},
            "only_oracle_managed": {"type": "bool", "default": False},
            "exclude_ids": {"type": "list", "elements": "str"},
            "freeform_tags": {"type": "dict"},
            "defined_tags": {"type": "dict"},
            "created_before": {"type": "str"},
            "approved_file": {"type": "path"},
            "approved_plan": {"type": "str"},
            "plan_digest": {"type": "str"},
        },
        required_one_of=[("discovery_file", "found_file")],
        mutually_exclusive=[("discovery_file", "found_file")],
        supports_check_mode=True,
    )
    write_key_plan(module, plan_assignment)


if __name__ == "__main__":
    main()
