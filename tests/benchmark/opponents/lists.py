# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bare list calls of a discovery: every page of every kind in some compartments, and nothing else."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import oci


def main(threads: int, *compartment_ids: str) -> None:
    config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
    client = oci.core.BlockstorageClient(config, retry_strategy=oci.retry.DEFAULT_RETRY_STRATEGY)
    client.base_client.session.mount("https://", oci.base_client.OCIHTTPAdapter(pool_maxsize=threads))
    kinds = [client.list_volumes, client.list_boot_volumes, client.list_volume_backups, client.list_boot_volume_backups]

    def count(job: tuple[object, str]) -> int:
        list_kind, compartment_id = job
        rows = oci.pagination.list_call_get_all_results(list_kind, compartment_id=compartment_id, limit=100).data
        return len(rows)

    with ThreadPoolExecutor(threads) as pool:
        jobs = [(list_kind, compartment_id) for compartment_id in compartment_ids for list_kind in kinds]
        print(f"{sum(pool.map(count, jobs))} resources listed")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
