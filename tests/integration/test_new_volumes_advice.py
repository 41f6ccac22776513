# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan advises on what gives new volumes another key: told in the plan, and never done by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.assignment_info import IAD
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import objections
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_plan, key_plan_apply
from simulator.client import Simulator

PROD = {"region": IAD, "compartment": "prod"}


def fleet(sim: Simulator) -> None:
    """A volume, and pools of each sort, on key-a; one configuration is on key-b already."""
    furnish(
        sim,
        volumes=[volumes(1, key="key-a")],
        instance_configurations=[
            {"name": "web", **PROD, "key": "key-a"},
            {"name": "right", **PROD, "key": "key-b"},
            {"name": "unused", **PROD, "key": "key-a"},
        ],
        instance_pools=[
            {"name": "web-pool", **PROD, "configuration": "web"},
            {"name": "right-pool", **PROD, "configuration": "right"},
        ],
        node_pools=[{"name": "workers", **PROD, "key": "key-a"}, {"name": "plain", **PROD}],
    )


def plan(sim: Simulator, folder: Path, *, check: bool = False, **options: Any) -> Ran:
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("root")],
        "regions": [IAD],
        "resource_types": ["volume"],
        "kms_key_ids": {IAD: sim.id("key-b")},
        "new_volumes": True,
        "create_folder": True,
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    return run(key_assignment_plan.main, sim, check=check, **given)


def advised(folder: Path) -> dict[str, Any]:
    return {row["display_name"]: row for row in json.loads((folder / "plan.json").read_text())["advice"]}


@pytest.mark.parametrize("check", [True, False])
def test_what_gives_new_volumes_another_key_is_named_and_left(sim: Simulator, tmp_path: Path, check: bool) -> None:
    fleet(sim)

    ran = plan(sim, tmp_path / "run", check=check)

    assert not ran.failed, ran.msg
    assert ran.writes == {}
    rows = advised(tmp_path / "run")
    assert list(rows) == ["web", "plain", "workers"]
    assert rows["web"]["pool_ids"] == [sim.id("web-pool")]
    assert (rows["plain"]["kms_key_ids"], rows["web"]["kms_key_ids"]) == ([None], [sim.id("key-a")])
    assert "3 to be done by hand" in ran.msg
    text = " ".join(" ".join(ran.result["lines"]).split())
    assert "3 not changed, which give new volumes another key:" in text
    assert "New volumes get key-a. Copy the configuration with the key" in text
    assert "us-ashburn-1: instance configuration web" in text
    assert "unused" not in text
    assert ran.calls["GetInstanceConfiguration"] == 3


def test_the_plan_is_carried_out_without_it(sim: Simulator, tmp_path: Path) -> None:
    """Volumes are changed, and neither configurations nor pools."""
    fleet(sim)
    plan(sim, tmp_path / "run")

    done = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "run" / "plan.json"), rounds=2)

    assert not done.failed, done.msg
    assert done.writes == {"UpdateVolumeKmsKey": 1}
    assert {row["instanceConfigurationId"] for row in sim.resources("instance_pool")} == {
        sim.id("web"),
        sim.id("right"),
    }


@pytest.mark.parametrize("leave", [True, False])
def test_pools_may_be_in_compartments_that_were_not_looked_at(sim: Simulator, tmp_path: Path, leave: bool) -> None:
    fleet(sim)

    limits = {"from_kms_key_ids": [sim.id("key-a")]} if leave else {}
    plan(sim, tmp_path / "run", compartment_ids=[sim.id("prod")], **limits)

    row = advised(tmp_path / "run")["unused"]
    assert row["remedy"].startswith("Whether a pool uses the configuration is not known. ")


@pytest.mark.parametrize(
    "operation",
    ["ListInstanceConfigurations", "ListInstancePools", "ListNodePools", "GetInstanceConfiguration"],
)
def test_a_plan_is_not_complete_if_what_creates_new_volumes_could_not_be_read(
    sim: Simulator, tmp_path: Path, operation: str
) -> None:
    fleet(sim)
    sim.fault("status", operation, times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    ran = plan(sim, tmp_path / "run", compartment_ids=[sim.id("prod")])

    assert not ran.failed, ran.msg
    assert not ran.result["complete"]
    assert not json.loads((tmp_path / "run" / "plan.json").read_text())["complete"]
    assert ran.msg.endswith("1 place not seen")
    (objection,) = objections(ran.result, {"fail_on": ["incomplete"]}, role="rekey")
    assert objection.startswith("1 place or resource could not be read and rekey_fail_on has incomplete. ")
    assert objections(ran.result, {"fail_on": ["blocked"]}, role="rekey") == []


def test_nobody_is_advised_who_did_not_ask(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)

    ran = plan(sim, tmp_path / "run", new_volumes=False)

    assert advised(tmp_path / "run") == {}
    assert not [name for name in ran.calls if "Pool" in name or "Configuration" in name]
    assert "by hand" not in ran.msg


def test_node_pools_that_are_planned_are_no_advice(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)

    ran = plan(sim, tmp_path / "run", resource_types=["volume", "node_pool"])

    assert list(advised(tmp_path / "run")) == ["web"]
    document = json.loads((tmp_path / "run" / "plan.json").read_text())
    assert sorted(entry["display_name"] for entry in document["entries"]) == ["plain", "volume-1", "workers"]
    assert "1 to be done by hand" in ran.msg


def test_to_leave_a_key_also_what_nobody_uses_has_to_go(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)

    plan(sim, tmp_path / "run", from_kms_key_ids=[sim.id("key-a")])

    rows = advised(tmp_path / "run")
    assert list(rows) == ["unused", "web", "workers"]
    assert rows["unused"]["remedy"].startswith("Delete the configuration")


def test_what_could_not_be_read_is_a_warning(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    sim.fault("status", "ListInstancePools", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    ran = plan(sim, tmp_path / "run")

    assert not ran.failed, ran.msg
    assert any("which keys some new volumes will get" in text for text in ran.result["warnings"])
    assert "inspect instance-pools" in " ".join(ran.result["warnings"])
