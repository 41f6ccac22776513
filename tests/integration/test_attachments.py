# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances volumes are attached to: what it costs, and what is said where it could not be found out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from integration.support.assignment_info import IAD, PHX
from integration.support.fleets import tenancy, volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info
from simulator.client import Simulator

PROD = {"region": IAD, "compartment": "prod"}
DENIED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
LISTS = ("ListVolumeAttachments", "ListBootVolumeAttachments", "ListInstances")


def furnish_attached(sim: Simulator, **sections: Any) -> None:
    """Of three volumes, one is in use by an instance of its compartment, one by one elsewhere, one by none."""
    rows: dict[str, Any] = {
        "volumes": [volumes(3, key="key-a")],
        "boot_volumes": [volumes(2, name="boot", key="key-a")],
        "volume_backups": [volumes(1, name="backup", key="key-a")],
        "instances": [
            {"name": "db-server", **PROD, "volumes": ["volume-1", "boot-1"]},
            {"name": "elsewhere", "region": IAD, "compartment": "security", "volumes": ["volume-2"]},
        ],
    }
    furnish(sim, **{**rows, **sections})


def look(sim: Simulator, **options: Any) -> Ran:
    return run(key_assignment_info.main, sim, **{"attachments": True, "compartment_ids": [sim.id("root")], **options})


def attachments(ran: Ran) -> dict[str, Any]:
    """The state and the names of the instances, by the name of the resource; None for what has no such field."""
    return {
        row["display_name"]: (
            (row["attachments"]["state"], *(one["display_name"] for one in row["attachments"]["instances"]))
            if "attachments" in row
            else None
        )
        for row in ran.resources
    }


def listed(ran: Ran) -> dict[str, int]:
    return {name: count for name, count in ran.calls.items() if name in (*LISTS, "ListAvailabilityDomains")}


def test_instances_are_named_wherever_in_the_tenancy_they_are(sim: Simulator) -> None:
    furnish_attached(sim)

    ran = look(sim)

    assert attachments(ran) == {
        "volume-1": ("attached", "db-server"),
        "volume-2": ("attached", "elsewhere"),
        "volume-3": ("not_attached",),
        "boot-1": ("attached", "db-server"),
        "boot-2": ("not_attached",),
        "backup-1": None,
    }
    assert ran.result["scanned"]["attachments"] == {"complete": True, "unreadable": []}
    assert ran.result["complete"]
    # Three compartments; Ashburn has three availability domains.
    assert listed(ran) == {
        "ListAvailabilityDomains": 1,
        "ListVolumeAttachments": 3,
        "ListBootVolumeAttachments": 9,
        "ListInstances": 2,
    }


def test_nobody_looks_unless_it_is_asked_for(sim: Simulator) -> None:
    furnish_attached(sim)

    ran = look(sim, attachments=False)

    assert set(attachments(ran).values()) == {None}
    assert ran.result["scanned"]["attachments"] is None
    assert listed(ran) == {}


@pytest.mark.parametrize(
    ("types", "calls"),
    [
        pytest.param(["volume"], {"ListVolumeAttachments": 3, "ListInstances": 2}, id="volumes"),
        pytest.param(
            ["boot_volume"],
            {"ListAvailabilityDomains": 1, "ListBootVolumeAttachments": 9, "ListInstances": 1},
            id="boot-volumes",
        ),
        pytest.param(["volume_backup"], {}, id="nothing-that-can-be-attached"),
    ],
)
def test_only_what_was_found_is_looked_for(sim: Simulator, types: list[str], calls: Mapping[str, int]) -> None:
    furnish_attached(sim)

    assert listed(look(sim, resource_types=types)) == calls


def test_a_region_without_volumes_costs_nothing(sim: Simulator) -> None:
    furnish_attached(sim)

    look(sim, regions=[IAD, PHX])

    assert not {*LISTS, "ListAvailabilityDomains"} & sim.counts_by_region()[PHX].keys()


def test_in_a_part_of_the_tenancy_an_instance_may_be_outside(sim: Simulator) -> None:
    furnish_attached(sim)

    ran = look(sim, compartment_ids=[sim.id("prod")])

    assert attachments(ran)["volume-1"] == ("attached", "db-server")
    assert attachments(ran)["volume-2"] == attachments(ran)["volume-3"] == ("none_in_scope",)
    assert ran.result["scanned"]["attachments"]["complete"]


