# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, pass phrases and tokens: in no output, however verbose, and in no file; and who can read the files."""

from __future__ import annotations

import configparser
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run
from integration.support.playbook import Playbook

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import files as _files
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_plan, volume_kms_key
from simulator.client import Simulator
from simulator.home import PASS_PHRASE

WRONG_PHRASE = "not-the-pass-phrase-but-a-secret"


def _pem_lines(sim: Simulator, name: str) -> list[str]:
    return [line for line in (sim.home / name).read_text().splitlines() if len(line) > 40]


def _is_told_nowhere(secrets: list[str], folder: Path, *outputs: str, but: tuple[Path, ...] = ()) -> None:
    """Not in the outputs, and not in any file below the folder ``but`` for those that the test wrote itself."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and path not in but]
    assert files
    for secret in secrets:
        assert len(secret) > 10
        assert not [output for output in outputs if secret in output]
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


def _task(sim: Simulator, folder: Path, connection: Mapping[str, Any]) -> dict[str, Any]:
    files = {"journal": str(folder / "journal.jsonl"), "result_file": str(folder / "result.json")}
    what = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}
    return {"oci_keys.block_volume.volume_kms_key": {**what, **files, **connection}}


def _key_in_options(sim: Simulator, phrase: str) -> dict[str, str]:
    file = configparser.ConfigParser(interpolation=None)
    file.read(sim.home / "config")
    values = file["ENCRYPTED"]
    return {
        "api_user": values["user"],
        "api_user_fingerprint": values["fingerprint"],
        "api_user_key_content": (sim.home / "api_key_encrypted.pem").read_text(),
        "api_user_key_pass_phrase": phrase,
        "tenancy": values["tenancy"],
        "region": values["region"],
    }


@pytest.mark.parametrize("given", ["in options", "in the environment"])
def test_a_key_and_its_pass_phrase(sim: Simulator, tmp_path: Path, given: str) -> None:
    furnish(sim, volumes=[volumes(1)])
    options = _key_in_options(sim, PASS_PHRASE)
    playbook = Playbook(sim, tmp_path)
    playbook.environment["ANSIBLE_LOG_PATH"] = str(tmp_path / "ansible.log")
    if given == "in the environment":
        names = {name: name.replace("api_user", "OCI_USER", 1).upper() for name in options if name.startswith("api_")}
        names.update(api_user="OCI_USER_ID", tenancy="OCI_TENANCY", region="OCI_REGION")
        playbook.environment.update({names[name]: value for name, value in options.items()})
        options = {}
    del playbook.environment["OCI_CONFIG_FILE"]

    ran = playbook.run(_task(sim, tmp_path, options), flags=("-vvvvv", "--diff"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-a")
    secrets = [PASS_PHRASE, *_pem_lines(sim, "api_key_encrypted.pem")]
    _is_told_nowhere(secrets, tmp_path, ran.stdout, ran.stderr, but=(tmp_path / "playbook.yml",))


def test_a_pass_phrase_that_is_wrong(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    playbook = Playbook(sim, tmp_path)
    playbook.environment["ANSIBLE_LOG_PATH"] = str(tmp_path / "ansible.log")
    del playbook.environment["OCI_CONFIG_FILE"]

    ran = playbook.run(_task(sim, tmp_path, _key_in_options(sim, WRONG_PHRASE)), flags=("-vvvvv",))

    assert "can't be decrypted" in ran.stdout
    _is_told_nowhere([WRONG_PHRASE], tmp_path, ran.stdout, ran.stderr, but=(tmp_path / "playbook.yml",))


def test_a_session_token_and_its_key(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    playbook = Playbook(sim, tmp_path)
    playbook.environment.update(sim.environment("security_token"))

    ran = playbook.run(_task(sim, tmp_path, {}), flags=("-vvvvv", "--diff"))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    secrets = [(sim.home / "token").read_text().strip(), *_pem_lines(sim, "session_key.pem")]
    _is_told_nowhere(secrets, tmp_path, ran.stdout, ran.stderr)


def test_what_a_run_leaves_is_for_its_owner_only(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    playbook = Playbook(sim, tmp_path)

    ran = playbook.run(_task(sim, tmp_path, {}))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    left = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir() if path.is_file()}
    assert {name: mode for name, mode in left.items() if name != "playbook.yml"} == {
        ".oci-keys.lock": 0o600,
        "journal.jsonl": 0o600,
        "result.json": 0o600,
    }
    assert [path for path in (tmp_path / "remote").rglob("*") if path.is_file()] == []


def test_a_process_that_is_killed_leaves_the_former_file_and_at_most_a_private_one(tmp_path: Path) -> None:
    """The file that was begun stays beside the one that it was to replace; its name begins with a dot."""
    file = tmp_path / "result.json"
    file.write_text("former")
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        f"from {_files.__name__} import write_private\n"
        "os.replace = lambda *names: time.sleep(60)\n"
        "write_private(Path(sys.argv[1]), {'changed': True})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(file)], env={"PYTHONPATH": ":".join(sys.path)})
    try:
        latest = time.monotonic() + 30
        while not [path for path in tmp_path.glob(".result.json.*") if path.stat().st_size]:
            assert time.monotonic() < latest, "nothing was begun"
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()

    (begun,) = tmp_path.glob(".*")
    assert stat.S_IMODE(begun.stat().st_mode) == 0o600
    assert file.read_text() == "former"
    assert sorted(path.name for path in tmp_path.iterdir()) == [begun.name, "result.json"]


@pytest.mark.parametrize("form", ["http://scott:{}@proxy:3128", "scott:{}@proxy:3128", "~/scott:{} phrase@proxy"])
@pytest.mark.parametrize(
    "option", ["config_file_location", "api_user_key_file", "cert_bundle", "journal", "result_file", "progress_file"]
)
def test_the_credentials_of_a_proxy_where_a_path_was_expected(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    furnish(sim, volumes=[volumes(1)])
    task = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}
    ran = run(volume_kms_key.main, sim, **{**task, option: form.format("a-secret")})
    assert "a-secret" not in ran.msg


@pytest.mark.parametrize("form", ["http://scott:{}@proxy:3128", "scott:{}@proxy:3128", "~/scott:{} phrase@proxy"])
@pytest.mark.parametrize("option", ["plan_file", "discovery_file", "keys_file", "approved_file", "former_runs"])
def test_the_credentials_of_a_proxy_where_a_plan_expects_a_path(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    furnish(sim, volumes=[volumes(1)])
    given = form.format("a-secret")
    options = {
        "kms_key_ids": {"us-ashburn-1": sim.id("key-a")},
        "new_discovery_file": str(tmp_path / "found.json"),
        "plan_file": str(tmp_path / "plan.json"),
        "compartment_ids": [sim.id("prod")],
        "approved_plan": "0" * 64,
        option: [given] if option == "former_runs" else given,
    }
    assert "a-secret" not in run(key_assignment_plan.main, sim, **options).msg


@pytest.mark.parametrize("value", ['{"a-secret": 1}', '["a-secret"]', '{"realmKey": "a-secret"}'])
def test_what_was_put_into_the_variable_for_a_region(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OCI_REGION_METADATA", value)
    ran = run(volume_kms_key.main, sim, volume_ids=["ocid1.volume.oc1.iad.x"], kms_key_id=None, state="absent")
    assert ran.failed
    assert "OCI_REGION_METADATA" in ran.msg
    assert "a-secret" not in ran.msg
