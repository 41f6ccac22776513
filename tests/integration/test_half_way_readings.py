# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy that another run has taken away, to assign it again in a moment, counts as no missing one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import oci
import pytest
from integration.support.change_modules import CHANGERS, Changer, fleet
from integration.support.clock import UnhurriedClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.locks import LockFile, NameLocks
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.run_locks import LOCK_FILE, OtherRuns
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_crossregion_key
from simulator.client import Simulator

POST = "CreateVolumeBackupPolicyAssignment"
DELETE = "DeleteVolumeBackupPolicyAssignment"
POLICIES = [changer for changer in CHANGERS if changer.module is backup_policy_crossregion_key]
EACH = pytest.mark.parametrize("asset", POLICIES, ids=lambda changer: changer.resource)


def assignments_of(sim: Simulator, asset: Changer) -> list[dict[str, Any]]:
    found = sim.resources("policy_assignment")
    return [row for row in found if row["assetId"] == sim.id(asset.resource)]


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[NameLocks]:
    """The locks of another run with a journal in the same folder."""
    locks = NameLocks([LockFile(tmp_path / LOCK_FILE)])
    yield locks
    locks.close()


@pytest.fixture
def colleague(sim: Simulator) -> oci.core.BlockstorageClient:
    return oci.core.BlockstorageClient(oci.config.from_file(os.environ["OCI_CONFIG_FILE"]))


def half_way(
    sim: Simulator, asset: Changer, other_run: NameLocks, colleague: oci.core.BlockstorageClient
) -> Callable[[], None]:
    """Another run has taken the asset's policy away. What is returned assigns it with the desired key."""
    asset_id = sim.id(asset.resource)
    other_run.acquire([asset_id])
    (present,) = assignments_of(sim, asset)
    colleague.delete_volume_backup_policy_assignment(present["id"])

    def assign() -> None:
        details = oci.core.models.CreateVolumeBackupPolicyAssignmentDetails(
            asset_id=asset_id, policy_id=present["policyId"], xrc_kms_key_id=sim.id(asset.new)
        )
        colleague.create_volume_backup_policy_assignment(details)
        other_run.release(asset_id)

    return assign


@EACH
@pytest.mark.parametrize("check", [True, False], ids=["check mode", "run"])
def test_a_key_that_another_run_assigns_is_there(
    sim: Simulator, tmp_path: Path, other_run: NameLocks, colleague: Any, asset: Changer, check: bool
) -> None:
    fleet(sim)
    clock = UnhurriedClock().after(0.3, half_way(sim, asset, other_run, colleague))

    ran = asset.assign(sim, check=check, clock=clock, journal=str(tmp_path / "journal.jsonl"))

    assert (ran.failed, ran.changed) == (False, False)
    assert ran.only["kms_key_id"] == sim.id(asset.new)
    assert ran.writes == {POST: 1}  # that of the other run


@EACH
def test_what_is_to_have_no_policy_has_none_at_the_end(
    sim: Simulator, tmp_path: Path, other_run: NameLocks, colleague: Any, asset: Changer
) -> None:
    fleet(sim)
    clock = UnhurriedClock().after(0.3, half_way(sim, asset, other_run, colleague))

    ran = asset.do(sim, state="unassigned", clock=clock, journal=str(tmp_path / "journal.jsonl"))

    assert (ran.failed, ran.changed) == (False, True)
    assert ran.writes == {POST: 1, DELETE: 1}
    assert assignments_of(sim, asset) == []


@pytest.mark.parametrize("task", [{"kms_key_id": "key-everywhere"}, {"state": "absent"}, {"state": "unassigned"}])
def test_what_the_other_run_has_still_not_assigned_is_in_use(
    sim: Simulator, tmp_path: Path, other_run: NameLocks, colleague: Any, task: dict[str, str]
) -> None:
    fleet(sim)
    half_way(sim, POLICIES[0], other_run, colleague)
    options = {name: sim.id(value) if name == "kms_key_id" else value for name, value in task.items()}

    ran = POLICIES[0].do(sim, wait_timeout=3, journal=str(tmp_path / "journal.jsonl"), **options)

    assert (ran.failed, ran.changed, ran.only["error"]["code"]) == (True, False, "InUse")
    assert ran.writes == {}


def test_nobody_else_costs_no_call(sim: Simulator, tmp_path: Path) -> None:
    """A lock file that another run has left is there, but nobody has locked anything since."""
    fleet(sim)
    asset = POLICIES[0]
    options = {"state": "unassigned", "journal": str(tmp_path / "journal.jsonl")}
    asset.do(sim, **options)
    assert (tmp_path / LOCK_FILE).exists()

    again = asset.do(sim, **options)

    assert not again.changed
    assert again.calls["GetVolumeBackupPolicyAssetAssignment"] == 1


def test_a_busy_run_keeps_nobody_reading(
    sim: Simulator, tmp_path: Path, other_run: NameLocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run that changes other resources releases something between any two looks."""
    fleet(sim)
    asset = POLICIES[0]
    options = {"state": "unassigned", "journal": str(tmp_path / "journal.jsonl")}
    asset.do(sim, **options)
    monkeypatch.setattr(OtherRuns, "have_ended_a_change", lambda *_given: True)

    again = asset.do(sim, **options)

    assert (again.failed, again.changed) == (False, False)
    assert 1 < again.calls["GetVolumeBackupPolicyAssetAssignment"] <= 4