@pytest.mark.parametrize(
    ("operation", "unknown", "named"),
    [
        ("ListVolumeAttachments", {"volume-1", "volume-2", "volume-3"}, {"boot-1"}),
        ("ListBootVolumeAttachments", {"boot-1", "boot-2"}, {"volume-1", "volume-2"}),
        ("ListAvailabilityDomains", {"boot-1", "boot-2"}, {"volume-1", "volume-2"}),
        ("ListInstances", set(), set()),
    ],
)
def test_a_refused_list_is_unknown_and_not_an_empty_one(
    sim: Simulator, operation: str, unknown: set[str], named: set[str]
) -> None:
    furnish_attached(sim)
    sim.fault("status", operation, times=None, **DENIED)

    ran = look(sim)

    found = attachments(ran)
    assert {name for name, value in found.items() if value == ("unknown",)} == unknown
    assert {name for name, value in found.items() if value and value[1:] not in ((), (None,))} == named
    section = ran.result["scanned"]["attachments"]
    assert not section["complete"]
    assert {place["code"] for place in section["unreadable"]} == {"NotAuthorizedOrNotFound"}
    assert ran.result["complete"], "that every resource and its key was read is another matter"
    assert any("of attachments or instances could not be read" in text for text in ran.result["warnings"])


def test_what_is_missing_is_granted_by_the_statement_in_the_hint(sim: Simulator) -> None:
    furnish_attached(sim)
    sim.fault("status", "ListInstances", times=None, **DENIED)

    places = look(sim).result["scanned"]["attachments"]["unreadable"]

    assert [place["resource_type"] for place in places] == ["instance", "instance"]
    assert {place["hint"] for place in places} == {
        f"Grant: Allow group <your group> to read instances in compartment id {sim.id(name)}"
        for name in ("prod", "security")
    }


def test_what_one_list_shows_is_certain_though_another_is_missing(sim: Simulator) -> None:
    closed = {"name": "security", "accessible": False}
    furnish_attached(sim, compartments=["prod", closed])

    found = attachments(look(sim))

    assert found["volume-1"] == found["boot-1"] == ("attached", "db-server")
    assert found["volume-2"] == found["volume-3"] == found["boot-2"] == ("unknown",)


@pytest.mark.parametrize(
    ("state", "shown"),
    [("ATTACHING", "attached"), ("DETACHING", "attached"), ("DETACHED", "not_attached")],
)
def test_a_volume_that_is_let_go_is_attached_until_it_is_detached(sim: Simulator, state: str, shown: str) -> None:
    furnish_attached(sim, instances=[{"name": "db", **PROD, "volumes": ["volume-1"], "attachment_state": state}])

    assert attachments(look(sim))["volume-1"][0] == shown


def test_a_shared_volume_has_several_instances(sim: Simulator) -> None:
    furnish_attached(sim, instances=[{"name": "node-{n}", "count": 2, **PROD, "volumes": ["volume-1"]}])

    assert sorted(attachments(look(sim))["volume-1"]) == ["attached", "node-1", "node-2"]


def test_long_lists_are_read_to_their_end(sim: Simulator) -> None:
    names = [f"volume-{number}" for number in range(1, 202)]
    furnish_attached(
        sim,
        volumes=[volumes(201)],
        boot_volumes=[],
        instances=[{"name": f"of-{name}", **PROD, "volumes": [name]} for name in names],
    )

    ran = look(sim, resource_types=["volume"])

    assert {name: attachments(ran)[name] for name in names} == {name: ("attached", f"of-{name}") for name in names}
    assert listed(ran) == {"ListVolumeAttachments": 2 + 3, "ListInstances": 3}


def test_names_of_many_compartments_are_asked_for_only_where_something_is_attached(sim: Simulator) -> None:
    """The figures of the documentation: 40 compartments and three availability domains."""
    names = [f"compartment-{number}" for number in range(1, 38)]
    furnish_attached(sim, compartments=[*tenancy()["compartments"], *names])

    calls = listed(look(sim))

    assert sum(calls.values()) == 1 + 40 + 3 * 40 + 2
    assert calls["ListInstances"] == 2


def test_the_file_has_them_and_a_short_result_does_not(sim: Simulator, tmp_path: Path) -> None:
    furnish_attached(sim)
    sim.fault("status", "ListVolumeAttachments", times=None, **DENIED)

    ran = look(sim, result="summary", discovery_file=str(tmp_path / "found.json"))

    written = json.loads((tmp_path / "found.json").read_text())
    assert ran.resources == []
    assert sum("attachments" in row for row in written["resources"]) == 5
    assert len(written["scanned"]["attachments"]["unreadable"]) == 3
