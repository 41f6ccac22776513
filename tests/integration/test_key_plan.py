# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that plan and carry out, one after the other, as the role rekey calls them."""

from __future__ import annotations

import base64
import json
import re
import stat
import zlib
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, run, soak
from integration.support.rekey_helpers import (
    IAD,
    PHX,
    discover,
    keys_in_place,
    make_plan,
    mixed_fleet,
    read_plan,
    restore,
    run_jobs,
    subjects,
)

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import DEFAULT_WIDTH
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import key_plan as _plan_module
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_plan,
    key_plan_apply,
)
from simulator.client import Simulator


def names(sim: Simulator, rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["display_name"] for row in rows)


def test_what_is_planned_and_what_apart(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)

    planned = make_plan(sim, tmp_path)
    plan = read_plan(tmp_path)

    assert not planned.changed
    assert planned.writes == {}
    kinds = [(entry["type"], entry["region"]) for entry in plan["entries"]]
    assert kinds == sorted(kinds, key=kinds.index)
    assert kinds[0][0] == "policy_assignment"
    assert names(sim, plan["blocked"]) == ["bad-1", "kept", "stuck-1"]
    assert "DISABLED" in next(row["reason"] for row in plan["blocked"] if row["display_name"] == "stuck-1")
    assert names(sim, plan["left_alone"]) == ["copied-1"]
    assert plan["unchanged"] == 2
    assert planned.result["summary"]["planned"] == len(plan["entries"]) == 14
    assert sum(row["count"] for row in planned.result["counts"]) == 14
    row = next(line for line in planned.result["lines"] if line.startswith(f"  {PHX}"))
    assert row.split() == [PHX, "block", "volumes", "Oracle-managed", "key", "key-phx", "2"]
    assert planned.result["lines"][-1] == f"Digest of the plan: {plan['digest']}"
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600
    assert {key["id"] for key in json.loads((tmp_path / "keys.json").read_text())["keys"]} == {
        sim.id(name) for name in ("key-a", "key-b", "key-phx", "key-disabled")
    }


