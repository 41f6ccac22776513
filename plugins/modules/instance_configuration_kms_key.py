#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: instance_configuration_kms_key
short_description: Give instance pools configurations with another encryption key in Oracle Cloud
version_added: 0.2.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - An instance configuration hands on a key to each boot volume and block volume that it creates. It can't be changed.
    This module copies it, with the key in each of these places, and points instance pools to the copy.
  - The former configuration stays as it is. Instances that exist, and their volumes, keep their keys.
  - A volume that exists already and is only attached has no key in a configuration, and is left as it is.
  - A copy has the name of the former configuration and the end of the key's OCID, all of its tags, and the free-form
    tag C(oci_keys_copy_of). A configuration that is such a copy with the desired key, or what it was made of, is used
    instead of another copy.
  - The playbook C(oci_keys.block_volume.restore_keys) puts pools back to the very configuration that they used before,
    by the journal. Where that one is gone or can't be read, or somebody pointed the pool elsewhere since, the pool is
    left as it is. Copies are left.
  - Each configuration that a pool uses, that is named or that is made is read once, and each compartment of theirs is
    listed once, if something has to be changed. Pools of one family that are named together share one copy.
  - An error on one pool fails only that pool. The module processes the others, then fails and reports every outcome.
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
  instance_configuration_ids:
    description:
      - The OCIDs of instance configurations that are to be there with the key, whatever uses them. Blank items are
        dropped, and duplicates are merged.
    type: list
    elements: str
    default: []
    aliases:
      - instance_configuration_id
  instance_pool_ids:
    description:
      - The OCIDs of the instance pools that get a configuration with the key. It is a copy of the one that they use.
    type: list
    elements: str
    default: []
    aliases:
      - instance_pool_id
  kms_key_id:
    description:
      - The OCID of the customer-managed key. It must exist in the region of the pool, be V(ENABLED), and be an AES key.
      - Or its name, V(vault/key), or V(key) where that is unique in the region.
      - Required with O(state=present), where an empty value is an error. Not allowed otherwise.
    type: str
  state:
    description:
      - V(present) is for configurations with the key O(kms_key_id) in each place.
      - V(absent) is for configurations without a key, whose volumes get the Oracle-managed one.
    type: str
    choices:
      - present
      - absent
    default: present
"""

EXAMPLES = r"""
- name: Let new instances of two pools be born with our own key
  oci_keys.block_volume.instance_configuration_kms_key:
    instance_pool_ids:
      - ocid1.instancepool.oc1.iad.exampleuniqueid1
      - ocid1.instancepool.oc1.iad.exampleuniqueid2
    kms_key_id: ocid1.key.oc1.iad.examplevault.exampleuniqueid

- name: Copy a configuration that no pool uses
  oci_keys.block_volume.instance_configuration_kms_key:
    instance_configuration_id: ocid1.instanceconfiguration.oc1.iad.exampleuniqueid
    kms_key_id: ocid1.key.oc1.iad.examplevault.exampleuniqueid
"""

RETURN = r"""
resources:
  description:
    - The outcome of each configuration and pool, in the order given.
    - O(result) decides which are listed.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the configuration or pool.
      type: str
      sample: ocid1.instancepool.oc1.iad.exampleuniqueid1
    type:
      description: V(instance_configuration) or V(instance_pool).
      type: str
      sample: instance_pool
    # shared: resource (pool)
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
      description:
        - V(customer), V(oracle), or V(unknown) if it could not be read.
        - Null if it creates no volumes.
      type: str
      sample: oracle
    previous_kms_key_id:
      description:
        - The key of new volumes before the task. Of several, the first that was not the desired one.
        - Null for the Oracle-managed one, or if it could not be read.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    encryption:
      description:
        - V(customer), V(oracle), or V(unknown) if it could not be read after a change.
        - Null if it creates no volumes.
      type: str
      sample: customer
    kms_key_id:
      description:
        - The key of new volumes when it was last read. In check mode, as it would be.
        - Null for the Oracle-managed one.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    action:
      description: What was done, or in check mode would be done. V(none), V(assign), V(remove) or V(copy).
      type: str
      sample: assign
    # shared: outcome (pool)
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
    instance_configuration_id:
      description: The OCID of the configuration with the key. Null in check mode, if it has to be made.
      type: str
      sample: ocid1.instanceconfiguration.oc1.iad.exampleuniqueid2
    previous_instance_configuration_id:
      description: The OCID of the configuration that the pool used, or that was named. Null if it could not be read.
      type: str
      sample: ocid1.instanceconfiguration.oc1.iad.exampleuniqueid1
    volumes:
      description:
        - The volumes that new instances are born with. Of a configuration that was named, those before the task.
        - Null if that is not known.
      type: list
      elements: dict
      contains:
        place:
          description: Where in the details of the configuration the key stands, or could stand.
          type: str
          sample: launchDetails.sourceDetails
        type:
          description: V(boot_volume) or V(volume).
          type: str
          sample: boot_volume
        kms_key_id:
          description: The key. Null for the Oracle-managed one.
          type: str
          sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    # shared: error (pool)
    error:
      description: Why this pool failed. Null if it did not.
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
# shared: recovered (pool)
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
# shared: change_summary (pool)
summary:
  description: Counts of all pools of the task. One that failed counts as failed only.
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
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.instance_configuration_key import (
    CONFIGURATION_OPTIONS,
    change_configuration_keys,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module


def main() -> None:
    module = Module(argument_spec=change_spec(**CONFIGURATION_OPTIONS), supports_check_mode=True)
    change_configuration_keys(module)


if __name__ == "__main__":
    main()
