# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies and their assignments over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator

CORE = oci.core.models
IAD, FRA, SEOUL = "us-ashburn-1", "eu-frankfurt-1", "ap-chuncheon-1"


@pytest.fixture
def post(sim: Simulator, block: Any) -> Callable[..., Any]:
    """POST of an assignment by names; the key is taken as it is."""

    def assign(asset: str, policy: str, key: str | None = None) -> Any:
        details = CORE.CreateVolumeBackupPolicyAssignmentDetails(
            asset_id=sim.id(asset), policy_id=sim.id(policy), xrc_kms_key_id=key
        )
        return block.create_volume_backup_policy_assignment(details)

    return assign


@pytest.fixture
def assigned(sim: Simulator, block: Any) -> Callable[[str], list[Any]]:
    """What an asset shows: (policy, key, asset) of its assignment, if there is one."""

    def get(name: str) -> list[Any]:
        rows = block.get_volume_backup_policy_asset_assignment(sim.id(name)).data
        return [(row.policy_id, row.xrc_kms_key_id, row.asset_id) for row in rows]

    return get


def test_policies(sim: Simulator, block: Any, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    def names(client: Any = block, **filters: Any) -> list[str]:
        return [row.display_name for row in client.list_volume_backup_policies(**filters).data]

    there = sdk(oci.core.BlockstorageClient, FRA)
    assert names() == names(there) == ["bronze", "silver", "gold"]
    assert names(compartment_id=sim.id("prod")) == ["weekly", "to-frankfurt", "to-seoul"]
    assert names(there, compartment_id=sim.id("prod")) == ["to-ashburn"]
    assert names(compartment_id=sim.id("test")) == []
    assert len(block.list_volume_backup_policies(compartment_id=sim.id("prod"), limit=2).data) == 2
    refused(404, "NotAuthorizedOrNotFound", names, compartment_id=sim.id("closed"))
    policy = block.get_volume_backup_policy(sim.id("to-frankfurt")).data
    assert (policy.destination_region, policy.compartment_id) == (FRA, sim.id("prod"))
    assert block.get_volume_backup_policy(sim.id("weekly")).data.destination_region is None
    gold = there.get_volume_backup_policy(sim.id("gold")).data
    assert gold.id.startswith("ocid1.volumebackuppolicy.oc1..")
    assert (gold.compartment_id, gold.destination_region) == (None, None)
    refused(404, "NotAuthorizedOrNotFound", there.get_volume_backup_policy, sim.id("weekly"))
    sim.change(sim.id("to-frankfurt"), destination_region=SEOUL)
    assert block.get_volume_backup_policy(sim.id("to-frankfurt")).data.destination_region == SEOUL


def test_reading_assignments(
    sim: Simulator, block: Any, sdk: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    assert assigned("db-2") == []
    assert assigned("app-1") == [(sim.id("weekly"), None, sim.id("app-1"))]
    for name in ("app-3", "boot-key", "db-group"):
        assert assigned(name) == [(sim.id("to-frankfurt"), sim.id("fra-a"), sim.id(name))]
    answer = block.get_volume_backup_policy_assignment(sim.id("app-3-policy"))
    assert answer.data.xrc_kms_key_id == sim.id("fra-a")
    assert answer.headers["etag"]
    there = sdk(oci.core.BlockstorageClient, FRA)
    refused(404, "NotAuthorizedOrNotFound", there.get_volume_backup_policy_assignment, sim.id("app-3-policy"))
    for wrong in (sim.id("fra-1"), sim.id("hidden"), sim.id("key-a"), "ocid1.volume.oc1.iad.nothing"):
        refused(404, "NotAuthorizedOrNotFound", block.get_volume_backup_policy_asset_assignment, wrong)


def test_assign_and_delete(
    sim: Simulator, block: Any, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    for name in ("db-2", "boot-1"):
        made = post(name, "to-frankfurt", sim.id("fra-a"))
        assert made.data.id.startswith("ocid1.volumebackuppolicyassign.oc1.iad.")
        assert assigned(name) == [(sim.id("to-frankfurt"), sim.id("fra-a"), sim.id(name))]
        refused(
            412,
            "NoEtagMatch",
            block.delete_volume_backup_policy_assignment,
            made.data.id,
            if_match="stale",
        )
        tag = made.headers["etag"]
        assert block.delete_volume_backup_policy_assignment(made.data.id, if_match=tag).status == 204
        assert assigned(name) == []
        refused(404, "NotAuthorizedOrNotFound", block.delete_volume_backup_policy_assignment, made.data.id)
        # An OCID is never given twice.
        assert post(name, "to-frankfurt").data.id != made.data.id
    assert sim.needless_puts == 0


def test_another_policy_replaces_silently(
    sim: Simulator, block: Any, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    old = sim.id("app-3-policy")
    for repost in ("replace", "conflict", "ignored"):
        sim.set(assignment_repost=repost)
        policy = "weekly" if repost != "conflict" else "to-seoul"
        made = post("app-3", policy).data
        assert assigned("app-3") == [(sim.id(policy), None, sim.id("app-3"))]
        refused(404, "NotAuthorizedOrNotFound", block.get_volume_backup_policy_assignment, old)
        old = made.id


def test_assignment_repost(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    first = sim.id("app-3-policy")
    second = post("app-3", "to-frankfurt", sim.id("fra-b")).data
    assert second.id != first
    assert assigned("app-3") == [(sim.id("to-frankfurt"), sim.id("fra-b"), sim.id("app-3"))]
    sim.set(assignment_repost="conflict")
    refused(409, "Conflict", post, "app-3", "to-frankfurt", sim.id("fra-a"))
    sim.set(assignment_repost="ignored")
    third = post("app-3", "to-frankfurt", sim.id("fra-a")).data
    assert (third.id, third.xrc_kms_key_id) == (second.id, sim.id("fra-b"))
    assert assigned("app-3") == [(sim.id("to-frankfurt"), sim.id("fra-b"), sim.id("app-3"))]


def test_the_same_again_is_counted(sim: Simulator, post: Callable[..., Any]) -> None:
    post("app-3", "to-frankfurt", sim.id("fra-a"))
    assert sim.needless_puts == 1
    post("app-3", "to-frankfurt", sim.id("fra-b"))
    post("app-1", "weekly")
    assert sim.needless_puts == 1


def test_a_key_needs_a_destination(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    for policy in ("weekly", "gold"):
        refused(400, "InvalidParameter", post, "db-2", policy, sim.id("fra-a"))
    sim.set(assignment_xrc_without_destination="accepted")
    post("db-2", "weekly", sim.id("fra-a"))
    assert assigned("db-2") == [(sim.id("weekly"), sim.id("fra-a"), sim.id("db-2"))]
    refused(400, "InvalidParameter", post, "db-2", "weekly", "nonsense")


@pytest.mark.parametrize("code", ["404", "400"])
def test_the_key_must_be_usable_there(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any], code: str
) -> None:
    sim.set(unusable_key_code=code)
    reason = (404, "NotAuthorizedOrNotFound") if code == "404" else (400, "RelatedResourceNotAuthorizedOrNotFound")
    refused(*reason, post, "db-2", "to-frankfurt", sim.id("key-a"))
    refused(*reason, post, "db-2", "to-seoul", sim.id("fra-a"))
    sim.change(sim.id("fra-a"), state="DISABLED")
    refused(*reason, post, "app-3", "to-frankfurt", sim.id("fra-a"))
    # What is assigned stays.
    assert assigned("app-3") == [(sim.id("to-frankfurt"), sim.id("fra-a"), sim.id("app-3"))]
    post("db-2", "to-seoul", sim.id("seoul-a"))
    sim.change(sim.id("replicated"), region=IAD, caller_may_delegate=False)
    post("db-2", "to-frankfurt", sim.id("replicated"))
    assert assigned("db-2") == [(sim.id("to-frankfurt"), sim.id("replicated"), sim.id("db-2"))]


def test_xrc_key_empty(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    refused(400, "InvalidParameter", post, "app-3", "to-frankfurt", "")
    sim.set(xrc_key_empty="accepted")
    post("app-3", "to-frankfurt", "")
    assert assigned("app-3") == [(sim.id("to-frankfurt"), None, sim.id("app-3"))]


def test_what_cannot_be_assigned(
    sim: Simulator, block: Any, post: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    for asset, policy in (("fra-1", "weekly"), ("db-2", "to-ashburn"), ("hidden", "weekly"), ("key-a", "weekly")):
        refused(404, "NotAuthorizedOrNotFound", post, asset, policy)
    for asset in ("gone", "faulty"):
        refused(409, "IncorrectState", post, asset, "weekly")
    details = CORE.CreateVolumeBackupPolicyAssignmentDetails(asset_id=sim.id("db-2"))
    refused(400, "MissingParameter", block.create_volume_backup_policy_assignment, details)


def test_oracle_policy_on_group(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    post("db-group", "gold")
    assert assigned("db-group") == [(sim.id("gold"), None, sim.id("db-group"))]
    sim.set(oracle_policy_on_group="refused")
    refused(400, "InvalidParameter", post, "db-group", "silver")
    assert post("db-2", "silver").status == 200


@pytest.mark.parametrize("member", ["db-4", "boot-3"])
@pytest.mark.parametrize("shown", ["nothing", "group", "member"])
def test_group_policy_shown_on_member(
    sim: Simulator, assigned: Callable[..., Any], member: str, shown: str, block: Any
) -> None:
    sim.set(group_policy_shown_on_member=shown)
    rows = assigned(member)
    asset = {"group": sim.id("db-group"), "member": sim.id(member)}.get(shown)
    assert rows == ([(sim.id("to-frankfurt"), sim.id("fra-a"), asset)] if asset else [])
    if asset:
        (row,) = block.get_volume_backup_policy_asset_assignment(sim.id(member)).data
        assert row.id == sim.id("db-group-policy")
        assert block.get_volume_backup_policy_assignment(row.id).data.asset_id == sim.id("db-group")


def test_assignment_on_member(
    sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any], refused: Callable[..., Any], block: Any
) -> None:
    refused(409, "Conflict", post, "db-4", "weekly")
    sim.set(assignment_on_member="accepted", group_policy_shown_on_member="member")
    post("db-4", "weekly")
    assert assigned("db-4") == [(sim.id("weekly"), None, sim.id("db-4"))]
    sim.set(assignment_on_member="conflict")
    block.delete_volume_backup_policy_assignment(sim.id("db-group-policy"))
    assert post("db-5", "weekly").status == 200


@pytest.mark.parametrize(("kind", "committed"), [("drop_before", False), ("drop_after", True), ("error_500", False)])
def test_faults(sim: Simulator, post: Callable[..., Any], kind: str, committed: bool) -> None:
    sim.fault(kind, "CreateVolumeBackupPolicyAssignment")
    with pytest.raises((oci.exceptions.ServiceError, oci.exceptions.RequestException)):
        post("db-2", "weekly")
    rows = [row for row in sim.resources("policy_assignment") if row["assetId"] == sim.id("db-2")]
    assert (len(rows) == 1) is committed


def test_stale_and_empty_answers(sim: Simulator, post: Callable[..., Any], assigned: Callable[..., Any]) -> None:
    post("db-2", "weekly")
    post("app-3", "to-frankfurt", sim.id("fra-b"))
    sim.fault("stale_list", "GetVolumeBackupPolicyAssetAssignment", times=2)
    assert assigned("db-2") == []
    assert [row[1] for row in assigned("app-3")] == [sim.id("fra-a")]
    assert [row[1] for row in assigned("app-3")] == [sim.id("fra-b")]
    sim.fault("empty_page", "GetVolumeBackupPolicyAssetAssignment")
    assert assigned("db-2") == []


def test_change_behind_the_back(sim: Simulator, assigned: Callable[..., Any]) -> None:
    sim.change(sim.id("app-3-policy"), policy="to-seoul", key="seoul-a")
    assert assigned("app-3") == [(sim.id("to-seoul"), sim.id("seoul-a"), sim.id("app-3"))]
    assert sim.resource(sim.id("app-3-policy"))["policyId"] == sim.id("to-seoul")
