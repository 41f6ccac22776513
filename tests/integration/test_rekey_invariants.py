# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The dry run's plan is what the run then does, whatever the fleet; and a run may be killed whenever it pleases."""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, module_arguments
from integration.support.rekey_helpers import (
    WRITES,
    keys_in_place,
    make_plan,
    random_fleet,
    read_plan,
    rekey,
    restore,
    run_jobs,
    subjects,
)

from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply
from simulator.client import Simulator


@pytest.fixture(autouse=True, scope="module")
def _vault_answers_as_fast_as_it_is_asked() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup_calls, "_CALLS_PER_SECOND", 10_000)
        yield


OPTIONS = st.fixed_dictionaries(
    {
        "include_locked": st.booleans(),
        "include_replicated": st.booleans(),
        "batch_size": st.integers(2, 50),
        "canary": st.integers(0, 2),
    },
    optional={"only_oracle_managed": st.just(True), "state": st.just("absent")},
)


@settings(
    max_examples=200 if SOAK else 5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), options=OPTIONS)
def test_the_plan_is_what_the_run_does(sim: Simulator, seed: int, options: dict[str, Any]) -> None:
    furnish(sim, {"settle": 0.005, "locked_backup_update": "accepted"}, **random_fleet(random.Random(seed)))
    before = keys_in_place(sim)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checked = make_plan(sim, folder / "dry", check=True, **options)
        assert not checked.failed, checked.msg
        assert keys_in_place(sim) == before
        planned = make_plan(sim, folder / "run", **options)
        dry, plan = read_plan(folder / "dry"), read_plan(folder / "run")
        for rows in ("digest", "entries", "blocked", "left_alone", "excluded", "not_approved", "unchanged", "batches"):
            assert dry[rows] == plan[rows]

        run_jobs(sim, folder / "run", planned)

        done = [
            row for file in (folder / "run").glob("batch-*.json") for row in json.loads(file.read_text())["resources"]
        ]
    actions = {(row["type"], row.get("asset_id") or row["id"]): row["action"] for row in done}
    assert actions == {(row["type"], row.get("asset_id") or row["id"]): row["action"] for row in plan["entries"]}
    after = keys_in_place(sim)
    assert {subject for subject in before if before[subject] != after[subject]} == set(actions)
    for entry in plan["entries"]:
        assert after[entry["type"], entry.get("asset_id") or entry["id"]] == entry["wanted_kms_key_id"]
    assert sim.needless_puts == 0


def _start_batch(folder: Path) -> int:
    """Carry the first batch out in a process of its own, which has all loaded already."""
    pid = os.fork()
    if pid:
        return pid
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        with module_arguments({"plan_file": str(folder / "plan.json"), "batch": 1, "concurrency": 4}):
            key_plan_apply.main()
    finally:
        os._exit(0)


@pytest.mark.parametrize("seed", range(50 if SOAK else 5))
def test_killed_at_any_moment_and_started_again(sim: Simulator, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    backups = {"of": "volume-1", "region": "us-ashburn-1", "compartment": "prod"}
    furnish(
        sim,
        {"latency": 0.004, "settle": dice.choice([0.01, 0.3])},
        volumes=[volumes(8), volumes(4, name="old", key="key-b")],
        volume_backups=[{"name": "backup-{n}", "count": 4, "key": "key-b", **backups}],
    )
    before = keys_in_place(sim)
    planned = make_plan(sim, tmp_path / "one", canary=50)
    assert planned.result["batch_count"] == 1
    sim.reset_counts()

    pid = _start_batch(tmp_path / "one")
    enough, latest = dice.randint(0, 16), time.monotonic() + 20
    while sum(sim.counts().get(name, 0) for name in WRITES) < enough and time.monotonic() < latest:
        if os.waitpid(pid, os.WNOHANG)[0]:
            break
        time.sleep(0.002)
    else:
        time.sleep(dice.random() * 0.02)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    time.sleep(0.35)

    again = rekey(sim, tmp_path / "two")
    assert {row["wanted_kms_key_id"] for row in read_plan(tmp_path / "two")["entries"]} <= {sim.id("key-a")}
    assert again.result["summary"]["planned"] + again.result["summary"]["unchanged"] == len(before)
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    assert sim.needless_puts == 0
    assert all(row["rewraps"] <= 1 for row in sim.resources("volume"))

    files = [tmp_path / "one"] if seed % 2 else [tmp_path / "two", tmp_path / "one" / "journal.jsonl"]
    restore(sim, tmp_path / "undo", *[file for file in files if file.exists()])
    assert keys_in_place(sim) == before
    assert sim.needless_puts == 0


def test_a_backup_made_meanwhile_is_found_in_the_next_round(sim: Simulator, tmp_path: Path) -> None:
    furnish(
        sim, volumes=[volumes(2, key="key-b")], volume_backups=[{"name": "backup", "of": "volume-1", "key": "key-a"}]
    )
    folder = tmp_path / "run"
    rekey(sim, folder)
    sim.change(sim.id("backup"), key="key-b")

    later = make_plan(sim, folder)

    assert later.result["first_batch"] == 3
    assert subjects(read_plan(folder)["entries"]) == {("volume_backup", sim.id("backup"))}
    run_jobs(sim, folder, later)
    assert (folder / "batch-0003.json").exists()
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
