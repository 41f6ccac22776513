# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from unit.support.fake_cloud import IAD, KEY_A, compartment_id

from ansible_collections.oci_keys.block_volume.plugins.filter import role_options as file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.region_tables import known_regions

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


class TestBoxesThatNobodyTicked:
    """AWX hands on ``[]`` where a survey says that none chosen means all."""

    @pytest.mark.parametrize("job", ["JOB_ID", "AWX_HOST"])
    def test_under_awx_they_are_a_blank(self, monkeypatch: pytest.MonkeyPatch, job: str) -> None:
        monkeypatch.setenv(job, "7")
        blank, ticked = (role_options({**GIVEN, **more}, "rekey") for more in ({}, {"rekey_resource_types": []}))
        assert ticked == blank

    def test_other_filters_that_came_out_empty_are_an_error_there_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JOB_ID", "7")
        for name in ("rekey_compartment_ids", "rekey_exclude_ids", "rekey_from_kms_key_ids"):
            assert role_options({**GIVEN, name: []}, "rekey")["problems"]

    def test_elsewhere_they_are_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("JOB_ID", "AWX_HOST", "AWX_PRIVATE_DATA_DIR", "AWX_ISOLATED_DATA_DIR"):
            monkeypatch.delenv(name, raising=False)
        assert role_options({**GIVEN, "rekey_resource_types": []}, "rekey")["problems"]
