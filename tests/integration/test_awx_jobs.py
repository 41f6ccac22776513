# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates and workflows of extensions/awx as jobs. What has to hold for each job is judged by ``Awx.launch``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.awx import Awx, Job
from integration.support.fleets import volumes
from integration.support.harness import changes, furnish, is_change, run, soak
from integration.support.rekey_helpers import IAD, PHX, keys_in_place, mixed_fleet, subjects
from unit.support.awx_answers import all_wrong
from unit.support.awx_rules import SURVEYS, TEMPLATES, left_blank

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_crossregion_key
from simulator.client import Simulator

ASKING = [name for name in TEMPLATES if name in SURVEYS]
REKEY, RESTORE = "OCI keys - rekey", "OCI keys - restore"


@pytest.fixture
def awx(sim: Simulator, tmp_path: Path) -> Awx:
    return Awx(sim, tmp_path)


def most_changes_in_silence(sim: Simulator, job: Job) -> int:
    """How many changes were asked for, at most, while a job had nothing to say."""
    asked = [call.time for call in sim.calls() if is_change(call.operation)]
    return max(sum(begin < moment <= end for moment in asked) for begin, end, _task in job.silences)


def scope(sim: Simulator, **more: Any) -> dict[str, Any]:
    keys = f"{IAD}={sim.id('key-a')}\n{PHX}={sim.id('key-phx')}"
    return {"rekey_compartment_ids": sim.id("prod"), "rekey_kms_key_ids": keys, **more}


def policies(sim: Simulator, policy_id: str = "") -> dict[str, Any]:
    return {
        "backup_policy_compartment_ids": sim.id("prod"),
        "backup_policy_regions": IAD,
        "backup_policy_policy_id": policy_id,
        "backup_policy_kms_key_id": sim.id("key-phx"),
    }


@soak
def test_a_report_with_every_field_left_blank_is_of_the_whole_tenancy(sim: Simulator, awx: Awx) -> None:
    mixed_fleet(sim)
    blank = left_blank(SURVEYS["OCI keys - report"][1], on_screen=True)
    for job_type in ("check", "run"):
        job = awx.launch("OCI keys - report", blank, job_type=job_type)
        assert (job.status, job.changed) == ("successful", 0)
    newest = max(awx.reports.glob("*/report.json"), key=lambda path: path.stat().st_mtime)
    assert {row["id"] for row in json.loads(newest.read_text())["resources"]} >= {
        row["id"] for row in sim.resources("volume")
    }
    assert changes(sim.counts()) == {}


@pytest.mark.parametrize("name", [pytest.param("OCI keys - backup policy", marks=soak), "OCI keys - copy backups"])
def test_a_dry_run_changes_nothing_and_a_run_does(sim: Simulator, awx: Awx, name: str) -> None:
    mixed_fleet(sim)
    given = {
        "OCI keys - backup policy": {
            "backup_policy_compartment_ids": sim.id("prod"),
            "backup_policy_regions": IAD,
            "backup_policy_policy_id": sim.id("to-phx"),
            "backup_policy_kms_key_id": sim.id("key-phx"),
        },
        "OCI keys - copy backups": {
            "copy_backups_backup_ids": f"{sim.id('backup-1')}\n{sim.id('boot-backup')}",
            "copy_backups_destination_region": PHX,
            "copy_backups_kms_key_id": sim.id("key-phx"),
        },
    }[name]
    before, keys = sim.resources(), keys_in_place(sim)

    dry = awx.launch(name, given)
    assert dry.status == "successful"
    assert "would be" in dry.output
    assert "have the desired assignment" not in dry.output
    assert (changes(sim.counts()), sim.resources()) == ({}, before)

    ran = awx.launch(name, given, job_type="run")
    assert ran.status == "successful"
    after = keys_in_place(sim)
    assert {after[name] for name in after if keys.get(name) != after[name]} == {sim.id("key-phx")}


