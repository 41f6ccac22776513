# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No backup loses its retention with a change of its key: not by a list that hides it, nor by a colleague's change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import backups
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_kms_key
from simulator.client import Simulator

PUT = "UpdateVolumeBackup"
COUNT = 30
RETENTION = {"retention_period": {"unit": "DAYS", "amount": 30}, "is_prevent_deletion_enabled": True}


def fleet(sim: Simulator, *special: dict[str, Any], count: int = COUNT, **fields: Any) -> None:
    """So many backups of one compartment that they are listed."""
    plain = {"count": count, "of": "source-1", "key": "key-b", **fields}
    rows = [{"name": "backup-{n}", **plain}, *({**plain, "count": 1, **row} for row in special)]
    furnish(sim, volumes=[volumes(name="source")], volume_backups=rows)


def rekey(sim: Simulator, *more: str, count: int = COUNT, **options: Any) -> Ran:
    names = [*(f"backup-{n}" for n in range(1, count + 1)), *more]
    ids = [sim.id(name) for name in names]
    return run(backup_kms_key.main, sim, backup_ids=ids, kms_key_id=sim.id("key-a"), **options)


def retention(sim: Simulator, name: str) -> dict[str, Any]:
    truth = sim.resource(sim.id(name))
    fields = ("retentionPeriod", "isPreventDeletionEnabled", "isRetentionLockEnabled", "isIndefiniteRetentionEnabled")
    return {field: truth.get(field) for field in fields}


def hide_retention_in_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = backups.VOLUME_BACKUP
    list_page = kind.list_page

    def without(*args: Any, **kwargs: Any) -> Any:
        page = list_page(*args, **kwargs)
        return replace(page, resources=[replace(row, retention=backups.Retention()) for row in page.resources])

    monkeypatch.setattr(kind, "list_page", without)


def test_lists_that_hide_the_retention_do_not_lose_it(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet(sim, **RETENTION)
    hide_retention_in_lists(monkeypatch)

    ran = rekey(sim)

    assert not ran.failed, ran.msg
    kept = {"retentionPeriod": {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 30}}
    kept |= {"isPreventDeletionEnabled": True, "isRetentionLockEnabled": None, "isIndefiniteRetentionEnabled": None}
    for n in range(1, COUNT + 1):
        assert retention(sim, f"backup-{n}") == kept


def test_one_whose_retention_only_a_list_hides_keeps_it(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of those that are compared has a retention."""
    fleet(sim, {"name": "odd", **RETENTION})
    hide_retention_in_lists(monkeypatch)
    before = retention(sim, "odd")

    ran = rekey(sim, "odd")

    assert ran.calls["ListVolumeBackups"] >= 1
    assert not ran.failed, ran.msg
    assert retention(sim, "odd") == before


@pytest.mark.parametrize("lock", ["is_retention_lock_enabled", "is_indefinite_retention_enabled"])
def test_a_lock_that_a_list_hides_is_respected(sim: Simulator, monkeypatch: pytest.MonkeyPatch, lock: str) -> None:
    fleet(sim, {"name": "odd", **RETENTION, lock: True})
    hide_retention_in_lists(monkeypatch)

    ran = rekey(sim, "odd")

    assert ran.result["summary"] == {"total": COUNT + 1, "changed": COUNT, "unchanged": 0, "failed": 1}
    assert ran.resources[-1]["error"]["code"] == "ChangedMeanwhile"
    assert "include_locked" in ran.msg
    assert sim.id("odd") not in {call.resource for call in sim.calls(PUT)}


@pytest.mark.parametrize("count", [1, COUNT])
def test_a_retention_that_a_colleague_sets_meanwhile_is_not_overwritten(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    fleet(sim, count=count)
    assign = backups.VOLUME_BACKUP.assign
    colleague = [{"retention_period": {"unit": "YEARS", "amount": 7}, "is_prevent_deletion_enabled": True}]

    def after_a_colleague(service: Any, resource: Any, kms_key_id: str) -> Any:
        if resource.id == sim_id and colleague:
            sim.change(sim_id, **colleague.pop())
        return assign(service, resource, kms_key_id)

    sim_id = sim.id("backup-1")
    monkeypatch.setattr(backups.VOLUME_BACKUP, "assign", after_a_colleague)

    ran = rekey(sim, count=count)

    assert not ran.failed, ran.msg
    assert sim.resource(sim_id)["kmsKeyId"] == sim.id("key-a")
    assert retention(sim, "backup-1")["retentionPeriod"] == {"retentionTimeUnit": "YEARS", "retentionTimeAmount": 7}
    assert retention(sim, "backup-1")["isPreventDeletionEnabled"] is True
    assert sim.needless_puts == 0


def test_one_that_changes_all_the_time_is_given_up(sim: Simulator) -> None:
    fleet(sim, count=1)
    sim.fault("status", PUT, times=None, status=412, code="NoEtagMatch", message="It was changed.")

    ran = rekey(sim, count=1)

    assert ran.only["error"]["code"] == "NoEtagMatch"
    assert not ran.changed
    assert ran.writes[PUT] <= 8


def test_lists_that_hide_locks_are_not_planned_by(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet(sim, **RETENTION, is_retention_lock_enabled=True)
    hide_retention_in_lists(monkeypatch)

    checked, ran = (rekey(sim, check=check) for check in (True, False))

    assert checked.result["summary"] == ran.result["summary"]
    assert ran.result["summary"] == {"total": COUNT, "changed": 0, "unchanged": COUNT, "failed": 0}
