#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_policy_crossregion_key
short_description: Assign backup policies in Oracle Cloud, with an encryption key for their copies in another region
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - A backup policy may copy the backups that it creates to another region. The copies get the Oracle-managed key there,
    unless the policy is assigned with a key of that region. This module assigns that key, and verifies the result by
    reading it back.
  - It also assigns a policy, or replaces it, on volumes, boot volumes and volume groups. A change of the key never
    drops the policy, and a change of the policy never drops the key.
  - OCI has no update of an assignment. Where creating a new one is refused, the former one is deleted first. If
    the second step fails, the former assignment is restored, and the result reports what is in place.
  - A volume whose policy is that of its volume group is refused. Name the group instead.
  - An error on one asset fails only that asset. The module processes the others, then fails and reports every
    outcome.
extends_documentation_fragment:
  - oci_keys.block_volume.changes
  - oci_keys.block_volume.changes.key_checks
  - oci_keys.block_volume.changes.concurrency
  - oci_keys.block_volume.results
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  asset_ids:
    description:
      - The OCIDs of volumes, boot volumes and volume groups. Blank items are dropped, and duplicates are merged.
      - With an empty list, there is nothing to do.
    type: list
    elements: str
    required: true
    aliases:
      - asset_id
  policy_id:
    description:
      - The OCID of the backup policy to assign. When not set, the assigned policy stays.
    type: str
  kms_key_id:
    description:
      - The OCID of the customer-managed key for the copies. It must exist B(in the destination region) of the policy,
        be V(ENABLED), and be an AES key.
      - Or its name, V(vault/key), or V(key). It must be unique in all regions that the tenancy is subscribed to, since
        only the policies say which region they copy to.
      - Required with O(state=present), where an empty value is an error. Not allowed otherwise.
    type: str
  state:
    description:
      - V(present) assigns the key O(kms_key_id) for the copies, and the policy O(policy_id) if it is set.
        An asset without a policy fails if O(policy_id) is not set.
      - V(absent) removes the key, so that copies get the Oracle-managed key. The policy stays, or becomes O(policy_id).
      - V(unassigned) removes the policy.
    type: str
    choices:
      - present
      - absent
      - unassigned
    default: present
"""

EXAMPLES = r"""
- name: Encrypt the copies in Phoenix with our key there, whatever the assigned policy
  oci_keys.block_volume.backup_policy_crossregion_key:
    asset_ids:
      - ocid1.volume.oc1.iad.exampleuniqueid1
      - ocid1.volumegroup.oc1.iad.exampleuniqueid2
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid

- name: Assign another policy, with the key for its destination region
  oci_keys.block_volume.backup_policy_crossregion_key:
    asset_id: ocid1.bootvolume.oc1.iad.exampleuniqueid3
    policy_id: ocid1.volumebackuppolicy.oc1..exampleuniqueid
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid

- name: Encrypt the copies with the Oracle-managed key
  oci_keys.block_volume.backup_policy_crossregion_key:
    asset_id: ocid1.volume.oc1.iad.exampleuniqueid1
    state: absent
