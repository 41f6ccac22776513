# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A batch of several slices: all of it is checked before the first of it is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import make_plan

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import digest
from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply
from simulator.client import Simulator

Entry = dict[str, Any]


def planned(sim: Simulator, folder: Path, alter: Callable[[Entry], None] | None = None) -> Path:
    """A plan whose first batch has a volume of each of two regions; the second one is altered, and signed again."""
    furnish(sim, volumes=[volumes(2, key="key-b"), volumes(2, name="phx", region="us-phoenix-1")])
    make_plan(sim, folder)
    path = folder / "plan.json"
    plan = json.loads(path.read_text())
    assert plan["batches"][0]["number"] == 1
    assert len(plan["batches"][0]["slices"]) == 2
    if alter is not None:
        part = plan["batches"][0]["slices"][1]
        for entry in plan["entries"][part["start"] : part["stop"]]:
            alter(entry)
        plan["digest"] = digest(plan["entries"])
        path.write_text(json.dumps(plan))
    sim.reset_counts()
    return path


def apply(sim: Simulator, plan: Path, **options: Any) -> Ran:
    return run(key_plan_apply.main, sim, plan_file=str(plan), batch=1, **options)


def of_unknown_region(entry: Entry) -> None:
    entry["id"] = entry["id"].replace(".phx.", ".xyz.")


def of_another_realm(entry: Entry) -> None:
    entry["id"] = entry["id"].replace("ocid1.volume.oc1.", "ocid1.volume.oc2.")


def of_a_region_of_another_realm(entry: Entry) -> None:
    entry["region"] = "us-langley-1"


def to_a_key_of_another_realm(entry: Entry) -> None:
    entry["wanted_kms_key_id"] = entry["wanted_kms_key_id"].replace("ocid1.key.oc1.", "ocid1.key.oc2.")


def with_a_key_in_a_region_of_another_realm(entry: Entry) -> None:
    entry["key_region"] = "us-langley-1"


def with_a_key_in_an_unknown_region(entry: Entry) -> None:
    entry["key_region"] = "us-nowhere-1"


@pytest.mark.parametrize(
    "alter",
    [
        of_unknown_region,
        of_another_realm,
        of_a_region_of_another_realm,
        to_a_key_of_another_realm,
        with_a_key_in_a_region_of_another_realm,
        with_a_key_in_an_unknown_region,
    ],
)
def test_a_slice_that_cannot_be_means_that_nothing_is_asked_or_changed(
    sim: Simulator, tmp_path: Path, alter: Callable[[Entry], None]
) -> None:
    plan = planned(sim, tmp_path, alter)

    ran = apply(sim, plan)

    assert ran.failed
    assert "realm" in ran.msg or "region" in ran.msg
    assert ran.calls == {}
    assert not (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize("state", ["DISABLED", "PENDING_DELETION"])
@pytest.mark.parametrize("key", ["key-a", "key-phx"])
def test_a_key_that_has_become_unusable_means_that_nothing_is_changed(
    sim: Simulator, tmp_path: Path, key: str, state: str
) -> None:
    plan = planned(sim, tmp_path)
    sim.change(sim.id(key), state=state)

    ran = apply(sim, plan)

    assert ran.failed
    assert sim.id(key) in ran.msg
    assert state in ran.msg
    assert ran.writes == {}


def test_a_key_that_can_no_longer_be_left_fails_its_own_resources(sim: Simulator, tmp_path: Path) -> None:
    plan = planned(sim, tmp_path)
    sim.change(sim.id("key-b"), state="DISABLED")

    ran = apply(sim, plan)

    assert {row["error"]["code"] for row in ran.resources} == {"KeyCannotBeLeft"}
    assert ran.result["summary"]["changed"] == 1
    assert ran.writes == {"UpdateVolumeKmsKey": 1}


def test_without_permission_to_read_keys_the_service_is_the_judge(sim: Simulator, tmp_path: Path) -> None:
    plan = planned(sim, tmp_path)

    ran = apply(sim, plan, validate_key=False)

    assert ran.result["summary"]["changed"] == 2
    assert not {"GetKey", "GetVault", "SearchResources"} & set(ran.calls)


def test_a_check_of_a_batch_changes_nothing(sim: Simulator, tmp_path: Path) -> None:
    plan = planned(sim, tmp_path)

    ran = apply(sim, plan, check=True)

    assert ran.changed
    assert ran.writes == {}
