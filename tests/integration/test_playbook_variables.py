# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of backup_policy, restore_keys and copy_backups, as surveys of AWX send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.copy_helpers import PHX, backups, copies_of
from integration.support.fleets import volumes
from integration.support.harness import furnish, soak
from integration.support.playbook import CollectionPlaybooks, recap
from integration.support.rekey_helpers import IAD, rekey

from simulator.client import Simulator


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    furnish(
        sim,
        volumes=[volumes(2, freeform_tags={"tier": "gold", "owner": ""}), volumes(1, name="other")],
        boot_volumes=[volumes(1, name="boot", freeform_tags={"tier": "gold"})],
        volume_backups=[backups(2, key="key-a")],
        volume_backup_policies=[
            {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX},
        ],
    )
    sim.reset_counts()
    return CollectionPlaybooks(sim, tmp_path)


def named(playbook: str, **variables: Any) -> dict[str, Any]:
    return {f"{playbook}_{name}": value for name, value in variables.items()}


@pytest.mark.parametrize(
    ("playbook", "given", "faults"),
    [
        (
            "backup_policy",
            {"asset_ids": "", "compartment_ids": " ", "kms_key_id": "ocid1.key.oc1.phx.vault.unique"},
            ["Neither backup_policy_asset_ids nor backup_policy_compartment_ids is set"],
        ),
        (
            "backup_policy",
            {"compartment_ids": [], "exclude_ids": ",", "validate_key": "perhaps", "compartment_id": "x"},
            ["is empty", "neither true nor false", "did you mean backup_policy_compartment_ids?"],
        ),
        ("restore_keys", {"report": "\n"}, ["restore_keys_report is not set"]),
        (
            "restore_keys",
            {"report": "a.json", "allow_oracle": "yes", "max_changes": "few"},
            ["did you mean restore_keys_allow_oracle_managed?", "is not an integer"],
        ),
        (
            "copy_backups",
            {"backup_ids": " ", "destination_region": "us-phenix-1", "kms_key_id": "ocid1.key"},
            ["did you mean us-phoenix-1", "is not an OCID"],
        ),
        ("copy_backups", {"backup_ids": "", "destination_region": "phx"}, ["copy_backups_backup_ids is not set"]),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(
    sim: Simulator, playbooks: CollectionPlaybooks, playbook: str, given: dict[str, Any], faults: list[str]
) -> None:
    ran = playbooks.run(playbook, named(playbook, **given))
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 2
    for fault in faults:
        assert fault in printed
    assert "Traceback" not in printed
    assert sim.counts() == {}
    assert playbooks.runs() == []


@soak
def test_a_backup_policy_by_a_survey(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    """A filter of text restricts, and blanks neither restrict nor widen."""
    given = {
        "compartment_ids": f"{sim.id('prod')},\n",
        "regions": "iad",
        "recursive": "False",
        "freeform_tags": "tier=gold\n",
        "exclude_ids": sim.id("volume-2"),
        "policy_id": sim.id("to-phx"),
        "kms_key_id": sim.id("key-phx"),
        "validate_key": "true",
        "batch_size": "1",
        **dict.fromkeys(("asset_ids", "defined_tags", "created_before", "max_changes", "state", "resource_types"), ""),
    }
    ran = playbooks.run("backup_policy", named("backup_policy", **given))
    assert ran.returncode == 0, ran.stdout
    assigned = {row["assetId"]: row["xrcKmsKeyId"] for row in sim.resources("policy_assignment")}
    assert assigned == {sim.id(name): sim.id("key-phx") for name in ("volume-1", "boot-1")}


def test_copies_by_a_survey(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    given = {
        "backup_ids": f"{sim.id('backup-1')}, {sim.id('backup-2')},",
        "destination_region": "phx",
        "kms_key_id": sim.id("key-phx"),
        "multi_version_key": "WARN",
        "wait_timeout": "600",
        **dict.fromkeys(("display_name", "compartment_ids", "validate_key"), ""),
    }
    ran = playbooks.run("copy_backups", named("copy_backups", **given))
    assert ran.returncode == 0, ran.stdout
    for name in ("backup-1", "backup-2"):
        (made,) = copies_of(sim, name)
        assert made["kmsKeyId"] == sim.id("key-phx")


def test_of_copies_that_fail_the_others_are_made_and_all_are_in_a_file(
    sim: Simulator, playbooks: CollectionPlaybooks
) -> None:
    sim.change(sim.id("backup-2"), state="FAULTY")
    ids = [sim.id("backup-1"), sim.id("backup-2")]

    ran = playbooks.run(
        "copy_backups", named("copy_backups", backup_ids=ids, destination_region=PHX, oracle_managed="true")
    )

    (folder,) = playbooks.runs()
    assert ran.returncode == 2
    assert "1 resource changed, 1 failed" in ran.stdout
    assert f"{folder}/copies.json" in ran.stdout
    rows = json.loads((folder / "copies.json").read_text())["resources"]
    assert {row["id"]: bool(row["error"]) for row in rows} == {ids[0]: False, ids[1]: True}
    assert len(copies_of(sim, "backup-1")) == 1


@soak
def test_a_way_back_by_a_survey_and_in_check_mode(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path
) -> None:
    """A check of the way back changes nothing and leaves its plan; what was Oracle-managed stays if nothing is said."""
    sim.change(sim.id("volume-1"), key="key-b")
    rekey(sim, tmp_path / "run", resource_types=["volume"])
    blank = dict.fromkeys(("include_locked", "canary", "batch_size", "max_changes", "validate_key"), "")
    given = named("restore_keys", report=f"{tmp_path / 'run'},\n", **blank)
    sim.reset_counts()

    checked = playbooks.run("restore_keys", {**given, "restore_keys_allow_oracle_managed": "true"}, "--check")

    assert checked.returncode == 0, checked.stdout
    assert "3 resources would be changed" in checked.stdout
    assert (recap(checked.stdout)["changed"], sim.counts().get("UpdateVolumeKmsKey", 0)) == (0, 0)
    (dry,) = playbooks.runs()
    assert (dry / "plan.json").stat().st_mode & 0o777 == 0o600
    assert not (dry / "journal.jsonl").exists()
    ran = playbooks.run("restore_keys", {**given, "restore_keys_allow_oracle_managed": ""})
    assert ran.returncode == 0, ran.stdout
    keys = {sim.id(f"{name}"): sim.id("key-a") for name in ("volume-2", "other-1")}
    assert {row["id"]: row["kmsKeyId"] for row in sim.resources("volume")} == {
        **keys,
        sim.id("volume-1"): sim.id("key-b"),
    }
