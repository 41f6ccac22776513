# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new volumes are born with: what it costs to find out, and what is said where it could not be found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.assignment_info import IAD, PHX
from integration.support.fleets import tenancy, volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info, kms_key_info
from simulator.client import Simulator

PROD = {"region": IAD, "compartment": "prod"}
SECURITY = {"region": IAD, "compartment": "security"}
DENIED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
OPERATIONS = (
    "ListInstanceConfigurations",
    "GetInstanceConfiguration",
    "ListInstancePools",
    "ListNodePools",
    "GetNodePool",
)


def furnish_pools(sim: Simulator, **sections: Any) -> None:
    """A configuration with two pools, one of them elsewhere, one that nobody uses, and a node pool with and without a
    key."""
    rows: dict[str, Any] = {
        "volumes": [volumes(1, key="key-a")],
        "instance_configurations": [
            {"name": "web", **PROD, "key": "key-a", "volumes": [{"key": "key-b"}, {}, {"volume": "volume-1"}]},
            {"name": "old", **PROD, "boot": "boot_volume", "volumes": [{"key": "key-b"}]},
        ],
        "instance_pools": [
            {"name": "web-pool", **PROD, "configuration": "web"},
            {"name": "web-far", **SECURITY, "configuration": "web", "size": 0, "state": "STOPPED"},
            {"name": "gone", **PROD, "configuration": "old", "state": "TERMINATED"},
        ],
        "node_pools": [
            {"name": "workers", **PROD, "key": "key-a"},
            {"name": "plain", **SECURITY},
            {"name": "deleted", **PROD, "state": "DELETED"},
        ],
    }
    furnish(sim, **{**rows, **sections})


def look(sim: Simulator, **options: Any) -> Ran:
    given = {"new_volumes": True, "compartment_ids": [sim.id("root")], "resource_types": ["volume"], **options}
    return run(key_assignment_info.main, sim, **given)


def born(sim: Simulator, ran: Ran) -> dict[str, Any]:
    """Keys of the volumes (by their names; None for Oracle's), and names of the pools, by the name of the source."""
    names = {sim.id(name): name for name in ("key-a", "key-b", "key-phx")}
    return {
        row["display_name"] or row["id"]: (
            [volume["kms_key_id"] and names[volume["kms_key_id"]] for volume in row["volumes"]],
            sorted(pool["display_name"] for pool in row["pools"]),
            row["unknown"],
        )
        for row in ran.result["new_volumes"]["sources"]
    }


def asked(ran: Ran) -> dict[str, int]:
    return {name: count for name, count in ran.calls.items() if name in OPERATIONS}


def test_pools_and_configurations_are_found_with_the_keys_that_they_hand_on(sim: Simulator) -> None:
    furnish_pools(sim)

    ran = look(sim)

    assert born(sim, ran) == {
        "web": (["key-a", "key-b", None], ["web-far", "web-pool"], None),
        "old": (["key-b"], [], None),
        "workers": (["key-a"], [], None),
        "plain": ([None], [], None),
    }
    section = ran.result["new_volumes"]
    assert (section["complete"], section["unreadable"], ran.result["complete"]) == (True, [], True)
    web = next(row for row in section["sources"] if row["display_name"] == "web")
    assert [(volume["type"], volume["display_name"]) for volume in web["volumes"]] == [
        ("boot_volume", None),
        ("volume", "web-data-1"),
        ("volume", "web-data-2"),
    ]
    # Three compartments, two configurations, and a node pool whose row has no key.
    assert asked(ran) == {
        "ListInstanceConfigurations": 3,
        "ListInstancePools": 3,
        "ListNodePools": 3,
        "GetInstanceConfiguration": 2,
        "GetNodePool": 1,
    }


def test_check_mode_asks_and_tells_the_same(sim: Simulator) -> None:
    furnish_pools(sim)

    checked, ran = (
        run(
            key_assignment_info.main,
            sim,
            check=check,
            new_volumes=True,
            compartment_ids=[sim.id("root")],
            resource_types=["volume"],
        )
        for check in (True, False)
    )

    assert checked.result["new_volumes"] == ran.result["new_volumes"]
    assert checked.calls == ran.calls
    assert ran.writes == checked.writes == {}
    assert not ran.changed


def test_nobody_looks_unless_it_is_asked_for(sim: Simulator) -> None:
    furnish_pools(sim)

    ran = look(sim, new_volumes=False)

    assert ran.result["new_volumes"] is None
    assert asked(ran) == {}


def test_what_is_written_is_looked_up_as_keys(sim: Simulator, tmp_path: Path) -> None:
    """key-b is on no resource. A short result has no sources, but the file has."""
    furnish_pools(sim)
    file = tmp_path / "found.json"

    ran = look(sim, result="summary", discovery_file=str(file))
    keys = run(kms_key_info.main, sim, discovery_file=str(file))

    assert (ran.result["new_volumes"]["sources"], ran.result["new_volumes"]["complete"]) == ([], True)
    assert len(json.loads(file.read_text())["new_volumes"]["sources"]) == 4
    assert {row["display_name"] for row in keys.result["keys"]} == {"key-a", "key-b"}


