# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs playbooks as users and AWX do, with ansible-playbook, in a home folder of their own."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from integration.support.warm_python import controller, interpreter

from simulator.client import Simulator

COLLECTIONS = Path(__file__).parents[3] / ".cache" / "collections"
PROGRAM = str(Path(sys.executable).parent / "ansible-playbook")
MARK = "OCI_KEYS_TEST_PROCESS"
"""A variable in the environment of what is to be killed with all that it has started."""


def environment_of(sim: Simulator, folder: Path) -> dict[str, str]:
    """What a process of ansible finds: the simulator, and nothing of the user's."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "TMPDIR": _by_a_short_path(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "OCI_KEYS_LOCK_FOLDER": str(folder),  # OCIDs of the simulator are those of other tests
        **sim.environment(),
    }


def _by_a_short_path(folder: Path) -> str:
    """For where ansible-core 2.21 makes a socket: the path of one has 107 characters at most, which some tests' names
    alone would take.
    """
    link = Path(_links()) / str(len(os.listdir(_links())))
    link.symlink_to(folder)
    return str(link)


@functools.cache
def _links() -> str:
    folder = tempfile.mkdtemp(prefix="t")
    atexit.register(shutil.rmtree, folder)
    return folder


class Playbook:
    """Runs a play of tasks on localhost, in a home folder of its own."""

    def __init__(self, sim: Simulator, folder: Path, python: str = "") -> None:
        self._folder = folder
        self._python = python or interpreter()
        self.environment = {**environment_of(sim, folder), "ANSIBLE_REMOTE_TEMP": str(folder / "remote")}

    def run(
        self, *tasks: Mapping[str, Any], flags: tuple[str, ...] = (), **play: Any
    ) -> subprocess.CompletedProcess[str]:
        return self.start(self._write(tasks, play), *flags)

    def command(self, *tasks: Mapping[str, Any]) -> list[str]:
        """What starts ansible-playbook with these tasks, to be stopped in the middle."""
        return [PROGRAM, self._write(tasks, {})]

    def _write(self, tasks: Sequence[Mapping[str, Any]], play: Mapping[str, Any]) -> str:
        content = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {"ansible_python_interpreter": self._python},
                **play,
                "tasks": list(tasks),
            }
        ]
        file = self._folder / "playbook.yml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return str(file)

    def start(self, playbook: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook by its path or, if it is one of the collection, by its full name."""
        return subprocess.run(
            [*controller("ansible-playbook"), *flags, playbook],
            env=self.environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )


class CollectionPlaybooks:
    """Runs the collection's own playbooks by their full names; reports go to ``reports`` in the home folder."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.folder = folder
        self.reports = folder / "reports"
        self.environment = {
            **environment_of(sim, folder),
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "ANSIBLE_PIPELINING": "1",
        }

    def command(self, name: str, variables: Mapping[str, Any], *flags: str) -> list[str]:
        """What starts ansible-playbook with this playbook, to be stopped in the middle."""
        return [PROGRAM, *self._arguments(name, variables, flags)]

    def _arguments(self, name: str, variables: Mapping[str, Any], flags: Sequence[str]) -> list[str]:
        where = "encryption_report_dir" if name == "encryption_report" else f"{name}_report_dir"
        given = json.dumps({where: str(self.reports), "ansible_python_interpreter": interpreter(), **variables})
        return [f"oci_keys.block_volume.{name}", "--extra-vars", given, *flags]

    def run(self, name: str, variables: Mapping[str, Any], *flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*controller("ansible-playbook"), *self._arguments(name, variables, flags)],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )

    def runs(self) -> list[Path]:
        """The folders of the runs so far, oldest first."""
        return sorted(self.reports.glob("*-*"), key=lambda folder: (folder.name[:16], folder.stat().st_mtime))


def recap(output: str, host: str = "localhost") -> dict[str, int]:
    """The counts of the last lines: ok, changed, failed..."""
    (line,) = [line for line in output.splitlines() if line.startswith(f"{host} ") and "ok=" in line]
    return {name: int(count) for name, _sign, count in (word.partition("=") for word in line.split(":")[1].split())}


def custom_stats(output: str) -> dict[str, Any]:
    """What ``set_stats`` gave, which AWX hands to the next job."""
    (line,) = [line for line in output.splitlines() if line.strip().startswith("RUN: ")]
    return dict(json.loads(line.strip()[len("RUN: ") :]))


def processes_with(mark: str) -> list[int]:
    """What was started with this mark and is still running, modules that live on by themselves too."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def kill_all_with(mark: str) -> None:
    """Kill whatever was started with this mark."""
    for _round in range(3):
        for process in processes_with(mark):
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
