# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody loses a backup policy or its key for copies: not for a refusal, a lost answer, a group, or a colleague."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from typing import Any

import oci
import pytest
from integration.support.change_modules import CHANGERS, Changer, fleet
from integration.support.clock import UnhurriedClock
from integration.support.harness import FAST

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import policies
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_crossregion_key
from simulator.client import Simulator

POST = "CreateVolumeBackupPolicyAssignment"
DELETE = "DeleteVolumeBackupPolicyAssignment"
GET = "GetVolumeBackupPolicyAssetAssignment"
REPOSTS = ["replace", "conflict", "ignored"]
POLICIES = {it.resource: it for it in CHANGERS if it.module is backup_policy_crossregion_key}


@pytest.fixture
def volume() -> Changer:
    return POLICIES["volume-1"]


def assignment_of(sim: Simulator, asset: str) -> dict[str, Any]:
    """What is assigned to the asset itself; empty if nothing is."""
    return next((row for row in sim.resources("policy_assignment") if row["assetId"] == sim.id(asset)), {})


def in_place(sim: Simulator, asset: str) -> tuple[str, str | None] | None:
    """The OCIDs of the policy and of the key that an asset has itself."""
    row = assignment_of(sim, asset)
    return (row["policyId"], row["xrcKmsKeyId"]) if row else None


@pytest.mark.parametrize("code", ["ResourceLocked", "IncorrectState", "ExternalServerIncorrectState"])
def test_a_conflict_about_something_else_is_no_reason_to_delete(sim: Simulator, volume: Changer, code: str) -> None:
    fleet(sim)
    sim.fault("status", POST, times=None, status=409, code=code, message="So it is.")

    ran = volume.assign(sim, wait_timeout=1)

    assert ran.only["error"]["code"] == code
    assert DELETE not in ran.calls
    assert not ran.changed
    assert in_place(sim, "volume-1") == (sim.id("to-phx"), sim.id("key-phx"))


def test_a_conflict_about_another_policy_is_no_reason_to_delete(sim: Simulator, volume: Changer) -> None:
    fleet(sim)
    sim.fault("status", POST, times=None, status=409, code="Conflict", message="So it is.")

    ran = volume.assign(sim, policy_id=sim.id("to-phx-daily"))

    assert ran.only["error"]["code"] == "Conflict"
    assert ran.writes == {POST: 1}
    assert in_place(sim, "volume-1") == (sim.id("to-phx"), sim.id("key-phx"))


@pytest.mark.parametrize("shown", ["nothing", "group", "member"])
@pytest.mark.parametrize("repost", REPOSTS)
@pytest.mark.parametrize("on_member", ["conflict", "accepted"])
@pytest.mark.parametrize("task", ["present", "absent", "unassigned"])
class TestMemberWithItsOwnPolicy:
    """A volume that has its own policy, and besides belongs to a group that has one."""

    def test_neither_policy_is_lost(self, sim: Simulator, shown: str, repost: str, on_member: str, task: str) -> None:
        switches = {"group_policy_shown_on_member": shown, "assignment_repost": repost}
        fleet(sim, **switches, assignment_on_member=on_member)
        sim.change(sim.id("group"), volumes=["member-1", "volume-1"])
        options = {"kms_key_id": sim.id("key-everywhere")} if task == "present" else {}
        former = (sim.id("to-phx"), sim.id("key-phx"))

        ran = POLICIES["volume-1"].do(sim, state=task, wait_timeout=1, **options)

        desired = {
            "present": (sim.id("to-phx"), sim.id("key-everywhere")),
            "absent": (sim.id("to-phx"), None),
            "unassigned": former,
        }[task]
        assert in_place(sim, "volume-1") == (former if ran.failed else desired)
        assert in_place(sim, "group") == former
        assert ran.changed != ran.failed
        assert ran.failed == (task == "unassigned" or on_member == "conflict" or repost != "replace")