def test_forty_compartments_with_200_configurations_and_60_pools(sim: Simulator) -> None:
    """The figure of the documentation: three calls for each compartment and one for each configuration."""
    names = [f"compartment-{number}" for number in range(1, 38)]
    everywhere = ["prod", "security", *names]
    furnish(
        sim,
        compartments=[*tenancy()["compartments"], *names],
        instance_configurations=[
            {"name": f"config-{n}", "region": IAD, "compartment": everywhere[n % 39], "key": "key-a"}
            for n in range(200)
        ],
        instance_pools=[
            {"name": f"pool-{n}", "region": IAD, "compartment": everywhere[n % 7], "configuration": f"config-{n}"}
            for n in range(60)
        ],
    )

    ran = look(sim)

    assert sum(asked(ran).values()) == 40 * 3 + 200 == 320
    found = born(sim, ran)
    assert len(found) == 200
    assert sum(len(pools) for _keys, pools, _unknown in found.values()) == 60
    assert not [name for name in ran.calls if "Instances" in name or name == "GetInstance"]


def test_long_lists_are_read_to_their_end(sim: Simulator) -> None:
    furnish(
        sim,
        instance_configurations=[{"name": "config-{n}", "count": 201, **PROD}],
        instance_pools=[{"name": "pool-{n}", "count": 201, **PROD, "configuration": "config-1"}],
        node_pools=[{"name": "nodes-{n}", "count": 201, **PROD, "key": "key-a"}],
    )

    ran = look(sim)

    found = born(sim, ran)
    assert (len(found), len(found["config-1"][1])) == (402, 201)
    assert asked(ran) == {
        "ListInstanceConfigurations": 5,
        "ListInstancePools": 5,
        "ListNodePools": 5,
        "GetInstanceConfiguration": 201,
    }


@pytest.mark.parametrize(("details", "gets"), [("shown", 1), ("no_key", 2), ("absent", 2)])
def test_a_list_of_node_pools_that_leaves_keys_out_is_not_believed(sim: Simulator, details: str, gets: int) -> None:
    furnish_pools(sim, switches={"node_pool_list_details": details})

    ran = look(sim)

    assert born(sim, ran)["workers"] == (["key-a"], [], None)
    assert born(sim, ran)["plain"] == ([None], [], None)
    assert asked(ran)["GetNodePool"] == gets


@pytest.mark.parametrize("empty", ["null", "absent"])
def test_no_key_looks_the_same_however_the_service_says_it(sim: Simulator, empty: str) -> None:
    furnish_pools(sim, switches={"oracle_managed_field": empty})

    found = born(sim, look(sim))

    assert (found["web"][0], found["plain"][0]) == (["key-a", "key-b", None], [None])


@pytest.mark.parametrize(
    ("operation", "kind", "lost"),
    [
        ("ListInstanceConfigurations", "instance_configuration", {"old"}),
        ("ListInstancePools", "instance_pool", set()),
        ("ListNodePools", "node_pool", {"workers", "plain"}),
    ],
)
@pytest.mark.parametrize("status", [403, 404])
def test_a_refused_list_is_unknown_and_not_an_empty_one(
    sim: Simulator, operation: str, kind: str, lost: set[str], status: int
) -> None:
    furnish_pools(sim)
    sim.fault("status", operation, times=None, **{**DENIED, "status": status})

    ran = look(sim)

    section = ran.result["new_volumes"]
    assert {"web", "old", "workers", "plain"} - {row["display_name"] for row in section["sources"]} == lost
    assert not section["complete"]
    assert [(place["resource_type"], place["status"]) for place in section["unreadable"]] == 3 * [(kind, status)]
    assert ran.result["complete"], "that every resource and its key was read is another matter"
    assert any("which keys some new volumes will get" in text for text in ran.result["warnings"])


def test_what_is_missing_is_granted_by_the_statement_in_the_hint(sim: Simulator) -> None:
    furnish_pools(sim)
    for operation in ("ListInstancePools", "GetInstanceConfiguration", "GetNodePool"):
        sim.fault("status", operation, times=None, **DENIED)

    places = look(sim).result["new_volumes"]["unreadable"]

    assert {place["hint"] for place in places} == {
        "Grant: Allow group <your group> to inspect instance-pools in tenancy",
        *(
            f"Grant: Allow group <your group> to inspect instance-pools in compartment id {sim.id(name)}"
            for name in ("prod", "security")
        ),
        f"Grant: Allow group <your group> to read instance-configurations in compartment id {sim.id('prod')}",
        f"Grant: Allow group <your group> to read cluster-node-pools in compartment id {sim.id('security')}",
    }


