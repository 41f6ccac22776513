# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody else changes a resource between the look at it and the write; and changes end while another one hangs."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, start
from integration.support.rekey_helpers import make_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_kms_key, key_plan_apply, volume_kms_key
from simulator.client import Simulator

PUT = "UpdateVolumeKmsKey"


@pytest.mark.parametrize(
    ("count", "operation"), [(1, "GetVolume"), (1, "GetKey"), (150, "ListVolumes"), (150, "GetKey")]
)
@pytest.mark.parametrize("key", ["key-everywhere", None])
def test_the_key_that_a_volume_was_moved_to_is_what_everything_names(
    sim: Simulator, tmp_path: Path, count: int, operation: str, key: str | None
) -> None:
    furnish(sim, volumes=[volumes(count, key="key-b")])
    moved, journal = sim.id(f"volume-{count}"), tmp_path / "journal.jsonl"
    sim.fault(
        "meanwhile", operation, times=1, after=1 if operation == "ListVolumes" else 0, changes={moved: {"key": key}}
    )
    ids = [sim.id(f"volume-{number}") for number in range(1, count + 1)]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"), journal=str(journal))

    third = None if key is None else sim.id(key)
    entry = next(one for one in ran.resources if one["id"] == moved)
    assert entry["previous_kms_key_id"] == third
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["previous_kms_key_id"] for line in lines if line["event"] == "intent" and line["id"] == moved] == [
        third
    ]
    assert ran.result["diff"]["before"][moved]["kms_key_id"] == third
    assert any(moved in warning and "somebody else" in warning for warning in ran.result["warnings"])
    assert sim.resource(moved)["kmsKeyId"] == sim.id("key-a")
    assert sim.needless_puts == 0


@pytest.mark.parametrize("count", [1, 150])
def test_a_volume_that_got_the_key_meanwhile_is_left_alone(sim: Simulator, count: int) -> None:
    furnish(sim, volumes=[volumes(count, key="key-b")])
    moved = sim.id(f"volume-{count}")
    sim.fault("meanwhile", "GetKey", times=1, changes={moved: {"key": "key-a"}})
    ids = [sim.id(f"volume-{number}") for number in range(1, count + 1)]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"))

    assert not ran.failed
    assert ran.writes.get(PUT, 0) == count - 1
    assert sim.needless_puts == 0


def test_what_a_plan_does_not_know_is_left_alone(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(120, key="key-b")])
    make_plan(sim, tmp_path, canary=0)
    moved = sim.id("volume-77")
    sim.fault("meanwhile", "GetKey", times=1, changes={moved: {"key": "key-everywhere"}})

    ran = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=1)

    assert ran.result["summary"] == {"total": 120, "changed": 119, "unchanged": 1, "failed": 0}
    assert sim.resource(moved)["kmsKeyId"] == sim.id("key-everywhere")


def test_the_key_that_a_backup_was_moved_to_is_what_everything_names(sim: Simulator, tmp_path: Path) -> None:
    backups = {"name": "backup-{n}", "count": 12, "of": "source-1", "key": "key-b"}
    furnish(sim, volumes=[volumes(name="source")], volume_backups=[backups])
    moved, journal = sim.id("backup-7"), tmp_path / "journal.jsonl"
    sim.fault("meanwhile", "GetKey", times=1, changes={moved: {"key": "key-everywhere"}})
    ids = [sim.id(f"backup-{number}") for number in range(1, 13)]

    ran = run(backup_kms_key.main, sim, backup_ids=ids, kms_key_id=sim.id("key-a"), journal=str(journal))

    assert next(one for one in ran.resources if one["id"] == moved)["previous_kms_key_id"] == sim.id("key-everywhere")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    intents = [line for line in lines if line["event"] == "intent" and line["id"] == moved]
    assert [line["previous_kms_key_id"] for line in intents] == [sim.id("key-everywhere")]


def outcomes(journal: Path) -> dict[str, bool]:
    lines = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
    return {line["id"]: line["settled"] for line in lines if line["event"] == "outcome"}


@pytest.mark.parametrize(
    ("fault", "ends_by", "concurrency"),
    [
        *[("slow", ends_by, concurrency) for ends_by in ("SIGTERM", "SIGKILL") for concurrency in (1, 12)],
        ("trickle", "SIGTERM", 1),
        ("trickle", "SIGTERM", 12),
        ("trickle", "SIGKILL", 12),
    ],
)
def test_while_one_answer_hangs_the_outcomes_of_the_others_are_on_disk(
    sim: Simulator, tmp_path: Path, fault: str, ends_by: str, concurrency: int
) -> None:
    """Be it that nothing comes, or a byte a second."""
    count = 12
    furnish(sim, volumes=[volumes(count, key="key-b")])
    ids = [sim.id(f"volume-{number}") for number in range(1, count + 1)]
    sim.fault(fault, PUT, times=1, after=count - 1, seconds=50.0 if fault == "slow" else 1.0)
    journal = tmp_path / "journal.jsonl"
    task = {"volume_ids": ids, "kms_key_id": sim.id("key-a"), "journal": str(journal), "concurrency": concurrency}
    process = start(volume_kms_key, **task)
    latest = time.monotonic() + 45

    while not journal.exists() or len(outcomes(journal)) < count - 1:
        assert time.monotonic() < latest, "they are only told with the last one"
        time.sleep(0.05)

    process.send_signal(signal.Signals[ends_by])
    assert list(outcomes(journal).values()) == [True] * (count - 1)
    process.kill()
    process.wait(60)
