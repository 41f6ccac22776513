# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.support import report_files as files
from unit.support.fake_cloud import (
    FRA,
    IAD,
    INFINITE,
    KEY_A,
    KEY_B,
    REGIONS,
    TENANCY,
    Cloud,
    Key,
    key_id,
    refused,
)
from unit.support.fakes import FakeConnection

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.validation import KeyReport, KeyValidator
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.kms_key_info import look_up, requested_keys

GOOD = KeyReport(KEY_A, IAD, found=True)
GOV_KEY = f"ocid1.key.oc2.lfi.vaulta.{'a' * 60}"
NOWHERE_KEY = f"ocid1.key.oc1..{'a' * 60}"


def ask(*kms_key_ids: Any, regions: list[Any] | None = None, tenancy: str | None = TENANCY) -> list[tuple[str, str]]:
    return requested_keys({"kms_key_ids": list(kms_key_ids), "regions": regions}, regions=REGIONS, tenancy=tenancy)


class TestRequestedKeys:
    def test_a_key_is_asked_for_where_its_ocid_says(self) -> None:
        elsewhere = key_id("e", FRA)
        assert ask(KEY_A, elsewhere) == [(KEY_A, IAD), (elsewhere, FRA)]

    def test_every_key_in_every_region_in_the_order_given(self) -> None:
        assert ask(KEY_B, KEY_A, regions=[FRA, IAD]) == [(KEY_B, FRA), (KEY_B, IAD), (KEY_A, FRA), (KEY_A, IAD)]

    def test_duplicates_and_blanks_are_dropped(self) -> None:
        assert ask(KEY_A, "", f" {KEY_A} ", " ", None, regions=["iad", IAD, "", " US-Ashburn-1 "]) == [(KEY_A, IAD)]

    @pytest.mark.parametrize("regions", [None, [""], ["  "], [None]])
    def test_regions_left_blank_are_not_set(self, regions: list[Any] | None) -> None:
        assert ask(KEY_A, regions=regions) == [(KEY_A, IAD)]

    @pytest.mark.parametrize("regions", [[], ["", ""], ["", None, " "]])
    def test_regions_that_come_to_nothing_are_an_error(self, regions: list[Any]) -> None:
        with pytest.raises(InputError, match="'regions' is an empty list"):
            ask(KEY_A, regions=regions)

    def test_no_keys_are_nothing_to_do(self) -> None:
        assert ask() == ask("", None) == ask(regions=[IAD]) == []

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"kms_key_ids": ["mine"]}, "'mine' is not an OCID"),
            ({"kms_key_ids": [KEY_A, "ocid1.vault.oc1.iad.x.y"]}, "is a vault, but a key is expected"),
            ({"kms_key_ids": [GOV_KEY]}, "belongs to realm oc2, the tenancy to oc1"),
            ({"kms_key_ids": [KEY_A, GOV_KEY], "tenancy": None}, "belongs to realm oc2, the other keys to oc1"),
            ({"kms_key_ids": [KEY_A], "regions": ["lfi"]}, "belongs to realm oc1, us-langley-1 to oc2"),
            ({"kms_key_ids": [KEY_A], "regions": [IAD, "us-ashburm-1"]}, "'regions' names 'us-ashburm-1', .*did you"),
            ({"kms_key_ids": [], "regions": ["all"]}, "'regions' names 'all', which is not a known region"),
            ({"kms_key_ids": [NOWHERE_KEY]}, f"{NOWHERE_KEY} contains no region.*with 'regions'"),
            ({"kms_key_ids": [f"ocid1.key.oc1.iad-ad-1.{'a' * 9}"]}, "iad-ad-1.*not a known region"),
            ({"kms_key_ids": [f"ocid1.key.oc1.lfi.v.{'a' * 9}"]}, "contradicts itself"),
        ],
    )
    def test_mistakes_are_told(self, given: dict[str, Any], words: str) -> None:
        ids = given.pop("kms_key_ids")
        with pytest.raises(InputError, match=words):
            ask(*ids, **given)

    @pytest.mark.parametrize("kms_key_id", [NOWHERE_KEY, f"ocid1.key.oc1.iad-ad-1.{'a' * 9}"])
    def test_a_key_that_names_no_region_is_asked_for_where_told(self, kms_key_id: str) -> None:
        assert ask(kms_key_id, regions=["fra"]) == [(kms_key_id, FRA)]