def test_configurations_that_may_be_listed_but_not_read_are_unknown_in_one_line(sim: Simulator) -> None:
    furnish_pools(sim)
    sim.fault("status", "GetInstanceConfiguration", times=None, **DENIED)

    ran = look(sim)

    found = born(sim, ran)
    assert found["web"] == ([], ["web-far", "web-pool"], "it could not be read")
    assert found["old"] == ([], [], "it could not be read")
    (place,) = ran.result["new_volumes"]["unreadable"]
    assert "(and 1 more)" in place["message"]


@pytest.mark.parametrize("state", ["PROVISIONING", "SCALING", "STARTING", "STOPPING", "STOPPED", "RUNNING"])
def test_a_pool_counts_until_it_is_terminated(sim: Simulator, state: str) -> None:
    furnish_pools(sim, instance_pools=[{"name": "one", **PROD, "configuration": "web", "state": state, "size": 0}])

    assert born(sim, look(sim))["web"][1] == ["one"]


@pytest.mark.parametrize("state", ["CREATING", "ACTIVE", "UPDATING", "FAILED", "INACTIVE", "NEEDS_ATTENTION"])
def test_a_node_pool_counts_until_it_is_deleted(sim: Simulator, state: str) -> None:
    furnish_pools(sim, node_pools=[{"name": "nodes", **PROD, "state": state}])

    assert born(sim, look(sim))["nodes"] == ([None], [], None)


def test_a_configuration_out_of_scope_is_read_for_a_pool_in_scope(sim: Simulator) -> None:
    furnish_pools(sim)

    ran = look(sim, compartment_ids=[sim.id("security")])

    assert born(sim, ran) == {"web": (["key-a", "key-b", None], ["web-far"], None), "plain": ([None], [], None)}


def test_a_pool_whose_configuration_is_gone_is_unknown(sim: Simulator) -> None:
    gone = f"ocid1.instanceconfiguration.oc1.iad.{'x' * 60}"
    furnish_pools(sim, instance_pools=[{"name": "orphan", **PROD, "configuration": gone}])

    ran = look(sim)

    assert born(sim, ran)[gone] == ([], ["orphan"], "it could not be read")
    assert gone in ran.result["new_volumes"]["unreadable"][0]["message"]


@pytest.mark.parametrize(
    ("configuration", "keys", "unknown"),
    [
        ({"boot": "none"}, [], "it does not name what instances boot from, so whoever launches one does"),
        ({"boot": "boot_volume"}, [], None),
        ({"source": "GMC"}, [], "it shows no instanceDetails"),
        (
            {"instance_type": "instance_options", "key": "key-a"},
            ["key-a"],
            "it does not name what instances boot from, so whoever launches one does",
        ),
        ({"details": {"instanceType": "rocket"}}, [], "it has an instanceType that is not known"),
        (
            {"details": {"instanceType": "compute", "launchDetails": {"sourceDetails": {"sourceType": "tape"}}}},
            [],
            "it has a sourceType that is not known",
        ),
        ({"details": {"instanceType": "instance_options", "options": []}}, [], "it has no options"),
    ],
)
def test_what_a_configuration_does_not_say_is_unknown(
    sim: Simulator, configuration: dict[str, Any], keys: list[str], unknown: str | None
) -> None:
    furnish_pools(
        sim,
        instance_configurations=[{"name": "odd", **PROD, **configuration}],
        instance_pools=[{"name": "pool", **PROD, "configuration": "odd"}],
    )

    assert born(sim, look(sim))["odd"] == (keys, ["pool"], unknown)


@pytest.mark.parametrize("member", ["kmsKeyId", "xrcKmsKeyId"])
@pytest.mark.parametrize(
    ("key", "words"),
    [("ocid1.key.oc2.iad.a.a", "realm"), ("ocid1.key.oc1.iad.b c", "can't be one")],
)
def test_a_key_that_can_be_none_spoils_nothing_else(sim: Simulator, member: str, key: str, words: str) -> None:
    """Neither the look-up of the other keys, nor what is known of the other volumes."""
    volume = {"createDetails": {member: key}}
    source = {"sourceDetails": {"sourceType": "image", "imageId": "i", "kmsKeyId": "ocid1.key.oc1.iad.vault.good"}}
    details = {"instanceType": "compute", "launchDetails": source, "blockVolumes": [volume]}
    furnish_pools(sim, instance_configurations=[{"name": "web", **PROD, "details": details}, {"name": "old", **PROD}])

    rows = look(sim).result["new_volumes"]["sources"]
    (row,) = (row for row in rows if row["display_name"] == "web" or row["unknown"])
    assert row["unknown"]
    if key.startswith("ocid1.key.oc2") or member == "xrcKmsKeyId":
        assert words in row["unknown"]
        assert [volume["kms_key_id"] for volume in row["volumes"]] == ["ocid1.key.oc1.iad.vault.good"]


def test_each_region_is_looked_at(sim: Simulator) -> None:
    furnish_pools(sim)

    ran = look(sim, regions=[IAD, PHX])

    assert asked(ran)["ListNodePools"] == 6
    assert sim.counts_by_region()[PHX]["ListInstancePools"] == 3
    assert {row["region"] for row in ran.result["new_volumes"]["sources"]} == {IAD}
