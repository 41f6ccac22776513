# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What journals tell no end of, where it is the business of another tenancy, or its resource is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import make_plan, plan_restore, read_plan, rekey, run_jobs

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report, volume_kms_key
from simulator.client import Simulator

ELSEWHERE = f"ocid1.tenancy.oc1..{'e' * 60}"
FOREIGN = f"ocid1.volume.oc1.iad.{'f' * 60}"
POLICY = f"ocid1.volumebackuppolicy.oc1..{'p' * 60}"


@pytest.fixture(autouse=True)
def fleet(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[volumes(2)],
        volume_backup_policies=[{"name": "daily", "region": "us-ashburn-1", "compartment": "prod"}],
    )


def intent(ocid: str, tenancy: str | None, **more: Any) -> dict[str, Any]:
    line = {"event": "intent", "run": "r", "time": "2026-11-24T01:00:00.000Z", "id": ocid, "type": "volume"}
    whose = {} if tenancy is None else {"tenancy": tenancy}
    former = {"previous_encryption": "oracle", "previous_kms_key_id": None, "display_name": "db", "region": "iad"}
    return {**line, **whose, **former, "action": "assign", "kms_key_id": None, **more}


def of_policy(ocid: str, tenancy: str | None, policy: str) -> dict[str, Any]:
    return intent(ocid, tenancy, previous_policy_id=policy, previous_assignment_id="a")


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def default_journal(tmp_path: Path) -> Path:
    return tmp_path / "state" / "oci_keys.block_volume" / "journal.jsonl"


def assign(sim: Simulator, **more: Any) -> Ran:
    return run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-2")], kms_key_id=sim.id("key-a"), **more)


def put_back(ran: Ran) -> list[str]:
    return [entry["id"] for entry in ran.result.get("recovered", [])]


# --- of another tenancy


def test_a_task_leaves_what_the_default_journal_has_of_another_tenancy(sim: Simulator, tmp_path: Path) -> None:
    write(default_journal(tmp_path), of_policy(FOREIGN, ELSEWHERE, POLICY))
    ran = assign(sim)
    assert not ran.failed, ran.msg
    assert (put_back(ran), ran.result["warnings"], ran.writes) == ([], [], {"UpdateVolumeKmsKey": 1})


def test_a_task_names_what_its_own_journal_has_of_another_tenancy(sim: Simulator, tmp_path: Path) -> None:
    ran = assign(sim, journal=str(write(tmp_path / "j", of_policy(FOREIGN, ELSEWHERE, POLICY))))
    assert not ran.failed, ran.msg
    (warning,) = ran.result["warnings"]
    assert "db" in warning
    assert ELSEWHERE in warning
    assert "line 1" in warning
    assert ran.writes == {"UpdateVolumeKmsKey": 1}


@pytest.mark.parametrize("whose", ["own", "none"])
def test_beside_them_what_is_of_this_tenancy_is_put_back(sim: Simulator, tmp_path: Path, whose: str) -> None:
    """A line of an older version names no tenancy, and counts as of this one."""
    own = of_policy(sim.id("volume-1"), sim.id("tenancy") if whose == "own" else None, sim.id("daily"))
    write(default_journal(tmp_path), of_policy(FOREIGN, ELSEWHERE, POLICY), own)
    ran = assign(sim)
    assert not ran.failed, ran.msg
    assert put_back(ran) == [sim.id("volume-1")]


def test_what_names_no_tenancy_and_can_not_be_read_is_not_settled(sim: Simulator, tmp_path: Path) -> None:
    write(default_journal(tmp_path), of_policy(FOREIGN, None, POLICY))
    ran = assign(sim)
    assert ran.failed
    assert FOREIGN in ran.msg


@pytest.mark.parametrize("is_default", [True, False])
def test_a_plan_leaves_what_is_of_another_tenancy(sim: Simulator, tmp_path: Path, is_default: bool) -> None:
    path = default_journal(tmp_path) if is_default else tmp_path / "old" / "journal.jsonl"
    write(path, of_policy(FOREIGN, ELSEWHERE, POLICY))
    former = {} if is_default else {"former_runs": [str(path)]}
    planned = make_plan(sim, tmp_path / "run", **former)
    assert not planned.failed, planned.msg
    assert planned.result["summary"]["unsettled"] == 0
    assert [ELSEWHERE in warning for warning in planned.result["warnings"]] == ([] if is_default else [True])


def test_a_plan_takes_in_what_is_of_this_one_and_what_is_of_an_older_version(sim: Simulator, tmp_path: Path) -> None:
    own, older = of_policy(sim.id("volume-1"), sim.id("tenancy"), sim.id("daily")), sim.id("volume-2")
    write(
        default_journal(tmp_path),
        own,
        of_policy(FOREIGN, ELSEWHERE, POLICY),
        {**of_policy(older, None, sim.id("daily")), "run": "s"},
    )
    planned = make_plan(sim, tmp_path / "run", scope={"resource_types": ["policy_assignment"]})
    assert not planned.failed, planned.msg
    entries = read_plan(tmp_path / "run")["entries"]
    assert {entry["asset_id"] for entry in entries} == {own["id"], older}


def test_a_policy_is_not_known_by_what_a_report_says_of_its_volume(sim: Simulator, tmp_path: Path) -> None:
    """A run gave the volume another key; another one was killed after it had taken the volume's policy away."""
    sim.change(sim.id("volume-1"), key="key-b")
    rekey(sim, tmp_path / "run")
    old = write(tmp_path / "old" / "journal.jsonl", of_policy(sim.id("volume-1"), sim.id("tenancy"), sim.id("daily")))

    plan_restore(sim, tmp_path / "undo", tmp_path / "run", former_runs=[str(old)])

    entries = read_plan(tmp_path / "undo")["entries"]
    assert {(entry["type"], entry.get("asset_id")) for entry in entries} >= {("policy_assignment", sim.id("volume-1"))}


