# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A restore points a pool to the very configuration that it came from, or leaves it and says why; it copies nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, plan_restore, read_plan
from integration.test_instance_configuration_kms_key import POINT, assign, configurations, used_by

from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply
from simulator.client import Simulator

HERE = {"region": IAD, "compartment": "prod"}
MIXED: dict[str, Any] = {"key": "key-a", "volumes": [{"key": "key-everywhere"}]}


def fleet(sim: Simulator, configuration: dict[str, Any] | None = None, *more: dict[str, Any]) -> None:
    furnish(
        sim,
        {},
        volumes=[volumes()],
        instance_configurations=[
            HERE | {"name": "web"} | (MIXED if configuration is None else configuration),
            *(HERE | each for each in more),
        ],
        instance_pools=[HERE | {"name": f"pool-{number}", "configuration": "web"} for number in (1, 2)],
    )


def run_with_journal(sim: Simulator, tmp_path: Path, *names: str, key: str = "key-b") -> Path:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    ran = assign(sim, *names, kms_key_id=key, journal=str(folder / "journal.jsonl"))
    assert not ran.failed, ran.msg
    return folder


def apply(sim: Simulator, folder: Path, **options: Any) -> Ran:
    return run(key_plan_apply.main, sim, plan_file=str(folder / "plan.json"), batch=1, **options)


@pytest.mark.parametrize(
    ("configuration", "rival"),
    [
        (MIXED, {"kms_key_id": "key-a"}),
        ({"volumes": [{"key": "key-a"}]}, {"state": "absent"}),
        ({"key": "key-everywhere", "volumes": [{"key": "key-a"}, {}]}, {"kms_key_id": "key-everywhere"}),
    ],
    ids=["two-keys", "oracle-and-key", "three"],
)
def test_a_rival_that_is_all_on_the_former_key_is_not_taken_for_the_former_one(
    sim: Simulator, tmp_path: Path, configuration: dict[str, Any], rival: dict[str, Any]
) -> None:
    fleet(sim, configuration)
    assign(sim, "pool-2", **rival)
    assert used_by(sim, "pool-2")["id"] != sim.id("web")
    folder = run_with_journal(sim, tmp_path, "pool-1")

    assert not plan_restore(sim, tmp_path / "undo", folder).failed
    back = apply(sim, tmp_path / "undo")

    assert (back.failed, back.writes) == (False, {POINT: 1}), back.msg
    assert used_by(sim)["id"] == sim.id("web")
    (entry,) = read_plan(tmp_path / "undo")["entries"]
    assert entry["wanted_configuration_id"] == sim.id("web")


def test_a_pool_goes_back_to_a_tagged_configuration_of_several_keys(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, {"key": "key-a", "volumes": [{"key": "key-a"}]}, MIXED | {"name": "mine"})
    sim.change(sim.id("mine"), freeform_tags={"oci_keys_copy_of": sim.id("web")})
    sim.change(sim.id("pool-1"), configuration="mine")
    folder = run_with_journal(sim, tmp_path, "pool-1")

    plan_restore(sim, tmp_path / "undo", folder)
    apply(sim, tmp_path / "undo")

    assert used_by(sim)["id"] == sim.id("mine")


