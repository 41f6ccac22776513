# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection may take longer than a reading is good for: what relies on the reading is not sent any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from integration.support import copy_helpers
from integration.support.clock import UnhurriedClock
from integration.support.fleets import volumes
from integration.support.harness import furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import transport
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.connecting import Connector, Route
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_kms_key,
    backup_policy_crossregion_key,
    volume_kms_key,
)
from simulator.client import Simulator

POST, DELETE = "CreateVolumeBackupPolicyAssignment", "DeleteVolumeBackupPolicyAssignment"


class SlowConnections:
    """The first request of an operation finds no open connection, and a new one takes 7.5 s. Meanwhile somebody acts.

    ``sent`` are the requests that were sent all the same.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clock: UnhurriedClock, operation: str) -> None:
        self.sent: list[str] = []
        self.slow = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self._is_due = False
        send, connect, is_idle = transport.Transport.send, Connector.connect, transport.is_idle

        def slow_send(this: transport.Transport, request: transport.HttpRequest) -> transport.HttpResponse:
            self._is_due = request.operation == operation and not self.slow
            was_slow = self._is_due
            response = send(this, request)
            if was_slow:
                self.sent.append(request.operation)
            return response

        def slow_connect(this: Connector, route: Route) -> Any:
            if self._is_due:
                self._is_due = False
                self.slow += 1
                self.meanwhile()
                clock.sleep(7.5)
            return connect(this, route)

        monkeypatch.setattr(transport.Transport, "send", slow_send)
        monkeypatch.setattr(Connector, "connect", slow_connect)
        monkeypatch.setattr(transport, "is_idle", lambda sock: not self._is_due and is_idle(sock))


def _volume(sim: Simulator) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(1, key="key-b")])
    return {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}


def _boot_volume(sim: Simulator) -> dict[str, Any]:
    furnish(sim, boot_volumes=[volumes(1, key="key-b", name="boot")])
    return {"volume_ids": [sim.id("boot-1")], "kms_key_id": sim.id("key-a")}


def _backup(sim: Simulator) -> dict[str, Any]:
    backup = {"name": "backup-1", "of": "source-1", "key": "key-b"}
    furnish(sim, volumes=[volumes(name="source")], volume_backups=[backup])
    return {"backup_ids": [sim.id("backup-1")], "kms_key_id": sim.id("key-a")}


def _policy(sim: Simulator) -> dict[str, Any]:
    policy = {
        "name": "to-phx",
        "region": copy_helpers.IAD,
        "compartment": "prod",
        "destination_region": copy_helpers.PHX,
    }
    furnish(
        sim,
        {"assignment_repost": "conflict"},
        volumes=[volumes(1)],
        volume_backup_policies=[policy],
        policy_assignments=[{"asset": "volume-1", "policy": "to-phx"}],
    )
    return {"asset_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-phx")}


@pytest.mark.parametrize(
    ("module", "furnished", "operation"),
    [
        (volume_kms_key, _volume, "UpdateVolumeKmsKey"),
        (volume_kms_key, _boot_volume, "UpdateBootVolumeKmsKey"),
        (backup_kms_key, _backup, "UpdateVolumeBackup"),
        (backup_policy_crossregion_key, _policy, POST),
        (backup_policy_crossregion_key, _policy, DELETE),
    ],
    ids=["volume", "boot volume", "backup", "policy-POST", "policy-DELETE"],
)
def test_what_relies_on_an_old_reading_is_not_sent_over_a_late_connection(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, module: ModuleType, furnished: Any, operation: str
) -> None:
    task = furnished(sim)
    clock = UnhurriedClock()
    slow = SlowConnections(monkeypatch, clock, operation)
    ran = run(module.main, sim, clock=clock, concurrency=1, **task)
    assert (ran.failed, ran.result["summary"]["changed"]) == (False, 1), ran.msg
    assert (slow.slow, slow.sent) == (1, [])


@pytest.mark.parametrize("count", [1, 8])
def test_what_somebody_assigned_while_a_connection_was_made_is_what_the_journal_names(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    furnish(sim, volumes=[volumes(count, key="key-b")])
    first = sim.id("volume-1")
    clock = UnhurriedClock()
    slow = SlowConnections(monkeypatch, clock, "UpdateVolumeKmsKey")
    slow.meanwhile = lambda: sim.change(first, key="key-everywhere")
    journal = tmp_path / "journal.jsonl"
    ids = [sim.id(f"volume-{number}") for number in range(1, count + 1)]
    ran = run(
        volume_kms_key.main,
        sim,
        clock=clock,
        volume_ids=ids,
        kms_key_id=sim.id("key-a"),
        journal=str(journal),
        concurrency=1,
    )
    assert ran.result["summary"]["changed"] == count
    entry = next(entry for entry in ran.resources if entry["id"] == first)
    assert entry["previous_kms_key_id"] == sim.id("key-everywhere")
    intents = [json.loads(line) for line in journal.read_text().splitlines() if '"intent"' in line and first in line]
    assert intents[-1]["previous_kms_key_id"] == sim.id("key-everywhere")
    assert any("somebody else replaced" in warning for warning in ran.result["warnings"])
