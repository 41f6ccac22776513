# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies by a plan: what it says, that it never takes one away without the word, and what a kill leaves."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import SOAK, run
from integration.support.model_process import Killed, Life, living
from integration.support.policy_plans import (
    POLICIES,
    apply_plan,
    assign_by_hand,
    furnish_assets,
    plan_policies,
    policies_in_place,
)
from integration.support.rekey_helpers import plan_restore, read_plan, restore

from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply
from simulator.client import Simulator

POST, DELETE = "CreateVolumeBackupPolicyAssignment", "DeleteVolumeBackupPolicyAssignment"
GET = "GetVolumeBackupPolicyAssetAssignment"
TO_PHX = ("to-phx", "key-phx")
BEFORE = {"has-1": ("daily", None), "keyless-1": ("to-phx", None)}
WANTED = {f"volume-{number}": TO_PHX for number in (1, 2, 3)} | {"keyless-1": TO_PHX}


def names_of(sim: Simulator, rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["display_name"] for row in rows)


def test_checked_changed_again_and_checked_again(sim: Simulator, tmp_path: Path) -> None:
    furnish_assets(sim)
    checked = plan_policies(sim, tmp_path / "dry", check=True)
    assert (checked.changed, checked.writes) == (False, {})
    assert checked.result["summary"]["planned"] == 4
    folder = tmp_path / "run"
    planned = plan_policies(sim, folder, batch_size=2)
    assert planned.result["digest"] == checked.result["digest"]
    # Each asset is asked for its policy once, and each policy is read once.
    assert (planned.calls[GET], planned.calls["GetVolumeBackupPolicy"]) == (5, 2)
    assert planned.calls["GetKey"] == 1

    looked = apply_plan(sim, folder, check=True)
    assert (looked.changed, looked.writes) == (True, {})
    changed = apply_plan(sim, folder)
    assert not changed.failed, changed.msg
    assert (changed.changed, changed.writes) == (True, {POST: 4})
    assert policies_in_place(sim) == {**WANTED, "has-1": ("daily", None)}
    assert changed.result["last_plan"]["summary"]["left_alone"] == 1
    assert changed.result["last_plan"]["summary"]["unchanged_by_run"] == 4

    again = plan_policies(sim, tmp_path / "again")
    assert (again.result["summary"]["planned"], again.result["summary"]["unchanged"]) == (0, 4)
    done = apply_plan(sim, tmp_path / "again")
    assert (done.failed, done.changed, done.writes) == (False, False, {})
    quiet = plan_policies(sim, tmp_path / "quiet", check=True)
    assert (quiet.result["digest"], quiet.writes) == (again.result["digest"], {})


@pytest.mark.parametrize("repost", ["replace", "conflict", "ignored"])
def test_the_calls_of_each_way_to_change_the_key_alone(sim: Simulator, tmp_path: Path, repost: str) -> None:
    furnish_assets(sim, {"assignment_repost": repost})
    plan_policies(sim, tmp_path, asset_ids=[sim.id("keyless-1")], policy_id=None)
    (entry,) = read_plan(tmp_path)["entries"]
    assert "wanted_policy_id" not in entry
    changed = apply_plan(sim, tmp_path)
    assert not changed.failed, changed.msg
    assert changed.writes == ({POST: 1} if repost == "replace" else {POST: 2, DELETE: 1})
    assert policies_in_place(sim)["keyless-1"] == TO_PHX


# --- what the plan says


