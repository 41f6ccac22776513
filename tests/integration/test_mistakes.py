# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that are seen when a plan is made or carried out: each message names the value, the reason and what to do.

What can be seen without OCI is in ``tests/unit/plugins/test_mistakes.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, discover, make_plan, plan_restore, read_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_plan, key_plan_apply
from simulator.client import Simulator

NOWHERE = "ocid1.compartment.oc1..aaaaaaaanotthere"
OTHER = "ocid1.tenancy.oc1..aaaaaaaaother"


@pytest.fixture
def small(sim: Simulator, tmp_path: Path) -> Simulator:
    furnish(sim, volumes=[volumes(2)])
    discover(sim, tmp_path / "before.json", regions=[IAD], resource_types=["volume"])
    return sim


def planned(sim: Simulator, folder: Path, *, check: bool = False, **options: Any) -> Ran:
    given = {
        "discovery_file": str(folder / "before.json"),
        "plan_file": str(folder / "plan.json"),
        "kms_key_ids": {IAD: sim.id("key-a")},
        **options,
    }
    return run(key_assignment_plan.main, sim, check=check, **{n: v for n, v in given.items() if v is not None})


def expect(ran: Ran, *words: str) -> None:
    assert ran.failed, ran.result
    missing = [word for word in words if word not in ran.msg]
    assert missing == [], ran.msg
    assert "Traceback" not in ran.printed
    assert ran.writes == {}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("key-rsa", ["has algorithm RSA", "requires an AES key", "give another key"]),
        ("key-dying", ["is PENDING_DELETION", "Cancel its deletion first"]),
        ("key-disabled", ["is DISABLED", "Enable the key first"]),
        ("key-phx", [IAD, "give another key"]),
    ],
)
def test_a_key_that_can_not_be_used(small: Simulator, tmp_path: Path, key: str, words: list[str]) -> None:
    expect(planned(small, tmp_path, kms_key_ids={IAD: small.id(key)}), small.id(key), "Nothing was changed", *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": -2}, ["'batch_size'", "-2", "at least 1", "larger"]),
        ({"canary": -1}, ["'canary'", "-1", "at least 0", "larger"]),
        ({"freeform_tags": {}}, ["'freeform_tags'", "is blank", "Leave"]),
        ({"exclude_ids": ["db-1"]}, ["'exclude_ids'", "'db-1'", "must look like"]),
        ({"created_before": "soon"}, ["'created_before'", "'soon'", "such as 2026-11-24"]),
        ({"compartment_ids": [NOWHERE]}, ["'compartment_ids'", "the file determines where resources are", "Leave"]),
        ({"regoins": [IAD]}, ["regoins", "did you mean 'regions'"]),
        ({"plan_digest": "0" * 64}, ["0" * 64, "the digest of the plan that was made now is", "Make another dry run"]),
        ({"approved_file": "/nowhere/plan.json"}, ["/nowhere/plan.json", "No such file"]),
        ({"plan_file": "/proc/plan.json"}, ["/proc/plan.json"]),
        ({"state": "absent"}, ["'kms_key_ids'", "can't be combined"]),
    ],
)
def test_an_option_of_a_plan(small: Simulator, tmp_path: Path, options: dict[str, Any], words: list[str]) -> None:
    expect(planned(small, tmp_path, **options), *words)


def test_a_compartment_that_does_not_exist_is_not_seen_and_named(small: Simulator, tmp_path: Path) -> None:
    found = planned(
        small,
        tmp_path,
        check=True,
        discovery_file=None,
        new_discovery_file=str(tmp_path / "new.json"),
        compartment_ids=[NOWHERE],
        regions=[IAD],
    )
    assert not found.failed
    assert found.result["complete"] is False
    assert found.result["summary"]["not_seen"] > 0
    assert "not seen" in found.msg
    assert NOWHERE in found.result["found"]["msg"]
    assert "Check the OCID" in found.result["found"]["msg"]


def test_the_name_of_a_compartment_that_does_not_exist(small: Simulator, tmp_path: Path) -> None:
    scope = {"discovery_file": None, "new_discovery_file": str(tmp_path / "new.json"), "regions": [IAD]}
    expect(planned(small, tmp_path, **scope, compartment_ids=["prdo"]), "'compartment_ids'", "'prdo'", "did you mean")


def test_a_plan_of_another_tenancy(small: Simulator, tmp_path: Path) -> None:
    (tmp_path / "dry").mkdir()
    (tmp_path / "dry" / "before.json").write_bytes((tmp_path / "before.json").read_bytes())
    assert not planned(small, tmp_path / "dry", check=True).failed
    plan = read_plan(tmp_path / "dry")
    (tmp_path / "other.json").write_text(json.dumps({**plan, "tenancy": OTHER}))
    told = planned(small, tmp_path, approved_file=str(tmp_path / "other.json"))
    expect(told, OTHER, "the credentials are for", "Use the credentials of that tenancy")


def test_the_plan_of_a_dry_run_is_not_carried_out(small: Simulator, tmp_path: Path) -> None:
    assert not planned(small, tmp_path, check=True).failed
    told = run(key_plan_apply.main, small, plan_file=str(tmp_path / "plan.json"), batch=1)
    expect(told, "plan.json", "dry run", "Make a plan outside of check mode")


def test_a_plan_that_was_edited(small: Simulator, tmp_path: Path) -> None:
    assert not planned(small, tmp_path).failed
    plan = read_plan(tmp_path)
    plan["entries"][0]["kms_key_id"] = small.id("key-b")
    (tmp_path / "edited.json").write_text(json.dumps(plan))
    expect(planned(small, tmp_path, approved_file=str(tmp_path / "edited.json")), "edited.json", "they were modified")


def test_a_stale_plan_shows_both_digests_and_what_to_do(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(3)])
    scope = {"scope": {"regions": [IAD], "resource_types": ["volume"]}, "kms_key_ids": {IAD: sim.id("key-a")}}
    approved = make_plan(sim, tmp_path / "dry", check=True, **scope)
    sim.change(sim.id("volume-1"), key="key-b")
    sim.change(sim.id("volume-2"), key="key-a")
    fresh = make_plan(sim, tmp_path / "fresh", check=True, **scope)
    stale = make_plan(sim, tmp_path / "run", approved_file=str(tmp_path / "dry" / "plan.json"), **scope)
    text = " ".join(stale.result["lines"])
    assert f"Approved plan: {approved.result['digest']}" in text
    assert f"Plan of now:   {fresh.result['digest']}" in text
    assert "make another dry run and have it approved" in text
    assert stale.result["summary"]["not_approved"] == 1
    assert "1 approved change is not needed" in text


def test_no_report_to_restore_from(small: Simulator, tmp_path: Path) -> None:
    told = plan_restore(small, tmp_path / "undo", tmp_path / "before.json")
    expect(told, "before.json", "neither a report nor a plan")
