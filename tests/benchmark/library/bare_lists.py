# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bare list calls of a discovery: every page of every kind in some compartments, and nothing else."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bare_lists
short_description: Lists volumes and backups, and counts them
description:
  - Looks at nothing that it lists, and survives no fault.
options:
  compartment_ids: {type: list, elements: str, required: true, description: Where to look.}
  threads: {type: int, required: true, description: How many lists to read at a time.}
author: The oci_keys.block_volume contributors
"""

EXAMPLES = ""
RETURN = ""

import os
from concurrent.futures import ThreadPoolExecutor

import oci
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule({"compartment_ids": {"type": "list", "elements": "str"}, "threads": {"type": "int"}})
    threads = module.params["threads"]
    config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
    client = oci.core.BlockstorageClient(config)
    client.base_client.session.mount("https://", oci.base_client.OCIHTTPAdapter(pool_maxsize=threads))
    kinds = [client.list_volumes, client.list_boot_volumes, client.list_volume_backups, client.list_boot_volume_backups]

    def count(job: tuple[object, str]) -> int:
        list_kind, compartment_id = job
        return len(oci.pagination.list_call_get_all_results(list_kind, compartment_id=compartment_id, limit=100).data)

    with ThreadPoolExecutor(threads) as pool:
        jobs = [
            (list_kind, compartment_id) for compartment_id in module.params["compartment_ids"] for list_kind in kinds
        ]
        module.exit_json(changed=False, count=sum(pool.map(count, jobs)))


if __name__ == "__main__":
    main()