@soak
def test_a_copy_whose_key_was_changed_is_put_back_by_another_job(sim: Simulator, awx: Awx) -> None:
    """The job's own files are gone, and the key that the copy was on is in the folder of the reports."""
    furnish(
        sim,
        volumes=[volumes(1)],
        volume_backups=[
            {"name": "backup", "of": "volume-1"},
            {"name": "copy", "of": "volume-1", "source": "backup", "region": PHX, "key": "key-everywhere"},
        ],
    )
    given = {
        "copy_backups_backup_ids": sim.id("backup"),
        "copy_backups_destination_region": PHX,
        "copy_backups_kms_key_id": sim.id("key-phx"),
    }
    assert awx.launch("OCI keys - copy backups", given, job_type="run").changed == 1
    assert sim.resource(sim.id("copy"))["kmsKeyId"] == sim.id("key-phx")

    (run,) = awx.reports.glob("*-*")
    back = awx.launch(RESTORE, {"restore_keys_report": str(run)}, job_type="run")

    assert back.status == "successful"
    assert sim.resource(sim.id("copy"))["kmsKeyId"] == sim.id("key-everywhere")


@soak
def test_a_job_that_is_cancelled_is_finished_by_another_and_both_are_put_back(sim: Simulator, awx: Awx) -> None:
    furnish(sim, {"latency": 0.02}, volumes=[volumes(12), volumes(4, name="old", key="key-b")])
    before = keys_in_place(sim)
    given = scope(sim, rekey_batch_size=5, rekey_concurrency=2, rekey_resource_types=["volume"])

    canceled = awx.launch(REKEY, given, job_type="run", canceled=lambda: sum(changes(sim.counts()).values()) >= 6)
    assert canceled.status == "canceled"
    done = {name for name, key in keys_in_place(sim).items() if key != before[name]}
    assert 0 < len(done) < len(before)

    sim.reset_counts()
    finished = awx.launch(REKEY, given, job_type="run")
    assert finished.status == "successful"
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    assert most_changes_in_silence(sim, finished) <= 5

    folders = "\n".join(str(path) for path in sorted(awx.reports.glob("*-*")))
    back = {"restore_keys_report": folders, "restore_keys_allow_oracle_managed": "true"}
    assert awx.launch(RESTORE, back).changed == 0
    assert awx.launch(RESTORE, back, job_type="run").status == "successful"
    assert keys_in_place(sim) == before
    assert sim.needless_puts == 0


@soak
def test_a_workflow_changes_what_was_approved_and_nothing_else(sim: Simulator, awx: Awx) -> None:
    mixed_fleet(sim, volume_backups=[{"name": "made", "of": "volume-1", "key": "key-b", "may_inspect": False}])
    before = keys_in_place(sim)
    told = awx.asked("OCI keys - rekey with approval", scope(sim))

    # As somebody starts it who wants to see everything.
    plan = awx.launch("OCI keys - rekey plan", told, verbosity=3)
    assert (plan.status, plan.changed, keys_in_place(sim)) == ("successful", 0, before)
    (handed_on,) = plan.artifacts.values()
    sim.change(sim.id("volume-1"), key="key-b")
    sim.change(sim.id("made"), may_inspect=True)
    before = keys_in_place(sim)
    apply = awx.launch("OCI keys - rekey apply", {**plan.artifacts, **told})

    assert apply.status == "successful"
    assert "2 not approved:" in apply.output
    after = keys_in_place(sim)
    approved = subjects(json.loads(Path(handed_on["plan_file"]).read_text())["entries"])
    assert {name for name in before if after[name] != before[name]} == approved - {("volume", sim.id("volume-1"))}
    assert sim.needless_puts == 0


@soak
def test_backup_policies_are_assigned_as_they_were_approved(sim: Simulator, awx: Awx) -> None:
    """One asset has got another policy since the dry run, so that what was approved for it is not done."""
    there = {"region": IAD, "compartment": "prod", "destination_region": PHX}
    furnish(
        sim,
        volumes=[volumes(3)],
        volume_backup_policies=[{"name": "to-phx", **there}, {"name": "other", **there}],
    )
    told = awx.asked("OCI keys - backup policy with approval", policies(sim, sim.id("to-phx")))

    plan = awx.launch("OCI keys - backup policy plan", told)
    assert (plan.status, plan.changed, changes(sim.counts())) == ("successful", 0, {})
    assert "would be" in plan.output
    given = {"asset_ids": [sim.id("volume-2")], "policy_id": sim.id("other"), "kms_key_id": sim.id("key-phx")}
    assert run(backup_policy_crossregion_key.main, sim, **given).result["changed"]
    sim.reset_counts()
    apply = awx.launch("OCI keys - backup policy apply", {**plan.artifacts, **told})

    assert apply.status == "successful"
    assert {row["assetId"]: row["policyId"] for row in sim.resources("policy_assignment")} == {
        sim.id("volume-1"): sim.id("to-phx"),
        sim.id("volume-2"): sim.id("other"),
        sim.id("volume-3"): sim.id("to-phx"),
    }
    assert changes(sim.counts()) == {"CreateVolumeBackupPolicyAssignment": 2}


