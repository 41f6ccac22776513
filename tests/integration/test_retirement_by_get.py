# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""That a key has no use left is only concluded if each resource was read by itself: a deleted key is lost forever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info, key_assignment_report
from simulator.client import Simulator

TEMPLATE = Path(__file__).parents[2] / "roles" / "encryption_report" / "templates" / "report.html.j2"
SECTIONS = {
    "volumes": ("ListVolumes", "GetVolume"),
    "boot_volumes": ("ListBootVolumes", "GetBootVolume"),
}


def verdict(sim: Simulator, folder: Path, key: str, **options: Any) -> tuple[dict[str, Any], Ran]:
    """Discover the whole tenancy, report on a key, and say what the report says of it."""
    found = run(
        key_assignment_info.main,
        sim,
        regions=["all"],
        resource_types=list(RESOURCE_TYPES.with_key.names),
        discovery_file=str(folder / "before.json"),
        **options,
    )
    assert not found.failed, found.msg
    run(
        key_assignment_report.main,
        sim,
        report_dir=str(folder),
        discovery_file=str(folder / "before.json"),
        kms_key_ids=[sim.id(key)],
        template=str(TEMPLATE),
    )
    (row,) = json.loads((folder / "report.json").read_text())["retirement"]["keys"]
    return dict(row), found


@pytest.mark.parametrize("section", SECTIONS)
def test_a_list_that_lags_behind_does_not_hide_a_use(sim: Simulator, tmp_path: Path, section: str) -> None:
    listing, _get = SECTIONS[section]
    furnish(sim, **{section: [volumes(20, name="data")]})
    sim.change(sim.id("data-20"), key="key-b")
    sim.fault("stale_list", listing, times=None)

    by_get, found = verdict(sim, tmp_path, "key-b", read_each=True)

    assert by_get["verdict"] == "in_use"
    assert [use["id"] for use in by_get["uses"]] == [sim.id("data-20")]
    assert {row["read_by"] for row in found.resources} == {"get"}


@pytest.mark.parametrize("section", SECTIONS)
def test_by_lists_alone_a_verdict_is_incomplete(sim: Simulator, tmp_path: Path, section: str) -> None:
    _list, get = SECTIONS[section]
    furnish(sim, **{section: [volumes(20, name="data", key="key-a")]})

    by_list, listed = verdict(sim, tmp_path, "key-b")
    assert by_list["verdict"] == "incomplete"
    assert any("lag behind" in gap for gap in by_list["gaps"])
    assert listed.calls[get] < 20

    by_get, found = verdict(sim, tmp_path, "key-b", read_each=True)
    assert (by_get["verdict"], by_get["gaps"]) == ("no_use_found_in_block_volume", [])
    assert found.calls[get] == 20


@pytest.mark.parametrize("section", SECTIONS)
def test_a_resource_that_cannot_be_read_by_itself_is_a_gap(sim: Simulator, tmp_path: Path, section: str) -> None:
    _list, get = SECTIONS[section]
    furnish(sim, **{section: [volumes(5, name="data", key="key-a")]})
    refusal = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
    sim.fault("status", get, times=None, resource=sim.id("data-3"), **refusal)

    by_get, found = verdict(sim, tmp_path, "key-b", read_each=True)

    assert by_get["verdict"] == "incomplete"
    assert found.result["complete"] is False
    assert sim.id("data-3") in found.result["unreadable"][0]["message"]


def test_the_assignment_of_a_backup_policy_is_always_read_by_itself(sim: Simulator, tmp_path: Path) -> None:
    furnish(
        sim,
        volumes=[volumes(1)],
        volume_backup_policies=[
            {
                "name": "to-phx",
                "region": "us-ashburn-1",
                "compartment": "prod",
                "destination_region": "us-phoenix-1",
            }
        ],
        policy_assignments=[{"asset": "volume-1", "policy": "to-phx", "key": "key-phx"}],
    )

    row, found = verdict(sim, tmp_path, "key-phx")

    assert row["verdict"] == "in_use"
    assert [one["read_by"] for one in found.resources if one["type"] == "policy_assignment"] == ["get"]
