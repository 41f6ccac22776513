# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example of the README does what the README says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, soak
from integration.support.warm_python import controller

from simulator.client import Simulator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def example(sim: Simulator, tmp_path: Path) -> Path:
    furnish(
        sim,
        volumes=[volumes(1, name="data", key="key-a")],
        boot_volumes=[volumes(1, name="boot", key="key-a")],
    )
    (text,) = re.findall(r"```yaml\n(- name: Put two .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    for placeholder, name in {
        "ocid1.volume.oc1.iad.<unique ID>": "data-1",
        "ocid1.bootvolume.oc1.iad.<unique ID>": "boot-1",
        "ocid1.key.oc1.iad.<vault>.<unique ID>": "key-b",
    }.items():
        assert placeholder in text
        text = text.replace(placeholder, sim.id(name))
    playbook = tmp_path / "rekey.yml"
    playbook.write_text(text)
    return playbook


def _run(playbook: Path, *flags: str, folder: Path | None = None) -> str:
    folder = folder or playbook.parent
    environment = {
        **os.environ,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_NOCOLOR": "1",
    }
    command = [*controller("ansible-playbook"), *flags, playbook.name]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@soak
def test_plan_then_run_then_nothing_left_to_do(sim: Simulator, example: Path) -> None:
    planned = _run(example, "--check", "--diff")
    assert f'-        "kms_key_id": "{sim.id("key-a")}"' in planned
    assert f'+        "kms_key_id": "{sim.id("key-b")}"' in planned
    assert sim.resource(sim.id("data-1"))["kmsKeyId"] == sim.id("key-a")

    assert '"changed": 2' in _run(example)
    assert {sim.resource(sim.id(name))["kmsKeyId"] for name in ("data-1", "boot-1")} == {sim.id("key-b")}
    assert sim.id("key-a") in (example.parent / "former-keys.jsonl").read_text()

    assert "changed=0" in _run(example)

    (back,) = re.findall(
        r"^    ansible-playbook (oci_keys\S+restore_keys) (.*)$", (ROOT / "README.md").read_text(), re.M
    )
    reports = ["-e", f"restore_keys_report_dir={example.parent / 'reports'}"]
    assert "failed=0" in _run(Path(back[0]), *shlex.split(back[1]), *reports, folder=example.parent)
    assert {sim.resource(sim.id(name))["kmsKeyId"] for name in ("data-1", "boot-1")} == {sim.id("key-a")}
