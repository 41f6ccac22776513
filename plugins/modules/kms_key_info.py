#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key_info
short_description: Gather whether encryption keys can be used for Block Volume in Oracle Cloud
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Looks up customer-managed keys in each region where they are going to be used, and reports whether Block Volume can
    use them there, why not, and which IAM statements must be in force.
  - A key that can't be used does not fail the task. RV(kms_keys[].usable) is false then.
  - A key of a replicated vault has the same OCID in every region that it is replicated to, and is looked up in the
    region where it is going to be used.
  - OCI does not report whether the IAM statements are in force. So RV(kms_keys[].usable) says that the key is valid,
    not that Block Volume is allowed to use it.
  - Vault may refuse more than ten calls per second and tenancy. This module makes at most four, and about three for
    each key and region.
extends_documentation_fragment:
  - oci_keys.block_volume.results
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
  - oci_keys.block_volume.attributes.info_module
options:
  kms_key_ids:
    description:
      - The OCIDs of the keys. Blank items are dropped, and duplicates are merged.
      - Or their names, V(vault/key), or V(key) where that is unique in the region. They are looked for in O(regions),
        by default in every region that the tenancy is subscribed to.
      - With an empty list, there is nothing to do.
      - Required unless O(discovery_file) is set.
    type: list
    elements: str
    aliases:
      - kms_key_id
  discovery_file:
    description:
      - The O(oci_keys.block_volume.key_assignment_info#module:discovery_file) of a scan. The keys in it are looked up
        too, each in the regions where it is used, regardless of O(regions).
    type: path
    aliases:
      - assignments_file
  regions:
    description:
      - The regions in which each of the keys is going to be used, such as V(us-ashburn-1) or V(iad).
      - When not set, each key is looked up in the region that its OCID names. That fails for a key whose OCID names
        none.
      - An empty list is an error.
    type: list
    elements: str
  result:
    description:
      - Which keys the result of the task lists. The counts in RV(summary) always cover all of them.
      - V(all) lists all of them, V(changed) only those that can't be used, since nothing ever changes, V(summary) none.
    type: str
    choices:
      - all
      - changed
      - summary
    default: all
seealso:
  - module: oci_keys.block_volume.key_assignment_info
  - module: oci_keys.block_volume.volume_kms_key
"""

EXAMPLES = r"""
- name: Gather whether a key can be used where its vault is, and where that is replicated to
  oci_keys.block_volume.kms_key_info:
    kms_key_id: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    regions:
      - us-ashburn-1
      - us-phoenix-1
  register: looked_up

- name: Stop if it can't
  ansible.builtin.assert:
    that: looked_up.summary.unusable == 0
    fail_msg: "{{ looked_up.msg }}"

- name: Show the IAM statements to paste
  ansible.builtin.debug:
    msg: "{{ looked_up.kms_keys | map(attribute='policy_statements') | flatten | unique }}"

- name: Gather which of many keys can't be used, each in its own region
  oci_keys.block_volume.kms_key_info:
    kms_key_ids: "{{ all_our_keys }}"
    result: changed
    result_file: /var/tmp/keys.json

- name: Gather every key in use, in each region where it is used
  oci_keys.block_volume.kms_key_info:
    discovery_file: /var/tmp/assignments.json
    result: changed
"""

RETURN = r"""
resolved:
  description: The option O(kms_key_ids) with OCIDs instead of names. Empty if there were no names among them.
  returned: success
  type: dict
  contains:
    kms_key_ids:
      description: The OCIDs of the keys.
      returned: when there were names among them
      type: list
      elements: str
      sample: ["ocid1.key.oc1.iad.examplevault.exampleuniqueid"]
kms_keys:
  description:
    - The result for each key and region, in the order given.
    - O(result) decides which are listed.
    - The same list is returned as C(keys) too, which is its name in O(result_file). Templates need brackets for that
      name, as in C(registered['keys']).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the key.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    region:
      description: The region where it was looked up.
      type: str
      sample: us-ashburn-1
    usable:
      description: Whether it could be read there, is enabled, and is an AES key, so that it can be assigned.
      type: bool
      sample: false
    problems:
      description: Why it can't be used. Empty if it can.
      type: list
      elements: str
      sample:
        - "is DISABLED, not ENABLED. Enable the key first"
    warnings:
      description: What does not prevent its use, but should be known.
      type: list
      elements: str
      sample:
        - has 2 versions; Block Volume documents support only for keys with a single version
    display_name:
      description: Its display name. Null, like the following values, if it could not be read.
      type: str
      sample: block-volumes
    lifecycle_state:
      description: Its lifecycle state in this region.
      type: str
      sample: DISABLED
    time_of_deletion:
      description: When it is going to be deleted, in UTC. Null if its deletion is not scheduled.
      type: str
      sample: "2026-12-24T00:00:00Z"
    algorithm:
      description: V(AES), V(RSA) or V(ECDSA). Block Volume requires V(AES).
      type: str
      sample: AES
    protection_mode:
      description: V(HSM), V(SOFTWARE) or V(EXTERNAL).
      type: str
      sample: HSM
    vault_id:
      description: The OCID of its vault.
      type: str
      sample: ocid1.vault.oc1.iad.examplevault.exampleuniqueid
    management_endpoint:
      description: The endpoint of its vault for keys in this region.
      type: str
      sample: https://examplevault-management.kms.us-ashburn-1.oraclecloud.com
    compartment_id:
      description: The OCID of its compartment.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    time_created:
      description: When it was created, in UTC.
      type: str
      sample: "2025-02-03T04:05:06Z"
    current_key_version:
      description: The OCID of its current version.
      type: str
      sample: ocid1.keyversion.oc1.iad.examplevault.exampleuniqueid
    time_current_version_created:
      description: When its current version was created, in UTC. Null if its versions could not be listed.
      type: str
      sample: "2026-10-24T01:34:39Z"
    versions:
      description: The number of its versions, without deleted ones.
      type: int
      sample: 1
    is_auto_rotation_enabled:
      description: Whether it is rotated automatically.
      type: bool
      sample: false
    is_replica:
      description: Whether it was created in another region, and replicated to this one with its vault.
      type: bool
      sample: false
    policy_statements:
      description:
        - The IAM statements that must be in force for Block Volume to use the key, and for the caller to assign it,
          remove it, and look it up.
        - Values that OCI does not report are placeholders in angle brackets.
      type: list
      elements: str
      sample:
        - Allow service blockstorage to use keys in compartment id ocid1.compartment.oc1..exampleuniqueid where
          target.key.id = 'ocid1.key.oc1.iad.examplevault.exampleuniqueid'
summary:
  description: Counts of all entries, regardless of O(result).
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 2
    usable:
      description: Those that can be used.
      type: int
      sample: 1
    unusable:
      description: Those that can't.
      type: int
      sample: 1
msg:
  description: The counts in a sentence, and the first problems.
  returned: always
  type: str
  sample: 2 of 2 keys can be used
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.kms_key_info import run_kms_key_info
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.options import info_spec


def main() -> None:
    module = Module(
        argument_spec=info_spec(
            kms_key_ids={
                "type": "list",
                "elements": "str",
                "aliases": ["kms_key_id"],
                "no_log": False,
            },
            regions={"type": "list", "elements": "str"},
            discovery_file={"type": "path", "aliases": ["assignments_file"]},
        ),
        required_one_of=[("kms_key_ids", "discovery_file")],
        supports_check_mode=True,
    )
    run_kms_key_info(module)


if __name__ == "__main__":
    main()
