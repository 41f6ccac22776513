#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_plan_apply
short_description: Carry out one batch of a plan of encryption keys in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Carries out one batch of a plan that M(oci_keys.block_volume.key_assignment_plan) or
    M(oci_keys.block_volume.key_restore_plan) has written. The role P(oci_keys.block_volume.rekey#role) does it batch by
    batch, so that each is told of when it ends.
  - A resource that is on another key than the plan says is left alone, with a warning. One that is on the wanted key
    already is not written to.
  - What concerns one resource fails that resource. The others are finished first, then the task fails and tells the
    counts, and the first of what failed.
  - Beside the plan it appends to C(journal.jsonl), before and after each change, and writes C(batch-0001.json) with
    every outcome.
  - The keys are not looked up again. That was done when the plan was made.
extends_documentation_fragment:
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The plan has the present and the wanted key of each resource.
  idempotent:
    support: full
options:
  plan_file:
    description:
      - The plan. Outside of check mode it has to be one that was made outside of check mode.
    type: path
    required: true
  batch:
    description:
      - The number of the batch, as the plan tells them.
    type: int
    required: true
  concurrency:
    description:
      - How many changes are made side by side in each region at most, from 1 to 256. When the service refuses for
        too many requests, they get fewer.
      - Never more than 4 if one of the keys is kept outside of OCI (protection mode V(EXTERNAL)).
    type: int
    default: 32
  wait_timeout:
    description:
      - How long the batch may take to make its changes and see them take effect, in seconds, retries included. In the
        first batch, which has some resources of each region, kind and key, it is for each of these.
    type: int
    default: 1200
requirements:
  - python >= 3.9
  - oci
seealso:
  - module: oci_keys.block_volume.key_assignment_plan
"""

EXAMPLES = r"""
- name: Carry out the first batch
  oci_keys.block_volume.key_plan_apply:
    plan_file: "{{ run_folder }}/plan.json"
    batch: 1
"""

RETURN = r"""
summary:
  description: Counts of the resources of this batch. One that failed counts as failed only.
  returned: always, unless what was given is wrong
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 200
    changed:
      description: Those that were changed, or would be.
      type: int
      sample: 200
    unchanged:
      description: Those that were on the wanted key already, or were left alone.
      type: int
      sample: 0
    failed:
      description: Those with an error.
      type: int
      sample: 0
progress:
  description: Which resources these were, what became of them, and how long the rest is going to take, in a line.
  returned: always, unless what was given is wrong
  type: str
  sample: us-phoenix-1, block volumes 201-400 of 1,000, 200 changed, 0 failed, about 40 s left
is_canary:
  description: Whether this was the batch with the first ones of each region, kind and key.
  returned: always, unless what was given is wrong
  type: bool
  sample: false
failed_so_far:
  description: How many resources failed in this batch and the earlier ones of the same folder.
  returned: always, unless what was given is wrong
  type: int
  sample: 0
resources:
  description: The first of what failed, each with O(ignore:id), type, display name, region and error. The file of the
    batch has every resource.
  returned: always, unless what was given is wrong
  type: list
  elements: dict
  sample: []
msg:
  description: The counts in a sentence, and the first of what failed.
  returned: always
  type: str
  sample: 200 of 200 resources changed, 0 failed
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import CONNECTION_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_options import CHANGE_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_plan_apply import apply_batch


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "plan_file": {"type": "path", "required": True},
            "batch": {"type": "int", "required": True},
            "concurrency": CHANGE_OPTIONS["concurrency"],
            "wait_timeout": CHANGE_OPTIONS["wait_timeout"],
            **CONNECTION_OPTIONS,
        },
        supports_check_mode=True,
    )
    apply_batch(module)


if __name__ == "__main__":
    main()
