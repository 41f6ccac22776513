# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs playbooks as users do, with ansible-playbook, in a home folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from simulator.client import Simulator

COLLECTIONS = Path(__file__).parents[2] / ".cache" / "collections"


class Playbook:
    """Runs a play of tasks on localhost, in a home folder of its own."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self._folder = folder
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            **sim.environment(),
        }

    def run(
        self, *tasks: Mapping[str, Any], flags: tuple[str, ...] = (), **play: Any
    ) -> subprocess.CompletedProcess[str]:
        content = [
            {
                "hosts": "localhost",
                "gather_facts": False,
                "vars": {"ansible_python_interpreter": sys.executable},
                **play,
                "tasks": list(tasks),
            }
        ]
        file = self._folder / "playbook.yml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return self.start(str(file), *flags)

    def start(self, playbook: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook by its path or, if it is one of the collection, by its full name."""
        return subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), *flags, playbook],
            env=self.environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
