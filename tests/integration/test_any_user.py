# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of a user that the system doesn't know, as OpenShift chooses one for a container."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from integration.support.harness import furnish, soak
from integration.support.playbook import PROGRAM, environment_of
from integration.support.rekey_helpers import IAD

from simulator.client import Simulator

ANYBODY = ("unshare", "--user", "--map-user=1234567", "--map-group=0")


@pytest.fixture(autouse=True)
def _such_users_can_be_made() -> None:
    try:
        made = subprocess.run([*ANYBODY, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if made.returncode:
        pytest.skip("users of a namespace can't be made here")


def play(sim: Simulator, folder: Path, tasks: list[dict[str, object]], **environment: str) -> tuple[int, str]:
    """Run tasks as such a user, whose home is a folder that can't be written to. Its exit code and its output."""
    home = folder / "home"
    home.mkdir()
    home.chmod(0o555)
    playbook = folder / "play.yml"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": tasks,
    }
    playbook.write_text(yaml.safe_dump([play]))
    given = {
        **environment_of(sim, folder),
        # What AWX gives its jobs, and Ansible needs of its own.
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "HOME": str(home),
        **environment,
    }
    command = [*ANYBODY, PROGRAM, str(playbook)]
    ran = subprocess.run(command, env=given, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    return ran.returncode, ran.stdout + ran.stderr


def assign(sim: Simulator, **more: object) -> list[dict[str, object]]:
    options = {"volume_ids": [sim.id("vol-1")], "kms_key_id": sim.id("key-a"), **more}
    return [{"oci_keys.block_volume.volume_kms_key": options}]


def test_without_a_home_it_says_what_to_set_and_changes_nothing(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[{"name": "vol-1", "region": IAD}])
    code, said = play(sim, tmp_path, assign(sim))
    assert (code, "Traceback" in said) == (2, False), said
    assert "Give 'journal'" in said
    assert "XDG_STATE_HOME" in said
    assert "UpdateVolumeKmsKey" not in sim.counts()


@soak
def test_with_a_folder_for_its_state_it_needs_no_home(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[{"name": "vol-1", "region": IAD}])
    state = tmp_path / "state"
    state.mkdir()
    code, said = play(sim, tmp_path, assign(sim), XDG_STATE_HOME=str(state))
    assert code == 0, said
    assert sim.counts()["UpdateVolumeKmsKey"] == 1
    assert list(state.rglob("journal.jsonl"))
