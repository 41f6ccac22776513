# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of replicas as a part of rekey: found, planned by destination region, changed, reported and put back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, PHX, plan_restore, read_plan
from jsonschema import Draft202012Validator

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    key_assignment_report,
    key_plan_apply,
    replica_kms_key,
)
from simulator.client import Simulator

SCHEMA = Path(__file__).parents[2] / "roles" / "encryption_report" / "files" / "report.schema.json"
UPDATES = {"UpdateVolume", "UpdateBootVolume", "UpdateVolumeGroup"}


def fleet(sim: Simulator, key: str | None = "key-phx", **switches: Any) -> None:
    there = [{"region": PHX, "name": "there", **({"key": key} if key else {})}]
    group = {"name": "group", "region": IAD, "compartment": "prod", "volumes": ["member-1"], "replicas": there}
    furnish(
        sim,
        switches,
        volumes=[volumes(2, replicas=there, key="key-a"), volumes(name="member", key="key-a")],
        boot_volumes=[volumes(name="boot", replicas=there, key="key-a")],
        volume_groups=[group],
    )


def replica_keys(sim: Simulator) -> dict[str, str | None]:
    """The key of each source's replica, by names."""
    names = {row["id"]: row["name"] for row in sim.resources("key")}
    found: dict[str, str | None] = {}
    for kind in ("volume", "boot_volume", "volume_group"):
        for row in sim.resources(kind):
            for name in ("blockVolumeReplicas", "bootVolumeReplicas", "volumeGroupReplicas"):
                found.update((row["name"], names.get(replica["kmsKeyId"])) for replica in row.get(name) or ())
    return found


def plan(sim: Simulator, folder: Path, **options: Any) -> Ran:
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD, PHX],
        "resource_types": ["replica"],
        "replica_kms_key_ids": {PHX: sim.id("key-everywhere")},
        "create_folder": True,
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    return run(key_assignment_plan.main, sim, **given)


def apply(sim: Simulator, folder: Path, **options: Any) -> Ran:
    return run(key_plan_apply.main, sim, plan_file=str(folder / "plan.json"), rounds=3, max_failures=10, **options)


def test_each_source_once_and_members_with_their_group(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)

    planned = plan(sim, tmp_path / "run")

    assert not planned.failed, planned.msg
    entries = read_plan(tmp_path / "run")["entries"]
    sources = {sim.id(name) for name in ("volume-1", "volume-2", "boot-1", "group")}
    assert {entry["asset_id"] for entry in entries} == sources
    assert {(entry["type"], entry["region"], entry["key_region"]) for entry in entries} == {("replica", PHX, PHX)}
    assert {entry["kms_key_id"] for entry in entries} == {sim.id("key-phx")}
    assert planned.result["summary"]["not_selected"] == 1


@pytest.mark.parametrize("setting", ["accepted", "ignored", "refused"])
def test_changed_again_and_back(sim: Simulator, tmp_path: Path, setting: str) -> None:
    fleet(sim, replica_key_change=setting)
    before = replica_keys(sim)
    recreates = setting != "accepted"
    planned = plan(sim, tmp_path / "run", recreate_replicas=recreates)
    assert ("copies everything again" in json.dumps(planned.result.get("warnings", []))) == recreates

    checked = apply(sim, tmp_path / "run", check=True)
    assert checked.writes == {}
    done = apply(sim, tmp_path / "run")

    assert not done.failed, done.msg
    assert set(replica_keys(sim).values()) == {"key-everywhere"}
    assert sum(done.writes.values()) == (12 if recreates else 4)
    assert done.result["last_plan"]["summary"]["planned"] == 0
    again = apply(sim, tmp_path / "run")
    assert (again.failed, again.changed, again.writes) == (False, False, {})

    plan_restore(sim, tmp_path / "undo", tmp_path / "run", recreate_replicas=recreates)
    assert len(read_plan(tmp_path / "undo")["entries"]) == 4
    back = apply(sim, tmp_path / "undo")
    assert not back.failed, back.msg
    assert replica_keys(sim) == before
    assert back.result["last_plan"]["summary"]["planned"] == 0


