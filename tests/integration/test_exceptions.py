# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions in plans, in the roles rekey and encryption_report, and in their reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run, soak
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import IAD, keys_in_place, wanted_keys

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    key_plan_apply,
)
from simulator.client import Simulator

NEVER = "2099-12-31"


def exception(expires: str = NEVER, **match: Any) -> dict[str, Any]:
    return {"match": match, "reason": "Can't be restarted", "owner": "storage", "ticket": "CHG-7", "expires": expires}


def plan(sim: Simulator, folder: Path, **options: Any) -> Ran:
    folder.mkdir(exist_ok=True)
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD],
        "resource_types": ["volume"],
        "kms_key_ids": wanted_keys(sim),
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    return run(key_assignment_plan.main, sim, **given)


def excluded(folder: Path) -> dict[str, str]:
    content = json.loads((folder / "plan.json").read_text())
    return {row["display_name"]: row["reason"] for row in content["excluded"]}


@pytest.fixture
def fleet(sim: Simulator) -> Simulator:
    """Three volumes, of which the third has a tag."""
    furnish(sim, volumes=[volumes(2), volumes(1, name="tagged", freeform_tags={"keep": "yes"})])
    return sim


@pytest.mark.parametrize(
    ("match", "names"),
    [
        ({"resource_ids": ["volume-1"]}, {"volume-1"}),
        ({"freeform_tags": {"keep": "yes"}}, {"tagged-1"}),
        ({"resource_types": ["volume"]}, {"volume-1", "volume-2", "tagged-1"}),
        ({"compartment_ids": ["prod"], "freeform_tags": {"keep": "yes"}}, {"tagged-1"}),
        ({"compartment_ids": ["tenancy"]}, {"volume-1", "volume-2", "tagged-1"}),
        ({"resource_types": ["boot_volume"]}, set()),
    ],
)
def test_what_an_exception_selects_is_never_planned(
    fleet: Simulator, tmp_path: Path, match: dict[str, Any], names: set[str]
) -> None:
    ids = {name: [_id(fleet, each) for each in value] for name, value in match.items() if name.endswith("_ids")}
    planned = plan(fleet, tmp_path, exceptions=[exception(**{**match, **ids})])
    assert not planned.failed, planned.msg
    found = excluded(tmp_path)
    assert set(found) == names
    assert planned.result["summary"]["planned"] == 3 - len(names)
    for reason in found.values():
        assert reason == f"exception 1 (ticket CHG-7, owner storage), until {NEVER}: Can't be restarted"
    unmatched = "Exceptions that match nothing in scope: exception 1 (ticket CHG-7, owner storage)."
    assert (unmatched in planned.result["warnings"]) is (not names)


def _id(sim: Simulator, name: str) -> str:
    return sim.id("root" if name == "tenancy" else name)


def test_an_exception_for_a_compartment_above_the_scope_counts(fleet: Simulator, tmp_path: Path) -> None:
    """The parents of a compartment are read, though nothing in them is searched."""
    planned = plan(fleet, tmp_path, recursive=False, exceptions=[exception(compartment_ids=[fleet.id("root")])])
    assert planned.result["summary"]["planned"] == 0
    parents = json.loads((tmp_path / "before.json").read_text())["scanned"]["compartment_parents"]
    assert parents[fleet.id("prod")] == fleet.id("root")


def test_short_results_have_no_parents(fleet: Simulator, tmp_path: Path) -> None:
    found = run(
        key_assignment_info.main, fleet, compartment_ids=[fleet.id("prod")], regions=[IAD], result="summary",
        discovery_file=str(tmp_path / "found.json"),
    )  # fmt: skip
    assert found.result["scanned"]["compartment_parents"] == {}


