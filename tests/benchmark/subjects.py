# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is measured: the collection in its various uses, and what people would use instead."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
from integration.support.playbook import CollectionPlaybooks, Playbook

from benchmark.fleet import REGIONS, fleet
from benchmark.measure import FailedError, Spent, run
from simulator.client import Simulator

HERE = Path(__file__).parent
BASELINES = HERE / "baselines"
CLI = HERE.parents[1] / ".cache" / "oci-cli" / "bin"
LATENCY, SETTLE = 0.05, 0.3
MODULE = "oci_keys.block_volume.volume_kms_key"

# How many lists a discovery reads at a time in one region.
_LISTS_SIDE_BY_SIDE = 16


class Stage:
    """A simulator with one tenancy in it, on a processor of its own, and a folder to work in."""

    def __init__(self, simulator: Simulator, folder: Path, cpu: int) -> None:
        self.simulator = simulator
        self.folder = folder
        self._cpu = cpu

    def furnish(self, tenancy: Mapping[str, Any]) -> None:
        self.simulator.reset(tenancy, settle=SETTLE, latency=LATENCY)
        for leftover in self.folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    def volumes(self) -> list[str]:
        return [row["id"] for row in self.simulator.resources("volume")]

    def play(self, **task: Any) -> list[str]:
        return Playbook(self.simulator, self.folder, sys.executable).command({"name": "measured", **task})

    def run(self, command: list[str], *, is_direct: bool = False) -> tuple[Spent, str]:
        return run(command, self._environment(is_direct=is_direct), self.folder, self._cpu)

    def _environment(self, *, is_direct: bool) -> dict[str, str]:
        environment = CollectionPlaybooks(self.simulator, self.folder).environment | {
            "ANSIBLE_LIBRARY": str(HERE / "library"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
            "TASK_SECONDS_FILE": str(self.folder / "tasks.jsonl"),
            "OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING": "True",
            "REQUESTS_CA_BUNDLE": str(self._bundle()),
        }
        environment["PATH"] = os.pathsep.join([str(CLI), environment["PATH"]])
        if is_direct:
            for name in ("HTTPS_PROXY", "https_proxy"):
                del environment[name]
            environment["PYTHONPATH"] = str(HERE / "raw")
            environment["SIMULATOR_DIRECT_PORT"] = str(self.simulator.direct_port)
        return environment

    def _bundle(self) -> Path:
        """All the authorities that are usually trusted, and the simulator's, as behind a company's proxy."""
        bundle = self.folder / "bundle.pem"
        bundle.write_bytes(Path(certifi.where()).read_bytes() + Path(self.simulator.ca_file).read_bytes())
        return bundle

    def task_seconds(self) -> float:
        lines = (self.folder / "tasks.jsonl").read_text(encoding="utf-8").splitlines()
        return float(next(line["seconds"] for line in map(json.loads, lines) if line["task"] == "measured"))


@dataclass(frozen=True)
class Subject:
    """One way of doing something: in which tenancy, with which command, and how often it is measured.

    Its time is multiplied by ``scale``, where it did only a part of the work. ``is_task`` counts the time of the task
    alone, without that of ``ansible-playbook`` around it. ``changes`` tells whether all is on the new key afterwards.
    """

    what: str
    tenancy: Callable[[], dict[str, Any]]
    command: Callable[[Stage], list[str]]
    rounds: int = 3
    scale: int = 1
    is_task: bool = False
    is_direct: bool = False
    changes: bool = True


@dataclass
class Measured:
    """What all rounds of a subject took."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peak: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)


def measure(subject: Subject, stage: Stage, measured: Measured) -> None:
    """One more round. Raises FailedError where the work was not done, or done twice."""
    stage.furnish(subject.tenancy())
    spent, printed = stage.run(subject.command(stage), is_direct=subject.is_direct)
    if subject.changes:
        new = stage.simulator.id("new")
        if any(row["kmsKeyId"] != new for row in stage.simulator.resources("volume")):
            raise FailedError(f"{subject.what}: not everything is on the new key. {printed[-2000:]}")
    if stage.simulator.needless_puts:
        raise FailedError(f"{subject.what}: {stage.simulator.needless_puts} keys were assigned twice")
    seconds = stage.task_seconds() if subject.is_task else spent.seconds
    measured.seconds.append(seconds * subject.scale)
    measured.processor.append(spent.processor * subject.scale)
    measured.peak = max(measured.peak, spent.peak)
    measured.calls = stage.simulator.counts()


def _module(stage: Stage, **options: Any) -> list[str]:
    given = {"volume_ids": stage.volumes(), "kms_key_id": stage.simulator.id("new"), "result": "summary", **options}
    return stage.play(**{MODULE: given})


def _loop(stage: Stage) -> list[str]:
    task = {"volume_ids": ["{{ item }}"], "kms_key_id": stage.simulator.id("new")}
    return stage.play(**{MODULE: task}, loop=stage.volumes(), loop_control={"label": ""})


def _bare(stage: Stage) -> list[str]:
    (volume_id,) = stage.volumes()
    return stage.play(bare_key_change={"volume_id": volume_id, "kms_key_id": stage.simulator.id("new")})


def _script(stage: Stage, order: str = "plain") -> list[str]:
    compartment_id = stage.simulator.id("compartment-1")
    return [sys.executable, str(BASELINES / "script.py"), compartment_id, stage.simulator.id("new"), order]


def _patient_script(stage: Stage) -> list[str]:
    return _script(stage, "patient")


def _cli(stage: Stage) -> list[str]:
    return [str(BASELINES / "cli.sh"), stage.simulator.id("new"), *stage.volumes()]


def _lists(stage: Stage) -> list[str]:
    compartment_ids = [stage.simulator.id("root"), *(row["id"] for row in stage.simulator.resources("compartment"))]
    return stage.play(bare_lists={"compartment_ids": compartment_ids, "threads": _LISTS_SIDE_BY_SIDE})


def _discovery(stage: Stage) -> list[str]:
    return stage.play(**{"oci_keys.block_volume.key_assignment_info": {"result": "summary"}})


def _role(stage: Stage, **options: Any) -> list[str]:
    variables = {
        "rekey_compartment_ids": stage.simulator.id("compartment-1"),
        "rekey_kms_key_ids": {REGIONS[0]: stage.simulator.id("new")},
        "rekey_resource_types": ["volume"],
        "ansible_python_interpreter": sys.executable,
        **options,
    }
    return CollectionPlaybooks(stage.simulator, stage.folder).command("rekey", variables)


SUBJECTS = {
    "start": Subject(
        "ansible-playbook with a task that does nothing",
        lambda: fleet(1),
        lambda stage: stage.play(**{"ansible.builtin.meta": "noop"}),
        changes=False,
    ),
    "module": Subject("volume_kms_key, 1,000 volumes", lambda: fleet(1000), _module),
    "script": Subject("a good script, 1,000 volumes", lambda: fleet(1000), _script),
    "patient": Subject("a script, all PUTs before all GETs", lambda: fleet(1000), _patient_script),
    "direct": Subject("volume_kms_key, 1,000 volumes, no proxy", lambda: fleet(1000), _module, is_direct=True),
    "direct-patient": Subject("that quicker script, no proxy", lambda: fleet(1000), _patient_script, is_direct=True),
    "role": Subject("the role rekey, 1,000 volumes", lambda: fleet(1000), _role, rounds=2),
    "role-in-one": Subject(
        "the role rekey, one batch of 1,000",
        lambda: fleet(1000),
        lambda stage: _role(stage, rekey_batch_size=1000),
        rounds=1,
    ),
    "loop": Subject("a loop over volume_kms_key, 50 volumes x 20", lambda: fleet(50), _loop, rounds=1, scale=20),
    "cli": Subject("Oracle's command line, 20 volumes x 50", lambda: fleet(20), _cli, rounds=1, scale=50),
    "one": Subject("volume_kms_key, one volume (the task)", lambda: fleet(1, key=None), _module, 5, is_task=True),
    "bare": Subject("a bare module, one volume (the task)", lambda: fleet(1, key=None), _bare, 5, is_task=True),
    "discovery": Subject(
        "key_assignment_info, 10,000 volumes in 40 compartments (the task)",
        lambda: fleet(10000, key="new", compartments=40),
        _discovery,
        is_task=True,
    ),
    "lists": Subject(
        "the bare list calls for these (the task)",
        lambda: fleet(10000, key="new", compartments=40),
        _lists,
        is_task=True,
    ),
    "module-10000": Subject("volume_kms_key, 10,000 volumes", lambda: fleet(10000), _module, rounds=2),
    "patient-10000": Subject("that quicker script, 10,000 volumes", lambda: fleet(10000), _patient_script, rounds=1),
    "module-100": Subject("volume_kms_key, 100 volumes", lambda: fleet(100), _module),
    "again-100": Subject("100 volumes, nothing to change", lambda: fleet(100, key="new"), _module, rounds=1),
    "again-1000": Subject("1,000 volumes, nothing to change", lambda: fleet(1000, key="new"), _module, rounds=1),
    "again-10000": Subject("10,000 volumes, nothing to change", lambda: fleet(10000, key="new"), _module, rounds=1),
    "all-10000": Subject(
        "10,000 volumes, nothing to change, all of them in the result",
        lambda: fleet(10000, key="new"),
        lambda stage: _module(stage, result="all"),
        rounds=1,
    ),
    "regions-3": Subject("900 volumes in 3 regions", lambda: fleet(900, regions=3), _module, rounds=1),
    "regions-10": Subject("1,000 volumes in 10 regions", lambda: fleet(1000, regions=10), _module, rounds=1),
}
