#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_copy
short_description: Copy backups of volumes to another region of Oracle Cloud, encrypted with a given key
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Ensures that each backup has a copy in another region, encrypted with the given key.
  - Volume backups, boot volume backups and volume group backups can be copied.
  - An existing copy is found by the OCID of its source, and no second one is created. A copy that is still being
    created is awaited. A copy that is on another key than O(kms_key_id) gets that key. A copy that is FAULTY, being
    deleted or deleted does not count.
  - Each request has a retry token that is derived from the backup, the region, the key and the name. So for 24 hours
    OCI itself recognizes a repeated request and returns the same copy instead of creating a second one, even after a
    run that was killed, and where no list shows the copy, as in a compartment that O(copy_compartment_ids) does not
    name.
  - OCI creates at most ten copies at a time per source region, so larger numbers are created one after the other.
  - An error on one backup fails only that backup. The module processes the others, then fails and reports every
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
  destination_region:
    description:
      - The region to copy to, by its name or short code. The tenancy must be subscribed to it, and it must not be the
        region of a backup.
    type: str
    required: true
  kms_key_id:
    description:
      - The OCID of the customer-managed key for the copy, or its name, V(vault/key), or V(key) where that is unique in
        O(destination_region). It must exist there, be V(ENABLED), and be an AES key.
      - When not set, a new copy is protected by the Oracle-managed key, and an existing copy keeps its key. To remove
        the key of a copy, use M(oci_keys.block_volume.backup_kms_key).
    type: str
  display_name:
    description:
      - The display name of new copies. When not set, they have the name of their source.
    type: str
  copy_compartment_ids:
    description:
      - The OCIDs of compartments, or their names from the root down, such as V(prod/databases). They are searched,
        besides the compartment of each backup, for its copy, which may have been moved there.
    type: list
    elements: str
  include_locked:
    description:
      - Whether the key of a copy under retention lock or legal hold is changed too. Such a copy is skipped otherwise.
    type: bool
    default: false
  create_folder:
    description:
      - Whether to create the folder of O(result_file), and those above it, where they are missing. Only their owner can
        read them. Beside it, the link C(latest) is made to lead to it, unless that is something else than such a link.
    type: bool
    default: false
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: Keep the backups of the month in Phoenix too, on our key there
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
    - The outcome of each backup, in the order given. The keys are those of its copy.
    - O(result) decides which are listed.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the given backup, the source of the copy.
      type: str
      sample: ocid1.volumebackup.oc1.iad.exampleuniqueid1
    type:
      description: V(volume_backup), V(boot_volume_backup) or V(volume_group_backup).
      type: str
      sample: volume_backup
    display_name:
      description: The display name of the backup. Null if it could not be read.
      type: str
      sample: db-data-01-nightly
    region:
      description: The region of the backup, from which it is copied.
      type: str
      sample: us-ashburn-1
    compartment_id:
      description:
        - The OCID of the compartment of the copy, or of the source while there is no copy.
        - Null if it could not be read.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    lifecycle_state:
      description: The lifecycle state of the copy when it was last read, or of the source while there is no copy.
      type: str
      sample: AVAILABLE
    previous_encryption:
      description:
        - Whose key the existing copy was on before the task.
        - V(customer), V(oracle), or V(unknown) if it could not be read. Null if there was no copy.
      type: str
      sample: oracle
    previous_kms_key_id:
      description: The customer-managed key of the existing copy before the task. Null if it had none, or if there was
        no copy.
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
        - The customer-managed key of the copy when it was last read. In check mode, the key that it would have.
        - If members of a copied group have different keys, that of the first which does not have the desired one.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    action:
      description: What was done, or in check mode would be done. V(none), V(copy) or V(assign).
      type: str
      sample: copy
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
    copy_id:
      description: The OCID of the copy, a backup in O(destination_region). Null if there is none, as in check mode.
      type: str
      sample: ocid1.volumebackup.oc1.phx.exampleuniqueid9
    destination_region:
      description: The region of the copy. Null if nothing could be read.
      type: str
      sample: us-phoenix-1
    left_alone:
      description: Why the key of the copy was not changed although it is not the desired one. Null if it was not
        skipped.
      type: str
      sample: of its copy ocid1.volumebackup.oc1.phx.exampleuniqueid9, it is under retention lock
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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.backup_copy import (
    create_folder_of_copies,
    desired_copy,
    destination,
    point_latest_to_copies,
    with_destination,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_keys import (
    Request,
    change_keys,
    change_spec,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.planned_table import planned_table
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.copies import COPY_KINDS


def main() -> None:
    module = Module(
        argument_spec=change_spec(
            state=None,
            backup_ids={"type": "list", "elements": "str", "required": True, "aliases": ["backup_id"]},
            destination_region={"type": "str", "required": True},
            display_name={"type": "str"},
            copy_compartment_ids={"type": "list", "elements": "str"},
            include_locked={"type": "bool", "default": False},
            create_folder={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    change_keys(
        module,
        "backup_ids",
        *COPY_KINDS,
        request=Request(
            desired_copy,
            with_destination,
            destination,
            planned_lines=planned_table,
            begin=create_folder_of_copies,
            end=point_latest_to_copies,
        ),
    )


if __name__ == "__main__":
    main()
