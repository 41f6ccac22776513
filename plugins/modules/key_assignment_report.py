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
  - Writes a report of what other modules of this collection discovered and changed, from the files that they wrote.
  - It writes C(report.json), whose format is documented as a JSON Schema, C(report.csv), with a row for each resource,
    C(report.html), a self-contained page, C(findings.ocsf.json), the findings as Compliance Findings of OCSF,
    C(metrics.prom), the figures for Prometheus, C(summary.json), the figures for later reports, and C(manifest.json),
    with the SHA-256 digest of every file in the folder.
  - It makes no calls to OCI and needs no credentials. The files are written in check mode too, only their owner can
    read them, and the task never counts as changed.
  - The files that it reads need not be trusted. Content that does not match their format is an error, and names can't
    inject anything into the page, the spreadsheet or the terminal.
extends_documentation_fragment:
  - oci_keys.block_volume.attributes
attributes:
  action_group:
    support: none
    details:
      - It has no connection options.
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
      - The task never counts as changed. A report has the time when it was written.
options:
  report_dir:
    description:
      - The folder of the run, to which the report is written. If it is missing, it is created for its owner only.
      - C(manifest.json) lists all files in it, except those whose names begin with a dot.
      - A file that is there already is replaced only if an earlier report wrote it.
    type: path
    required: true
  discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:discovery_file) of the latest scan, which the report is
        about. For a run that changed something, that is the scan after its changes.
      - Exactly one of this, O(discovery_error) and O(merge_reports) is required.
    type: path
  discovery_error:
    description:
      - Why there is no scan after the changes of the run. O(initial_discovery_file) is required with it.
      - The report lists what was changed, and says that the current state is unknown. It is not complete.
    type: str
    aliases:
      - unseen_reason
  initial_discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:discovery_file) of the scan before the changes of the
        run. The report has its counts too.
    type: path
    aliases:
      - before_file
  plan_file:
    description:
      - The plan of the run.
    type: path
  change_files:
    description:
      - The O(ignore:result_file) of each task that changed something, in the order of the tasks.
      - A folder stands for the files C(batch-*.json) in it, and for changes that only C(journal.jsonl) records, as of a
        batch that was killed.
    type: list
    elements: path
  keys_file:
    description:
      - The O(oci_keys.block_volume.kms_key_info#module:result_file) for the keys that were discovered.
      - Without it, the keys in use are unknown, and so the report is not complete.
    type: path
  initial_keys_file:
    description:
      - The keys that were looked up before the changes of the run. The report lists those of them too that
        O(keys_file) does not have, such as keys that nothing is on any more.
      - Without O(keys_file), the report lists these keys, but their states are unknown, since nobody looked them up
        after the run.
    type: path
  merge_reports:
    description:
      - Existing C(report.json) files to merge into one report, such as those of the shards of a tenancy.
      - Where several of them have the same resource, the last search counts. Where several have the same key, the
        worst state counts.
      - It can't be combined with the files of a run.
    type: list
    elements: path
  kms_key_ids:
    description:
      - The OCIDs of keys to retire. The report lists every use of them that was found.
      - It never declares that a key has no uses left, since it can't see everything that may use a key.
    type: list
    elements: str
  evidence:
    description:
      - Facts about the run that are not in the files.
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
          - The parameters of the run.
        type: dict
      awx_job_id:
        description:
          - The job of AWX or automation controller.
        type: str
      awx_user_name:
        description:
          - The user who launched that job.
        type: str
  redact:
    description:
      - Whether OCIDs are replaced by hashes in the files of the report. The same OCID always has the same hash.
      - The other files in the folder are not redacted.
    type: bool
    default: false
  redact_key:
    description:
      - A secret for these hashes. Without it, anyone who knows an OCID can find out whether a hash stands for it.
      - Reports with the same secret have the same hashes.
    type: str
  template:
    description:
      - The Jinja2 template of the page. The role P(oci_keys.block_volume.encryption_report#role) has one, as
        C(roles/encryption_report/templates/report.html.j2) in the folder of the collection.
      - When not set, no page is written.
    type: path
  baseline:
    description:
      - An earlier C(report.json), or the folder of its run, to compare with. The report then says what is new, gone, on
        another key, newly compliant or not any more, and which keys can't be used any more. What was not read then, or
        is not now, is unknown.
      - V(latest) is the newest report with the same scope among the folders beside O(report_dir). If there is none, the
        report says so.
      - The report must be of the same tenancy, with the same O(redact) and O(redact_key).
    type: str
  history:
    description:
      - Whether the folder that O(report_dir) is in is kept for runs. If so, the report has the trend over its reports,
        C(index.html) there lists the runs, and the link C(latest) leads to this one.
      - Neither replaces a file that is not of this collection.
    type: bool
    default: false
  metrics_file:
    description:
      - A file for the metrics besides C(metrics.prom) in O(report_dir), such as one in the folder of the textfile
        collector of Prometheus' node_exporter. It is replaced in one step, and everyone may read it.
      - It has no OCIDs, and no names but those of the tenancy and its regions.
    type: path
  max_key_age_days:
    description:
      - How many days old the current version of a key in use may be. Recommendation 4.16 of the CIS OCI Foundations
        Benchmark asks for a new version each year.
      - Block Volume documents support only for keys with a single version. A new key each year, to which the resources
        are moved, meets both.
    type: int
    default: 365
  required_protection:
    description:
      - The protection level that keys in use must have. When not set, any.
    type: str
    choices:
      - HSM
      - EXTERNAL
      - SOFTWARE
  owner_tag:
    description:
      - The tag that names the owner of a resource, V(name) of a free-form tag or V(namespace.name) of a defined one.
      - The report counts the resources by its values, and by compartment.
    type: str
  terraform_state:
    description:
      - Files with what C(terraform show -json) or C(tofu show -json) prints of a state. Their content is not trusted.
      - The report and C(terraform.csv) then have a row for each attribute in such a state whose resource was changed,
        is planned to be, or has another key in OCI, with its address, the key, and what to write in the code.
      - It can't be combined with redacted O(merge_reports).
    type: list
    elements: path
  fail_on:
    description:
      - What the task fails on, after it has written all files. What is unknown counts too.
      - V(cis) is a recommendation of the benchmark that is not met, V(unusable_keys) a key in use that can't be used.
      - V(incomplete) is a report that is not complete.
      - V(key_in_use) is a use of one of O(kms_key_ids).
      - V(key_age) is a key that is older than O(max_key_age_days), V(protection) one that does not have
        O(required_protection).
      - V(new_volumes) is a pool that creates volumes on a key that fails the check about them.
      - V(expired_exceptions) is an exception whose date has passed, V(since) something that got worse since an earlier
        report.
    type: list
    elements: str
    choices:
      - cis
      - unusable_keys
      - incomplete
      - key_in_use
      - key_age
      - protection
      - new_volumes
      - expired_exceptions
      - since
  exceptions_file:
    description:
      - A file of exceptions, in YAML or JSON, resources that are left on their keys on purpose. Each has selectors, a
        reason, an owner, a ticket and the last day on which it holds.
        C(roles/encryption_report/files/exceptions.schema.json) in the folder of the collection describes it.
      - What an exception excuses is counted apart. It never excuses what is unknown, nor a key that can't be used.
      - YAML needs PyYAML in the Python of the module.
    type: path
  exceptions:
    description:
      - The same as a list, as C(exceptions) in the file. It can't be combined with O(exceptions_file).
    type: list
    elements: dict
  signing_key:
    description:
      - The private key to sign C(manifest.json) with, by C(ssh-keygen -Y sign -n oci-keys-report). The signature is
        C(manifest.json.sig).
      - It has no passphrase, or it is a public key whose private key an SSH agent holds.
    type: path
requirements:
  - python >= 3.9
  - C(ssh-keygen) of OpenSSH 8.2 or later, if O(signing_key) is set
  - PyYAML, if O(exceptions_file) is YAML
  - jinja2, if O(template) is set
seealso:
  - module: oci_keys.block_volume.key_assignment_info
  - module: oci_keys.block_volume.kms_key_info
"""

EXAMPLES = r"""
- name: Report on a scan
  oci_keys.block_volume.key_assignment_report:
    report_dir: /var/lib/reports/20261124T013439Z
    discovery_file: /var/lib/reports/20261124T013439Z/before.json
    keys_file: /var/lib/reports/20261124T013439Z/keys.json

- name: Merge the reports of shards into one, with hashes in place of OCIDs
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
      description: The report.
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.json
    csv:
      description: The resources of the report, as a table.
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.csv
    html:
      description: The page.
      returned: when O(template) is set
      type: str
      sample: /var/lib/reports/20261124T013439Z/report.html
    ocsf:
      description: The findings, as Compliance Findings of OCSF.
      type: str
      sample: /var/lib/reports/20261124T013439Z/findings.ocsf.json
    metrics:
      description: The figures, in the text format of Prometheus.
      type: str
      sample: /var/lib/reports/20261124T013439Z/metrics.prom
    metrics_file:
      description: The same.
      returned: when O(metrics_file) is set
      type: str
      sample: /var/lib/node_exporter/oci_block_volume_keys.prom
    summary:
      description: The figures, which later reports read.
      type: str
      sample: /var/lib/reports/20261124T013439Z/summary.json
    index:
      description: The page with all runs.
      returned: when O(history) is true, and the file is not somebody's own
      type: str
      sample: /var/lib/reports/index.html
    latest:
      description: The link to the run that ended last.
      returned: when O(history) is true, and it is not somebody's own file
      type: str
      sample: /var/lib/reports/latest
    terraform:
      description: What has to follow in the code of Terraform, as a table.
      returned: when O(terraform_state) is set
      type: str
      sample: /var/lib/reports/20261124T013439Z/terraform.csv
    manifest:
      description: The SHA-256 digest of every file in the folder.
      type: str
      sample: /var/lib/reports/20261124T013439Z/manifest.json
headline:
  description: What the report says first.
  returned: success
  type: dict
  contains:
    level:
      description: V(red), V(amber), or V(green) if all was read and nothing is wrong.
      type: str
      sample: red
    sentence:
      description: The worst, in a sentence.
      type: str
      sample: "3 resources are on disabled keys (main): they can't be attached, restored or copied. Enable the keys."
    others:
      description: What else keeps it from being green, the worst first.
      type: list
      elements: str
      sample: []
    coverage:
      description: How the resources are protected.
      type: dict
      contains:
        total:
          description: All resources.
          type: int
          sample: 40
        customer:
          description: Those on a customer-managed key that could be read.
          type: int
          sample: 28
        oracle:
          description: Those on the Oracle-managed key.
          type: int
          sample: 12
        unknown:
          description: Those on a key that could not be read.
          type: int
          sample: 0
        endangered:
          description: Those on a key that is deleted, pending deletion, disabled or otherwise unusable.
          type: int
          sample: 3
        unknown_places:
          description: Places that could not be read. How many resources are there is unknown.
          type: int
          sample: 0
        excepted:
          description: Of RV(headline.coverage.oracle), those that an exception excuses.
          type: int
          sample: 0
scope:
  description: What the report is about, in a sentence.
  returned: success
  type: str
  sample: "Part of the tenancy: compartment prod and below; us-ashburn-1; block volumes"
alarms:
  description: What the task failed on, a sentence for each. Empty without O(fail_on).
  returned: success
  type: list
  elements: str
  sample: []
lines:
  description: The headline, the coverage, the scope and the answer on each key to retire, in sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "AMBER: 12 of 40 resources are on the Oracle-managed key."
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
  description: Whether everything in scope could be read, with every key in use.
  returned: success
  type: bool
  sample: true
outcomes:
  description: Counts of the resources that the run processed. One that failed counts as failed even if it changed.
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 12
    changed:
      description: Those that were changed.
      type: int
      sample: 11
    unchanged:
      description: Those that were not changed.
      type: int
      sample: 0
    failed:
      description: Those that failed.
      type: int
      sample: 1
    unsettled:
      description: Those whose change was not seen to take effect.
      type: int
      sample: 0
violations:
  description: The number of findings for each recommendation of the CIS OCI Foundations Benchmark. Null if it is
    unknown whether it is met.
  returned: success
  type: dict
  sample:
    "4.16": 0
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
        - V(in_use) if a use was found.
        - V(no_use_found_in_block_volume) if none was found in all Block Volume resources of the tenancy.
        - V(incomplete) if none was found, but not everything was searched.
      type: str
      sample: in_use
    uses:
      description: The number of uses that were found.
      type: int
      sample: 3
    display_name:
      description: The name of the key. Null if it is not known.
      type: str
      sample: bank-key-2025
since:
  description: How many resources and keys are different since the report O(baseline). Null without one.
  returned: success
  type: dict
  contains:
    baseline:
      description: The run that the earlier report is of.
      type: str
      sample: 20261117T013440Z-3c4d5e-localhost
    new:
      description: Resources that were not there.
      type: int
      sample: 2
    gone:
      description: Resources that are not in scope any more, such as deleted ones.
      type: int
      sample: 0
    other_key:
      description: Resources on another key.
      type: int
      sample: 12
    newly_compliant:
      description: Resources that are on a customer-managed key that can be used, and were not.
      type: int
      sample: 12
    no_longer_compliant:
      description: Resources that were on a customer-managed key that could be used, and are not any more.
      type: int
      sample: 0
    unknown:
      description: Resources that were not read then, or are not now, or the state of whose key is not known.
      type: int
      sample: 0
    keys_newly_unusable:
      description: Keys that can't be used any more, such as those whose deletion was scheduled.
      type: int
      sample: 1
    keys_newly_unknown:
      description: Keys that can't be read any more.
      type: int
      sample: 0
    newly_excepted:
      description: Resources that an exception excuses, and none did.
      type: int
      sample: 0
    no_longer_excepted:
      description: Resources that an exception excused, and none does any more.
      type: int
      sample: 0
    exceptions_newly_expired:
      description: Exceptions that have expired, and had not then.
      type: int
      sample: 0
    worse:
      description: What got worse, in a sentence each.
      type: list
      elements: str
      sample: [1 key can't be used any more]
digest:
  description: The SHA-256 digest of C(report.json).
  returned: success
  type: str
  sample: 5c2f0c9b9c2f8f1a4b6e6f5c1b1a0e6a3d8c7b6a5f4e3d2c1b0a9f8e7d6c5b4a
msg:
  description: The report in a sentence.
  returned: always
  type: str
  sample: >-
    12 of 40 resources are on the Oracle-managed key. 28 of 40 resources are on customer-managed keys, 12 on the
    Oracle-managed key, 0 unknown
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.report_demands import (
    ALARMS,
    MAX_KEY_AGE_DAYS,
    PROTECTION_LEVELS,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.exception_options import EXCEPTION_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_report import make_report
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module


def main() -> None:
    module = Module(
        argument_spec={
            "report_dir": {"type": "path", "required": True},
            "discovery_file": {"type": "path"},
            "discovery_error": {"type": "str", "aliases": ["unseen_reason"]},
            "initial_discovery_file": {"type": "path", "aliases": ["before_file"]},
            "plan_file": {"type": "path"},
            "change_files": {"type": "list", "elements": "path"},
            "keys_file": {"type": "path", "no_log": False},
            "initial_keys_file": {"type": "path", "no_log": False},
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
            "baseline": {"type": "str"},
            "history": {"type": "bool", "default": False},
            "metrics_file": {"type": "path"},
            "max_key_age_days": {"type": "int", "default": MAX_KEY_AGE_DAYS, "no_log": False},
            "required_protection": {"type": "str", "choices": list(PROTECTION_LEVELS)},
            "owner_tag": {"type": "str"},
            "terraform_state": {"type": "list", "elements": "path"},
            "fail_on": {"type": "list", "elements": "str", "choices": list(ALARMS)},
            **EXCEPTION_OPTIONS,
            "signing_key": {"type": "path", "no_log": False},
        },
        supports_check_mode=True,
    )
    make_report(module)


if __name__ == "__main__":
    main()
