# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from unit.support import report_files as files
from unit.support.fake_cloud import volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode


def ids(*rows: dict[str, Any]) -> list[str]:
    return [row["id"] for row in parse_discovery(JsonNode(files.discovery(*rows), "f")).resources]


def test_an_asset_without_a_policy_in_a_file_of_version_0_1_0_is_no_assignment() -> None:
    asset = volume_id(2)
    without = files.resource(2, "policy_assignment", id=asset, asset_id=asset, policy_id=None)
    volume = files.resource(1)
    assert ids(volume, without) == [volume["id"]]


@pytest.mark.parametrize("more", [{"id": volume_id(3)}, {"asset_id": None}, {"policy_id": 1}])
def test_an_assignment_whose_policy_is_missing_is_refused(more: dict[str, Any]) -> None:
    asset = volume_id(2)
    row = files.resource(2, "policy_assignment", **{"id": asset, "asset_id": asset, "policy_id": None, **more})
    with pytest.raises(InputError, match=r"policy_id|asset_id"):
        ids(row)
