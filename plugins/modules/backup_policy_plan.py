#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_policy_plan
short_description: Plan which backup policies of Block Volume resources in Oracle Cloud to assign, with keys for copies
version_added: 0.2.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Reads the backup policies of named or discovered volumes, boot volumes and volume groups, compares them with the
    desired policy and the desired key for its copies in another region, and writes a plan to a file. It says which
    policy is replaced by which, and how many backups the policies are going to make.
  - Assets that have another policy than the desired one are skipped, unless O(replace=true).
  - Assets that can't be changed as they are, such as V(FAULTY) ones, or those without a policy where O(policy_id) is
    not set, are listed as blocked, each with the reason and what to do.
  - Discovered volumes in a volume group are skipped, since the policy of the group applies to them. Name the group in
    O(asset_ids).
  - Filters have to say something. A blank or empty one, or one that can't be read, is an error, since it would plan for
    more than intended. Leave out what should restrict nothing.
  - With an approved plan, only its entries are planned, if policy and key are still what it says.
  - M(oci_keys.block_volume.key_plan_apply) applies the plan. The role P(oci_keys.block_volume.backup_policy#role) does
    all of it, and the playbook C(oci_keys.block_volume.restore_keys) undoes it.
extends_documentation_fragment:
  - oci_keys.block_volume.plans
  - oci_keys.block_volume.plans.selection
  - oci_keys.block_volume.plans.approval
  - oci_keys.block_volume.changes.key_checks
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
  - oci_keys.block_volume.attributes.plan_module
options:
  asset_ids:
    description:
      - The OCIDs of volumes, boot volumes and volume groups. Exactly one of this and O(compartment_ids) is required.
    type: list
    elements: str
  compartment_ids:
    description:
      - The OCIDs of the compartments whose volumes and boot volumes are the assets, or their names from the root down,
        such as V(prod/databases). The OCID of the tenancy stands for its root compartment.
    type: list
    elements: str
  recursive:
    description:
      - Whether the compartments below these are in scope too.
    type: bool
    default: true
  regions:
    description:
      - The regions to discover assets in, such as V(us-ashburn-1) or V(iad), or V(all) for every region that the
        tenancy is subscribed to.
      - When not set, the region of the connection options.
    type: list
    elements: str
  resource_types:
    description:
      - The types of assets to discover. When not set, all of them.
    type: list
    elements: str
    choices:
      - volume
      - boot_volume
  state:
    description:
      - V(present) plans the key O(kms_key_id) for the copies, and the policy O(policy_id) if it is set.
      - V(absent) plans no key, so that copies get the Oracle-managed one. The policy stays, or becomes O(policy_id).
      - V(unassigned) plans no policy, which needs O(replace=true).
    type: str
    choices:
      - present
      - absent
      - unassigned
    default: present
  policy_id:
    description:
      - The OCID of the backup policy. When not set, each asset keeps the one that it has.
    type: str
  kms_key_id:
    description:
      - The OCID of the key for the copies. It must be usable in the destination region of the policy. Or its name,
        V(vault/key), or V(key), which must be unique in all regions that the tenancy is subscribed to.
      - Required with O(state=present), not allowed otherwise.
    type: str
  replace:
    description:
      - Whether an asset may lose the backup policy that it has, by another one or with O(state=unassigned). Otherwise,
        such assets are skipped.
    type: bool
    default: false
seealso:
  - module: oci_keys.block_volume.key_plan_apply
  - module: oci_keys.block_volume.backup_policy_crossregion_key
"""

EXAMPLES = r"""
- name: Plan a policy for everything in a compartment that has none, with a key for the copies in Phoenix
  oci_keys.block_volume.backup_policy_plan:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
    policy_id: ocid1.volumebackuppolicy.oc1..exampleuniqueid
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid
    new_discovery_file: /var/reports/before.json
    plan_file: /var/reports/plan.json

- name: Plan to replace the policy of a volume group
  oci_keys.block_volume.backup_policy_plan:
    asset_ids:
      - ocid1.volumegroup.oc1.iad.exampleuniqueid
    policy_id: ocid1.volumebackuppolicy.oc1..exampleuniqueid
    state: absent
    replace: true
    plan_file: /var/reports/plan.json
"""

RETURN = r"""
resolved:
  description:
    - The options O(compartment_ids) and O(kms_key_id) as far as names were given, with OCIDs instead.
  returned: when names could be looked up
  type: dict
  contains:
    compartment_ids:
      description: The OCIDs of the compartments.
      returned: when there were names among them
      type: list
      elements: str
      sample: ["ocid1.compartment.oc1..exampleuniqueid"]
    kms_key_id:
      description: The OCID of the key.
      returned: when it was a name
      type: str
      sample: ocid1.key.oc1.phx.examplevault.exampleuniqueid
found:
  description: What was read, even if no plan could be made of it.
  returned: when the assets were read
  type: dict
  contains:
    file:
      description: The O(new_discovery_file). Null if it is not set.
      type: str
      sample: /var/reports/before.json
    complete:
      description: Whether all assets in scope could be read.
      type: bool
      sample: true
    msg:
      description: What could not be read. Empty if everything was.
      type: str
      sample: ''
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.backup_policy_plan import POLICY_PLAN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan import write_key_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module


def main() -> None:
    module = Module(
        argument_spec=POLICY_PLAN.spec,
        required_one_of=[("asset_ids", "compartment_ids")],
        mutually_exclusive=[("asset_ids", "compartment_ids")],
        supports_check_mode=True,
    )
    write_key_plan(module, POLICY_PLAN)


if __name__ == "__main__":
    main()