def test_a_plan_says_what_replaces_what_and_how_many_backups_there_will_be(sim: Simulator, tmp_path: Path) -> None:
    furnish_assets(sim)
    planned = plan_policies(sim, tmp_path, check=True, policy_id=sim.id("daily"), state="absent", kms_key_id=None)
    told = "\n".join(planned.result["lines"])
    assert [
        part.strip() for part in next(line for line in told.splitlines() if "assignments" in line).split("  ") if part
    ][-3:] == ["no backup policy", "daily", "3"]
    assert "Backup policy daily makes 1 backup a day and 1 a month of each resource, about 19 kept" in " ".join(
        told.split()
    )
    assert "For 3 resources: 3 a day and 3 a month, about 57 kept." in " ".join(told.split())
    assert "Oracle bills backups, and their copies, as storage for as long as they are kept." in told
    assert "Has backup policy to-phx, not backup policy daily. Set 'replace' (in the playbook:" in told
    assert "backup_policy_replace" in told
    assert "ocid1." not in told
    (cost,) = read_plan(tmp_path)["backups"]
    assert (cost["resources"], cost["made"], cost["kept"]) == (3, {"ONE_DAY": 3, "ONE_MONTH": 3}, 57)
    counts = [row for row in planned.result["counts"] if "to_policy_id" in row]
    assert [(row["from_policy_id"], row["to_policy_id"], row["count"]) for row in counts] == [
        (None, sim.id("daily"), 3)
    ]


def test_what_is_not_known_of_a_policy_is_said_to_be_unknown(sim: Simulator, tmp_path: Path) -> None:
    strange = {"backupType": "FULL", "period": "ONE_FORTNIGHT", "retentionSeconds": 1}
    policies = [POLICIES[0] | {"schedules": [strange]}, POLICIES[1]]
    furnish_assets(sim, volume_backup_policies=policies)
    planned = plan_policies(sim, tmp_path, check=True)
    told = " ".join(" ".join(planned.result["lines"]).split())
    assert "Backup policy to-phx: how many backups it makes of 3 resources is unknown, since" in told
    (cost,) = read_plan(tmp_path)["backups"]
    assert (cost["made"], cost["kept"]) == (None, None)


def test_what_is_left_alone_and_why(sim: Simulator, tmp_path: Path) -> None:
    rows = [volumes(1), volumes(1, name="bad", state="FAULTY"), volumes(1, name="member"), volumes(1, name="out")]
    groups = [{"name": "group", "region": "us-ashburn-1", "compartment": "prod", "volumes": ["member-1"]}]
    furnish_assets(sim, volumes=rows, volume_groups=groups, policy_assignments=[])
    planned = plan_policies(sim, tmp_path, exclude_ids=[sim.id("out-1")])
    plan = read_plan(tmp_path)
    assert names_of(sim, plan["entries"]) == ["volume-1"]
    assert names_of(sim, plan["blocked"]) == ["bad-1"]
    assert names_of(sim, plan["left_alone"]) == ["member-1"]
    assert names_of(sim, plan["excluded"]) == ["out-1"]
    assert "backup_policy_asset_ids" in "\n".join(planned.result["lines"])
    # Named by itself, its group gets the policy, and the member is told about its group.
    sim.change(sim.id("group"), volumes=["member-1"])
    plan_policies(sim, tmp_path / "group", asset_ids=[sim.id("group")])
    assert not apply_plan(sim, tmp_path / "group").failed
    told = plan_policies(sim, tmp_path / "member", asset_ids=[sim.id("member-1")]).result
    assert told["summary"]["blocked"] == 1
    assert "Name the volume group instead" in " ".join(" ".join(told["lines"]).split())


