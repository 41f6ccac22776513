# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens while the role rekey is at work: backups are made, and the service stops answering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration.support.fleets import volumes
from integration.support.harness import changes, furnish, soak
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import keys_in_place, plan_restore, read_plan, restore, subjects

from simulator.client import Simulator

SCHEMA = json.loads((Path(__file__).parents[2] / "roles/encryption_report/files/report.schema.json").read_text())


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    return CollectionPlaybooks(sim, tmp_path)


def variables(sim: Simulator, **more: Any) -> dict[str, Any]:
    given = {"kms_key_ids": f"us-ashburn-1={sim.id('key-a')}", "compartment_ids": sim.id("prod"), **more}
    return {f"rekey_{name}": value for name, value in given.items()}


def read_report(folder: Path) -> dict[str, Any]:
    report = dict(json.loads((folder / "report.json").read_text()))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def _two_volumes_of_which_backups_are_made_meanwhile(sim: Simulator) -> None:
    """The second volume's change is under way when two backups show that carry the former key."""
    unseen = {"of": "volume-1", "key": "key-b", "may_inspect": False}
    furnish(
        sim,
        volumes=[volumes(2, key="key-b")],
        volume_backups=[{"name": "made-{n}", "count": 2, **unseen}],
    )
    made = {sim.id(f"made-{number}"): {"may_inspect": True} for number in (1, 2)}
    sim.fault("meanwhile", "UpdateVolumeKmsKey", after=1, changes=made)
    sim.reset_counts()


def test_what_is_made_meanwhile_is_changed_in_the_next_round_and_goes_back_too(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path
) -> None:
    _two_volumes_of_which_backups_are_made_meanwhile(sim)
    before = keys_in_place(sim)

    ran = playbooks.run("rekey", variables(sim, max_changes=4))

    assert ran.returncode == 0, ran.stdout
    assert "4 resources changed. The report" in ran.stdout
    assert changes(sim.counts()) == {"UpdateVolumeKmsKey": 2, "UpdateVolumeBackup": 2}
    assert set(keys_in_place(sim).values()) == {sim.id("key-a")}
    (folder,) = playbooks.runs()
    assert subjects(read_plan(folder, "plan-2.json")["entries"]) == {
        ("volume_backup", sim.id(f"made-{number}")) for number in (1, 2)
    }
    report = read_report(folder)
    assert report["outcomes"] == {"total": 4, "changed": 4, "unchanged": 0, "failed": 0, "unsettled": 0}
    assert {row["kms_key_id"] for row in report["resources"]} == {sim.id("key-a")}
    # The key that was left is told though the last look had no use for it.
    told = {row["id"]: (row["lifecycle_state"], row["protection_mode"], row["vault_id"]) for row in report["keys"]}
    assert told == {sim.id(name): ("ENABLED", "HSM", sim.id("vault-iad")) for name in ("key-a", "key-b")}
    assert all(row["current_key_version"] and row["age_days"] is not None for row in report["keys"])

    restore(sim, tmp_path / "undo", folder)
    assert keys_in_place(sim) == before
    assert sim.needless_puts == 0


@soak
def test_what_is_made_meanwhile_is_left_if_it_makes_too_many_changes_in_all(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path
) -> None:
    _two_volumes_of_which_backups_are_made_meanwhile(sim)

    ran = playbooks.run("rekey", variables(sim, max_changes=3))

    assert ran.returncode == 2
    assert "2 resources still to be changed after 2 in earlier rounds, more than rekey_max_changes (3)" in ran.stdout
    assert changes(sim.counts()) == {"UpdateVolumeKmsKey": 2}
    made = [sim.id(f"made-{number}") for number in (1, 2)]
    assert {sim.resource(name)["kmsKeyId"] for name in made} == {sim.id("key-b")}
    (folder,) = playbooks.runs()
    report = read_report(folder)
    assert (report["outcomes"]["total"], report["outcomes"]["changed"]) == (2, 2)
    # The backups stand in it as they are.
    assert sorted(row["id"] for row in report["resources"] if row["kms_key_id"] == sim.id("key-b")) == sorted(made)
    assert not list(folder.glob("plan-3.json"))

    # Others put them on that key later on. The run did not, though it planned to, so going back leaves them there.
    for name in made:
        sim.change(name, key="key-a")
    planned = plan_restore(sim, tmp_path / "undo", folder)
    assert planned.result["summary"]["planned"] == 2
    assert subjects(read_plan(tmp_path / "undo")["entries"]) == {
        ("volume", sim.id(f"volume-{number}")) for number in (1, 2)
    }


@soak
def test_a_run_that_can_not_look_again_reports_what_it_did(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path
) -> None:
    """A canary fails, and from then on nobody tells the compartments."""
    furnish(sim, volumes=[volumes(3, key="key-b"), volumes(1, name="phx", region="us-phoenix-1")])
    keys = f"us-ashburn-1={sim.id('key-a')},us-phoenix-1={sim.id('key-phx')}"
    sim.fault("status", "UpdateVolumeKmsKey", region="us-phoenix-1", status=400, code="InvalidParameter", message="No.")
    sim.reset_counts()
    playbooks.run("rekey", variables(sim, kms_key_ids=keys), "--check")
    (dry_run,) = playbooks.runs()
    status = {"status": 401, "code": "NotAuthenticated", "message": "Expired."}
    sim.fault("status", "ListCompartments", times=None, after=sim.counts()["ListCompartments"], **status)
    sim.reset_counts()

    ran = playbooks.run("rekey", variables(sim, kms_key_ids=keys))

    assert ran.returncode == 2
    assert "Expired." in ran.stdout
    assert "The state after the changes could not be read" in ran.stdout
    # It was one look that changed nothing, not the run.
    assert "Nothing was changed" not in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr
    assert changes(sim.counts()) == {"UpdateVolumeKmsKey": 2}
    (folder,) = set(playbooks.runs()) - {dry_run}
    report = read_report(folder)
    assert (report["complete"], report["resources"], report["summary"]["total"]) == (False, [], 0)
    (unseen,) = report["unreadable"]
    assert unseen["code"] == "NotSeenAgain"
    assert "Expired." in unseen["message"]
    assert report["before"]["total"] == 4
    assert len(report["plan"]["entries"]) == 4
    (changed,) = [row for row in report["changes"] if row["changed"]]
    assert (changed["region"], changed["kms_key_id"]) == ("us-ashburn-1", sim.id("key-a"))
    outcomes = {row["display_name"]: (row["changed"], row["kms_key_id"]) for row in report["changes"]}
    assert outcomes == {changed["display_name"]: (True, sim.id("key-a")), "phx-1": (False, None)}
    assert "The state after the changes could not be read" in (folder / "report.html").read_text()
    assert report["evidence"]["scanned"]["regions"] == []
    # Nor were the keys of the plan looked up again.
    assert {sim.id("key-a"), sim.id("key-phx")} <= {key["id"] for key in report["keys"]}
    assert {key["lifecycle_state"] for key in report["keys"]} == {None}

    sim.clear_faults()
    restore(sim, tmp_path / "undo", folder)
    assert sim.resource(changed["id"])["kmsKeyId"] == sim.id("key-b")