def test_carried_out_it_is_as_planned_and_nothing_is_left(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    checked = make_plan(sim, tmp_path / "dry", check=True, batch_size=3)
    planned = make_plan(sim, tmp_path / "run", batch_size=3)
    assert checked.result["digest"] == planned.result["digest"]
    assert read_plan(tmp_path / "dry")["dry_run"]

    batches = run_jobs(sim, tmp_path / "run", planned)

    assert [batch.result["summary"]["failed"] for batch in batches] == [0] * len(batches)
    canary = batches[0].result
    assert canary["progress"].startswith("First of each region, kind and key: 6 resources in 2 regions, 6 changed")
    first = rf"{IAD}: block volumes 2-4 of 6, 3 changed, 0 failed, [\d,]+/(s|min), about .+ left"
    assert re.fullmatch(first, batches[1].result["progress"])
    assert re.search(r" 1 changed, 0 failed, [\d,]+/(s|min)$", batches[-1].result["progress"])
    entries = read_plan(tmp_path / "run")["entries"]
    in_place = keys_in_place(sim)
    for entry in entries:
        assert in_place[entry["type"], entry.get("asset_id") or entry["id"]] == entry["wanted_kms_key_id"]
    outcomes = [
        row for file in (tmp_path / "run").glob("batch-*.json") for row in json.loads(file.read_text())["resources"]
    ]
    assert subjects(outcomes) == subjects(entries)
    again = make_plan(sim, tmp_path / "again")
    assert again.result["summary"]["planned"] == again.result["batch_count"] == 0
    assert sim.needless_puts == 0


def test_the_filters(sim: Simulator, tmp_path: Path) -> None:
    tags = {"freeform_tags": {"env": "prod"}, "defined_tags": {"Ops": {"Tier": "1"}}}
    mixed_fleet(
        sim,
        volumes=[volumes(2), volumes(1, name="old", key="key-b"), volumes(1, name="tagged", **tags)],
        volume_backups=[],
        boot_volumes=[],
        boot_volume_backups=[],
        policy_assignments=[],
    )

    def planned(**options: Any) -> list[str]:
        ran = make_plan(sim, tmp_path, **options)
        assert not ran.failed, ran.msg
        return names(sim, read_plan(tmp_path)["entries"])

    assert planned() == ["old-1", "tagged-1", "volume-1", "volume-2"]
    assert planned(from_kms_key_ids=[sim.id("key-b")]) == ["old-1"]
    assert planned(only_oracle_managed=True) == ["tagged-1", "volume-1", "volume-2"]
    assert planned(exclude_ids=[sim.id("volume-1")]) == ["old-1", "tagged-1", "volume-2"]
    assert names(sim, read_plan(tmp_path)["excluded"]) == ["volume-1"]
    assert planned(freeform_tags={"env": "prod"}) == ["tagged-1"]
    assert planned(freeform_tags={"env": "test"}) == []
    assert planned(defined_tags={"ops": {"tier": "1"}}) == ["tagged-1"]
    assert planned(defined_tags={"ops": {"tier": "2"}}) == []
    assert planned(created_before="2020-01-01T00:00:00Z") == []
    assert planned(created_before="2100-01-01T00:00:00Z") == planned()
    assert planned(resource_types=["boot_volume"]) == []
    assert planned(state="absent") == ["old-1"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"kms_key_ids": {IAD: "key-a"}}, "has no key for us-phoenix-1, which is in scope"),
        ({"kms_key_ids": {IAD: "key-a", PHX: "key-b"}}, "a key can't be used"),
        ({"kms_key_ids": {IAD: "key-disabled", PHX: "key-phx"}}, "is DISABLED"),
        ({"kms_key_ids": {}}, "'kms_key_ids' is empty"),
        ({"kms_key_ids": {"nowhere": "key-a"}}, "not a known region"),
        ({"from_kms_key_ids": []}, "'from_kms_key_ids' is blank"),
        ({"freeform_tags": {}}, "'freeform_tags' is blank"),
        ({"exclude_ids": ["garbage"]}, "'exclude_ids': 'garbage' is not an OCID"),
        ({"approved_file": ""}, "'approved_file' is blank"),
        ({"approved_by": " "}, "'approved_by' is blank. Give it a value"),
        ({"change_ticket": ""}, "'change_ticket' is blank. Give it a value"),
        ({"run_id": "\u00a0"}, "'run_id' is blank. Give it a value"),
        ({"keys_file": " "}, "'keys_file' is blank. Give it a value"),
        ({"kms_key_ids": {IAD: " "}}, "'kms_key_ids' has no key for 'us-ashburn-1'. Give"),
        ({"kms_key_ids": {IAD: None}}, "'kms_key_ids' has no key for 'us-ashburn-1'. Give"),
        ({"kms_key_ids": {IAD: "ocid1.volume.oc1.iad.abc"}}, "'kms_key_ids' for 'us-ashburn-1': "),
        ({"plan_digest": "0" * 64}, "this is not what was approved"),
        ({"batch_size": 0}, "'batch_size' must be at least 1"),
    ],
)
def test_what_is_wrong_makes_no_plan(sim: Simulator, tmp_path: Path, options: dict[str, Any], fault: str) -> None:
    mixed_fleet(sim)
    if "kms_key_ids" in options:
        named = options["kms_key_ids"].items()
        options = {
            "kms_key_ids": {region: sim.id(key) if str(key).startswith("key-") else key for region, key in named}
        }

    ran = make_plan(sim, tmp_path, **options)

    assert ran.failed
    assert fault in ran.msg
    assert not (tmp_path / "plan.json").exists()


def test_a_policy_that_copies_to_a_region_without_a_key(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    folder = tmp_path
    discover(sim, folder / "before.json", regions=[IAD])

    ran = run(
        key_assignment_plan.main,
        sim,
        discovery_file=str(folder / "before.json"),
        plan_file=str(folder / "plan.json"),
        kms_key_ids={IAD: sim.id("key-a")},
    )

    assert ran.failed
    assert "there is no key for us-phoenix-1 (2 backup policy assignments)" in ran.msg


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OSError(5, "Input/output error"), "The plan could not be made: [Errno 5] Input/output error. Nothing was"),
        (ZeroDivisionError("what?"), "Internal error in oci_keys.block_volume: ZeroDivisionError"),
    ],
)
def test_a_plan_that_can_not_be_made_ends_in_words(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception, told: str
) -> None:
    def read_previous_batches(_folder: Path) -> None:
        raise fault

    furnish(sim, volumes=[volumes(1)])
    monkeypatch.setattr(_plan_module, "read_previous_batches", read_previous_batches)
    planned = make_plan(sim, tmp_path)
    assert planned.failed
    assert told in planned.msg
    assert planned.writes == {}


