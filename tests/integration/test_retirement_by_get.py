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

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import (
    HttpRequest,
    HttpResponse,
    Transport,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info, key_assignment_report
from simulator.client import Simulator

TEMPLATE = Path(__file__).parents[2] / "roles" / "encryption_report" / "templates" / "report.html.j2"
SOURCES = {"volume_backups": "volumes", "boot_volume_backups": "boot_volumes"}
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
        **{"new_volumes": True, **options},
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


@pytest.mark.parametrize("section", [*SECTIONS, *SOURCES, "volume_groups"])
def test_a_row_that_is_missing_from_a_list_does_not_hide_a_use(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    """Of a volume group, what it hides is the assignment of its policy."""
    listing = _missing_from_list(sim, monkeypatch, section)
    key = "key-phx" if section == "volume_groups" else "key-b"

    row, found = verdict(sim, tmp_path, key, read_each=True)

    assert found.calls[listing] >= 1
    assert row["verdict"] == "in_use"
    assert len(row["uses"]) == 1


def test_what_search_shows_and_nobody_can_read_is_a_gap(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _missing_from_list(sim, monkeypatch, "volumes")
    refusal = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
    sim.fault("status", "GetVolume", times=None, resource=sim.id("data-5"), **refusal)

    row, found = verdict(sim, tmp_path, "key-b", read_each=True)

    assert row["verdict"] == "incomplete"
    assert f"Search shows {sim.id('data-5')}" in found.result["unreadable"][0]["message"]


def test_without_search_lists_are_all_there_is_and_the_report_says_so(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(5, name="data", key="key-a")])
    refusal = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
    sim.fault("status", "SearchResources", times=None, **refusal)

    row, found = verdict(sim, tmp_path, "key-b", read_each=True)

    assert (row["verdict"], found.result["complete"]) == ("no_use_found_in_block_volume", True)
    told = json.loads((tmp_path / "report.json").read_text())["retirement"]["not_searched"]
    assert any("neither lists nor Resource Search" in text for text in told)


def _missing_from_list(sim: Simulator, monkeypatch: pytest.MonkeyPatch, section: str) -> str:
    """A list leaves out the resource that uses the key; the name of the operation."""
    if section == "volume_groups":
        policy = {
            "name": "to-phx",
            "region": "us-ashburn-1",
            "compartment": "prod",
            "destination_region": "us-phoenix-1",
        }
        furnish(
            sim,
            volumes=[volumes(1)],
            volume_groups=[
                {"name": "data-5", "region": "us-ashburn-1", "compartment": "prod", "volumes": ["volume-1"]}
            ],
            volume_backup_policies=[policy],
            policy_assignments=[{"asset": "data-5", "policy": "to-phx", "key": "key-phx"}],
        )
    elif section in SOURCES:
        backups = [{"name": "data-{n}", "count": 5, "of": "source-1", "key": "key-a"}]
        furnish(sim, **{SOURCES[section]: [volumes(1, name="source", key="key-a")], section: backups})
        sim.change(sim.id("data-5"), key="key-b")
    else:
        furnish(sim, **{section: [volumes(5, name="data", key="key-a")]})
        sim.change(sim.id("data-5"), key="key-b")
    listing = f"List{''.join(word.title() for word in section.split('_'))}"
    hidden, send = sim.id("data-5"), Transport.send

    def send_without(transport: Transport, request: HttpRequest) -> HttpResponse:
        response = send(transport, request)
        if request.operation != listing:
            return response
        rows = [row for row in json.loads(response.body) if row["id"] != hidden]
        return response._replace(body=json.dumps(rows).encode())

    monkeypatch.setattr(Transport, "send", send_without)
    return listing


PROD = {"region": "us-ashburn-1", "compartment": "prod"}
HANDING_ON: dict[str, tuple[dict[str, Any], list[str]]] = {
    "image of a configuration that a pool uses": (
        {
            "instance_configurations": [{"name": "web", **PROD, "key": "key-b"}],
            "instance_pools": [{"name": "pool", **PROD, "configuration": "web"}],
        },
        ["instance_configuration", "instance_pool"],
    ),
    "block volume of a configuration alone": (
        {"instance_configurations": [{"name": "web", **PROD, "volumes": [{"key": "key-b"}]}]},
        ["instance_configuration"],
    ),
    "node pool": ({"node_pools": [{"name": "workers", **PROD, "key": "key-b"}]}, ["node_pool"]),
}


@pytest.mark.parametrize("name", HANDING_ON)
def test_a_key_that_only_new_volumes_get_is_in_use(sim: Simulator, tmp_path: Path, name: str) -> None:
    sections, types = HANDING_ON[name]
    furnish(sim, volumes=[volumes(1, key="key-a")], **sections)

    found, _ran = verdict(sim, tmp_path, "key-b", read_each=True)
    other, _ran = verdict(sim, tmp_path, "key-a", read_each=True)

    assert (found["verdict"], [use["type"] for use in found["uses"]]) == ("in_use", types)
    assert [use["type"] for use in other["uses"]] == ["volume"]


@pytest.mark.parametrize("operation", ["ListInstanceConfigurations", "GetInstanceConfiguration", "ListNodePools"])
def test_what_may_hand_a_key_on_and_could_not_be_read_keeps_it_unknown(
    sim: Simulator, tmp_path: Path, operation: str
) -> None:
    furnish(
        sim,
        volumes=[volumes(1, key="key-a")],
        instance_configurations=[{"name": "web", **PROD, "key": "key-b"}],
        node_pools=[{"name": "workers", **PROD, "key": "key-a"}],
    )
    sim.fault("status", operation, times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    found, _ran = verdict(sim, tmp_path, "key-everywhere", read_each=True)

    assert found["verdict"] == "incomplete"
    assert any("instance configurations, instance pools or node pools" in gap for gap in found["gaps"])


def test_where_nobody_looked_at_new_volumes_a_verdict_is_incomplete(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1, key="key-a")])

    found, _ran = verdict(sim, tmp_path, "key-b", read_each=True, new_volumes=False)

    assert (found["verdict"], found["gaps"]) == (
        "incomplete",
        ["not looked at what new volumes are born with (option new_volumes)"],
    )