def test_an_asset_that_can_not_be_read_is_not_seen(sim: Simulator, tmp_path: Path) -> None:
    furnish_assets(sim)
    gone = sim.id("volume-1")[:-4] + "gone"
    planned = plan_policies(sim, tmp_path, asset_ids=[gone, sim.id("volume-2")])
    assert (planned.result["complete"], planned.result["summary"]["not_seen"]) == (False, 1)
    assert planned.result["found"]["complete"] is False
    assert gone in planned.result["found"]["msg"]
    assert planned.result["summary"]["planned"] == 1
    found = json.loads((tmp_path / "before.json").read_text())
    assert (found["complete"], len(found["unreadable"])) == (False, 1)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"kms_key_id": None}, "'kms_key_id' is not set"),
        ({"state": "absent"}, "can't be combined"),
        ({"state": "unassigned", "kms_key_id": None}, "'policy_id' and 'state: unassigned' can't be combined"),
        ({"kms_key_id": "key-a"}, "Nothing was changed, because a key can't be used"),
        ({"policy_id": "ocid1.volumebackuppolicy.oc1..nowhere"}, "could not be read in us-ashburn-1"),
        ({"freeform_tags": {"a": ""}}, "is blank"),
        ({"plan_digest": "0" * 64}, "this is not what was approved"),
    ],
)
def test_what_no_plan_is_made_of(sim: Simulator, tmp_path: Path, given: dict[str, Any], fault: str) -> None:
    furnish_assets(sim)
    if given.get("kms_key_id") == "key-a":
        given = {"kms_key_id": sim.id("key-a")}
    refused = plan_policies(sim, tmp_path, fails=True, **given)
    assert fault in refused.msg
    assert refused.writes == {}


def test_a_policy_that_copies_elsewhere_is_blocked_and_others_are_changed(sim: Simulator, tmp_path: Path) -> None:
    to_fra = {"name": "to-fra", "region": "us-ashburn-1", "compartment": "prod", "destination_region": "eu-frankfurt-1"}
    assigned = [{"asset": "volume-1", "policy": "to-fra"}, {"asset": "volume-2", "policy": "to-phx"}]
    furnish_assets(sim, volume_backup_policies=[*POLICIES, to_fra], policy_assignments=assigned)
    assets = [sim.id("volume-1"), sim.id("volume-2")]
    planned = plan_policies(sim, tmp_path, asset_ids=assets, policy_id=None)
    assert (planned.result["summary"]["planned"], planned.result["summary"]["blocked"]) == (1, 1)
    (blocked,) = read_plan(tmp_path)["blocked"]
    assert blocked["reason"].startswith("its copies go to eu-frankfurt-1, where the key can't be used")


# --- laws


@pytest.mark.parametrize("state", ["present", "absent", "unassigned"])
def test_no_policy_is_lost_without_the_word(sim: Simulator, tmp_path: Path, state: str) -> None:
    furnish_assets(sim)
    key = sim.id("key-phx") if state == "present" else None
    policy = None if state == "unassigned" else sim.id("to-phx")
    given = {"state": state, "kms_key_id": key, "policy_id": policy}
    plan_policies(sim, tmp_path / "without", **given)
    ran = apply_plan(sim, tmp_path / "without")
    assert not ran.failed, ran.msg
    assert DELETE not in ran.writes
    assert {name: policy for name, (policy, _key) in policies_in_place(sim).items()}.items() >= {
        ("has-1", "daily"),
        ("keyless-1", "to-phx"),
    }

    planned = plan_policies(sim, tmp_path / "with", replace=True, **given)
    ran = apply_plan(sim, tmp_path / "with")
    assert not ran.failed, ran.msg
    if state == "unassigned":
        assert policies_in_place(sim) == {}
        assert ran.writes == {DELETE: planned.result["summary"]["planned"]}
        assert "no more backups will be made" in " ".join(planned.result["lines"])
    else:
        assert policies_in_place(sim)["has-1"] == ("to-phx", "key-phx" if key else None)
        assert ran.writes == {POST: 1}


def test_a_policy_that_was_assigned_after_the_plan_is_not_replaced(sim: Simulator, tmp_path: Path) -> None:
    """It is not the one that the plan replaces, nor is it none."""
    furnish_assets(sim)
    plan_policies(sim, tmp_path, replace=True)
    assign_by_hand(sim, "volume-1", "daily")
    ran = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"))
    assert policies_in_place(sim)["volume-1"] == ("daily", None)
    assert ran.writes == {POST: 4}
    assert any("its backup policy is" in warning for warning in ran.result["warnings"]), ran.result["warnings"]


