# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises that are easily broken: nobody starves, time is kept, secrets are masked, files are not overwritten."""

from __future__ import annotations

import configparser
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from integration.support.fleets import volumes
from integration.support.harness import FAST, Ran, furnish, run
from integration.support.rekey_helpers import make_plan, restore, run_jobs

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import change_keys as _module
from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator

USERS_RETRIES = None
"""The retries of reads that users get, however fast the rest of the clockwork is."""

PUT = "UpdateVolumeKmsKey"


def _rekey(sim: Simulator, *names: str, **options: Any) -> Ran:
    task = {"volume_ids": [sim.id(name) for name in names], "kms_key_id": sim.id("key-a"), **options}
    return run(volume_kms_key.main, sim, **task)


class TestNobodyStarves:
    def test_behind_volumes_that_stay_busy(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(3, name="stuck", state="PROVISIONING"), volumes(2)])

        ran = _rekey(sim, "stuck-1", "stuck-2", "stuck-3", "volume-1", "volume-2", concurrency=1, wait_timeout=1)

        codes = [entry["error"] and entry["error"]["code"] for entry in ran.resources]
        assert codes == ["IncorrectState"] * 3 + [None, None]
        assert [entry["settled"] for entry in ran.resources] == [False] * 3 + [True, True]

    def test_behind_volumes_whose_conflict_does_not_clear(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(2, name="stuck"), volumes(2)])
        conflict = {"status": 409, "code": "IncorrectState", "message": "is in an invalid state"}
        for name in ("stuck-1", "stuck-2"):
            sim.fault("status", PUT, times=None, resource=sim.id(name), **conflict)

        ran = _rekey(sim, "stuck-1", "stuck-2", "volume-1", "volume-2", concurrency=2, wait_timeout=1)

        codes = [entry["error"] and entry["error"]["code"] for entry in ran.resources]
        assert codes == ["IncorrectState", "IncorrectState", None, None]
        assert [entry["settled"] for entry in ran.resources] == [False, False, True, True]

    def test_by_changes_that_never_settle(self, sim: Simulator) -> None:
        furnish(sim, {"settle": 3600}, volumes=[volumes(1), volumes(1, name="conflict")])
        conflict = {"status": 409, "code": "IncorrectState", "message": "is in an invalid state"}
        sim.fault("status", PUT, times=1, resource=sim.id("conflict-1"), **conflict)

        ran = _rekey(sim, "volume-1", "conflict-1", wait_timeout=1)

        assert ran.writes == {PUT: 3}
        assert [entry["changed"] for entry in ran.resources] == [True, True]


