# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from unit.support import report_files as files
from unit.support.fake_cloud import Cloud
from unit.support.fakes import FakeConnection

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import read_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_restore_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import FormerKey


def test_what_was_read_is_a_discovery_file_without_policy_assignments_that_are_gone(tmp_path: Path) -> None:
    volume = files.resource(1, key=files.KEY_A)
    assigned = files.resource(2, "policy_assignment")
    gone = {**files.resource(3, "policy_assignment"), "policy_id": None, "destination_region": None}
    path = tmp_path / "found.json"

    key_restore_plan._write_discovery(str(path), [volume, assigned, gone], files.TENANCY, is_complete=True)

    found = read_discovery(path)
    assert found.resources == [volume, assigned]
    assert (found.tenancy, found.regions, found.complete) == (files.TENANCY, [files.IAD], True)


@pytest.mark.parametrize(
    "odd",
    [
        "volume 1",
        "ocid1.volume.oc1.xx-nowhere-1.abc",
        "ocid1.volume.oc1..abc",
        "ocid1.volume.oc2.iad.abc",
        "volume.oc1.iad.abc",
    ],
)
def test_what_is_named_in_an_unknown_form_is_left_alone_and_the_others_are_read(odd: str) -> None:
    cloud = Cloud()
    (known,) = cloud.add(1)
    former = {("volume", name): FormerKey("volume", name, "2026-11-25T08:15:30Z", None) for name in (odd, known)}

    rows, unread, _policies, _pools = key_restore_plan._read(FakeConnection(cloud), former)  # type: ignore[arg-type]

    assert [row["id"] for row in rows] == [known]
    assert [(subject, error.code) for subject, error in unread.items()] == [(("volume", odd), "UnknownResource")]
    assert odd in unread["volume", odd].message