def test_after_two_runs_it_goes_back_to_the_first_one(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    folder = run_with_journal(sim, tmp_path, "pool-1")
    run_with_journal(sim, tmp_path, "pool-1", key="key-a")

    plan_restore(sim, tmp_path / "undo", folder)
    back = apply(sim, tmp_path / "undo")

    assert not back.failed, back.msg
    assert used_by(sim)["id"] == sim.id("web")


@pytest.mark.parametrize("when", ["before the plan", "after the plan"])
@pytest.mark.parametrize("how", ["gone", "unreadable"])
def test_a_former_configuration_that_can_t_be_read_is_said(sim: Simulator, tmp_path: Path, when: str, how: str) -> None:
    fleet(sim, {"key": "key-a"})
    folder = run_with_journal(sim, tmp_path, "pool-1", "pool-2")
    given, before = used_by(sim)["id"], len(configurations(sim))
    web = sim.id("web")

    def lose() -> None:
        if how == "gone":
            sim.fault("status", "GetInstanceConfiguration", times=None, resource=web, status=404, code="NotFound")
        else:
            sim.change(web, may_inspect=False)

    if when == "before the plan":
        lose()
        plan_restore(sim, tmp_path / "undo", folder)
        plan = read_plan(tmp_path / "undo")
        assert plan["entries"] == []
        assert len(plan["blocked"]) == 2
        said = plan["blocked"][0]["reason"] + plan["blocked"][0]["remedy"]
    else:
        plan_restore(sim, tmp_path / "undo", folder)
        lose()
        back = apply(sim, tmp_path / "undo")
        assert (back.failed, back.writes) == (True, {})
        said = back.resources[0]["error"]["message"] + back.resources[0]["error"]["hint"]
    assert f"former instance configuration {web} is gone or could not be read" in said
    assert "instance_configuration_kms_key" in said
    assert (used_by(sim)["id"], len(configurations(sim))) == (given, before)


@pytest.mark.parametrize("when", ["before the plan", "after the plan"])
@pytest.mark.parametrize("newer", [{"key": "key-b", "volumes": [{"key": "key-b"}]}, {"key": "key-a"}])
def test_a_pool_that_somebody_pointed_elsewhere_stays_there(
    sim: Simulator, tmp_path: Path, when: str, newer: dict[str, Any]
) -> None:
    fleet(sim, {"key": "key-a"}, newer | {"name": "newer"})
    folder = run_with_journal(sim, tmp_path, "pool-1")
    if when == "before the plan":
        sim.change(sim.id("pool-1"), configuration="newer")
        plan_restore(sim, tmp_path / "undo", folder)
        plan = read_plan(tmp_path / "undo")
        (row,) = plan["left_alone"]
        assert plan["entries"] == []
        assert "not the one that the run gave it" in row["reason"]
        assert sim.id("web") in row["remedy"]
    else:
        plan_restore(sim, tmp_path / "undo", folder)
        sim.change(sim.id("pool-1"), configuration="newer")
        back = apply(sim, tmp_path / "undo")
        assert back.writes == {}
        assert "Somebody pointed it elsewhere" in back.resources[0]["error"]["message"]
    assert used_by(sim)["id"] == sim.id("newer")


def test_without_leave_no_volume_goes_back_to_the_oracle_managed_key(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim, {"key": "key-a", "volumes": [{}]})
    folder = run_with_journal(sim, tmp_path, "pool-1")
    plan_restore(sim, tmp_path / "undo", folder, allow_oracle_managed=False)
    assert read_plan(tmp_path / "undo")["entries"] == []
    assert "Oracle-managed" in read_plan(tmp_path / "undo")["left_alone"][0]["reason"]


@pytest.mark.parametrize("now", ["given", "elsewhere"])
def test_after_a_run_that_was_killed_the_family_and_the_key_decide(sim: Simulator, tmp_path: Path, now: str) -> None:
    """Its journal has no outcome, so that nobody knows which copy the pool was pointed to."""
    fleet(sim, {"key": "key-a"}, {"name": "newer", "key": "key-b"})
    folder = run_with_journal(sim, tmp_path, "pool-1")
    journal = folder / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"event": "intent"' in line))
    if now == "elsewhere":
        sim.change(sim.id("pool-1"), configuration="newer")
    before = used_by(sim)["id"]

    plan_restore(sim, tmp_path / "undo", folder)

    if now == "given":
        apply(sim, tmp_path / "undo")
        assert used_by(sim)["id"] == sim.id("web")
    else:
        assert read_plan(tmp_path / "undo")["entries"] == []
        assert used_by(sim)["id"] == before