class TestApproved:
    def test_exactly_what_was_approved_and_is_as_it_was(self, sim: Simulator, tmp_path: Path) -> None:
        mixed_fleet(sim)
        make_plan(sim, tmp_path / "dry", check=True)
        approved = read_plan(tmp_path / "dry")
        sim.change(sim.id("volume-1"), key="key-b")
        sim.change(sim.id("volume-2"), key="key-a")
        sim.change(sim.id("right-1"), key="key-b")

        planned = make_plan(sim, tmp_path / "run", approved_file=str(tmp_path / "dry" / "plan.json"))
        plan = read_plan(tmp_path / "run")

        assert {row["display_name"]: row["reason"] for row in plan["not_approved"]} == {
            "volume-1": "approved when it was on the Oracle-managed key; it is on a different key now",
            "right-1": "not in the approved plan",
        }
        gone = {("volume", sim.id(name)) for name in ("volume-1", "volume-2")}
        assert subjects(plan["entries"]) == subjects(approved["entries"]) - gone
        assert planned.result["summary"]["not_approved"] == 2

    def test_as_a_value(self, sim: Simulator, tmp_path: Path) -> None:
        mixed_fleet(sim)
        packed = make_plan(sim, tmp_path / "dry", check=True).result["plan"]
        sim.change(sim.id("volume-1"), key="key-b")
        planned = make_plan(sim, tmp_path / "run", approved_plan=packed)
        assert planned.result["summary"]["not_approved"] == 1

        value = json.loads(zlib.decompress(base64.b64decode(packed)))
        value["entries"].pop()
        altered = base64.b64encode(zlib.compress(json.dumps(value).encode())).decode()
        assert "they were modified" in make_plan(sim, tmp_path / "altered", approved_plan=altered).msg
        assert "is not a plan as text" in make_plan(sim, tmp_path / "other", approved_plan="{}").msg

    def test_the_digest_of_what_was_approved(self, sim: Simulator, tmp_path: Path) -> None:
        mixed_fleet(sim)
        digest = make_plan(sim, tmp_path / "dry", check=True).result["digest"]
        assert not make_plan(sim, tmp_path / "run", plan_digest=digest.upper()).failed
        sim.change(sim.id("volume-1"), key="key-a")
        assert "not what was approved" in make_plan(sim, tmp_path / "run", plan_digest=digest).msg


