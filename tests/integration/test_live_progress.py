# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines about the progress of a task, as terminals and AWX show them while it runs."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from integration.support.awx import MOST_CHARACTERS
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, soak
from integration.support.live_runs import module_processes, run_live
from integration.support.rekey_helpers import make_plan, mixed_fleet

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal import default_journal_path
from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply, volume_kms_key
from simulator.client import Simulator


def _rekey(sim: Simulator, count: int, **options: Any) -> dict[str, Any]:
    names = [f"volume-{number}" for number in range(1, count + 1)]
    return {
        "name": "Rekey",
        "oci_keys.block_volume.volume_kms_key": {
            "volume_ids": [sim.id(name) for name in names],
            "kms_key_id": sim.id("key-a"),
            "result": "summary",
            **options,
        },
    }


LINES = re.compile(
    r"us-ashburn-1: block volumes [\d,]+ of [\d,]+(, [\d,]+ requested)?(, [\d,]+ failed)?, "
    r"(for \d+ s|[\d,]+/(s|min), (about .* left|in \d+ s))"
)


def test_lines_are_shown_before_the_task_ends_and_none_is_lost(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"settle": 3}, volumes=[volumes(3)])
    written = tmp_path / "progress"

    ran = run_live(sim, tmp_path, _rekey(sim, 2), _rekey(sim, 3, progress_file=str(written)))

    begins, ends = ran.positions("playbook_on_task_start"), ran.positions("runner_on_ok")
    for begin, end in zip(begins, ends, strict=True):
        assert [event["event"] for event in ran.events[begin + 1 : end]].count("verbose") >= 2
    assert ran.positions("verbose")[-1] < ends[-1]
    assert all(LINES.fullmatch(line) for line in ran.lines), ran.lines
    assert ran.lines_of(0)[-1].startswith("us-ashburn-1: block volumes 2 of 2, ")
    assert ran.lines_of(1)[-1].startswith("us-ashburn-1: block volumes 1 of 1, ")
    # All that was written was shown, without its time.
    assert [line.partition(" ")[2] for line in written.read_text().splitlines()] == ran.lines_of(1)
    first, second = ran.results
    assert set(first) == set(second)
    assert len(str(first)) < MOST_CHARACTERS
    assert first["invocation"]["module_args"]["progress_file"] is None
    assert "for 2 s" not in str(first)
    assert list((tmp_path / "home").rglob("progress-*")) == []


def test_nothing_is_shown_after_the_module_was_killed(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"settle": 600}, volumes=[volumes(2)])
    written = tmp_path / "progress"
    killed: list[int] = []

    def kill_when_a_line_is_there() -> bool:
        if not killed and written.exists() and written.read_text():
            killed.extend(module_processes(tmp_path))
            for process in killed:
                os.kill(process, signal.SIGKILL)
        return False

    ran = run_live(
        sim,
        tmp_path,
        {**_rekey(sim, 2, progress_file=str(written)), "ignore_errors": True},
        {"ansible.builtin.wait_for": {"timeout": 3}},
        cancelled=kill_when_a_line_is_there,
        python=sys.executable,
    )

    assert killed
    assert ran.lines == [line.partition(" ")[2] for line in written.read_text().splitlines()]
    assert ran.positions("verbose")[-1] < ran.positions("runner_on_failed")[0]
    assert len(ran.positions("runner_on_ok")) == 1


@soak
def test_a_dry_run_has_nothing_of_it_in_its_result(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"latency": 0.8}, volumes=[volumes(2)])

    task = {"oci_keys.block_volume.key_assignment_info": {"regions": "all"}}
    ran = run_live(sim, tmp_path, _rekey(sim, 2), task, flags="--check")

    assert any("compartments" in line for line in ran.lines), ran.lines
    for result in ran.results:
        assert result["invocation"]["module_args"].pop("progress_file") is None
        assert "progress" not in str(result)
        assert "warnings" not in result


def test_the_file_is_no_other_one_of_the_task(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    path = str(tmp_path / "journal.jsonl")
    given = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a"), "journal": path, "progress_file": path}
    ran = run(volume_kms_key.main, sim, **given)
    assert "'progress_file' and 'journal' are the same file" in ran.msg
    assert ran.calls == {}


def test_nor_is_it_a_journal_that_the_task_does_not_name(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal with lines of progress in it could not be read any more."""
    mixed_fleet(sim)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    default = default_journal_path(os.environ)
    default.parent.mkdir(parents=True)
    make_plan(sim, tmp_path / "run")
    given = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}

    changed = run(volume_kms_key.main, sim, **given, progress_file=str(default))
    plan = {"plan_file": str(tmp_path / "run" / "plan.json"), "batch": 1}
    applied = [
        run(key_plan_apply.main, sim, **plan, progress_file=str(tmp_path / "run" / name))
        for name in ("journal.jsonl", "batch-0001.json")
    ]

    for ran, name in zip([changed, *applied], ("journal", "journal", "batch file"), strict=True):
        assert f"'{name}' and 'progress_file' are the same file" in ran.msg, ran.msg
        assert ran.writes == {}


@soak
def test_loops_delegation_and_secret_tasks_behave(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"settle": 3}, volumes=[volumes(6)])
    names = [f"volume-{number}" for number in range(1, 7)]

    def task(name: str, **keywords: Any) -> dict[str, Any]:
        return {
            "name": name,
            "oci_keys.block_volume.volume_kms_key": {"volume_ids": [name], "kms_key_id": sim.id("key-a")},
            **keywords,
        }

    ran = run_live(
        sim,
        tmp_path,
        task("{{ item }}", loop=[sim.id(name) for name in names[:2]]),
        task(sim.id(names[2]), no_log=True),
        task(sim.id(names[4]), delegate_to="127.0.0.1", become=False),
        task(sim.id(names[5]), when=False),
        flags="-v",
    )

    assert ran.status == "successful", [event["stdout"] for event in ran.events if "fatal" in event["stdout"]]
    looped, secret, delegated, skipped = (ran.lines_of(number) for number in range(4))
    assert sum(line.startswith("us-ashburn-1: block volumes 1 of 1, ") for line in looped) == 2
    assert delegated[-1].startswith("us-ashburn-1: block volumes 1 of 1, ")
    assert [line for line in (*secret, *skipped) if "us-ashburn-1" in line] == []
    assert [sim.resource(sim.id(name))["kmsKeyId"] for name in (*names[:3], names[4])] == [sim.id("key-a")] * 4


@soak
def test_a_thousand_volumes_that_settle_for_half_a_minute_are_never_silent(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"settle": 30}, volumes=[volumes(1000)])
    ran = run_live(sim, tmp_path, _rekey(sim, 1000))
    assert ran.status == "successful"
    assert ran.longest_silence <= 3.0, ran.lines


@soak
def test_a_discovery_of_5_000_resources_is_never_silent(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, {"latency": 1.0}, volumes=[volumes(5000)])
    ran = run_live(
        sim, tmp_path, {"oci_keys.block_volume.key_assignment_info": {"regions": "all", "result": "summary"}}
    )
    assert ran.result["summary"]["total"] == 5000
    assert ran.longest_silence <= 5.0
