# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as users run it: shipped by ansible-playbook, its options from a playbook, its output on a terminal."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.playbook import Playbook

from simulator.client import Simulator


@pytest.fixture
def playbook(sim: Simulator, tmp_path: Path) -> Playbook:
    return Playbook(sim, tmp_path)


def _task(sim: Simulator, *names: str, key: str = "key-a", **options: Any) -> dict[str, Any]:
    return {
        "name": "Rekey",
        "oci_keys.block_volume.volume_kms_key": {
            "volume_ids": [sim.id(name) for name in names],
            "kms_key_id": sim.id(key),
            **options,
        },
    }


def test_fours(sim: Simulator, tmp_path: Path) -> None:
    playbook = Playbook(sim, tmp_path, sys.executable)
    furnish(sim, volumes=[volumes(2, key="key-b")], boot_volumes=[volumes(2, name="boot", key="key-b")])
    names = ("volume-1", "volume-2", "boot-1", "boot-2")
    task = _task(sim, *names)

    def written() -> list[int]:
        return [sim.counts().get(f"Update{noun}KmsKey", 0) for noun in ("Volume", "BootVolume")]

    checked = playbook.run(task, flags=("--check", "--diff"))
    assert "changed=1" in checked.stdout
    assert checked.stdout.count(f'-        "kms_key_id": "{sim.id("key-b")}"') == len(names)
    assert checked.stdout.count(f'+        "kms_key_id": "{sim.id("key-a")}"') == len(names)
    assert written() == [0, 0]
    ran = playbook.run(task)
    assert "changed=1" in ran.stdout
    assert written() == [2, 2]
    for flags in ((), ("--check",)):
        again = playbook.run(task, flags=flags)
        assert "changed=0" in again.stdout
        assert again.returncode == 0
    assert written() == [2, 2]
    assert sim.needless_puts == 0


def test_a_failure_is_readable(sim: Simulator, playbook: Playbook) -> None:
    furnish(sim, volumes=[volumes(1), volumes(1, name="bad", state="FAULTY")])

    ran = playbook.run(_task(sim, "bad-1", "volume-1", result="changed"))

    assert ran.returncode == 2
    assert "1 of 2 resources changed, 1 failed" in ran.stdout
    assert "The block volume is FAULTY" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-a")


def test_a_survey_tells_its_counts(sim: Simulator, playbook: Playbook) -> None:
    furnish(sim, volumes=[volumes(2, key="key-a"), volumes(name="plain")])
    task = {"oci_keys.block_volume.key_assignment_info": {"regions": "all", "result": "summary"}, "register": "found"}

    ran = playbook.run(task, {"ansible.builtin.debug": {"var": "found.summary.by_key[0].total"}}, flags=("--check",))

    # Up to ansible-core 2.18, debug shows numbers as text.
    assert re.search(r'found\.summary\.by_key\[0\]\.total": "?2\b', ran.stdout), ran.stdout
    assert "changed=0" in ran.stdout


def test_module_defaults_reach_the_module_through_its_action_group(sim: Simulator, playbook: Playbook) -> None:
    furnish(sim, volumes=[volumes(1)])
    defaults = {"group/oci_keys.block_volume.all": {"config_profile_name": "NOPE"}}

    ran = playbook.run(_task(sim, "volume-1"), module_defaults=defaults)

    assert ran.returncode == 2
    assert "NOPE" in ran.stdout


def test_environment_that_is_blank_counts_as_not_set(sim: Simulator, playbook: Playbook) -> None:
    furnish(sim, volumes=[volumes(1)])
    playbook.environment.update(dict.fromkeys(("OCI_USER_ID", "OCI_TENANCY", "OCI_REGION", "OCI_AUTH_TYPE"), ""))

    assert "changed=1" in playbook.run(_task(sim, "volume-1", api_user="", region=None)).stdout


class TestSecrets:
    """Key contents and pass phrases are in no output at any verbosity, nor in a file of the run."""

    @pytest.fixture
    def secret(self) -> str:
        return "correct horse battery staple"

    @pytest.mark.parametrize("where", ["option", "environment"])
    def test_pass_phrase_and_key_content(
        self, sim: Simulator, playbook: Playbook, tmp_path: Path, secret: str, where: str
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        pem = _encrypted(sim, secret)
        body = "".join(pem.splitlines()[3:5])
        result = tmp_path / "result.json"
        files = {"result_file": str(result), "journal": str(tmp_path / "journal.jsonl")}
        if where == "option":
            task = _task(sim, "volume-1", api_user_key_content=pem, api_user_key_pass_phrase=secret, **files)
        else:
            playbook.environment |= {"OCI_USER_KEY_CONTENT": pem, "OCI_USER_KEY_PASS_PHRASE": secret}
            task = _task(sim, "volume-1", **files)
        shown = {"ansible.builtin.debug": {"var": "ran"}}

        ran = playbook.run({**task, "register": "ran"}, shown, flags=("-vvv",))

        assert "changed=1" in ran.stdout, ran.stdout
        for output in (ran.stdout + ran.stderr, result.read_text(), (tmp_path / "journal.jsonl").read_text()):
            assert secret not in output
            assert body not in output.replace("\\n", "")

    def test_a_failure_tells_no_secret(self, sim: Simulator, playbook: Playbook, secret: str) -> None:
        furnish(sim, volumes=[volumes(1)])
        task = _task(
            sim, "volume-1", api_user_key_content=_encrypted(sim, secret), api_user_key_pass_phrase="wr0ngs3cret"
        )

        ran = playbook.run(task, flags=("-vvv",))

        assert ran.returncode == 2
        assert "pass phrase" in ran.stdout
        assert "wr0ngs3cret" not in ran.stdout + ran.stderr
        assert secret not in ran.stdout + ran.stderr


def _encrypted(sim: Simulator, secret: str) -> str:
    """The caller's API key, under a pass phrase."""
    config = configparser.ConfigParser()
    config.read(sim.environment()["OCI_CONFIG_FILE"])
    key = serialization.load_pem_private_key(Path(config["DEFAULT"]["key_file"]).read_bytes(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(secret.encode()),
    ).decode()
