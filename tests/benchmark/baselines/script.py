# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts all volumes of a compartment on a key, as a good engineer would with Oracle's SDK and an afternoon.

One client and one signer for all threads, as many kept connections as threads, nothing written that is as wanted, and
what was written is looked at until it is AVAILABLE with its key: each volume by the thread that has changed it, or with
``patient`` all of them after the last PUT, when most have settled. That is quicker where many are to be changed.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import oci

THREADS = 32


def main(compartment_id: str, kms_key_id: str, order: str) -> None:
    config = oci.config.from_file(os.environ["OCI_CONFIG_FILE"])
    client = oci.core.BlockstorageClient(config, retry_strategy=oci.retry.DEFAULT_RETRY_STRATEGY)
    client.base_client.session.mount("https://", oci.base_client.OCIHTTPAdapter(pool_maxsize=THREADS))

    def put(volume_id: str) -> None:
        details = oci.core.models.UpdateVolumeKmsKeyDetails(kms_key_id=kms_key_id)
        client.update_volume_kms_key(volume_id, details)

    def wait(volume_id: str) -> None:
        while True:
            volume = client.get_volume(volume_id).data
            if volume.lifecycle_state == "AVAILABLE" and volume.kms_key_id == kms_key_id:
                return
            time.sleep(0.2)

    volumes = oci.pagination.list_call_get_all_results(client.list_volumes, compartment_id=compartment_id, limit=100)
    different = [volume.id for volume in volumes.data if volume.kms_key_id != kms_key_id]

    def put_and_wait(volume_id: str) -> None:
        put(volume_id)
        wait(volume_id)

    with ThreadPoolExecutor(THREADS) as pool:
        for step in [put, wait] if order == "patient" else [put_and_wait]:
            list(pool.map(step, different))
    print(f"{len(different)} of {len(volumes.data)} volumes changed")


if __name__ == "__main__":
    main(*sys.argv[1:])