"""

RETURN = r"""
resources:
  description:
    - The outcome of each asset, in the order given.
    - O(result) decides which are listed.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the asset.
      type: str
      sample: ocid1.volume.oc1.iad.exampleuniqueid1
    type:
      description: V(volume), V(boot_volume) or V(volume_group).
      type: str
      sample: volume
    # shared: resource (asset)
    display_name:
      description: Its display name. Null if it could not be read.
      type: str
      sample: db-data-01
    region:
      description: The region that serves it.
      type: str
      sample: us-ashburn-1
    compartment_id:
      description: The OCID of its compartment. Null if it could not be read.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    lifecycle_state:
      description: Its lifecycle state when it was last read.
      type: str
      sample: AVAILABLE
    # end of resource
    previous_encryption:
      description: V(customer), V(oracle), or V(unknown) if it could not be read.
      type: str
      sample: oracle
    previous_kms_key_id:
      description: The key for the copies before the task. Null if there was none, or if it could not be read.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    encryption:
      description: V(customer), V(oracle), or V(unknown) if it could not be read after a change.
      type: str
      sample: customer
    kms_key_id:
      description: The customer-managed key for the copies when it was last read. In check mode, as it would be.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    action:
      description: What was done, or in check mode would be done. V(none), V(assign), V(remove) of the key, or
        V(unassign) of the policy.
      type: str
      sample: assign
    # shared: outcome (asset)
    changed:
      description: Whether it was changed, even if it failed after that. In check mode, whether it would be.
      type: bool
      sample: true
    settled:
      description: Whether the change was seen to have taken effect.
      type: bool
      sample: true
    opc_request_id:
      description: The request ID of the change, for Oracle's audit and support. Null if nothing was requested.
      type: str
      sample: 3cef1c0e0a5b4f4b/FA008B09/19C01641
    time_requested:
      description: When the change was requested, in UTC. Null if it was not.
      type: str
      sample: "2026-11-23T20:45:01.120Z"
    time_settled:
      description: When the change was seen to have taken effect, in UTC. Null if it was not.
      type: str
      sample: "2026-11-23T20:45:04.310Z"
    # end of outcome
    assignment_id:
      description: The OCID of the assignment. Null if there is none, and in check mode where it would be a new one.
      type: str
      sample: ocid1.volumebackuppolicyassign.oc1.iad.exampleuniqueid1
    policy_id:
      description: The OCID of the backup policy. Null if there is none.
      type: str
      sample: ocid1.volumebackuppolicy.oc1..exampleuniqueid1
    previous_policy_id:
      description: The OCID of the backup policy before the task. Null if there was none, or if it could not be read.
      type: str
      sample: ocid1.volumebackuppolicy.oc1..exampleuniqueid1
    destination_region:
      description: The region that the policy copies backups to. Null if it copies none.
      type: str
      sample: us-phoenix-1
    previous_destination_region:
      description: The region that the policy before the task copied backups to. Null if it copied none.
      type: str
      sample: us-phoenix-1
    # shared: error (asset)
    error:
      description: Why this asset failed. Null if it did not.
      type: dict
      contains:
        code:
          description: The error code of OCI, or one of the collection's own, such as V(WaitTimeout).
          type: str
          sample: NotAuthorizedOrNotFound
        status:
          description: The HTTP status of OCI's response. Null if there was none.
          type: int
          sample: 404
        message:
          description: What is wrong.
          type: str
          sample: Authorization failed or requested resource not found.
        opc_request_id:
          description: The request ID of the failed call. Null if OCI gave none.
          type: str
          sample: 3cef1c0e0a5b4f4b/FA008B09/19C01641
        hint:
          description: What to do about it, such as the IAM statements that must be in force. Null if nothing is known.
          type: str
          sample: Run the task again; it only changes what still differs.
    # end of error
# shared: recovered (asset)
recovered:
  description: The backup policies that a run which was interrupted had taken away, according to the journal, and that
    the task assigned again with their former key. In check mode, those that it would.
  returned: when there are any
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the asset that has the policy.
      type: str
      sample: ocid1.volume.oc1.iad.exampleuniqueid1
    type:
      description: The resource type of the asset.
      type: str
      sample: volume
    display_name:
      description: The display name of the asset.
      type: str
      sample: db-data-01
    region:
      description: The region of the asset.
      type: str
      sample: us-ashburn-1
    policy_id:
      description: The backup policy that it has now. In check mode, that it would have.
      type: str
      sample: ocid1.volumebackuppolicy.oc1.iad.exampleuniqueid
    kms_key_id:
      description: The key for the copies that the policy makes. Null for the Oracle-managed one.
      type: str
      sample: ocid1.key.oc1.phx.examplevault.exampleuniqueid
    changed:
      description: Whether it was assigned again. In check mode, whether it would be.
      type: bool
      sample: true
    settled:
      description: Whether the assignment was seen to be in place.
      type: bool
      sample: true
    error:
      description: Why it could not be assigned again. Null if it was.
      type: str
      sample: null
# end of recovered
# shared: change_summary (asset)
summary:
  description: Counts of all assets of the task. One that failed counts as failed only.
  returned: when the arguments are valid
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 40
    changed:
      description: Those that were changed. In check mode, those that would be.
      type: int
      sample: 12
    unchanged:
      description: Those that already had the desired key, or were skipped.
      type: int
      sample: 27
    failed:
      description: Those with an error.
      type: int
      sample: 1
msg:
  description: The counts in a sentence, and the first failures.
  returned: always
  type: str
  sample: 12 of 40 resources changed, 0 failed
# end of change_summary
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import (
    Request,
    change_keys,
    change_spec,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.planned_table import planned_table
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policies import POLICY_KINDS


def main() -> None:
    module = Module(
        argument_spec=change_spec(
            asset_ids={"type": "list", "elements": "str", "required": True, "aliases": ["asset_id"]},
            policy_id={"type": "str"},
            state={"type": "str", "choices": ["present", "absent", "unassigned"], "default": "present"},
        ),
        supports_check_mode=True,
    )
    # The key is used in the region that the policy copies to, which only the policies say.
    request = Request(key_regions=lambda _connection, _desired: None, planned_lines=planned_table)
    change_keys(module, "asset_ids", *POLICY_KINDS, request=request)


if __name__ == "__main__":
    main()
