# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much the playbooks rekey, restore_keys and backup_policy print, and how many modules they start for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, soak
from integration.support.playbook import MARK, CollectionPlaybooks, kill_all_with, processes_with
from integration.support.policy_plans import POLICIES

from simulator.client import Simulator

# What is carried out by Ansible itself, in its own process.
_NOT_STARTED = ("set_fact", "debug", "fail", "set_stats", "include", "import", "meta", "validate_argument_spec")


@dataclass
class Watched:
    """Runs playbooks, and notes the tasks that came to a result."""

    sim: Simulator
    playbooks: CollectionPlaybooks

    def run(self, name: str = "rekey", *flags: str, returncode: int = 0, **given: Any) -> tuple[list[str], list[str]]:
        """The lines that were printed, and the modules that were started."""
        noted = self.playbooks.folder / "tasks.jsonl"
        noted.write_text("")
        callbacks = str(Path(__file__).parent / "callbacks")
        self.playbooks.environment.update(
            ANSIBLE_CALLBACK_PLUGINS=callbacks, ANSIBLE_CALLBACKS_ENABLED="result_sizes", RESULT_SIZES_FILE=str(noted)
        )
        desired = {"kms_key_ids": f"us-ashburn-1={self.sim.id('key-a')}", "compartment_ids": self.sim.id("prod")}
        variables = {**desired, **given} if name == "rekey" else given
        ran = self.playbooks.run(name, {f"{name}_{key}": value for key, value in variables.items()}, *flags)
        assert ran.returncode == returncode, ran.stdout + ran.stderr
        assert ran.stderr == ""
        rows = [json.loads(line) for line in noted.read_text().splitlines()]
        started = [
            row["action"].rpartition(".")[2]
            for row in rows
            if not row["skipped"] and not row["action"].rpartition(".")[2].startswith(_NOT_STARTED)
        ]
        return ran.stdout.splitlines(), [name for name in started if name != "artifacts" and name]


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    return CollectionPlaybooks(sim, tmp_path)


@pytest.fixture
def watched(sim: Simulator, playbooks: CollectionPlaybooks) -> Watched:
    return Watched(sim, playbooks)


REPORT = ["kms_key_info", "key_assignment_report"]
WHOLE_RUN = ["key_assignment_plan", "key_plan_apply", *REPORT]


@soak
def test_ten_batches_and_the_way_back(sim: Simulator, watched: Watched) -> None:
    furnish(sim, volumes=[volumes(20)])

    lines, started = watched.run(batch_size=2, canary=0)
    assert started == WHOLE_RUN
    assert len(lines) < 55, "\n".join(lines)
    batches = [
        line for line in lines if re.match(r"us-ashburn-1: block volumes \d+-\d+ of 20, 2 changed, 0 failed", line)
    ]
    assert len(batches) == 10
    assert not any("include" in line or "evaluated_to" in line for line in lines)

    nothing, started = watched.run()
    assert started == ["key_assignment_plan", *REPORT]
    assert len(nothing) < 35, "\n".join(nothing)

    folder = str(watched.playbooks.runs()[0])
    back, started = watched.run("restore_keys", report=folder, allow_oracle_managed=True)
    assert started == ["key_restore_plan", *WHOLE_RUN[1:]]
    assert len(back) < 40, "\n".join(back)


@soak
def test_one_change_and_a_canary_that_fails(sim: Simulator, watched: Watched) -> None:
    furnish(sim, volumes=[volumes(1, key="key-b"), volumes(3, name="right", key="key-a")])
    sim.fault("status", "UpdateVolumeKmsKey", status=400, code="InvalidParameter", message="It is locked.", times=None)

    lines, started = watched.run(returncode=2)

    assert started == WHOLE_RUN
    assert len(lines) < 60, "\n".join(lines)
    text = "\n".join(lines)
    assert "rekey_canary" in text
    assert "volume-1" in text
    assert "rekey_exclude_ids" in text
    assert "evaluated_to" not in text
    sim.clear_faults()
    lines, started = watched.run()
    assert started == WHOLE_RUN
    assert len(lines) < 40, "\n".join(lines)