class TestTime:
    def test_without_waiting_there_is_one_look(self, sim: Simulator) -> None:
        furnish(sim, {"settle": 3600}, volumes=[volumes(250)])

        ran = run(
            volume_kms_key.main,
            sim,
            volume_ids=[sim.id(f"volume-{n}") for n in range(1, 251)],
            state="present",
            kms_key_id=sim.id("key-a"),
            wait=False,
            result="summary",
        )

        assert not ran.failed
        assert ran.calls["ListVolumes"] == 3 * 3  # read, read again before the writes, and one look

    def test_reads_end_with_the_task(self, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("throttle", "GetVolume", times=None)
        began = time.monotonic()

        ran = _rekey(sim, "volume-1", wait_timeout=1, validate_key=False, retry=USERS_RETRIES)

        assert time.monotonic() - began < 30
        assert ran.failed

    def test_search_is_a_short_cut_that_is_not_waited_for(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("drop_before", "SearchResources", times=None)
        began = time.monotonic()

        ran = _rekey(sim, "volume-1", retry=USERS_RETRIES)

        assert time.monotonic() - began < 30
        assert not ran.failed


class TestFiles:
    @pytest.mark.parametrize("check", [True, False])
    @pytest.mark.parametrize("given", [True, False])
    def test_the_journal_is_not_overwritten_by_the_result(
        self, sim: Simulator, tmp_path: Path, check: bool, given: bool
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        folder = tmp_path / "state" / "oci_keys.block_volume"
        folder.mkdir(parents=True)
        path = str(folder / "journal.jsonl")

        ran = _rekey(sim, "volume-1", check=check, result_file=path, **({"journal": path} if given else {}))

        assert ran.failed
        assert "the same file" in ran.msg
        assert ran.calls == {}

    @pytest.mark.parametrize("journal", ["~nosuchuser/journal", None])
    def test_no_home_is_no_traceback(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, journal: str | None
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("XDG_STATE_HOME")
        monkeypatch.setenv("HOME", "/proc/nowhere")

        ran = _rekey(sim, "volume-1", journal=journal)

        assert ran.failed
        assert "'journal'" in ran.msg
        assert ran.writes == {}

    def test_without_a_state_folder_a_journal_that_is_given_is_enough(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")

        ran = _rekey(sim, "volume-1", journal=str(tmp_path / "own.jsonl"))

        assert not ran.failed, ran.msg
        assert ran.changed

    def test_without_a_state_folder_a_plan_is_made_carried_out_and_undone(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        furnish(sim, volumes=[volumes(1, key="key-b")])
        monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")

        planned = make_plan(sim, tmp_path / "run")
        assert not planned.failed, planned.msg
        for ran in run_jobs(sim, tmp_path / "run", planned):
            assert not ran.failed, ran.msg
        restore(sim, tmp_path / "undo", tmp_path / "run")

        assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-b")


class TestSecretsInWhatOciSays:
    """A secret that comes back in an answer of OCI's is masked, wherever we had it from."""

    @pytest.mark.parametrize("source", ["environment", "config file"])
    def test_pass_phrase(self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str) -> None:
        secret = "rosebud-is-the-sledge"
        furnish(sim, volumes=[volumes(1)])
        key_file = _encrypted_key(sim, tmp_path, secret)
        if source == "environment":
            monkeypatch.setenv("OCI_USER_KEY_FILE", str(key_file))
            monkeypatch.setenv("OCI_USER_KEY_PASS_PHRASE", secret)
        else:
            monkeypatch.setenv("OCI_CONFIG_FILE", str(_config(sim, tmp_path, key_file, secret)))
        told = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": f"No {secret} here."}
        sim.fault("status", PUT, times=None, **told)

        ran = _rekey(sim, "volume-1")

        assert ran.failed
        assert "No ******** here." in ran.printed
        assert secret not in ran.printed

    def test_secrets_of_the_environment_before_a_connection(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = "rosebud-is-the-sledge"
        furnish(sim, volumes=[volumes(1)])
        monkeypatch.setenv("OCI_USER_KEY_PASS_PHRASE", secret)
        monkeypatch.setenv("OCI_CONFIG_PROFILE", f"not-{secret}")

        ran = _rekey(sim, "volume-1")

        assert ran.failed
        assert "not-********" in ran.msg
        assert secret not in ran.printed


def _encrypted_key(sim: Simulator, folder: Path, secret: str) -> Path:
    config = configparser.ConfigParser()
    config.read(sim.environment()["OCI_CONFIG_FILE"])
    key = serialization.load_pem_private_key(Path(config["DEFAULT"]["key_file"]).read_bytes(), None)
    file = folder / "encrypted.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(secret.encode()),
        )
    )
    return file


def _config(sim: Simulator, folder: Path, key_file: Path, secret: str) -> Path:
    config = configparser.ConfigParser()
    config.read(sim.environment()["OCI_CONFIG_FILE"])
    own = configparser.ConfigParser()
    own["DEFAULT"] = {**config["DEFAULT"], "key_file": str(key_file), "pass_phrase": secret}
    file = folder / "config"
    with file.open("w") as stream:
        own.write(stream)
    return file


class TestSettled:
    def test_only_what_was_seen_to_be_so(self, sim: Simulator) -> None:
        furnish(
            sim, volumes=[volumes(1), volumes(1, name="right", key="key-a"), volumes(1, name="locked", locked=True)]
        )
        gone = sim.id("volume-1")[:-8] + "aaaaaaaa"
        ids = [sim.id("volume-1"), sim.id("right-1"), sim.id("locked-1"), gone]
        task = {"volume_ids": ids, "kms_key_id": sim.id("key-a")}

        checked = run(volume_kms_key.main, sim, check=True, **task)
        ran = run(volume_kms_key.main, sim, **task)

        assert [entry["settled"] for entry in checked.resources] == [False, True, False, False]
        assert [entry["settled"] for entry in ran.resources] == [True, True, False, False]

    def test_a_change_that_shows_but_begins_late_is_not_made_twice(self, sim: Simulator) -> None:
        furnish(sim, {"transition": "delayed_start", "key_visible": "at_put", "settle": 1.0}, volumes=[volumes(1)])
        assert not _rekey(sim, "volume-1", wait=False).failed

        ran = _rekey(sim, "volume-1", timings=replace(FAST, quiet=1.5))

        assert not ran.failed
        assert ran.only["kms_key_id"] == sim.id("key-a")
        assert sim.needless_puts == 0


def test_a_fault_of_ours_is_told_without_a_traceback(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any, **_kwargs: Any) -> None:
        raise KeyError("what?")

    furnish(sim, volumes=[volumes(1)])
    monkeypatch.setattr(_module, "targets", fails)

    ran = _rekey(sim, "volume-1")

    assert ran.failed
    assert "Internal error in oci_keys.block_volume" in ran.msg
    assert "Traceback" not in ran.msg
