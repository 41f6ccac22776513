# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that a change of a backup policy is made of: none that relies on what is no longer so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, KEY_C, compartment_id, refused, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response, Service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ServiceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN, REMOVE, UNASSIGN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policies import POLICY_OF_VOLUME
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policy_reader import AssetPolicy

VOLUME, OTHER = volume_id(1), volume_id(2)
POLICY, COLLEAGUES = "ocid1.volumebackuppolicy.oc1..ours", "ocid1.volumebackuppolicy.oc1..theirs"
CREATE, DELETE = "create_volume_backup_policy_assignment", "delete_volume_backup_policy_assignment"
WAYS = {
    "assign": (ASSIGN, DesiredState(KEY_B, policy_id=POLICY)),
    "remove": (REMOVE, DesiredState(None, policy_id=POLICY)),
    "unassign": (UNASSIGN, DesiredState(None, unassigned=True)),
}


def row(policy: str = POLICY, key: str | None = KEY_A, *, name: str = "mine", asset: str = VOLUME) -> SimpleNamespace:
    return SimpleNamespace(id=name, asset_id=asset, policy_id=policy, xrc_kms_key_id=key)


class Assignments:
    """A service that refuses to replace an assignment. ``since`` is what somebody assigns after the DELETE."""

    def __init__(self, there: SimpleNamespace, etag: str | None = "e1", since: SimpleNamespace | None = None) -> None:
        self.there: SimpleNamespace | None = there
        self.etag = etag
        self.since = since
        self.writes: list[tuple[str, str | None]] = []

    def read(self, operation: str, _ocid: str, **_page: str) -> Response:
        if operation == "get_volume_backup_policy_assignment":
            return Response(self.there, etag=self.etag)
        return Response([self.there] if self.there is not None else [])

    def write(self, operation: str, _details: Any, if_match: str | None = None) -> Response:
        if operation == CREATE and self.there is not None:
            raise refused(409, "Conflict", operation="CreateVolumeBackupPolicyAssignment")
        self.writes.append((operation, if_match))
        if operation == DELETE:
            self.there = self.since
        return Response(None)


def change(service: Assignments, way: str) -> Response:
    action, desired = WAYS[way]
    before = AssetPolicy(
        id=VOLUME,
        type="volume",
        region=IAD,
        display_name="data",
        compartment_id=compartment_id(1),
        lifecycle_state="AVAILABLE",
        kms_key_id=KEY_A,
        policy_id=POLICY,
        assignment_id="mine",
        destination_region="eu-frankfurt-1",
    )
    return POLICY_OF_VOLUME.change(cast(Service, service), before, action, desired)


@pytest.mark.parametrize("way", WAYS)
def test_what_was_read_is_deleted_and_nothing_else(way: str) -> None:
    service = Assignments(row())
    change(service, way)
    assert service.writes[0] == (DELETE, "e1")
    assert [name for name, _tag in service.writes[1:]] == ([] if way == "unassign" else [CREATE])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("there", "code"),
    [
        (row(COLLEAGUES), "ChangedMeanwhile"),
        (row(key=KEY_C), "ChangedMeanwhile"),
        (row(COLLEAGUES, None), "ChangedMeanwhile"),
        (row(asset=OTHER), "PolicyOfGroup"),
    ],
)
def test_what_somebody_else_has_assigned_is_not_deleted(way: str, there: SimpleNamespace, code: str) -> None:
    service = Assignments(there)
    with pytest.raises(ServiceError) as caught:
        change(service, way)
    assert caught.value.code == code
    assert service.writes == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("etag", [None, ""])
def test_nothing_is_deleted_without_a_precondition(way: str, etag: str | None) -> None:
    service = Assignments(row(), etag)
    with pytest.raises(ServiceError, match="no etag") as caught:
        change(service, way)
    assert caught.value.code == "NoPrecondition"
    assert service.writes == []


@pytest.mark.parametrize("way", ["assign", "remove"])
@pytest.mark.parametrize("since", [row(COLLEAGUES, name="theirs"), row(key=KEY_C, name="theirs")])
def test_what_somebody_else_has_assigned_since_the_delete_stays(way: str, since: SimpleNamespace) -> None:
    service = Assignments(row(), since=since)
    with pytest.raises(ServiceError, match=since.policy_id) as caught:
        change(service, way)
    assert caught.value.code == "ChangedMeanwhile"
    assert service.writes == [(DELETE, "e1")]


@pytest.mark.parametrize("since", [row(name="mine"), row(name="group", asset=OTHER)])
def test_what_still_shows_and_what_a_group_has_is_nobody_elses(since: SimpleNamespace) -> None:
    service = Assignments(row(), since=since)
    with pytest.raises(ServiceError) as caught:
        change(service, "assign")
    assert caught.value.operation == "CreateVolumeBackupPolicyAssignment", "the POST was sent"
