#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_plan_apply
short_description: Apply a plan of encryption keys in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Applies a plan that M(oci_keys.block_volume.key_assignment_plan), M(oci_keys.block_volume.backup_policy_plan) or
    M(oci_keys.block_volume.key_restore_plan) has written, batch by batch, or a single one of its batches. The roles
    P(oci_keys.block_volume.rekey#role) and P(oci_keys.block_volume.backup_policy#role) do it with one task for the
    whole plan.
  - A resource that is on another key than the plan says is skipped, with a warning. A resource that already has the
    desired key is not written to.
  - An error on one resource fails only that resource. The module processes the others, then fails and reports the
    counts and the first failures.
  - If a resource of the first batch fails that has some of each region, type and key, or more resources than
    O(max_failures), no further batch is started.
  - With O(rounds), it then plans again with the same options, for resources that were created or changed meanwhile, and
    applies these plans too. They are C(plan-2.json) and so on, and the discoveries C(after.json). After a run that
    stopped early, C(plan-last.json) shows what is left.
  - In the folder of the plan it appends to C(journal.jsonl), before and after each change, and writes
    C(batch-0001.json) and so on, one for each batch, with every outcome. With O(progress_file), each batch is also a
    line there when it ends.
  - If a run was killed, the same task goes on with the batches that did not end without an error.
  - Everything that a plan names is checked before its first change, its regions, realms and keys too. A desired key
    that has become unusable since the plan was made fails the task before the batch that needs it.
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
      - The number of the only batch to apply. The plan has numbers from C(first_batch) on.
      - When not set, all batches are applied.
    type: int
  rounds:
    description:
      - How often changes are made at most, from 1 to 10. With more than V(1), a later plan is made after each round,
        with the options that the plan says it was made with. The last one is only made to show what is left.
      - Not used with O(batch), nor in check mode. The plan must have been made with
        O(oci_keys.block_volume.key_assignment_plan#module:new_discovery_file).
    type: int
    default: 1
  max_failures:
    description:
      - No further batch is started when more resources than this have failed. When not set, there is no limit.
      - Not used with O(batch).
    type: int
  max_changes:
    description:
      - The changes of a later round are not made if there would be more than this with those of earlier rounds. When
        not set, there is no limit.
      - Not used with O(batch).
    type: int
  wait_timeout:
    description:
      - The time limit for making the changes of a batch and verifying them, in seconds, including retries. The first
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
  - module: oci_keys.block_volume.backup_policy_plan
  - module: oci_keys.block_volume.key_assignment_plan
  - module: oci_keys.block_volume.key_restore_plan
"""

EXAMPLES = r"""
- name: Apply the plan, and what was created meanwhile
  oci_keys.block_volume.key_plan_apply:
    plan_file: "{{ run_folder }}/plan.json"
    rounds: 3
    max_failures: 10

- name: Apply the first batch only
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
put_back:
  description: How many of RV(recovered) have their policy, or their replica, again. Counts those that RV(recovered) has
    no room for, too.
  returned: when O(batch) is not set and there are any in RV(recovered)
  type: int
  sample: 2
  version_added: 0.2.0
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
  returned: with O(batch), when the arguments are valid
  type: str
  sample: us-phoenix-1, block volumes 201-400 of 1,000, 200 changed, 0 failed, about 40 s left
is_canary:
  description: Whether the last batch was the first one, with some resources of each region, type and key.
  returned: when the arguments are valid
  type: bool
  sample: false
failed_so_far:
  description: The number of resources that failed in this batch and the earlier ones of the same folder.
  returned: when the arguments are valid
  type: int
  sample: 0
batches:
  description: The number of batches that were applied.
  returned: without O(batch), when the arguments are valid
  type: int
  sample: 7
stopped:
  description: Why no further batch was started, V(canary) if a resource of the first one failed, V(failures) if more
    failed than O(max_failures), V(interrupted) after a signal. Null if all were.
  returned: without O(batch), when the arguments are valid
  type: str
  sample: null
last_plan:
  description: The result of the last plan that was made, in short. If none could be made after the last change, its
    counts are what is known without one.
  returned: with O(rounds) of more than 1, when the arguments are valid
  type: dict
  contains:
    plan_file:
      description: The file with the plan.
      type: str
      sample: /var/reports/20261124T013439Z-0f1e2d-localhost/plan-2.json
    digest:
      description: The SHA-256 digest of the plan's entries.
      type: str
      sample: 4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
    complete:
      description: Whether everything in scope could be read.
      returned: when a later plan was made
      type: bool
      sample: true
    summary:
      description: Counts of the resources that were considered.
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
    first_batch:
      description: The number of its first batch.
      returned: when a later plan was made
      type: int
      sample: 8
    batch_count:
      description: The number of its batches.
      returned: when a later plan was made
      type: int
      sample: 0
    msg:
      description: What it amounts to.
      returned: when a later plan was made
      type: str
      sample: 0 resources will be changed, 1,500 already right
found:
  description: What the last discovery found. Null if something was changed after it, or if there was none.
  returned: with O(rounds) of more than 1, when the arguments are valid
  type: dict
  contains:
    file:
      description: The file with all of it.
      type: str
      sample: /var/reports/20261124T013439Z-0f1e2d-localhost/after.json
    complete:
      description: Whether everything in scope could be read.
      type: bool
      sample: true
    msg:
      description: The counts in a sentence.
      type: str
      sample: '20 resources in 1 compartment of 2 regions: 7 on customer-managed keys, 13 on the Oracle-managed key'
discovery_error:
  description: Why no plan could be made after the last change. Null if one was.
  returned: with O(rounds) of more than 1, when the arguments are valid
  type: str
  sample: null
resources:
  description: The first twenty failures. The files of the batches have the outcome of every resource.
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