class TestApply:
    def test_what_was_changed_since_the_plan_is_left_alone(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(3)])
        planned = make_plan(sim, tmp_path)
        sim.change(sim.id("volume-2"), key="key-b")

        (canary, rest) = run_jobs(sim, tmp_path, planned)

        assert canary.result["summary"]["changed"] == 1
        assert rest.result["summary"] == {"total": 2, "changed": 1, "unchanged": 1, "failed": 0}
        assert rest.result["warnings"][0].startswith("Skipped volume-2 (")
        assert "its key is" in rest.result["warnings"][0]
        assert sim.resource(sim.id("volume-2"))["kmsKeyId"] == sim.id("key-b")

    def test_a_dry_run_is_not_carried_out(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1)])
        make_plan(sim, tmp_path, check=True)
        ran = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=1)
        assert "plan of a dry run" in ran.msg
        assert ran.calls == {}
        checked = run(key_plan_apply.main, sim, check=True, plan_file=str(tmp_path / "plan.json"), batch=1)
        assert checked.changed
        assert checked.writes == {}

    def test_failures_are_counted_over_the_run_and_not_tried_again(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(4)])
        for name in ("volume-2", "volume-4"):
            sim.fault(
                "status",
                "UpdateVolumeKmsKey",
                times=None,
                resource=sim.id(name),
                status=400,
                code="InvalidParameter",
                message="No.",
            )
        planned = make_plan(sim, tmp_path, batch_size=1)

        done = run_jobs(sim, tmp_path, planned)

        assert [batch.failed for batch in done].count(True) == 2
        assert done[-1].result["failed_so_far"] == 2
        failed = [row["display_name"] for batch in done for row in batch.result["resources"]]
        assert sorted(failed) == ["volume-2", "volume-4"]
        later = make_plan(sim, tmp_path)
        assert later.result["summary"]["planned"] == 0
        assert later.result["summary"]["blocked"] == 2
        assert later.result["first_batch"] == 5

    def test_a_batch_that_is_carried_out_twice_keeps_its_former_keys(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2, key="key-b")])
        refusal = {"status": 400, "code": "InvalidParameter", "message": "No."}
        sim.fault("status", "UpdateVolumeKmsKey", resource=sim.id("volume-2"), **refusal)
        make_plan(sim, tmp_path, canary=5)
        done = [run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=1) for _try in range(2)]

        assert [batch.result["failed_so_far"] for batch in done] == [1, 0]
        assert done[1].writes == {"UpdateVolumeKmsKey": 1}
        content = json.loads((tmp_path / "batch-0001.json").read_text())
        assert content["summary"] == {"total": 2, "changed": 2, "unchanged": 0, "failed": 0}
        assert {row["previous_kms_key_id"] for row in content["resources"]} == {sim.id("key-b")}
        assert {row["kms_key_id"] for row in content["resources"]} == {sim.id("key-a")}

    def test_a_journal_with_half_a_line_is_continued_on_a_new_one(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1, key="key-b")])
        planned = make_plan(sim, tmp_path)
        (tmp_path / "journal.jsonl").write_text('{"event": "intent", "id": "ocid1.vol')
        run_jobs(sim, tmp_path, planned)

        undone = restore(sim, tmp_path / "undo", tmp_path / "journal.jsonl")

        assert "1 line of the journals could not be read" in undone.result["warnings"][0]
        assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-b")

    def test_a_later_plan_keeps_what_an_earlier_one_told_of_the_keys(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2, key="key-b")])
        run_jobs(sim, tmp_path, make_plan(sim, tmp_path))
        sim.change(sim.id("key-a"), state="DISABLING")

        make_plan(sim, tmp_path, kms_key_ids={IAD: sim.id("key-everywhere"), PHX: sim.id("key-phx")})

        rows = json.loads((tmp_path / "keys.json").read_text())["keys"]
        assert len(rows) == len({(row["id"], row["region"]) for row in rows})
        states = {row["id"]: row["lifecycle_state"] for row in rows}
        assert states == {
            sim.id("key-b"): "ENABLED",
            sim.id("key-a"): "DISABLING",
            sim.id("key-everywhere"): "ENABLED",
            sim.id("key-phx"): "ENABLED",
        }

    @pytest.mark.parametrize("batch", [0, 9])
    def test_a_batch_that_there_is_not(self, sim: Simulator, tmp_path: Path, batch: int) -> None:
        furnish(sim, volumes=[volumes(1)])
        make_plan(sim, tmp_path)
        assert "no batch" in run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=batch).msg


def test_that_a_plan_is_too_large_is_said_within_the_width_and_above_its_digest(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(sim, volumes=[volumes(1)])
    monkeypatch.setattr(_plan_module, "_MOST_INLINE", 10)
    checked = make_plan(sim, tmp_path, check=True).result
    assert checked["plan"] is None
    assert "too large to pass inline" in checked["plan_note"]
    assert checked["plan_note"] in " ".join(checked["lines"])
    assert max(map(len, checked["lines"])) <= DEFAULT_WIDTH < len(checked["plan_note"])
    assert checked["lines"][-1].endswith(checked["digest"])


@soak
def test_results_are_small_however_many_resources_there_are(sim: Simulator, tmp_path: Path) -> None:
    count = 5000 if SOAK else 1000
    furnish(sim, volumes=[volumes(count)])
    sim.fault("status", "UpdateVolumeKmsKey", times=None, status=400, code="InvalidParameter", message="No. " * 50)
    found = discover(sim, tmp_path / "before.json")
    checked = make_plan(sim, tmp_path, check=True, batch_size=500, canary=0)
    planned = make_plan(sim, tmp_path, batch_size=500, canary=0)
    applied = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=2)

    assert planned.result["summary"]["planned"] == count
    assert applied.result["summary"] == {"total": 500, "changed": 0, "unchanged": 0, "failed": 500}
    for ran in (found, checked, planned, applied):
        assert len(ran.printed) < 100_000