@pytest.mark.parametrize("kind", ["rekey", pytest.param("backup policy", marks=soak)])
def test_without_a_plan_nothing_is_applied(sim: Simulator, awx: Awx, kind: str) -> None:
    given = policies(sim) if kind == "backup policy" else scope(sim)
    told = awx.asked(f"OCI keys - {kind} with approval", given)
    sim.reset_counts()
    job = awx.launch(f"OCI keys - {kind} apply", told)
    assert job.status == "failed"
    assert "no dry run passed on a plan" in job.output
    assert sim.counts() == {}


@soak
def test_a_workflow_in_slices_has_a_plan_for_each_shard(sim: Simulator, awx: Awx) -> None:
    """Two jobs plan, and two apply. What the slices hand on is one artifact for each shard, none over another."""
    furnish(
        sim,
        volumes=[volumes(2), volumes(2, name="sec", compartment="security"), volumes(1, name="phx", region=PHX)],
    )
    shards = awx.update_shards()
    assert len(shards) == 3
    everything = scope(sim, rekey_canary=0)
    del everything["rekey_compartment_ids"]
    told = awx.asked("OCI keys - rekey with approval by shards", everything)

    plans = [awx.launch("OCI keys - rekey plan of shards", told, part=(number, 2)) for number in (1, 2)]
    assert [len(plan.artifacts) for plan in plans] == [2, 1]
    artifacts = {name: value for plan in plans for name, value in plan.artifacts.items()}
    assert len(artifacts) == 3
    assert changes(sim.counts()) == {}
    late = sim.id("sec-1")
    sim.change(late, key="key-b")
    before = keys_in_place(sim)
    applied = [
        awx.launch("OCI keys - rekey apply to shards", {**artifacts, **told}, part=(number, 2)) for number in (1, 2)
    ]

    assert [job.status for job in applied] == ["successful"] * 2
    after = keys_in_place(sim)
    assert {name for name in before if after[name] == before[name]} == {("volume", late)}
    assert sim.needless_puts == 0


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name == REKEY else soak) for name in ASKING])
def test_every_wrong_answer_is_told_before_anything_is_read(sim: Simulator, awx: Awx, name: str) -> None:
    given = all_wrong(*SURVEYS[name])
    assert given
    sim.reset_counts()

    job = awx.launch(name, given, job_type="run")

    assert job.status == "failed"
    assert [variable for variable in given if f"{variable}: " not in job.output] == []
    assert sim.counts() == {}


@soak
@pytest.mark.parametrize("name", [name for name in ASKING if name != "OCI keys - report"])
def test_with_every_field_left_blank_it_is_told_what_is_needed(sim: Simulator, awx: Awx, name: str) -> None:
    playbook, questions = SURVEYS[name]
    sim.reset_counts()

    job = awx.launch(name, left_blank(questions, on_screen=True), job_type="run")

    assert job.status == "failed"
    assert f"{playbook}_" in job.output
    assert "is set" in job.output or "is not set" in job.output
    assert sim.counts() == {}


@soak
def test_five_thousand_are_shown_batch_by_batch(sim: Simulator, awx: Awx) -> None:
    furnish(sim, {"settle": 3}, volumes=[volumes(3000)], boot_volumes=[volumes(2000, name="boot")])
    told = awx.asked("OCI keys - rekey with approval", scope(sim))
    plan = awx.launch("OCI keys - rekey plan", told)
    sim.reset_counts()

    apply = awx.launch("OCI keys - rekey apply", {**plan.artifacts, **told})

    assert apply.status == "successful"
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    assert most_changes_in_silence(sim, apply) <= 500
    largest = max(len(str(result)) for _task, result in plan.results + apply.results)
    longest, task = max((end - begin, task) for begin, end, task in apply.silences)
    print(f"silent for {longest:.1f} s at most, before {task!r}; {largest:,} characters")