def test_an_assignment_of_somebody_else_is_never_deleted(
    sim: Simulator, volume: Changer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that does not tell that a volume is in a group makes the group's assignment look like its own."""
    fleet(sim, group_policy_shown_on_member="member", assignment_repost="conflict", assignment_on_member="conflict")
    kind = policies.POLICY_OF_VOLUME
    forgetful = kind.asset.get
    monkeypatch.setattr(kind.asset, "get", lambda *given: replace(forgetful(*given), group_id=None))

    for task in ({"kms_key_id": sim.id("key-everywhere")}, {"state": "absent"}, {"state": "unassigned"}):
        ran = volume.do(sim, sim.id("member-1"), **task)

        assert ran.failed
        assert DELETE not in ran.calls
        assert in_place(sim, "group") == (sim.id("to-phx"), sim.id("key-phx"))
        assert in_place(sim, "member-1") is None


class TestColleagues:
    """What somebody else assigns or takes away while we wait is theirs."""

    @pytest.mark.parametrize("task", ["present", "absent"])
    def test_a_policy_that_another_one_assigned_stays(self, sim: Simulator, volume: Changer, task: str) -> None:
        fleet(sim)
        daily, key = sim.id("to-phx-daily"), sim.id("key-phx")
        options = {"kms_key_id": sim.id("key-everywhere")} if task == "present" else {"state": "absent"}
        conflict = {"status": 409, "code": "IncorrectState", "message": "It is busy."}
        sim.fault("status", POST, times=1, **conflict)
        assignment = assignment_of(sim, "volume-1")["id"]

        clock = UnhurriedClock().after(0.6, lambda: sim.change(assignment, policy="to-phx-daily", key="key-phx"))
        ran = volume.do(sim, timings=replace(FAST, quiet=1.2), clock=clock, **options)

        assert in_place(sim, "volume-1") == (daily, key)
        assert ran.only["error"]["code"] == "ChangedMeanwhile"

    def test_what_another_one_took_away_while_we_waited_is_not_put_back(self, sim: Simulator, volume: Changer) -> None:
        fleet(sim)
        sim.change(sim.id("volume-1"), state="PROVISIONING")
        colleague = oci.core.BlockstorageClient(oci.config.from_file(os.environ["OCI_CONFIG_FILE"]))
        assignment = assignment_of(sim, "volume-1")["id"]

        clock = UnhurriedClock().after(0.5, lambda: colleague.delete_volume_backup_policy_assignment(assignment))
        ran = volume.assign(sim, wait_timeout=1, clock=clock)

        assert (ran.failed, ran.changed, ran.only["error"]["code"]) == (True, False, "IncorrectState")
        assert POST not in ran.calls
        assert in_place(sim, "volume-1") is None


@pytest.mark.parametrize("repost", REPOSTS)
@pytest.mark.parametrize(
    ("operation", "fault", "skip"),
    [*itertools.product([POST, DELETE], ["drop_after", "garbage", "truncated"], [0, 1])],
)
@pytest.mark.parametrize("task", ["present", "absent"])
def test_a_lost_answer_costs_nobody_a_policy_or_a_key(
    sim: Simulator, volume: Changer, repost: str, operation: str, fault: str, skip: int, task: str
) -> None:
    fleet(sim, assignment_repost=repost)
    sim.fault(fault, operation, times=1, after=skip)
    options = {"kms_key_id": sim.id("key-everywhere")} if task == "present" else {"state": "absent"}

    ran = volume.do(sim, **options)

    assert not ran.failed, ran.msg
    desired = sim.id("key-everywhere") if task == "present" else None
    assert in_place(sim, "volume-1") == (sim.id("to-phx"), desired)
    assert ran.only["kms_key_id"] == desired
    assert sim.needless_puts == 0


def test_a_put_back_whose_answer_is_lost_is_told_as_it_came_out(sim: Simulator, volume: Changer) -> None:
    fleet(sim, assignment_repost="conflict")
    sim.fault("status", POST, times=1, after=1, status=404, code="NotAuthorizedOrNotFound", message="No.")
    sim.fault("drop_after", POST, times=1, after=1)

    ran = volume.assign(sim)

    assert in_place(sim, "volume-1") == (sim.id("to-phx"), sim.id("key-phx"))
    assert "The former assignment was restored" in ran.msg
    assert "could not be" not in ran.msg
    assert not ran.changed


def test_what_was_taken_away_is_put_back_after_the_end_of_the_time(sim: Simulator, volume: Changer) -> None:
    fleet(sim, assignment_repost="conflict")
    sim.fault("throttle", POST, times=None, after=1)

    clock = UnhurriedClock().after(1.5, sim.clear_faults)
    ran = volume.assign(sim, wait_timeout=1, timings=replace(FAST, backoff_first=0.3, backoff_max=0.5), clock=clock)

    assert ran.failed
    assert in_place(sim, "volume-1") == (sim.id("to-phx"), sim.id("key-phx"))
    assert "The former assignment was restored" in ran.msg
