# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replication that a run had switched off when it was killed: the next one finds it in the journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.harness import run
from integration.support.rekey_helpers import IAD, PHX, plan_restore, read_plan
from integration.test_replica_kms_key import SOURCES, UPDATES, assign, fleet, key_in_place, replicas
from integration.test_replica_plans import apply, plan

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import interrupted
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_policy_plan,
    key_assignment_info,
    key_assignment_report,
    volume_kms_key,
)
from simulator.client import Simulator

INTENT = "intent"


def killed(sim: Simulator, folder: Path, source: str, *, recreate: bool = True) -> Path:
    """The journal of a run that was killed after it had switched replication off."""
    (row,) = replicas(sim, source)
    (replica_id,) = (value for name, value in row.items() if name.endswith("ReplicaId"))
    resource = sim.resource(sim.id(source))
    line = {
        "time": "2026-11-20T10:00:00.000Z",
        "run": "r1",
        "event": INTENT,
        "tenancy": sim.id("tenancy"),
        "id": sim.id(source),
        "type": resource["kind"],
        "region": "us-ashburn-1",
        "compartment_id": resource["compartmentId"],
        "display_name": resource["displayName"],
        "action": "assign",
        "kms_key_id": sim.id("key-everywhere"),
        "previous_encryption": "customer",
        "previous_kms_key_id": row["kmsKeyId"],
        "previous_replica_id": replica_id,
        "previous_replica_domain": row["availabilityDomain"],
        "previous_replica_name": row["displayName"],
        "recreate": recreate,
    }
    folder.mkdir(exist_ok=True)
    journal = folder / "journal.jsonl"
    journal.write_text(json.dumps(line) + "\n")
    sim.change(sim.id(source), replicas=[])
    return journal


def outcomes(journal: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line for line in lines if line["event"] == "outcome"]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_task_about_another_source_puts_it_back(sim: Simulator, tmp_path: Path, kind: str) -> None:
    fleet(sim)
    journal = killed(sim, tmp_path, SOURCES[kind])
    other = "boot-1" if kind == "volume" else "volume-1"

    ran = assign(sim, other, kms_key_id="key-everywhere", journal=str(journal))

    assert not ran.failed, ran.msg
    assert key_in_place(sim, SOURCES[kind]) == "key-phx"
    assert [entry["id"] for entry in ran.result["recovered"]] == [sim.id(SOURCES[kind])]
    assert sum(ran.writes.values()) == 2
    again = assign(sim, other, kms_key_id="key-everywhere", journal=str(journal))
    assert (again.writes, again.result.get("recovered")) == ({}, None)