@soak
def test_ten_batches_of_backup_policies(sim: Simulator, watched: Watched) -> None:
    """It starts what a rekey does, and no module for a batch."""
    furnish(sim, volumes=[volumes(20)], volume_backup_policies=POLICIES)
    scope = {"compartment_ids": sim.id("prod"), "regions": "iad"}
    policy = {"policy_id": sim.id("to-phx"), "kms_key_id": sim.id("key-phx")}

    lines, started = watched.run("backup_policy", **scope, **policy, batch_size=2, canary=0)

    assert started == ["backup_policy_plan", "key_plan_apply", *REPORT]
    assert len([line for line in lines if re.match(r"us-ashburn-1: backup policy .* 2 changed, 0 failed", line)]) == 10
    assert sim.counts()["CreateVolumeBackupPolicyAssignment"] == 20
    (run,) = watched.playbooks.runs()
    assert os.readlink(watched.playbooks.reports / "latest") == run.name
    report = json.loads((run / "report.json").read_text())
    assert {row["policy_id"] for row in report["changes"]} == {sim.id("to-phx")}
    assert {row["wanted_policy_id"] for row in report["plan"]["entries"]} == {sim.id("to-phx")}
    assert report["complete"] is True


@soak
def test_a_task_without_a_result_is_reported_by_those_after_it(sim: Simulator, watched: Watched) -> None:
    """A desired key becomes unusable between the plan and its first batch, which ends the task without a result."""
    furnish(sim, volumes=[volumes(2, key="key-b")])
    planned = {sim.id("key-a"): {"state": "DISABLED"}}
    sim.fault("meanwhile", "GetVolume", after=1, changes=planned)

    lines, started = watched.run(returncode=2)

    text = "\n".join(lines)
    assert started == ["key_assignment_plan", "key_plan_apply", "key_assignment_plan", REPORT[-1]], text
    assert "DISABLED" in text
    folder = watched.playbooks.runs()[0]
    report = json.loads((folder / "report.json").read_text())
    assert report["outcomes"]["changed"] == 0
    assert f"The report: {folder}" in text


@soak
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc")
def test_after_ansible_playbook_was_killed_no_further_batch_is_begun(
    sim: Simulator, playbooks: CollectionPlaybooks
) -> None:
    """Only the first of its processes is killed. Its module lives on, to the end of the batch."""
    furnish(sim, {"settle": 1.0}, volumes=[volumes(30, key="key-b")])
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    desired = {"kms_key_ids": f"us-ashburn-1={sim.id('key-a')}", "compartment_ids": sim.id("prod"), "batch_size": 1}
    sim.reset_counts()
    process = subprocess.Popen(
        playbooks.command(
            "rekey",
            {
                "ansible_python_interpreter": sys.executable,
                **{f"rekey_{name}": value for name, value in desired.items()},
            },
        ),
        env={**playbooks.environment, MARK: mark},
        cwd=playbooks.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    latest = time.monotonic() + 120
    while sim.counts().get("UpdateVolumeKmsKey", 0) < 2 and time.monotonic() < latest:
        time.sleep(0.05)
    process.kill()
    process.wait()
    try:
        while processes_with(mark) and time.monotonic() < latest:
            time.sleep(0.1)
        done = sim.counts()["UpdateVolumeKmsKey"]
        assert not processes_with(mark)
    finally:
        kill_all_with(mark)
    assert 2 <= done < 15
    (folder,) = playbooks.runs()
    assert len(list(folder.glob("batch-*.json"))) == done, "the batch that was under way has its file"


@soak
def test_a_thousand(sim: Simulator, watched: Watched) -> None:
    furnish(sim, volumes=[volumes(1000)])
    lines, started = watched.run(batch_size=50)
    assert started == WHOLE_RUN
    assert len(lines) < 70, "\n".join(lines)
    dry, started = watched.run("rekey", "--check", kms_key_ids=f"us-ashburn-1={sim.id('key-b')}")
    assert started == ["key_assignment_plan", *REPORT]
    assert len(dry) < 45, "\n".join(dry)