def test_a_wrong_approval_is_refused_before_the_first_write(sim: Simulator, tmp_path: Path) -> None:
    furnish_assets(sim)
    dry = plan_policies(sim, tmp_path / "dry", check=True)
    approved = str(tmp_path / "dry" / "plan.json")
    for more, fault in (
        ({"plan_digest": "0" * 64, "approved_file": approved}, "this is not what was approved"),
        ({"plan_signers": str(tmp_path / "dry" / "keys.json"), "approved_file": approved}, "plan.json.sig"),
    ):
        refused = plan_policies(sim, tmp_path / "run", fails=True, **more)
        assert fault in refused.msg
        assert refused.writes == {}
    # What was approved for another policy, or for none, is not changed.
    assign_by_hand(sim, "volume-1", "daily")
    packed = {"approved_plan": dry.result["plan"]}
    planned = plan_policies(sim, tmp_path / "now", replace=True, plan_digest=dry.result["digest"], **packed)
    reasons = {row["display_name"]: row["reason"] for row in read_plan(tmp_path / "now")["not_approved"]}
    assert reasons.keys() == {"volume-1", "has-1"}
    assert "backup policy" in reasons["volume-1"]
    assert reasons["has-1"] == "not in the approved plan"
    other = plan_policies(sim, tmp_path / "other", policy_id=sim.id("daily"), state="absent", kms_key_id=None, **packed)
    assert other.result["summary"]["planned"] == 0
    assert planned.result["summary"]["planned"] == 3
    ran = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "now" / "plan.json"))
    assert ran.writes == {POST: 3}
    assert policies_in_place(sim)["has-1"] == ("daily", None)


@pytest.mark.parametrize("field", ["wanted_policy_id", "action"])
def test_a_plan_that_was_modified_is_refused(sim: Simulator, tmp_path: Path, field: str) -> None:
    furnish_assets(sim)
    plan_policies(sim, tmp_path)
    plan = read_plan(tmp_path)
    entry = next(row for row in plan["entries"] if "wanted_policy_id" in row)
    entry[field] = {"wanted_policy_id": sim.id("daily"), "action": "unassign"}[field]
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    refused = apply_plan(sim, tmp_path)
    assert refused.failed
    assert refused.writes == {}


def _deaths(requests: int) -> list[tuple[int, bool]]:
    every = list(itertools.product(range(1, requests + 1), (False, True)))
    return every if SOAK else every[-24:-1:3]


@pytest.mark.parametrize("repost", ["conflict", "replace"])
def test_a_kill_anywhere_is_settled_by_the_next_run(sim: Simulator, tmp_path: Path, repost: str) -> None:
    """Also between the removal of an assignment and its new one. Nobody ends without the policy that it had."""
    assigned = [{"asset": "volume-1", "policy": "to-phx"}, {"asset": "volume-2", "policy": "daily"}]

    def begin() -> None:
        furnish_assets(sim, {"assignment_repost": repost}, volumes=[volumes(3)], policy_assignments=assigned)

    begin()
    plan_policies(sim, tmp_path / "alive")
    alive = apply_plan(sim, tmp_path / "alive", concurrency=1)
    for place, (number, sent) in enumerate(_deaths(sum(alive.calls.values()))):
        begin()
        runs = tmp_path / f"{number}-{sent}"
        runs.mkdir()
        plan_policies(sim, runs / "one")
        life = Life(number, sent=sent)
        with living(life), contextlib.suppress(Killed):
            apply_plan(sim, runs / "one", clock=life, concurrency=1)
        if place % 2:
            again = apply_plan(sim, runs / "one")
        else:
            plan_policies(sim, runs / "two", former_runs=[str(runs)])
            again = apply_plan(sim, runs / "two")
        assert not again.failed, again.msg
        where = f"killed at request {number}, sent: {sent}"
        assert policies_in_place(sim) == {
            "volume-1": TO_PHX,
            "volume-2": ("daily", None),
            "volume-3": TO_PHX,
        }, where


