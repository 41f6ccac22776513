#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_kms_key
short_description: Assign encryption keys to backups of volumes in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Assigns a master encryption key to volume backups and boot volume backups, either a customer-managed key from Vault
    or the Oracle-managed key, and verifies the result by reading it back.
  - A copy of a backup in another region is a backup of that region, and is changed like any other.
  - A volume group backup has no key of its own. Naming one stands for its members.
  - OCI documents that an update of a backup drops the retention settings that it leaves out, so this module sends
    them along and compares them afterwards.
  - An error on one backup fails only that backup. The module processes the others, then fails and reports every
    outcome.
extends_documentation_fragment:
  - oci_keys.block_volume.changes
  - oci_keys.block_volume.changes.assignment
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
  backup_ids:
    description:
      - The OCIDs of volume backups, boot volume backups and volume group backups. Blank items are dropped, and
        duplicates are merged.
      - With an empty list, there is nothing to do.
    type: list
    elements: str
    required: true
    aliases:
      - backup_id
  include_locked:
    description:
      - Whether backups under retention lock or legal hold are changed too. They are skipped otherwise.
      - They are changed after all others and one at a time. After the first failure, the remaining ones are not tried.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Put a backup and all backups of a group on our own key
  oci_keys.block_volume.backup_kms_key:
    backup_ids:
      - ocid1.volumebackup.oc1.iad.exampleuniqueid1
      - ocid1.volumegroupbackup.oc1.iad.exampleuniqueid2
    kms_key_id: ocid1.key.oc1.iad.examplevault.exampleuniqueid

- name: Return a backup to the Oracle-managed key
  oci_keys.block_volume.backup_kms_key:
    backup_id: ocid1.bootvolumebackup.oc1.iad.exampleuniqueid3
    state: absent
"""

RETURN = r"""
resources:
  description:
    - The outcome of each backup, in the order given. The members of a group are listed in its place.
    - O(result) decides which are listed.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the backup.
      type: str
      sample: ocid1.volumebackup.oc1.iad.exampleuniqueid1
    type:
      description:
        - V(volume_backup) or V(boot_volume_backup); V(volume_group_backup) for a group that could not be read or
          has no members, and for a member of an unknown type.
      type: str
      sample: volume_backup
    # shared: resource (backup)
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
    # shared: key (backup)
    previous_encryption:
      description: V(customer), V(oracle), or V(unknown) if it could not be read.
      type: str
      sample: oracle
    previous_kms_key_id:
      description: The customer-managed key before the task. Null if there was none, or if it could not be read.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    encryption:
      description: V(customer), V(oracle), or V(unknown) if it could not be read after a change.
      type: str
      sample: customer
    kms_key_id:
      description: The customer-managed key when it was last read. In check mode, the key that it would have.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    # end of key
    action:
      description: What was done, or in check mode would be done. V(none), V(assign) or V(remove).
      type: str
      sample: assign
    # shared: outcome (backup)
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
    group_id:
      description: The OCID of the volume group backup that it is a member of. Null if it is not in one.
      type: str
      sample: ocid1.volumegroupbackup.oc1.iad.exampleuniqueid1
    left_alone:
      description: Why it was skipped although it does not have the desired key. Null if it was not skipped.
      type: str
      sample: it is under retention lock
    # shared: error (backup)
    error:
      description: Why this backup failed. Null if it did not.
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
# shared: recovered (backup)
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
# shared: change_summary (backup)
summary:
  description: Counts of all backups of the task. One that failed counts as failed only.
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import change_keys, change_spec
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.backups import BACKUP_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volume_group_backups import (
    GROUP_BACKUP_KIND,
)


def main() -> None:
    module = Module(
        argument_spec=change_spec(
            backup_ids={"type": "list", "elements": "str", "required": True, "aliases": ["backup_id"]},
            include_locked={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    change_keys(module, "backup_ids", *BACKUP_KINDS, GROUP_BACKUP_KIND)


if __name__ == "__main__":
    main()
