#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_plan_apply
short_description: Apply one batch of a plan of encryption keys in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Applies one batch of a plan that M(oci_keys.block_volume.key_assignment_plan) or
    M(oci_keys.block_volume.key_restore_plan) has written. The role P(oci_keys.block_volume.rekey#role) does it batch by
    batch, so that each is reported when it ends.
  - A resource that is on another key than the plan says is skipped, with a warning. A resource that already has the
    desired key is not written to.
  - An error on one resource fails only that resource. The module processes the others, then fails and reports the
    counts and the first failures.
  - In the folder of the plan it appends to C(journal.jsonl), before and after each change, and writes
    C(batch-0001.json) with every outcome.
  - Everything that the batch names is checked before its first change, its regions, realms and keys too. A desired key
    that has become unusable since the plan was made fails the task, and nothing is changed.
extends_documentation_fragment:
  - oci_keys.block_volume.changes.concurrency
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The plan has the current and the desired key of each resource.
  idempotent:
    support: full
options:
  plan_file:
    description:
      - The file with the plan. Outside of check mode, a plan that was made in check mode is refused.
    type: path
    required: true
  batch:
    description:
      - The number of the batch. The plan has numbers from C(first_batch) on.
    type: int
    required: true
  wait_timeout:
    description:
      - The time limit for making the changes of the batch and verifying them, in seconds, including retries. The first
        batch has some resources of each region, type and key, and the limit applies to each of these groups.
    type: int
    default: 1200
  validate_key:
    description:
      - Whether to look up the desired keys again, in each region where they are going to be used, and each current key
        that is going to be replaced.
      - Set it to V(false) if the caller is allowed to use a key, but not to read it. Then only OCI validates it.
    type: bool
    default: true
seealso:
  - module: oci_keys.block_volume.key_assignment_plan
  - module: oci_keys.block_volume.key_restore_plan
"""

EXAMPLES = r"""
- name: Apply the first batch
  oci_keys.block_volume.key_plan_apply:
    plan_file: "{{ run_folder }}/plan.json"
    batch: 1
"""

RETURN = r"""
# shared: recovered (resource)
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
# shared: change_summary (resource)
summary:
  description: Counts of all resources of the task. One that failed counts as failed only.
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
progress:
  description: Which resources these were, how many changed and failed, and about how long the rest will take.
  returned: when the arguments are valid
  type: str
  sample: us-phoenix-1, block volumes 201-400 of 1,000, 200 changed, 0 failed, about 40 s left
is_canary:
  description: Whether this was the first batch, with some resources of each region, type and key.
  returned: when the arguments are valid
  type: bool
  sample: false
failed_so_far:
  description: The number of resources that failed in this batch and the earlier ones of the same folder.
  returned: when the arguments are valid
  type: int
  sample: 0
resources:
  description: The first twenty failures. The file of the batch has the outcome of every resource.
  returned: when the arguments are valid
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the resource.
      type: str
      sample: ocid1.volume.oc1.phx.exampleuniqueid
    type:
      description: The resource type.
      type: str
      sample: volume
    display_name:
      description: Its display name. Null if it could not be read.
      type: str
      sample: db-data-01
    region:
      description: The region that serves it.
      type: str
      sample: us-phoenix-1
    # shared: error (resource)
    error:
      description: Why this resource failed. Null if it did not.
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
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import CONNECTION_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_options import CHANGE_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan_apply import run_key_plan_apply
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.progress import PROGRESS_OPTIONS


def main() -> None:
    module = Module(
        argument_spec={
            "plan_file": {"type": "path", "required": True},
            "batch": {"type": "int"},
            "rounds": {"type": "int", "default": 1},
            "max_failures": {"type": "int"},
            "max_changes": {"type": "int"},
            "concurrency": CHANGE_OPTIONS["concurrency"],
            "wait_timeout": CHANGE_OPTIONS["wait_timeout"],
            "validate_key": CHANGE_OPTIONS["validate_key"],
            **PROGRESS_OPTIONS,
            **CONNECTION_OPTIONS,
        },
        supports_check_mode=True,
    )
    run_key_plan_apply(module)


if __name__ == "__main__":
    main()