def test_an_expired_exception_ends_a_plan_before_anything_is_read(fleet: Simulator, tmp_path: Path) -> None:
    given = [exception(resource_types=["boot_volume"]), exception("2020-01-31", resource_types=["volume"])]
    refused = plan(fleet, tmp_path, exceptions=given)
    assert refused.failed
    assert "exception 2 (ticket CHG-7, owner storage) expired on 2020-01-31" in refused.msg
    assert refused.calls == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exceptions": [{"match": {}}]}, "'exceptions': field '[0].match' selects nothing"),
        ({"exceptions_file": "missing.yml"}, "can't be read: No such file"),
        ({"exceptions_file": " "}, "'exceptions_file' is blank"),
        ({"exceptions_file": "missing.yml", "exceptions": []}, "mutually exclusive"),
    ],
)
def test_exceptions_that_can_t_be_read_are_an_error(
    fleet: Simulator, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    refused = plan(fleet, tmp_path, **options)
    assert refused.failed
    assert said in refused.msg
    assert refused.calls == {}


def test_later_plans_of_a_run_have_the_same_exceptions(fleet: Simulator, tmp_path: Path) -> None:
    before = keys_in_place(fleet)
    file = tmp_path / "exceptions.yml"
    file.write_text(json.dumps({"version": 1, "exceptions": [exception(freeform_tags={"keep": "yes"})]}))
    folder = tmp_path / "run"
    assert not plan(fleet, folder, exceptions_file=str(file)).failed
    applied = run(key_plan_apply.main, fleet, plan_file=str(folder / "plan.json"), rounds=3)
    assert applied.result["summary"]["changed"] == 2
    after = keys_in_place(fleet)
    assert [name for name in before if before[name] == after[name]] == [("volume", fleet.id("tagged-1"))]
    assert applied.result["last_plan"]["summary"]["excluded"] == 1


TEXT = """\
version: 1
exceptions:
  - match:
      freeform_tags: {keep: "yes"}
    reason: "{{ lookup('pipe', 'touch pwned') }} {% raw %}"
    owner: storage
    ticket: 4711
    expires: 2099-12-31
"""


@soak
def test_the_roles_leave_and_report_what_is_excepted(fleet: Simulator, tmp_path: Path) -> None:
    playbooks = CollectionPlaybooks(fleet, tmp_path)
    file = tmp_path / "exceptions.yml"
    file.write_text(TEXT)
    given = {
        "rekey_kms_key_ids": {IAD: fleet.id("key-a")},
        "rekey_compartment_ids": fleet.id("prod"),
        "rekey_exceptions_file": str(file),
        "rekey_approved_by": "Ann Smith",
        "rekey_change_ticket": "CHG-7",
    }
    ran = playbooks.run("rekey", given)
    assert ran.returncode == 0, ran.stdout
    [folder] = playbooks.runs()
    assert list(excluded(folder)) == ["tagged-1"]
    report = json.loads((folder / "report.json").read_text())
    assert report["exceptions"]["rows"][0]["ticket"] == "4711"
    assert "touch pwned" in report["exceptions"]["rows"][0]["reason"]
    assert report["exceptions"]["excepted"] == 1
    assert report["plan"]["accountability"]["approved_by"] == "Ann Smith"
    assert "exceptions" not in report["evidence"]["parameters"]
    assert report["evidence"]["parameters"]["exceptions_file"] == str(file)
    assert not list(tmp_path.rglob("pwned"))

    file.write_text(TEXT.replace("2099", "2020"))
    refused = playbooks.run("rekey", given)
    assert refused.returncode != 0
    assert "exception 1 (ticket 4711, owner storage) expired on 2020-12-31" in " ".join(refused.stdout.split())

    reported = playbooks.run(
        "encryption_report",
        {
            "encryption_report_regions": IAD,
            "encryption_report_exceptions_file": str(file),
            "encryption_report_fail_on": ["expired_exceptions"],
        },
    )
    assert reported.returncode != 0
    assert "1 expired: Exception 1 (4711, storage, until 2020-12-31)" in " ".join(reported.stdout.split())

    file.write_text("exceptions: [")
    broken = playbooks.run("rekey", given)
    assert "rekey_exceptions_file:" in broken.stdout
