# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from unit.support.fake_cloud import IAD, KEY_A, compartment_id

from ansible_collections.oci_keys.block_volume.plugins.filter import role_options as file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import known_regions

role_options = file.FilterModule().filters()["role_options"]
GIVEN = {"rekey_kms_key_ids": f"iad={KEY_A}", "rekey_compartment_ids": compartment_id(1)}


def test_short_codes_of_regions_become_names() -> None:
    read = role_options(GIVEN, "rekey")
    assert read["problems"] == []
    assert read["options"]["kms_key_ids"] == {IAD: KEY_A}


def test_a_region_that_does_not_exist_is_told_before_anything_is_read() -> None:
    read = role_options({**GIVEN, "rekey_regions": "us-ashbrn-1"}, "rekey")
    assert "did you mean us-ashburn-1" in read["problems"][0]


def test_without_the_sdk_on_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oci", None)
    assert known_regions() is None
    assert role_options(GIVEN, "rekey")["options"]["kms_key_ids"] == {"iad": KEY_A}
