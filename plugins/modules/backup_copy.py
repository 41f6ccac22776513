#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_copy
short_description: Copy backups of volumes to another region of Oracle Cloud, on the key that you want there
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Sees to it that each backup has a copy in another region, protected by the key that you want there.
  - Volume backups, boot volume backups and volume group backups can be copied.
  - A copy that is there already is found by the OCID of its source, and not made again. One that is still being made
    is waited for. One that is on another key than O(kms_key_id) gets that key. One that is FAULTY, or being or been
    deleted, does not count.
  - Each request carries a retry token that follows from the backup, the region, the key and the name. So for 24 hours
    OCI itself knows the copy that was asked for, and gives it back instead of making a second one, even after a run
    that was killed, and where no list shows the copy, as in a compartment that O(copy_compartment_ids) does not name.
  - OCI makes at most ten copies at a time from one region, so more than that are made one after the other.
  - What concerns one backup fails that backup alone. The others are finished first, then the task fails and tells
    every outcome.
extends_documentation_fragment:
  - oci_keys.block_volume.changes
  - oci_keys.block_volume.results
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
      - An empty list is nothing to do.
    type: list
    elements: str
    required: true
    aliases:
      - backup_id
  destination_region:
    description:
      - The region to copy to, by its name or short code. The tenancy has to be subscribed to it, and it has to be
        another one than that of the backups.
    type: str
    required: true
  kms_key_id:
    description:
      - The OCID of the customer-managed key for the copy. It has to exist in O(destination_region), to be
        V(ENABLED), and to be an AES key.
      - Without it, a new copy is protected by the Oracle-managed key, and a copy that is there already is left as it
        is. To take a key away from a copy, use M(oci_keys.block_volume.backup_kms_key).
    type: str
  display_name:
    description:
      - The display name of new copies. Without it, they are called like their source.
    type: str
  copy_compartment_ids:
    description:
      - The OCIDs of compartments, besides that of each backup, where its copy may be, because it was moved there.
    type: list
    elements: str
  include_locked:
    description:
      - Whether the key of a copy under retention lock or legal hold is changed too. It is left alone otherwise.
    type: bool
    default: false
requirements:
  - python >= 3.9
  - oci
"""

EXAMPLES = r"""
- name: Keep the backups of the month in Phoenix too, on the key that we have there
  oci_keys.block_volume.backup_copy:
    backup_ids:
      - ocid1.volumebackup.oc1.iad.exampleuniqueid1
      - ocid1.bootvolumebackup.oc1.iad.exampleuniqueid2
      - ocid1.volumegroupbackup.oc1.iad.exampleuniqueid3
    destination_region: us-phoenix-1
    kms_key_id: ocid1.key.oc1.phx.examplevault.exampleuniqueid
    wait_timeout: 14400
"""

RETURN = r"""
resources:
  description:
    - What became of each backup, in the order given. What is told of its key is that of its copy.
    - O(result) decides which are listed.
  returned: always, unless what was given is wrong
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the backup that was given, the copy's source.
      type: str
      sample: ocid1.volumebackup.oc1.iad.exampleuniqueid1
    type:
      description: V(volume_backup), V(boot_volume_backup) or V(volume_group_backup).
      type: str
      sample: volume_backup
    display_name:
      description: Its display name. Null if it could not be read.
      type: str
      sample: db-data-01-nightly
    region:
      description: The region that serves it, which the copy is made from.
      type: str
      sample: us-ashburn-1
    compartment_id:
      description:
        - The OCID of the compartment of the copy, or of the source while there is none.
        - Null if it could not be read.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    lifecycle_state:
      description: The lifecycle state of the copy when it was last read, or of the source while there is none.
      type: str
      sample: AVAILABLE
    previous_encryption:
      description:
        - Whose key the copy that was there before was on.
        - V(customer), V(oracle), or V(unknown) if it could not be read. Null if there was no copy.
      type: str
      sample: oracle
    previous_kms_key_id:
      description: The customer-managed key of the copy that was there before. Null if there was none, or no copy.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    encryption:
      description:
        - Whose key the copy is on now. V(customer), V(oracle), or V(unknown) if it could not be read after a change.
        - Null if there is no copy.
      type: str
      sample: customer
    kms_key_id:
      description:
        - The customer-managed key of the copy as it was read last. In check mode, as it would be.
        - Of a group's copy whose members differ, the key of the first that has not the one asked for.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    action:
      description: What was done, or in check mode would be done. V(none), V(copy) or V(assign).
      type: str
      sample: copy
    changed:
      description: Whether it was changed, also if it failed after that. In check mode, whether it would be.
      type: bool
      sample: true
    settled:
      description: Whether the change was seen to have taken effect.
      type: bool
      sample: true
    opc_request_id:
      description: The request ID of the change, for Oracle's audit and support.
      type: str
      sample: 3cef1c0e0a5b4f4b/FA008B09/19C01641
    time_requested:
      description: When the change was requested, in UTC.
      type: str
      sample: "2026-11-23T20:45:01.120Z"
    time_settled:
      description: When the change was seen to have taken effect, in UTC.
      type: str
      sample: "2026-11-23T20:45:04.310Z"
    copy_id:
      description: The OCID of the copy, a backup in O(destination_region). Null if there is none, as in check mode.
      type: str
      sample: ocid1.volumebackup.oc1.phx.exampleuniqueid9
    destination_region:
      description: The region of the copy. Null if nothing could be read.
      type: str
      sample: us-phoenix-1
    left_alone:
      description: Why the key of the copy was not changed to the one asked for. Null if it was not left alone.
      type: str
      sample: of its copy ocid1.volumebackup.oc1.phx.exampleuniqueid9, it is under retention lock
    error:
      description: Why this backup failed. Null if it did not.
      type: dict
      contains:
        code:
          description: The error code of OCI, or one of the collection's own, such as V(WaitTimeout).
          type: str
          sample: NotAuthorizedOrNotFound
        status:
          description: The HTTP status that OCI answered, if it did.
          type: int
          sample: 404
        message:
          description: What is wrong.
          type: str
          sample: Authorization failed or requested resource not found.
        opc_request_id:
          description: The request ID of the refused call.
          type: str
          sample: 3cef1c0e0a5b4f4b/FA008B09/19C01641
        hint:
          description: What to do about it, such as the IAM statements that have to be in force.
          type: str
          sample: "Run the task again; it only changes what still differs."
summary:
  description: Counts of all backups that were given. A backup that failed counts as failed only.
  returned: always, unless what was given is wrong
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 40
    changed:
      description: Those that were changed, or would be.
      type: int
      sample: 12
    unchanged:
      description: Those that were as wanted.
      type: int
      sample: 27
    failed:
      description: Those with an error.
      type: int
      sample: 1
msg:
  description: The counts in a sentence, and the first of what failed.
  returned: always
  type: str
  sample: 12 of 40 resources changed, 0 failed
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.backup_copy import (
    desired_copy,
    with_destination,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import (
    Request,
    change_keys,
    change_spec,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec=change_spec(
            state=None,
            backup_ids={"type": "list", "elements": "str", "required": True, "aliases": ["backup_id"]},
            destination_region={"type": "str", "required": True},
            display_name={"type": "str"},
            copy_compartment_ids={"type": "list", "elements": "str"},
            include_locked={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    change_keys(
        module,
        "backup_ids",
        "copy of volume_backup",
        "copy of boot_volume_backup",
        "copy of volume_group_backup",
        request=Request(desired_copy, with_destination),
    )


if __name__ == "__main__":
    main()