def test_a_task_about_it_makes_it_with_the_key_that_is_desired(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    journal = killed(sim, tmp_path, "volume-1")

    checked = assign(sim, "volume-1", kms_key_id="key-everywhere", journal=str(journal), check=True)
    ran = assign(sim, "volume-1", kms_key_id="key-everywhere", journal=str(journal))

    assert not checked.failed, checked.msg
    assert (checked.changed, checked.writes) == (True, {})
    assert not ran.failed, ran.msg
    assert key_in_place(sim, "volume-1") == "key-everywhere"
    assert replicas(sim, "volume-1")[0]["displayName"] == "kept-name"
    assert ran.writes == {UPDATES["volume"]: 1}


def test_what_somebody_has_switched_on_again_is_settled(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    journal = killed(sim, tmp_path, "volume-1")
    sim.change(sim.id("volume-1"), replicas=[{"region": "us-phoenix-1", "key": "key-phx-2"}])

    ran = assign(sim, "boot-1", kms_key_id="key-everywhere", journal=str(journal))

    assert not ran.failed, ran.msg
    assert key_in_place(sim, "volume-1") == "key-phx-2"
    assert sim.id("volume-1") in {line["id"] for line in outcomes(journal)}


def test_a_change_in_place_takes_nothing_away(sim: Simulator, tmp_path: Path) -> None:
    """Whoever switched replication off since then wanted it."""
    fleet(sim)
    journal = killed(sim, tmp_path, "volume-1", recreate=False)

    ran = assign(sim, "boot-1", kms_key_id="key-everywhere", journal=str(journal))

    assert not ran.failed, ran.msg
    assert replicas(sim, "volume-1") == []


def test_a_module_that_changes_no_replicas_says_what_is_missing(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not ship what does; here, all modules are in one process."""
    fleet(sim)
    journal = killed(sim, tmp_path, "volume-1")
    monkeypatch.setattr(interrupted, "KINDS", {})

    volume_ids = [sim.id("plain-1")]
    ran = run(volume_kms_key.main, sim, volume_ids=volume_ids, kms_key_id=sim.id("key-a"), journal=str(journal))

    assert not ran.failed, ran.msg
    (warning,) = ran.result["warnings"]
    assert "its replica in" in warning
    assert "replica_kms_key" in warning
    assert replicas(sim, "volume-1") == []


def test_a_plan_makes_it_again(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    journal = killed(sim, tmp_path / "old", "group")

    planned = plan(sim, tmp_path / "run", former_runs=[str(journal.parent)])
    assert not planned.failed, planned.msg
    entries = read_plan(tmp_path / "run")["entries"]
    (lost,) = (entry for entry in entries if "lost_in_runs" in entry)
    assert (lost["asset_id"], lost["region"]) == (sim.id("group"), "us-phoenix-1")
    done = apply(sim, tmp_path / "run")

    assert not done.failed, done.msg
    assert key_in_place(sim, "group") == "key-everywhere"
    assert key_in_place(sim, "member-1") == "key-everywhere"


def test_a_plan_gives_it_the_key_of_replicas_and_not_that_of_volumes(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    journal = killed(sim, tmp_path / "old", "volume-1")
    keys = {"kms_key_ids": {PHX: sim.id("key-phx"), IAD: sim.id("key-a")}}

    planned = plan(sim, tmp_path / "run", former_runs=[str(journal.parent)], **keys)

    assert not planned.failed, planned.msg
    (lost,) = (entry for entry in read_plan(tmp_path / "run")["entries"] if "lost_in_runs" in entry)
    assert lost["wanted_kms_key_id"] == sim.id("key-everywhere")


def test_a_plan_of_backup_policies_makes_it_again_as_it_was(sim: Simulator, tmp_path: Path) -> None:
    """Also of an asset that the plan looks at for its policy: both are known by its OCID."""
    fleet(sim)
    journal = killed(sim, tmp_path / "old", "volume-1")

    planned = run(
        backup_policy_plan.main,
        sim,
        asset_ids=[sim.id("volume-1")],
        state="unassigned",
        create_folder=True,
        plan_file=str(tmp_path / "run" / "plan.json"),
        former_runs=[str(journal.parent)],
    )
    assert not planned.failed, planned.msg
    told = " ".join(" ".join(planned.result["lines"]).split())
    assert "1 replica that an interrupted run took away will be made again: that of volume-1 in us-phoenix-1" in told
    assert "backup policy that an interrupted" not in told
    ran = apply(sim, tmp_path / "run")

    assert not ran.failed, ran.msg
    assert ran.writes == {UPDATES["volume"]: 1}
    assert key_in_place(sim, "volume-1") == "key-phx"
    assert replicas(sim, "volume-1")[0]["displayName"] == "kept-name"


@pytest.mark.parametrize("resource_type", ["volume", "replica", "volume_backup"])
def test_a_report_tells_of_it_until_there_is_one_again(sim: Simulator, tmp_path: Path, resource_type: str) -> None:
    fleet(sim)
    killed(sim, tmp_path / "killed", "volume-1")
    domain = replicas(sim, "boot-1")[0]["availabilityDomain"]

    lines = report(sim, tmp_path / "now", resource_type)
    how = "may have" if resource_type == "volume_backup" else "has"
    assert f"{how} taken its replica in {domain} away" in lines
    assert sim.id("volume-1") in lines
    assert "restore_keys" in lines
    hidden = report(sim, tmp_path / "now", resource_type, redact=True)
    assert "1 replica may be missing since a run was interrupted" in hidden
    assert sim.id("volume-1") not in hidden
    sim.change(sim.id("volume-1"), replicas=[{"region": "us-phoenix-1", "key": "key-phx-2"}])
    assert ("taken its replica" in report(sim, tmp_path / "now", resource_type)) == (resource_type == "volume_backup")


def report(sim: Simulator, folder: Path, resource_type: str, **options: Any) -> str:
    """What is said below a report on resources of this type."""
    folder.mkdir(exist_ok=True)
    discovery = str(folder / "before.json")
    looked = run(
        key_assignment_info.main, sim, regions=["all"], resource_types=[resource_type], discovery_file=discovery
    )
    assert not looked.failed, looked.msg
    made = run(
        key_assignment_report.main, sim, report_dir=str(folder), discovery_file=discovery, history=True, **options
    )
    assert not made.failed, made.msg
    return " ".join(" ".join(made.result["lines"]).split())


def test_a_restore_makes_it_again_with_its_key(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    killed(sim, tmp_path / "old", "boot-1")

    planned = plan_restore(sim, tmp_path / "undo", tmp_path / "old")
    assert planned.result["summary"]["planned"] == 1, planned.result
    back = apply(sim, tmp_path / "undo")

    assert not back.failed, back.msg
    assert key_in_place(sim, "boot-1") == "key-phx"
    assert back.writes == {UPDATES["boot_volume"]: 1}


def test_a_restore_of_a_failed_run_has_nothing_to_do_where_the_former_one_is_back(
    sim: Simulator, tmp_path: Path
) -> None:
    fleet(sim, replica_key_change="ignored")
    sim.fault("status", "UpdateVolume", after=2, times=1, status=404, code="NotAuthorizedOrNotFound", message="No.")
    journal = tmp_path / "journal.jsonl"
    assign(sim, "volume-1", kms_key_id="key-everywhere", recreate=True, journal=str(journal))

    planned = plan_restore(sim, tmp_path / "undo", journal)

    assert planned.result["summary"]["planned"] == 0


@pytest.mark.parametrize("fault", [{"kind": "throttle"}, {"kind": "status", "status": 500, "code": "Broken"}])
def test_a_replica_that_could_not_be_made_again_is_made_by_the_next_run(
    sim: Simulator, tmp_path: Path, fault: dict[str, Any]
) -> None:
    fleet(sim, replica_key_change="ignored")
    sim.fault(operation="UpdateVolume", after=2, times=None, **fault)
    journal = str(tmp_path / "journal.jsonl")
    options: dict[str, Any] = {"kms_key_id": "key-everywhere", "journal": journal}

    failed = assign(sim, "volume-1", recreate=True, wait_timeout=5, **options)
    assert failed.failed
    assert "could not be restored" in failed.msg
    assert replicas(sim, "volume-1") == []
    sim.clear_faults()
    ran = assign(sim, "volume-1", **options)

    assert not ran.failed, ran.msg
    assert key_in_place(sim, "volume-1") == "key-everywhere"
    assert replicas(sim, "volume-1")[0]["displayName"] == "kept-name"
