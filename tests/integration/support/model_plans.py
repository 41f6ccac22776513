# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan of everything, carried out under faults and perhaps killed, then by another one in peace, and put back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.support.harness import Ran
from integration.support.harness import run as run_module
from integration.support.model_checks import besides, names_write
from integration.support.model_fleet import POLICIES, WRITES
from integration.support.model_process import Killed, Life, living
from integration.support.model_requests import REPLICATED_TO, Truth, settled
from integration.support.rekey_helpers import TYPES, make_plan, plan_restore, read_plan, run_jobs, wanted_keys

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import INTERNAL_ERROR
from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply
from simulator.client import Call, Simulator


@dataclass(frozen=True)
class CarriedOut:
    """What became of a plan's batches, of which the last may have been killed."""

    before: Truth
    after: Truth
    done: list[Ran]
    calls: list[Call]
    needless_puts: int
    intents: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    is_killed: bool


def carry_out_with(sim: Simulator, folder: Path, planned: Ran, life: Life, **world: Any) -> CarriedOut:
    """Carry out the plan in the folder, batch by batch, for as long as the process lives."""
    before = settled(sim)
    done: list[Ran] = []
    calls: list[Call] = []
    needless_puts = 0
    first = planned.result["first_batch"]
    with living(life), contextlib.suppress(Killed):
        for number in range(first, first + planned.result["batch_count"]):
            try:
                ran = run_module(
                    key_plan_apply.main,
                    sim,
                    clock=life,
                    plan_file=str(folder / "plan.json"),
                    batch=number,
                    wait_timeout=20,
                    **world,
                )
            finally:
                calls += sim.calls()
                needless_puts += sim.needless_puts
            if life.is_over:
                break
            done.append(ran)
    journal = folder / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    intents = [line for line in lines if line["event"] == "intent"]
    batches = [json.loads(file.read_text()) for file in sorted(folder.glob("batch-*.json"))]
    entries = [entry for batch in batches for entry in batch["resources"]]
    return CarriedOut(before, settled(sim), done, calls, needless_puts, intents, entries, life.is_over)


def check_carried_out(run: CarriedOut, desired: dict[str, str]) -> None:
    """What has to be true whatever happened: no third key, no lost policy, a line before each write, true reports."""
    assert set(run.after.rows) == set(run.before.rows)
    for name, row in run.before.rows.items():
        assert besides(run.after.rows[name]) == besides(row), name
    for name, key in run.before.keys.items():
        assert run.after.key(name) in (key, desired[run.before.rows[name]["region"]]), name
    for source in run.before.replicated:
        was, now = run.before.replica_key(source), run.after.replica_key(source)
        assert now in (was, (desired[REPLICATED_TO],) * len(was)), source
    begun = {intent["id"] for intent in run.intents}
    for asset in {*run.before.assignments, *run.after.assignments}:
        was, now = run.before.policy(asset), run.after.policy(asset)
        if now is None and run.is_killed and asset in begun:
            continue  # killed between taking it away and making it anew: the journal has it
        assert was is not None, asset
        assert now is not None, asset
        destination = POLICIES[run.before.names[was[0]]][1]
        assert now == was or now == (was[0], desired.get(destination or "")), asset
    assert run.needless_puts == 0
    for call in run.calls:
        if call.operation in WRITES:
            mine = [intent for intent in run.intents if names_write(intent, call, run.before)]
            assert mine, f"{call.operation} {call.resource}"
    for ran in run.done:
        assert INTERNAL_ERROR not in ran.printed
        assert "InternalError" not in ran.printed
    for entry in run.entries:
        _check_entry(entry, run.after)


def _check_entry(entry: dict[str, Any], after: Truth) -> None:
    if entry["error"] is not None or not entry["settled"]:
        return
    if entry["type"] == "replica" or "replica_id" in entry:
        assert set(after.replica_key(entry.get("asset_id", entry["id"]))) == {entry["kms_key_id"]}, entry
        return
    held = after.policy(entry["asset_id"]) if "asset_id" in entry else (None, after.key(entry["id"]))
    assert held is not None, entry
    assert held[1] == entry["kms_key_id"], entry


def plan_carry_out_and_put_back(
    sim: Simulator, folder: Path, life: Life, disturb: Callable[[], None], calm: Callable[[], None], **world: Any
) -> bool:
    """Do all of that. ``disturb`` brings the faults, ``calm`` ends them. False where there was no plan to be made."""
    before = settled(sim)
    planned = _make_plan(sim, folder / "one")
    if planned.failed:
        assert planned.writes == {}
        return False
    desired = wanted_keys(sim)
    disturb()
    run = carry_out_with(sim, folder / "one", planned, life, **world)
    calm()
    check_carried_out(run, desired)

    again = _make_plan(sim, folder / "two")
    assert not again.failed, again.msg
    run_jobs(sim, folder / "two", again)
    _make_plan(sim, folder / "three", check=True)
    left = read_plan(folder / "three")["entries"]
    assert [entry for entry in left if not _may_fail(entry, before)] == []

    undone = plan_restore(sim, folder / "undo", folder / "one", folder / "two")
    assert not undone.failed, undone.msg
    run_jobs(sim, folder / "undo", undone)
    now = settled(sim)
    assert now.keys == before.keys
    for source in before.replicated:
        if before.rows[source]["lifecycleState"] != "FAULTY":
            assert now.replica_key(source) == before.replica_key(source), source
    told = {row["asset_id"] for row in read_plan(folder / "undo")["blocked"] if "asset_id" in row}
    assert {now.rows[asset]["lifecycleState"] for asset in told} <= {"FAULTY"}
    assert {asset: now.policy(asset) for asset in now.assignments if asset not in told} == {
        asset: before.policy(asset) for asset in before.assignments if asset not in told
    }
    return True


def _make_plan(sim: Simulator, folder: Path, *, check: bool = False) -> Ran:
    """A plan of all types, of those that have to be asked for, too."""
    types = [*TYPES, "replica", "node_pool"]
    scope = {"resource_types": types}
    return make_plan(sim, folder, check=check, scope=scope, include_replicated=True, resource_types=types)


def _may_fail(entry: dict[str, Any], before: Truth) -> bool:
    """Nobody knows whether OCI takes a policy for a volume whose group has one. What is FAULTY may have a replica."""
    if entry["type"] == "replica":
        return before.rows[entry["asset_id"]]["lifecycleState"] == "FAULTY"
    return "asset_id" in entry and before.group_policy(entry["asset_id"])