def test_a_policy_that_a_kill_took_away_comes_back_as_it_was_unless_it_may_be_replaced(
    sim: Simulator, tmp_path: Path
) -> None:
    """The run that was killed only changed the key. The next one wants another policy."""

    def begin(runs: Path) -> Path:
        furnish_assets(sim, {"assignment_repost": "conflict"}, policy_assignments=[])
        assign_by_hand(sim, "volume-1", "to-phx")
        plan_policies(sim, runs / "one", asset_ids=[sim.id("volume-1")], policy_id=None)
        return runs / "one" / "plan.json"

    run(key_plan_apply.main, sim, plan_file=str(begin(tmp_path / "alive")))
    number = [call.operation for call in sim.calls()].index("DeleteVolumeBackupPolicyAssignment") + 1
    for replace in (False, True):
        runs = tmp_path / str(replace)
        plan_file = begin(runs)
        life = Life(number, sent=True)
        with living(life), contextlib.suppress(Killed):
            run(key_plan_apply.main, sim, clock=life, plan_file=str(plan_file))
        assert policies_in_place(sim) == {}
        planned = plan_policies(
            sim,
            runs / "two",
            asset_ids=[sim.id("volume-1")],
            policy_id=sim.id("daily"),
            state="absent",
            kms_key_id=None,
            replace=replace,
            former_runs=[str(runs)],
        )
        assert "that an interrupted run took away will be assigned again" in " ".join(planned.result["lines"])
        ran = apply_plan(sim, runs / "two")
        assert not ran.failed, ran.msg
        assert policies_in_place(sim) == {"volume-1": ("daily" if replace else "to-phx", None)}


# --- the way back


@pytest.mark.parametrize("source", ["folder", "journal.jsonl", "plan.json"])
def test_a_run_is_undone(sim: Simulator, tmp_path: Path, source: str) -> None:
    furnish_assets(sim)
    plan_policies(sim, tmp_path / "run", replace=True)
    assert not apply_plan(sim, tmp_path / "run").failed
    assert policies_in_place(sim) == {**WANTED, "has-1": TO_PHX}
    made = tmp_path / "run" if source == "folder" else tmp_path / "run" / source

    planned = plan_restore(sim, tmp_path / "kept", made)
    assert (planned.result["summary"]["planned"], planned.result["summary"]["left_alone"]) == (2, 3)
    told = " ".join(" ".join(planned.result["lines"]).split())
    assert "Had no backup policy. Set 'remove_policies' (in the playbook: restore_keys_remove_policies)" in told
    assert re.search(r"to-phx, key …\S+ for copies (-> )?daily", told), told
    restore(sim, tmp_path / "back", made, remove_policies=True)
    assert policies_in_place(sim) == BEFORE


def test_policies_that_a_run_removed_come_back_with_their_keys(sim: Simulator, tmp_path: Path) -> None:
    assigned = [{"asset": "has-1", "policy": "daily"}, {"asset": "keyless-1", "policy": "to-phx", "key": "key-phx"}]
    furnish_assets(sim, policy_assignments=assigned)
    before = policies_in_place(sim)
    plan_policies(sim, tmp_path / "run", state="unassigned", policy_id=None, kms_key_id=None, replace=True)
    assert not apply_plan(sim, tmp_path / "run").failed
    assert policies_in_place(sim) == {}
    restore(sim, tmp_path / "back", tmp_path / "run")
    assert policies_in_place(sim) == before


def test_a_policy_that_somebody_assigned_after_the_run_stays(sim: Simulator, tmp_path: Path) -> None:
    furnish_assets(sim)
    plan_policies(sim, tmp_path / "run")
    assert not apply_plan(sim, tmp_path / "run").failed
    assign_by_hand(sim, "volume-1", "daily")
    restore(sim, tmp_path / "back", tmp_path / "run", remove_policies=True)
    assert policies_in_place(sim) == {**BEFORE, "volume-1": ("daily", None)}
    skipped = {row["display_name"]: row["reason"] for row in read_plan(tmp_path / "back")["left_alone"]}
    assert skipped == {
        "volume-1": "its backup policy is neither the one that it had then nor one that the run assigned"
    }
