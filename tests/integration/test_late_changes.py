# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that the service carries out long after their answers were lost, by this run or by one that was killed; and
updates that nothing would protect from overwriting what somebody else changes."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from integration.support.change_modules import CHANGERS, Changer, fleet
from integration.support.fleets import volumes
from integration.support.harness import FAST, furnish, run
from integration.support.model_process import Killed, Life, living
from integration.support.rekey_helpers import make_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_kms_key, key_plan_apply, volume_kms_key
from simulator.client import Simulator

WAITING = replace(FAST, late_commit=4.0)
RETENTION = {"retention_period": {"unit": "DAYS", "amount": 30}}


def _name(it: Changer) -> str:
    return it.resource


@pytest.mark.parametrize("it", CHANGERS, ids=_name)
def test_a_change_that_comes_late_is_not_made_twice(sim: Simulator, it: Changer) -> None:
    fleet(sim)
    sim.fault("late", it.put, seconds=1.5)

    ran = it.assign(sim, timings=WAITING)

    assert (ran.failed, ran.changed) == (False, True), ran.msg
    assert ran.writes == it.writes
    assert it.key_in_place(sim) == sim.id(it.new)
    assert sim.needless_puts == 0


@pytest.mark.parametrize("it", CHANGERS[:3], ids=_name)
def test_a_change_that_never_comes_is_made_again_after_a_look(sim: Simulator, it: Changer) -> None:
    fleet(sim)
    sim.fault("drop_before", it.put)
    began = time.monotonic()

    ran = it.assign(sim, timings=replace(FAST, late_commit=1.0))

    assert not ran.failed, ran.msg
    assert ran.writes == {it.put: 2}
    assert time.monotonic() - began >= 1.0
    operations = [call.operation for call in sim.calls()]
    second = len(operations) - operations[::-1].index(it.put) - 1
    assert operations[second - 1].startswith("Get")


def test_a_fault_that_the_service_tells_is_the_end_of_it(sim: Simulator) -> None:
    fleet(sim)
    sim.fault("error_500", "UpdateVolumeKmsKey")
    began = time.monotonic()

    ran = CHANGERS[0].assign(sim, timings=replace(FAST, late_commit=1000.0))

    assert not ran.failed, ran.msg
    assert time.monotonic() - began < 500


@pytest.mark.parametrize(("section", "name"), [("volumes", "volume-1"), ("boot_volumes", "boot-1")])
def test_what_a_killed_run_sent_is_waited_for(sim: Simulator, tmp_path: Path, section: str, name: str) -> None:
    """It shows nothing yet when the next run begins."""
    furnish(sim, **{section: [volumes(1, name=name[:-2], key="key-b")]})
    put = "UpdateVolumeKmsKey" if section == "volumes" else "UpdateBootVolumeKmsKey"
    sim.fault("late", put, seconds=1.5)
    options = {"volume_ids": [sim.id(name)], "kms_key_id": sim.id("key-a"), "journal": str(tmp_path / "journal.jsonl")}
    for number in itertools.count(1):
        life = Life(number, sent=True)
        with living(life), contextlib.suppress(Killed):
            run(volume_kms_key.main, sim, clock=life, timings=WAITING, **options)
        assert life.is_over
        if sim.counts().get(put):
            break

    again = run(volume_kms_key.main, sim, timings=WAITING, **options)

    assert not again.failed, again.msg
    assert again.writes == {}
    assert sim.resource(sim.id(name))["kmsKeyId"] == sim.id("key-a")
    assert sim.needless_puts == 0


@pytest.mark.parametrize("first", ["a plan in another folder", "a task with the default journal"])
def test_what_was_sent_by_another_run_is_waited_for(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    furnish(sim, volumes=[volumes(1, key="key-b")])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    scope = {"resource_types": ["volume"]}
    (tmp_path / "runs").mkdir()
    make_plan(sim, tmp_path / "runs" / "two", scope=scope)
    if first.startswith("a plan"):
        make_plan(sim, tmp_path / "runs" / "one", scope=scope)
        main: Any = key_plan_apply.main
        options: dict[str, Any] = {"plan_file": str(tmp_path / "runs" / "one" / "plan.json"), "batch": 1}
    else:
        main = volume_kms_key.main
        options = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}
    sim.fault("late", "UpdateVolumeKmsKey", seconds=1.5)
    for number in itertools.count(1):
        life = Life(number, sent=True)
        with living(life), contextlib.suppress(Killed):
            run(main, sim, clock=life, timings=WAITING, **options)
        assert life.is_over
        if sim.counts().get("UpdateVolumeKmsKey"):
            break

    again = run(
        key_plan_apply.main, sim, timings=WAITING, plan_file=str(tmp_path / "runs" / "two" / "plan.json"), batch=1
    )

    assert again.writes == {}
    assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-a")
    assert sim.needless_puts == 0


@pytest.mark.parametrize(
    ("section", "kind"), [("volume_backups", "VolumeBackup"), ("boot_volume_backups", "BootVolumeBackup")]
)
@pytest.mark.parametrize("task", ["present", "absent"])
def test_a_backup_without_an_etag_is_not_updated(sim: Simulator, section: str, kind: str, task: str) -> None:
    """A colleague's retention would be overwritten with that of a moment before."""
    row = {"name": "backup", "region": "us-ashburn-1", "compartment": "prod", "key": "key-b"}
    furnish(sim, {"backup_etag": "absent"}, **{section: [row]})
    sim.fault("meanwhile", f"Get{kind}", times=None, changes={sim.id("backup"): RETENTION})
    options: dict[str, Any] = {"kms_key_id": sim.id("key-a")} if task == "present" else {"state": "absent"}

    ran = run(backup_kms_key.main, sim, backup_ids=[sim.id("backup")], **options)

    assert (ran.failed, ran.changed, ran.writes) == (True, False, {})
    assert ran.only["error"]["code"] == "NoPrecondition"
    assert "had no etag" in ran.msg
    now = sim.resource(sim.id("backup"))
    assert now["kmsKeyId"] == sim.id("key-b")
    assert now["retentionPeriod"] == {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 30}


def test_one_without_an_etag_fails_alone(sim: Simulator) -> None:
    row = {"region": "us-ashburn-1", "compartment": "prod", "key": "key-b"}
    furnish(
        sim,
        {"backup_etag": "absent"},
        volume_backups=[{"name": "backup", **row}],
        volumes=[volumes(1, key="key-b")],
    )
    ids = [sim.id("backup")]
    assert run(backup_kms_key.main, sim, backup_ids=ids, kms_key_id=sim.id("key-a")).writes == {}
    sim.set(backup_etag="shown")
    assert run(backup_kms_key.main, sim, backup_ids=ids, kms_key_id=sim.id("key-a")).writes == {"UpdateVolumeBackup": 1}
