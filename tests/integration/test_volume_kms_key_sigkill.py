# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module killed by SIGKILL: the journal names every resource that may have changed, with its former key."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, start

from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator


@pytest.mark.parametrize("after", [1, 25, 60])
def test_the_journal_knows_whatever_was_changed(sim: Simulator, tmp_path: Path, after: int) -> None:
    furnish(sim, {"latency": 0.1}, volumes=[volumes(50), volumes(50, name="other", key="key-b")])
    former = {resource["id"]: resource["kmsKeyId"] for resource in sim.resources("volume")}
    journal = tmp_path / "journal.jsonl"
    process = start(
        volume_kms_key, volume_ids=list(former), kms_key_id=sim.id("key-a"), journal=str(journal), concurrency=8
    )
    deadline = time.monotonic() + 60
    while sim.counts().get("UpdateVolumeKmsKey", 0) < after and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    time.sleep(0.3)

    now = {resource["id"]: resource["kmsKeyId"] for resource in sim.resources("volume")}
    changed = {name for name in former if now[name] != former[name]}
    named = {
        line["id"]: line["previous_kms_key_id"]
        for line in map(json.loads, journal.read_text().splitlines())
        if line["event"] == "intent"
    }
    assert changed
    assert len(changed) < 100
    assert changed <= set(named)
    assert all(former[name] == key for name, key in named.items())

    again = run(volume_kms_key.main, sim, volume_ids=list(former), kms_key_id=sim.id("key-a"), journal=str(journal))

    assert not again.failed
    assert {resource["kmsKeyId"] for resource in sim.resources("volume")} == {sim.id("key-a")}
    assert sim.needless_puts == 0
