# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGINT and SIGTERM: nothing more is begun, what is under way settles, and the next run does the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from integration.support import copy_helpers
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, run, soak, start
from integration.support.playbook import Playbook
from integration.support.rekey_helpers import WRITES, keys_in_place, make_plan, run_jobs

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    key_plan_apply,
    volume_kms_key,
)
from simulator.client import Simulator

SIGNALS = pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM] if SOAK else [signal.SIGTERM], ids=lambda number: number.name
)
BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
COUNT, AT_ONCE = 12, 3
PUT = "UpdateVolumeKmsKey"
POST, DELETE = "CreateVolumeBackupPolicyAssignment", "DeleteVolumeBackupPolicyAssignment"
CHANGING = (*WRITES, "CopyVolumeBackup")


@dataclass(frozen=True)
class Case:
    """A module, and a fleet of ``COUNT`` resources for it to change."""

    module: ModuleType
    write: str
    furnish: Callable[[Simulator], dict[str, Any]]
    """Gives the options."""


def _ids(sim: Simulator, name: str) -> list[str]:
    return [sim.id(f"{name}-{number}") for number in range(1, COUNT + 1)]


def _volumes(sim: Simulator) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(COUNT, key="key-b")])
    return {"volume_ids": _ids(sim, "volume"), "kms_key_id": sim.id("key-a")}


def _backups(sim: Simulator) -> dict[str, Any]:
    backups = {"name": "backup-{n}", "count": COUNT, "of": "source-1", "key": "key-b"}
    furnish(sim, volumes=[volumes(name="source")], volume_backups=[backups])
    return {"backup_ids": _ids(sim, "backup"), "kms_key_id": sim.id("key-a")}


def _policies(sim: Simulator, **switches: Any) -> dict[str, Any]:
    policy = {
        "name": "to-phx",
        "region": copy_helpers.IAD,
        "compartment": "prod",
        "destination_region": copy_helpers.PHX,
    }
    assignments = [{"asset": f"volume-{number}", "policy": "to-phx"} for number in range(1, COUNT + 1)]
    furnish(sim, switches, volumes=[volumes(COUNT)], volume_backup_policies=[policy], policy_assignments=assignments)
    return {"asset_ids": _ids(sim, "volume"), "kms_key_id": sim.id("key-phx")}


def _copies(sim: Simulator) -> dict[str, Any]:
    copy_helpers.fleet(sim, copy_helpers.backups(COUNT, key="key-a"))
    return {
        "backup_ids": _ids(sim, "backup"),
        "kms_key_id": sim.id("key-phx"),
        "destination_region": copy_helpers.PHX,
    }


VOLUMES = Case(volume_kms_key, PUT, _volumes)
CASES = [
    VOLUMES,
    Case(backup_kms_key, "UpdateVolumeBackup", _backups),
    Case(backup_policy_crossregion_key, POST, _policies),
    Case(backup_copy, "CopyVolumeBackup", _copies),
]


def _begin(case: Case, options: dict[str, Any], **more: Any) -> subprocess.Popen[bytes]:
    return start(case.module, **options, concurrency=AT_ONCE, **more)


def _writes(sim: Simulator) -> int:
    return sum(sim.counts().get(name, 0) for name in CHANGING)


def _wait_for(sim: Simulator, operation: str, count: int) -> None:
    latest = time.monotonic() + 120
    while sim.counts().get(operation, 0) < count:
        assert time.monotonic() < latest, f"{operation} was not called {count} times"
        time.sleep(0.01)


def _lines(journal: Path, event: str) -> dict[str, dict[str, Any]]:
    lines = map(json.loads, journal.read_text().splitlines())
    return {line["id"]: line for line in lines if line["event"] == event}


@SIGNALS
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module.__name__.rpartition(".")[2])
def test_nothing_more_is_begun_and_what_is_under_way_settles(
    sim: Simulator, tmp_path: Path, case: Case, number: signal.Signals
) -> None:
    options = case.furnish(sim)
    journal = tmp_path / "journal.jsonl"
    sim.fault("slow", case.write, times=None, seconds=2.0)
    process = _begin(case, options, journal=str(journal))
    _wait_for(sim, case.write, AT_ONCE)

    process.send_signal(number)

    assert process.wait(120) == 1
    assert _writes(sim) == AT_ONCE
    outcomes = _lines(journal, "outcome")
    made = {name for name, line in outcomes.items() if line["changed"]}
    assert made == set(_lines(journal, "intent"))
    assert len(made) == AT_ONCE
    assert all(outcomes[name]["settled"] and outcomes[name]["error"] is None for name in made)
    others = [line for name, line in outcomes.items() if name not in made]
    assert len(others) == COUNT - AT_ONCE
    assert {line["error"]["code"] for line in others} == {"NotTried"}
    assert all("interrupted" in line["error"]["message"] for line in others)

    sim.clear_faults()
    again = run(case.module.main, sim, **options)
    assert not again.failed, again.msg
    assert sum(again.writes.values()) == COUNT - AT_ONCE
    assert sim.needless_puts == 0


