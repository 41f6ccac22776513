#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: replica_kms_key
short_description: Assign encryption keys to the replicas of volumes and volume groups in Oracle Cloud
version_added: 0.2.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - A volume that is replicated has a replica in another region, which has a key of its own there. This module assigns
    that key, and verifies the result by reading it back.
  - The key of a replica is changed on its source, in place. All other replicas keep their names and keys.
  - Whether OCI changes the key of a replica that exists is not documented. Where it leaves the key as it was, the
    source fails and says so. Set O(recreate=true) to have replication switched off and on there.
  - Members of a volume group that is replicated are refused. Name the group instead.
  - An error on one source fails only that source. The module processes the others, then fails and reports every
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
    details:
      - Whether OCI changes a key in place only shows when it is changed.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  volume_ids:
    description:
      - The OCIDs of the block volumes and boot volumes that are replicated. Blank items are dropped, and duplicates are
        merged.
    type: list
    elements: str
    default: []
    aliases:
      - volume_id
  volume_group_ids:
    description:
      - The OCIDs of the volume groups that are replicated. The members' replicas get the key with them.
    type: list
    elements: str
    default: []
    aliases:
      - volume_group_id
  destination_region:
    description:
      - The region of the replicas, as a long name or a short code. Required only for sources with replicas in more than
        one region.
    type: str
  kms_key_id:
    description:
      - The OCID of the customer-managed key for the replicas. It must exist B(in their region), be V(ENABLED), and be
        an AES key.
      - Or its name, V(vault/key), or V(key). It must be unique in O(destination_region), or, where that is not set, in
        all regions that the tenancy is subscribed to.
      - Required with O(state=present), where an empty value is an error. Not allowed otherwise.
    type: str
  state:
    description:
      - V(present) assigns the key O(kms_key_id).
      - V(absent) returns the replicas to the Oracle-managed key.
    type: str
    choices:
      - present
      - absent
    default: present
  recreate:
    description:
      - Whether replication is switched off and on where OCI leaves the key of a replica as it was. That deletes the
        replica, and B(copies everything again). Until then there is no replica to fall back to, and data transfer is
        billed.
      - If replication can't be switched on again with the new key, it is with the former one. A run that is killed in
        between is completed by the next one, from the journal.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Put the replicas of two volumes on our key in Phoenix
  oci_keys.block_volume.replica_kms_key:
    volume_ids:
      - ocid1.volume.oc1.iad.exampleuniqueid1
      - ocid1.bootvolume.oc1.iad.exampleuniqueid2
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid

- name: The same for a volume group, and make the replicas again if need be
  oci_keys.block_volume.replica_kms_key:
    volume_group_id: ocid1.volumegroup.oc1.iad.exampleuniqueid
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid
    recreate: true
"""

RETURN = r"""
resources:
  description:
    - The outcome of each source, in the order given.
    - O(result) decides which are listed.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the source.
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
      description: The key of the replica before the task. Null if there was none, or if it could not be read.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    encryption:
      description: V(customer), V(oracle), or V(unknown) if it could not be read after a change.
      type: str
      sample: customer
    kms_key_id:
      description: The customer-managed key of the replica when it was last read. In check mode, as it would be.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    action:
      description: What was done, or in check mode would be done. V(none), V(assign) or V(remove).
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
    replica_id:
      description: The OCID of the replica. Null if there is none. A replica that was made again has another one.
      type: str
      sample: ocid1.blockvolumereplica.oc1.phx.exampleuniqueid1
    previous_replica_id:
      description: The OCID of the replica before the task. Null if there was none, or if it could not be read.
      type: str
      sample: ocid1.blockvolumereplica.oc1.phx.exampleuniqueid1
    availability_domain:
      description: The availability domain of the replica. Null if there is none.
      type: str
      sample: Uocm:PHX-AD-1
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import change_spec
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.replica_key import (
    REPLICA_OPTIONS,
    change_replica_keys,
)


def main() -> None:
    module = Module(argument_spec=change_spec(**REPLICA_OPTIONS), supports_check_mode=True)
    change_replica_keys(module)


if __name__ == "__main__":
    main()