class TestKeysInUse:
    @pytest.fixture
    def file(self, tmp_path: Path) -> str:
        content = files.discovery(
            files.resource(1, key=KEY_A, region=FRA),
            files.resource(2, key=KEY_A, region=IAD),
            files.resource(3, key=KEY_A, region=IAD),
            files.resource(4, "policy_assignment", KEY_B, region=IAD, destination_region=FRA),
            files.resource(5),
        )
        path = tmp_path / "assignments.json"
        path.write_text(json.dumps(content))
        return str(path)

    def requested(self, file: str, *kms_key_ids: str, regions: list[str] | None = None) -> list[tuple[str, str]]:
        options = {"kms_key_ids": list(kms_key_ids) or None, "regions": regions, "discovery_file": file}
        return requested_keys(options, regions=REGIONS, tenancy=TENANCY)

    def test_they_are_asked_for_where_they_are_used(self, file: str) -> None:
        assert sorted(self.requested(file)) == sorted([(KEY_A, FRA), (KEY_A, IAD), (KEY_B, FRA)])

    def test_those_that_are_named_come_first(self, file: str) -> None:
        asked = self.requested(file, KEY_B, regions=[IAD, FRA])
        assert asked[:2] == [(KEY_B, IAD), (KEY_B, FRA)]
        assert len(asked) == 4

    def test_a_file_of_another_sort_is_told(self, file: str) -> None:
        Path(file).write_text("{}")
        with pytest.raises(InputError, match="a result file of key_assignment_info"):
            self.requested(file)


class TestLookUp:
    @pytest.fixture
    def cloud(self) -> Cloud:
        cloud = Cloud()
        cloud.add_keys(Key(KEY_A), Key(KEY_B, protection="EXTERNAL"))
        return cloud

    def reports(self, cloud: Cloud, *asked: tuple[str, str]) -> list[KeyReport]:
        connection: Any = FakeConnection(cloud)
        return look_up(asked, KeyValidator(connection, cloud.clock), connection)

    def test_the_order_is_kept(self, cloud: Cloud) -> None:
        asked = [(KEY_B, FRA), (KEY_A, IAD), (KEY_A, FRA), (KEY_B, IAD)]
        assert [(report.id, report.region) for report in self.reports(cloud, *asked)] == asked

    def test_nothing_asked_is_nothing_called(self, cloud: Cloud) -> None:
        assert self.reports(cloud) == []
        assert cloud.calls == []

    def test_a_key_outside_of_oci_is_a_warning(self, cloud: Cloud) -> None:
        plain, external = self.reports(cloud, (KEY_A, IAD), (KEY_B, IAD))
        assert plain.warnings == ()
        assert external.usable
        assert "EXTERNAL" in external.warnings[0]

    def test_automatic_rotation_is_a_warning(self, cloud: Cloud) -> None:
        connection: Any = FakeConnection(cloud)
        validator = KeyValidator(connection, cloud.clock)
        validator.check_assignable = lambda *_key_and_region: replace(GOOD, is_auto_rotation_enabled=True)  # type: ignore[method-assign]
        (report,) = look_up([(KEY_A, IAD)], validator, connection)
        assert "is rotated automatically" in report.warnings[0]

    def test_credentials_that_are_not_accepted_end_it_all(self, cloud: Cloud) -> None:
        cloud.fail("", refused(401, "NotAuthenticated", "Wrong."), times=INFINITE)
        with pytest.raises(InputError, match=r"rejected the credentials \(user .*401 NotAuthenticated: Wrong\."):
            self.reports(cloud, (KEY_A, IAD), (KEY_B, FRA))

    def test_a_fault_of_ours_is_told_with_the_key(self, cloud: Cloud) -> None:
        cloud.fail("get_key", ZeroDivisionError("oops"), subject=KEY_A)
        broken, fine = self.reports(cloud, (KEY_A, IAD), (KEY_B, IAD))
        assert not broken.usable
        assert "an internal error in oci_keys.block_volume: ZeroDivisionError('oops')" in broken.problems[0]
        assert fine.usable