@BOTH_SIGNALS
def test_a_batch_of_a_plan_ends_too_and_leaves_its_file(sim: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    furnish(sim, volumes=[volumes(COUNT, key="key-b")], boot_volumes=[volumes(2, name="boot")])
    planned = make_plan(sim, tmp_path / "one", canary=2)
    sim.reset_counts()
    sim.fault("slow", PUT, times=None, seconds=2.0)
    process = start(key_plan_apply, plan_file=str(tmp_path / "one" / "plan.json"), batch=1, concurrency=1)
    _wait_for(sim, PUT, 1)

    process.send_signal(number)

    assert process.wait(120) == 1
    assert _writes(sim) == 1, "the other slices of the batch were begun"
    batch = json.loads((tmp_path / "one" / "batch-0001.json").read_text())
    assert batch["summary"]["changed"] == 1
    assert planned.result["batch_count"] > 1
    made = set(_lines(tmp_path / "one" / "journal.jsonl", "intent"))
    assert {row["id"] for row in batch["resources"] if row["changed"]} == made

    sim.clear_faults()
    for ran in run_jobs(sim, tmp_path / "two", make_plan(sim, tmp_path / "two")):
        assert not ran.failed, ran.msg
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    assert sim.needless_puts == 0


def test_a_policy_is_not_left_taken_away(sim: Simulator, tmp_path: Path) -> None:
    """Where it takes DELETE and POST, the change that was begun is made to its end."""
    options = _policies(sim, assignment_repost="conflict")
    sim.fault("slow", DELETE, times=None, seconds=2.0)
    process = _begin(CASES[2], options, journal=str(tmp_path / "journal.jsonl"))
    _wait_for(sim, DELETE, AT_ONCE)

    process.send_signal(signal.SIGTERM)

    assert process.wait(120) == 1
    assert len(sim.resources("policy_assignment")) == COUNT
    assert sim.counts()[DELETE] == AT_ONCE
    assert sum(line["changed"] for line in _lines(tmp_path / "journal.jsonl", "outcome").values()) == AT_ONCE


@BOTH_SIGNALS
def test_while_it_only_reads_it_ends_at_once(sim: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    options = _volumes(sim)
    sim.fault("slow", "GetVolume", times=None, seconds=50.0)
    process = _begin(VOLUMES, options, journal=str(tmp_path / "journal.jsonl"))
    _wait_for(sim, "GetVolume", 1)

    process.send_signal(number)

    assert process.wait(45) == -number
    assert _writes(sim) == 0
    assert not (tmp_path / "journal.jsonl").exists()


def test_a_second_signal_ends_it_at_once_but_not_one_that_comes_along(sim: Simulator, tmp_path: Path) -> None:
    options = _volumes(sim)
    sim.set(settle=3600)
    process = _begin(VOLUMES, options, journal=str(tmp_path / "journal.jsonl"))
    _wait_for(sim, PUT, COUNT)
    time.sleep(0.3)

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    process.send_signal(signal.SIGTERM)

    assert process.wait(120) == -signal.SIGTERM
    assert set(_lines(tmp_path / "journal.jsonl", "intent")) == set(options["volume_ids"])
    sim.set(settle=0.05)
    for name in options["volume_ids"]:
        sim.change(name, state="AVAILABLE")
    assert not run(volume_kms_key.main, sim, **options).failed
    assert sim.needless_puts == 0


@soak
@pytest.mark.parametrize("stuck", ["settling", "reading"])
def test_the_end_comes_within_30_seconds(sim: Simulator, tmp_path: Path, stuck: str) -> None:
    options = _volumes(sim)
    sim.set(settle=3600)
    process = _begin(VOLUMES, options, journal=str(tmp_path / "journal.jsonl"))
    _wait_for(sim, PUT, COUNT)
    if stuck == "reading":
        sim.fault("slow", "*", times=None, seconds=55.0)
        time.sleep(3)
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)

    code = process.wait(60)
    assert time.monotonic() - began < 32
    assert code == (1 if stuck == "settling" else 128 + signal.SIGTERM)
    assert set(_lines(tmp_path / "journal.jsonl", "intent")) == set(options["volume_ids"])
    if stuck == "settling":
        told = _lines(tmp_path / "journal.jsonl", "outcome").values()
        assert {line["error"]["code"] for line in told} == {"WaitTimeout"}
        assert all("interrupted" in line["error"]["message"] for line in told)


def test_ctrl_c_on_ansible_playbook(sim: Simulator, tmp_path: Path) -> None:
    """Whether the module gets the signal depends on ansible-core; the outcome is the same, and nothing is lost."""
    options = _volumes(sim)
    sim.fault("slow", PUT, times=None, seconds=0.5)
    journal = tmp_path / "journal.jsonl"
    playbook = Playbook(sim, tmp_path, sys.executable)
    task = {"oci_keys.block_volume.volume_kms_key": {**options, "concurrency": AT_ONCE, "journal": str(journal)}}
    process = subprocess.Popen(
        playbook.command(task),
        env=playbook.environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_for(sim, PUT, AT_ONCE)

    os.killpg(process.pid, signal.SIGINT)

    process.wait(120)
    sim.clear_faults()
    latest = time.monotonic() + 120
    while set(_lines(journal, "outcome")) != set(options["volume_ids"]):
        assert time.monotonic() < latest, "the module told no end"
        time.sleep(0.05)
    changed = {("volume", name) for name, line in _lines(journal, "outcome").items() if line["changed"]}
    assert {name for name, key in keys_in_place(sim).items() if key == sim.id("key-a")} == changed
    assert not run(volume_kms_key.main, sim, **options).failed
    assert sim.needless_puts == 0
