# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a task by ansible-runner, and has its events in the order in which a person would see them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from integration.support.playbook import MARK, environment_of, kill_all_with
from integration.support.warm_python import interpreter

from simulator.client import Simulator

Event = dict[str, Any]


@dataclass(frozen=True)
class LiveRun:
    """A run that has ended."""

    status: str
    events: list[Event]
    folder: Path

    @property
    def lines(self) -> list[str]:
        """What was shown besides what the callback prints of tasks."""
        return [event["stdout"] for event in self.events if event["event"] == "verbose" and _is_seen(event)]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of the tasks."""
        return [
            dict(event["event_data"]["res"])
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed")
        ]

    @property
    def result(self) -> dict[str, Any]:
        return self.results[-1]

    def positions(self, name: str) -> list[int]:
        """Where the events of a name are among all of them."""
        return [number for number, event in enumerate(self.events) if event["event"] == name and _is_seen(event)]

    def lines_of(self, task: int) -> list[str]:
        """What was shown of one of the tasks, the first of which is number 0."""
        starts = [*self.positions("playbook_on_task_start"), len(self.events)]
        own = self.events[starts[task] : starts[task + 1]]
        return [event["stdout"] for event in own if event["event"] == "verbose" and _is_seen(event)]

    @property
    def longest_silence(self) -> float:
        """Seconds, from the start of the first task on, in which there was nothing new to see."""
        names = ("playbook_on_task_start", "verbose", "runner_on_ok", "runner_on_failed")
        times = [
            datetime.fromisoformat(event["created"]).timestamp()
            for event in self.events
            if event["event"] in names and _is_seen(event)
        ]
        return max(end - begin for begin, end in itertools.pairwise(sorted(times)))


def run_live(
    sim: Simulator,
    folder: Path,
    *tasks: Mapping[str, Any],
    play: Mapping[str, Any] | None = None,
    flags: str = "",
    cancelled: Callable[[], bool] = lambda: False,
    python: str = "",
) -> LiveRun:
    """Run a play of tasks on localhost."""
    home, project = folder / "home", folder / "project"
    for each in (home, project):
        each.mkdir(exist_ok=True)
    content = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": python or interpreter()},
    }
    (project / "play.yml").write_text(yaml.safe_dump([{**content, **(play or {}), "tasks": list(tasks)}]))
    runner = ansible_runner.run(
        private_data_dir=str(folder),
        playbook="play.yml",
        cmdline=flags or None,
        envvars={**environment_of(sim, home), "ANSIBLE_PIPELINING": "1", MARK: str(folder)},
        settings={"pexpect_timeout": 0.05, "suppress_ansible_output": True},
        quiet=True,
        cancel_callback=cancelled,
    )
    kill_all_with(str(folder))
    events = sorted(runner.events, key=lambda event: event["counter"])
    return LiveRun(runner.status, events, folder)


def module_processes(folder: Path) -> list[int]:
    """The processes in which a run in this folder executes modules, which Python reads from its standard input."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            is_ours = f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if is_ours and b"python" in command[0] and not any(command[1:]):
            found.append(int(process.name))
    return found


def _is_seen(event: Event) -> bool:
    return event["event"] != "verbose" or bool(event["stdout"].strip())
