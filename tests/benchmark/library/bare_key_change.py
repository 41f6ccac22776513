# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that a module can do to change one volume's key with the SDK: the calls of volume_kms_key, and no more."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bare_key_change
short_description: Changes the key of one volume, the bare way
description:
  - Checks nothing but what it is told, keeps no record, and survives no fault.
options:
  volume_id: {type: str, required: true, description: The volume.}
  kms_key_id: {type: str, required: true, description: The key.}
author: The oci_keys.block_volume contributors
"""

EXAMPLES = ""
RETURN = ""

import os
import time

import oci
from ansible.module_utils.basic import AnsibleModule

# When volume_kms_key looks whether a change has settled, in seconds.
FIRST_LOOK, LATER = 0.2, 1.7


def main() -> None:
    module = AnsibleModule({"volume_id": {"required": True}, "kms_key_id": {"required": True}})
    volume_id, kms_key_id = module.params["volume_id"], module.params["kms_key_id"]
    config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
    signer = oci.signer.Signer.from_config(config)
    client = oci.core.BlockstorageClient(config, signer=signer)
    volume = client.get_volume(volume_id).data
    if volume.kms_key_id != kms_key_id:
        check_key(config, signer, kms_key_id)
        details = oci.core.models.UpdateVolumeKmsKeyDetails(kms_key_id=kms_key_id)
        client.update_volume_kms_key(volume_id, details)
        pause = FIRST_LOOK
        while volume.kms_key_id != kms_key_id or volume.lifecycle_state != "AVAILABLE":
            time.sleep(pause)
            pause *= LATER
            volume = client.get_volume(volume_id).data
    module.exit_json(changed=True, kms_key_id=volume.kms_key_id)


def check_key(config: dict, signer: oci.signer.Signer, kms_key_id: str) -> None:
    search = oci.resource_search.ResourceSearchClient(config, signer=signer)
    query = f"query key resources return allAdditionalFields where identifier = '{kms_key_id}'"
    found = search.search_resources(oci.resource_search.models.StructuredSearchDetails(query=query)).data.items[0]
    vault = oci.key_management.KmsVaultClient(config, signer=signer).get_vault(found.additional_details["vaultId"]).data
    keys = oci.key_management.KmsManagementClient(config, vault.management_endpoint, signer=signer)
    assert keys.get_key(kms_key_id).data.lifecycle_state == "ENABLED"
    assert len(keys.list_key_versions(kms_key_id, limit=100).data) == 1


if __name__ == "__main__":
    main()
