# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, compartment_id, key_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.results import summary
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_info import shortened


def _result(places: int) -> dict[str, Any]:
    compartments = [{"id": compartment_id(n), "name": "n" * 100, "lifecycle_state": "ACTIVE"} for n in range(places)]
    return {
        "resources": [{"id": "1"}],
        "unreadable": [{"compartment_id": compartment_id(n), "message": "m" * 300} for n in range(places)],
        "scanned": {"regions": [IAD], "compartments": compartments, "compartment_count": places},
    }


@pytest.mark.parametrize("which", ["changed", "summary"])
def test_a_small_result_stays_small_in_a_vast_tenancy(which: str) -> None:
    short = shortened(_result(3000), which)

    assert short["resources"] == []
    assert len(short["unreadable"]) == len(short["scanned"]["compartments"]) == 20
    assert short["scanned"]["compartment_count"] == 3000
    assert len(json.dumps(short)) < 50_000


def test_all_is_all() -> None:
    result = _result(100)
    assert shortened(result, "all") == result


def test_the_summary_lists_the_keys_with_the_most_resources_first() -> None:
    keys = [key_id(f"{n:x}") for n in range(60)]
    rows = [
        {"region": IAD, "type": "volume", "kms_key_id": key, "encryption": "customer"}
        for number, key in enumerate(keys)
        for _copy in range(number + 1)
    ]

    counts = summary([*rows, {"region": IAD, "type": "volume", "kms_key_id": None, "encryption": "oracle"}], 7)

    assert [one["kms_key_id"] for one in counts["by_key"]] == keys[:9:-1]
    assert counts["by_key"][0] == {
        "kms_key_id": keys[59],
        "total": 60,
        "by_region": {IAD: 60},
        "by_type": {"volume": 60},
    }
    assert (counts["kms_keys"], counts["unreadable"], counts["oracle"]) == (60, 7, 1)
