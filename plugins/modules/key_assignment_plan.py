#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_assignment_plan
short_description: Plan which encryption keys of Block Volume resources in Oracle Cloud to change
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Compares the discovered resources with the desired key of each region, validates every key that is desired or going
    to be replaced, and writes a plan to a file. The plan has the current and the desired key of each resource.
  - It reads what M(oci_keys.block_volume.key_assignment_info) discovered (O(discovery_file)), or discovers by itself
    first (O(new_discovery_file)).
  - Resources that can't or shouldn't be changed (V(FAULTY), current key unusable, volumes with replicas in another
    region, backups under retention lock or legal hold, resources that a platform service manages) are listed
    separately with the reason.
  - Filters have to say something. A blank or empty one, or one that can't be read, is an error, since it would plan for
    more than intended. Leave out what should restrict nothing.
  - With an approved plan, only its entries are planned, if their current key is still what it says.
  - M(oci_keys.block_volume.key_plan_apply) applies a plan. The role P(oci_keys.block_volume.rekey#role) does all of it.
extends_documentation_fragment:
  - oci_keys.block_volume.plans
  - oci_keys.block_volume.plans.included
  - oci_keys.block_volume.plans.selection
  - oci_keys.block_volume.plans.approval
  - oci_keys.block_volume.discovery
  - oci_keys.block_volume.changes.key_checks
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
  - oci_keys.block_volume.attributes.plan_module
options:
  discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:discovery_file) to plan for.
      - Exactly one of this and O(new_discovery_file) is required. O(compartment_ids) and O(regions) are for the latter
        only.
    type: path
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
      - The OCID of the desired key in each region, or its name, V(vault/key), or V(key) where that is unique in the
        region. Every region that was scanned needs one, and every region that backup policies in scope copy to.
      - Required with O(state=present), not allowed with O(state=absent).
    type: dict
  replica_kms_key_ids:
    description:
      - The same for the replicas in each region. When not set, they get the key of O(kms_key_ids) in their region.
      - Only with V(replica) in O(resource_types), not allowed with O(state=absent).
    type: dict
  resource_types:
    description:
      - The types to plan, and with O(new_discovery_file) to discover. When not set, all types that were discovered but
        V(replica) and V(node_pool), and with O(new_discovery_file) all but these and V(policy_assignment).
      - The key of a replica is changed on its source, and that of a member of a replicated volume group with the group.
      - The key of a node pool is for new nodes only; those that exist keep theirs.
    type: list
    elements: str
    choices:
      - volume
      - boot_volume
      - volume_backup
      - boot_volume_backup
      - policy_assignment
      - replica
      - node_pool
  from_kms_key_ids:
    description:
      - Select only resources that are on one of these keys. Takes OCIDs and names of keys.
    type: list
    elements: str
  only_oracle_managed:
    description:
      - Whether to select only resources that are on the Oracle-managed key.
    type: bool
    default: false
  new_volumes:
    description:
      - Whether to look up what new volumes are born with, with O(new_discovery_file), as
        M(oci_keys.block_volume.key_assignment_info) does, which says what it costs.
      - The plan then has C(advice), in its file and in RV(lines). It names instance configurations and node pools whose
        new volumes get another key than is planned for their region, and what to do. No plan changes them for that.
      - O(from_kms_key_ids), O(only_oracle_managed) and O(exclude_ids) limit the advice, other filters don't.
    type: bool
    default: false
  terraform_state:
    description:
      - Files with what C(terraform show -json) or C(tofu show -json) prints of a state. Their content is not trusted,
        and what does not match the format is an error.
      - A warning says how many of the resources to be changed Terraform manages, and which machines it may replace.
    type: list
    elements: path
  skip_terraform:
    description:
      - Whether to exclude the resources whose keys are managed by Terraform, according to O(terraform_state). The
        reason is their address.
    type: bool
    default: false
  exceptions_file:
    description:
      - A file of exceptions, in YAML or JSON, resources that are left on their keys on purpose. Each has selectors, a
        reason, an owner, a ticket and the last day on which it holds.
        C(roles/encryption_report/files/exceptions.schema.json) in the folder of the collection describes it.
      - None of these resources is planned; they are listed as excluded. An exception that has expired is an error.
      - YAML needs PyYAML in the Python of the module.
    type: path
  exceptions:
    description:
      - The same as a list, as C(exceptions) in the file. It can't be combined with O(exceptions_file).
    type: list
    elements: dict
seealso:
  - module: oci_keys.block_volume.key_assignment_info
  - module: oci_keys.block_volume.key_plan_apply
"""

EXAMPLES = r"""
- name: Discover the resources
  oci_keys.block_volume.key_assignment_info:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
    result: summary
    discovery_file: /var/reports/before.json

- name: Plan to put all of them on one key
  oci_keys.block_volume.key_assignment_plan:
    discovery_file: /var/reports/before.json
    plan_file: /var/reports/plan.json
    kms_key_ids:
      us-ashburn-1: ocid1.key.oc1.iad.examplevault.exampleuniqueid
  register: planned

# The plan itself is shown while the task runs.
- name: Show how much it changes
  ansible.builtin.debug:
    var: planned.summary

- name: Discover and plan in one task
  oci_keys.block_volume.key_assignment_plan:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
    new_discovery_file: /var/reports/before.json
    plan_file: /var/reports/plan.json
    kms_key_ids:
      us-ashburn-1: ocid1.key.oc1.iad.examplevault.exampleuniqueid
"""

RETURN = r"""
resolved:
  description:
    - The options O(compartment_ids), O(kms_key_ids) and O(from_kms_key_ids) as far as names were among them, with OCIDs
      instead. A later plan of the same run takes these, so that names are looked up once.
  returned: when names could be looked up
  type: dict
  contains:
    compartment_ids:
      description: The OCIDs of the compartments.
      returned: when there were names among them
      type: list
      elements: str
      sample: ["ocid1.compartment.oc1..exampleuniqueid"]
    kms_key_ids:
      description: The OCID of the desired key of each region.
      returned: when there were names among them
      type: dict
      sample: {"us-ashburn-1": "ocid1.key.oc1.iad.examplevault.exampleuniqueid"}
    from_kms_key_ids:
      description: The OCIDs of the keys.
      returned: when there were names among them
      type: list
      elements: str
      sample: ["ocid1.key.oc1.iad.examplevault.exampleuniqueid"]
found:
  description: What was discovered, even if no plan could be made of it.
  returned: when O(new_discovery_file) was written
  type: dict
  contains:
    file:
      description: The O(new_discovery_file).
      type: str
      sample: /var/reports/before.json
    complete:
      description: Whether everything in scope could be read.
      type: bool
      sample: true
    msg:
      description: The counts in a sentence.
      type: str
      sample: '20 resources in 1 compartment of 2 regions: 7 on customer-managed keys, 13 on the Oracle-managed key'
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_plan import ASSIGNMENT_PLAN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan import write_key_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module


def main() -> None:
    module = Module(
        argument_spec=ASSIGNMENT_PLAN.spec,
        required_one_of=[("discovery_file", "new_discovery_file")],
        mutually_exclusive=[("discovery_file", "new_discovery_file")],
        supports_check_mode=True,
    )
    write_key_plan(module, ASSIGNMENT_PLAN)


if __name__ == "__main__":
    main()
