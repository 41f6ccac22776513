#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_assignment_report
short_description: Report which encryption keys protect Block Volume resources in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Makes a report of what other modules of this collection found and did, from the files that they wrote.
  - It writes C(report.json), whose form is documented as a JSON Schema, C(report.csv), with a row for each resource,
    C(report.html), a page that needs nothing but itself, and C(manifest.json), with the SHA-256 of every file in the
    folder.
  - Nothing is asked of OCI and no credentials are needed. The files are written in check mode too, only their owner can
    read them, and the task never counts as changed.
  - The files that it reads need not be trusted. What is not of their form is an error, and what stands in names can't
    act in the page, the spreadsheet or the terminal.
extends_documentation_fragment:
  - oci_keys.block_volume.attributes
attributes:
  action_group:
    support: none
    details:
      - It takes no connection options.
    membership: []
  check_mode:
    support: full
    details:
      - The report is written in check mode too, and says so.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - The task never counts as changed. A report names the time when it was made.
options:
  report_dir:
    description:
      - The folder of the run, where the report goes. It is made, for its owner only, if it is missing.
      - All files in it get into C(manifest.json), but those whose names begin with a dot.
    type: path
    required: true
  discovery_file:
    description:
      - The O(ignore:result_file) of M(oci_keys.block_volume.key_assignment_info), from the last look. Needed unless
        O(merge_reports) or O(unseen_reason) is given.
    type: path
  unseen_reason:
    description:
      - Why the state after the changes could not be looked at. Then there is no O(discovery_file), and O(before_file)
        is needed.
      - The report tells what was changed, and of what is there now nothing but that it was not looked at. It is not
        complete.
    type: str
  before_file:
    description:
      - Such a file from before the changes of the run. The report tells its counts too.
    type: path
  plan_file:
    description:
      - The plan of the run.
    type: path
  change_files:
    description:
      - The O(ignore:result_file) of each task that changed something, in the order of the tasks.
      - A folder stands for the files C(batch-*.json) in it, and for what C(journal.jsonl) tells besides, as of a
        batch that was killed.
    type: list
    elements: path
  keys_file:
    description:
      - The O(ignore:result_file) of M(oci_keys.block_volume.kms_key_info) for the keys that were found.
    type: path
  merge_reports:
    description:
      - Earlier C(report.json) files to make one report of, such as those of the shards of a tenancy.
      - Excludes the files of a run.
    type: list
    elements: path
  kms_key_ids:
    description:
      - The OCIDs of keys that are to be retired. The report tells every use of them that was found.
      - It never tells that a key is needed no more, since it can't see all that may use a key.
    type: list
    elements: str
  evidence:
    description:
      - What the files do not tell about the run.
    type: dict
    suboptions:
      run_id:
        description:
          - The name of the run.
        type: str
      role:
        description:
          - The role that made it.
        type: str
      inventory_host:
        description:
          - The host of the inventory that it was made for.
        type: str
      time_started:
        description:
          - When the run began, in UTC.
        type: str
      parameters:
        description:
          - With what parameters.
        type: dict
      awx_job_id:
        description:
          - The job of AWX or automation controller.
        type: str
      awx_user_name:
        description:
          - Who launched that job.
        type: str
  redact:
    description:
      - Whether OCIDs are replaced by hashes in the files of the report, the same hash for the same OCID.
      - The other files in the folder stay as they are.
    type: bool
    default: false
  redact_key:
    description:
      - A secret for these hashes. Without it, whoever knows an OCID can tell whether a hash stands for it.
      - Reports that are made with the same secret have the same hashes.
    type: str
  template:
    description:
      - The Jinja2 template of the page. The role P(oci_keys.block_volume.encryption_report#role) brings one, as
        C(templates/report.html.j2).
      - Without it, no page is made.
    type: path
requirements:
  - python >= 3.9
  - jinja2, if O(template) is given
seealso:
  - module: oci_keys.block_volume.kms_key_info
"""

EXAMPLES = r"""
- name: Report on what was found
  oci_keys.block_volume.key_assignment_report:
    report_dir: /var/lib/reports/20261124T013439Z
    discovery_file: /var/lib/reports/20261124T013439Z/before.json
    keys_file: /var/lib/reports/20261124T013439Z/keys.json
    template: "{{ role_path }}/templates/report.html.j2"

- name: Make one report of those of the shards, with hashes in place of OCIDs
  oci_keys.block_volume.key_assignment_report:
    report_dir: /var/lib/reports/all
    merge_reports:
      - /var/lib/reports/20261124T013439Z-shard1/report.json
      - /var/lib/reports/20261124T013440Z-shard2/report.json
    redact: true
    redact_key: "{{ report_secret }}"
"""

RETURN = r"""
paths:
  description: The files that were written.
  returned: success
  type: dict
  contains:
    json:
      description: The report itself.
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.json
    csv:
      description: Its resources, as a table.
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.csv
    html:
      description: The page. Only there if O(template) is given.
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.html
    manifest:
      description: The SHA-256 of every file in the folder.
      type: str
      sample: /var/lib/reports/20261124T013439Z/manifest.json
summary:
  description: Counts of the resources in the report.
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 40
    customer:
      description: Those on customer-managed keys.
      type: int
      sample: 28
    oracle:
      description: Those on the Oracle-managed key.
      type: int
      sample: 12
    unreadable:
      description: Places that could not be read.
      type: int
      sample: 0
complete:
  description: Whether everything could be read.
  returned: success
  type: bool
  sample: true
outcomes:
  description: Counts of what the run changed. What failed counts as failed even if it changed.
  returned: success
  type: dict
  contains:
    total:
      description: All resources that the run had in hand.
      type: int
      sample: 12
    changed:
      description: Those that were changed.
      type: int
      sample: 11
    unchanged:
      description: Those that were left as they were.
      type: int
      sample: 0
    failed:
      description: Those that failed.
      type: int
      sample: 1
    unsettled:
      description: Those that were not seen to end.
      type: int
      sample: 0
violations:
  description: Findings for each recommendation of the CIS OCI Foundations Benchmark. Null where nobody looked.
  returned: success
  type: dict
  sample:
    5.2.1: 3
    5.2.2: 0
retirement:
  description: The keys of O(kms_key_ids), the first 200 of them.
  returned: success
  type: list
  elements: dict
  contains:
    kms_key_id:
      description: The OCID of the key.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    verdict:
      description:
        - V(in_use) where a use was found.
        - V(no_use_found_in_block_volume) where none was found in all of the tenancy's Block Volume.
        - V(incomplete) where none was found, but not everything was searched.
      type: str
      sample: in_use
    uses:
      description: How many were found.
      type: int
      sample: 3
digest:
  description: The SHA-256 of C(report.json).
  returned: success
  type: str
  sample: 5c2f0c9b9c2f8f1a4b6e6f5c1b1a0e6a3d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a
msg:
  description: The report in a sentence.
  returned: always
  type: str
  sample: 28 of 40 resources are on customer-managed keys
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_report import make_report


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "report_dir": {"type": "path", "required": True},
            "discovery_file": {"type": "path"},
            "unseen_reason": {"type": "str"},
            "before_file": {"type": "path"},
            "plan_file": {"type": "path"},
            "change_files": {"type": "list", "elements": "path"},
            "keys_file": {"type": "path", "no_log": False},
            "merge_reports": {"type": "list", "elements": "path"},
            "kms_key_ids": {"type": "list", "elements": "str", "no_log": False},
            "evidence": {
                "type": "dict",
                "options": {
                    "run_id": {"type": "str"},
                    "role": {"type": "str"},
                    "inventory_host": {"type": "str"},
                    "time_started": {"type": "str"},
                    "parameters": {"type": "dict"},
                    "awx_job_id": {"type": "str"},
                    "awx_user_name": {"type": "str"},
                },
            },
            "redact": {"type": "bool", "default": False},
            "redact_key": {"type": "str", "no_log": True},
            "template": {"type": "path"},
        },
        supports_check_mode=True,
    )
    make_report(module)


if __name__ == "__main__":
    main()