@pytest.mark.parametrize("source", ["journal.jsonl", "plan.json"])
def test_back_from_any_file_of_the_run(sim: Simulator, tmp_path: Path, source: str) -> None:
    fleet(sim)
    before = replica_keys(sim)
    plan(sim, tmp_path / "run")
    apply(sim, tmp_path / "run")

    plan_restore(sim, tmp_path / "undo", tmp_path / "run" / source)
    back = apply(sim, tmp_path / "undo")

    assert not back.failed, back.msg
    assert replica_keys(sim) == before


def test_a_key_that_is_left_as_it_was_fails_the_canary(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, replica_key_change="ignored")
    plan(sim, tmp_path / "run")

    done = apply(sim, tmp_path / "run")

    assert done.failed
    assert done.result["resources"][0]["error"]["code"] == "ChangeIgnored"
    assert sum(done.writes.values()) == 1
    assert set(replica_keys(sim).values()) == {"key-phx"}


class TestWhatIsPlanned:
    def test_volumes_and_replicas_each_with_their_keys(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        planned = plan(
            sim,
            tmp_path / "run",
            resource_types=["volume", "boot_volume", "replica"],
            kms_key_ids={IAD: sim.id("key-b"), PHX: sim.id("key-phx")},
            include_replicated=True,
        )

        assert not planned.failed, planned.msg
        wanted = {(row["type"], row["wanted_kms_key_id"]) for row in read_plan(tmp_path / "run")["entries"]}
        assert wanted == {
            ("volume", sim.id("key-b")),
            ("boot_volume", sim.id("key-b")),
            ("replica", sim.id("key-everywhere")),
        }

    def test_without_keys_of_their_own_those_of_the_region(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim, None)

        plan(
            sim,
            tmp_path / "run",
            kms_key_ids={IAD: sim.id("key-b"), PHX: sim.id("key-phx")},
            replica_kms_key_ids=None,
        )

        entries = read_plan(tmp_path / "run")["entries"]
        assert {row["wanted_kms_key_id"] for row in entries} == {sim.id("key-phx")}

    def test_no_key_where_replicas_are(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        planned = plan(sim, tmp_path / "run", replica_kms_key_ids={IAD: sim.id("key-b")})

        assert planned.failed
        assert "there is no key for us-phoenix-1 (4 replicas)" in planned.msg
        assert "rekey_replica_kms_key_ids" in planned.msg

    def test_a_key_that_can_t_be_used_there(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        planned = plan(sim, tmp_path / "run", replica_kms_key_ids={PHX: sim.id("key-a")})

        assert planned.failed
        assert "In us-phoenix-1" in planned.msg

    def test_keys_of_replicas_that_are_not_in_scope(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        planned = plan(sim, tmp_path / "run", resource_types=["volume"], kms_key_ids={IAD: sim.id("key-b")})

        assert planned.calls == {}
        assert "so it would have no effect" in planned.msg

    def test_a_member_whose_group_is_not_in_scope(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        plan(sim, tmp_path / "run", regions=[PHX])

        document = read_plan(tmp_path / "run")
        assert len(document["entries"]) == 3
        (row,) = document["blocked"]
        assert row["reason"] == "replicated with its volume group, which was not found"


class TestReports:
    def found(self, sim: Simulator, path: Path, *types: str, **options: Any) -> dict[str, Any]:
        given = {"compartment_ids": [sim.id("prod")], "regions": [IAD, PHX], "resource_types": list(types), **options}
        ran = run(key_assignment_info.main, sim, result_file=str(path), **given)
        assert not ran.failed, ran.msg
        document: dict[str, Any] = json.loads(path.read_text())
        return document

    def test_a_discovery_shows_what_groups_hand_on(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim)

        rows = self.found(sim, tmp_path / "found.json", "replica")["resources"]

        by_source = {row["source_id"]: row for row in rows}
        assert set(by_source) == {sim.id(name) for name in ("volume-1", "volume-2", "boot-1", "member-1", "group")}
        group = by_source[sim.id("group")]
        assert (group["region"], group["type"], group["kms_key_id"]) == (PHX, "replica", sim.id("key-phx"))
        assert group["id"] == by_source[sim.id("member-1")]["group_id"]

    @pytest.mark.parametrize("where", ["volume-1", "group"])
    def test_a_key_that_only_a_replica_uses_is_in_use(self, sim: Simulator, tmp_path: Path, where: str) -> None:
        fleet(sim)
        for name in ("volume-1", "volume-2", "boot-1", "group"):
            sim.change(
                sim.id(name), replicas=[{"region": PHX, "key": "key-everywhere" if name == where else "key-phx"}]
            )
        if where == "group":  # a group without members has nothing but the key that it hands on
            sim.change(sim.id("group"), volumes=[])
        self.found(sim, tmp_path / "found.json", "volume", "replica", read_each=True)

        ran = run(
            key_assignment_report.main,
            sim,
            discovery_file=str(tmp_path / "found.json"),
            report_dir=str(tmp_path),
            kms_key_ids=[sim.id("key-everywhere")],
        )

        report = json.loads((tmp_path / "report.json").read_text())
        assert not ran.failed, ran.msg
        (key,) = report["retirement"]["keys"]
        assert key["verdict"] == "in_use"
        assert sim.id(where) in {use["of"] for use in key["uses"]}

    @pytest.mark.parametrize("source", ["batches", "journal", "module"])
    def test_changes_are_those_of_replicas(self, sim: Simulator, tmp_path: Path, source: str) -> None:
        fleet(sim, replica_key_change="ignored")
        before = {row["asset_id"]: row["id"] for row in self.planned(sim, tmp_path)}
        if source == "module":
            ids = {"volume_ids": [sim.id(name) for name in ("volume-1", "volume-2", "boot-1")]}
            files = {"result_file": str(tmp_path / "changed.json"), "journal": str(tmp_path / "journal.jsonl")}
            key = {"kms_key_id": sim.id("key-everywhere"), "volume_group_ids": [sim.id("group")], "recreate": True}
            assert not run(replica_kms_key.main, sim, **ids, **key, **files).failed
        else:
            assert not apply(sim, tmp_path / "run").failed
        if source == "journal":
            for path in (tmp_path / "run").glob("batch-*.json"):
                path.unlink()
        self.found(sim, tmp_path / "after.json", "replica")

        changes = str(tmp_path / ("changed.json" if source == "module" else "run"))
        given = {"discovery_file": str(tmp_path / "after.json"), "change_files": [changes]}
        ran = run(key_assignment_report.main, sim, report_dir=str(tmp_path / "report"), **given)

        assert not ran.failed, ran.msg
        report = json.loads((tmp_path / "report" / "report.json").read_text())
        Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report)
        assert {row["type"] for row in report["changes"]} == {"replica"}
        assert {row["asset_id"]: row["id"] for row in report["changes"]} == before
        assert {row["previous_kms_key_id"] for row in report["changes"]} == {sim.id("key-phx")}
        assert {row["kms_key_id"] for row in report["changes"]} == {sim.id("key-everywhere")}

        plan_restore(sim, tmp_path / "undo", tmp_path / "report" / "report.json", recreate_replicas=True)
        undo = read_plan(tmp_path / "undo")["entries"]
        assert {entry["asset_id"]: entry["wanted_kms_key_id"] for entry in undo} == dict.fromkeys(
            before, sim.id("key-phx")
        )

    def planned(self, sim: Simulator, folder: Path) -> list[dict[str, Any]]:
        (folder / "report").mkdir()
        assert not plan(sim, folder / "run", recreate_replicas=True).failed
        entries: list[dict[str, Any]] = read_plan(folder / "run")["entries"]
        return entries