def test_a_policy_that_the_plan_leaves_out_is_not_put_back_by_its_batches(sim: Simulator, tmp_path: Path) -> None:
    write(default_journal(tmp_path), of_policy(sim.id("volume-1"), sim.id("tenancy"), sim.id("daily")))
    planned = make_plan(sim, tmp_path / "run", exclude_ids=[sim.id("volume-1")])
    assert planned.result["summary"]["unsettled"] == 1

    for ran in run_jobs(sim, tmp_path / "run", planned):
        assert ran.writes == {"UpdateVolumeKmsKey": 1}  # volume-2
        assert ran.result.get("recovered", []) == []


@pytest.mark.parametrize("has_landed", [True, False])
def test_what_a_killed_run_changed_goes_back_though_the_run_that_went_on_found_it_right(
    sim: Simulator, tmp_path: Path, has_landed: bool
) -> None:
    folder = tmp_path / "run"
    sim.change(sim.id("volume-1"), key="key-b")
    planned = make_plan(sim, folder)
    keys = {"previous_encryption": "customer", "previous_kms_key_id": sim.id("key-b"), "kms_key_id": sim.id("key-a")}
    write(folder / "journal.jsonl", intent(sim.id("volume-1"), sim.id("tenancy"), **keys))
    sim.change(sim.id("volume-1"), key="key-a" if has_landed else "key-b")
    run_jobs(sim, folder, planned)
    report = {"report_dir": str(folder), "discovery_file": str(folder / "before.json"), "change_files": [str(folder)]}
    assert not run(key_assignment_report.main, sim, **report, plan_file=str(folder / "plan.json")).failed

    plan_restore(sim, tmp_path / "undo", folder)

    back = {entry["id"]: entry["wanted_kms_key_id"] for entry in read_plan(tmp_path / "undo")["entries"]}
    assert back[sim.id("volume-1")] == sim.id("key-b")


# --- of what is gone


def backup_id(sim: Simulator, kind: str) -> str:
    return sim.id("volume-1").replace("ocid1.volume.", f"ocid1.{kind}.") + "x"


@pytest.mark.parametrize("kind", ["volume", "boot_volume", "volume_backup"])
def test_a_plan_names_what_was_being_changed_and_is_gone(sim: Simulator, tmp_path: Path, kind: str) -> None:
    gone = backup_id(sim, kind.replace("_", ""))
    old = write(tmp_path / "old" / "journal.jsonl", intent(gone, sim.id("tenancy"), type=kind))
    planned = make_plan(sim, tmp_path / "run", former_runs=[str(old)])
    assert not planned.failed, planned.msg
    assert planned.result["summary"]["unsettled"] == 1
    (row,) = read_plan(tmp_path / "run")["unsettled"]
    assert (row["id"], row["type"], row["display_name"]) == (gone, kind, "db")
    assert "line 1" in row["reason"]
    assert "NotAuthorizedOrNotFound" in row["reason"]


def test_a_copy_whose_source_is_gone_is_named(sim: Simulator, tmp_path: Path) -> None:
    gone = backup_id(sim, "volumebackup")
    copy = intent(gone, None, type="volume_backup", previous_copy_id=None, previous_destination_region="phx")
    planned = make_plan(sim, tmp_path / "run", former_runs=[str(write(tmp_path / "j", copy))])
    assert [row["id"] for row in read_plan(tmp_path / "run")["unsettled"]] == [gone], planned.msg


@pytest.mark.parametrize("end", ["there", "outcome", "of another tenancy"])
def test_what_is_there_or_has_an_end_is_settled(sim: Simulator, tmp_path: Path, end: str) -> None:
    gone = backup_id(sim, "volume")
    ended = {"event": "outcome", "run": "r", "id": gone, "changed": True, "settled": True, "kind": "volume"}
    lines = {
        "there": [intent(sim.id("volume-1"), None)],
        "outcome": [intent(gone, None), ended],
        "of another tenancy": [intent(gone, ELSEWHERE)],
    }[end]
    planned = make_plan(sim, tmp_path / "run", former_runs=[str(write(tmp_path / "j", *lines))])
    assert planned.result["summary"]["unsettled"] == 0, planned.msg


# --- in playbooks that change what they are given


def test_a_playbook_that_leaves_a_policy_lost_does_not_end_well(sim: Simulator, tmp_path: Path) -> None:
    playbooks = CollectionPlaybooks(sim, tmp_path)
    home = Path(playbooks.environment["HOME"])
    write(home / ".local" / "state" / "oci_keys.block_volume" / "journal.jsonl", of_policy(FOREIGN, None, POLICY))
    given = {"asset_ids": [sim.id("volume-2")], "policy_id": sim.id("daily"), "state": "absent"}

    ran = playbooks.run("backup_policy", {f"backup_policy_{name}": value for name, value in given.items()})

    assert ran.returncode == 2, ran.stdout
    assert "policy assignment db" in " ".join(ran.stdout.split())
    assert "begun by a run that was interrupted and not settled by this plan" in " ".join(ran.stdout.split())
    (folder,) = playbooks.runs()
    assert [row["asset_id"] for row in read_plan(folder)["unsettled"]] == [FOREIGN]
