# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fours: check, run, run again, check again, for replicas, node pools and instance pools, each way between
Oracle-managed, one key and another, under each setting that can make a difference to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from integration.support import node_pool_keys
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import instance_configuration_kms_key, replica_kms_key
from simulator.client import Simulator

HERE = {"region": "us-ashburn-1", "compartment": "prod"}
LOOKING_UP = {"SearchResources", "GetVault", "GetKey", "ListKeyVersions", "ListVaults", "ListVaultReplicas"}
"""How often these are asked for a key depends on settings about vaults, which tests of keys have."""
Rows = dict[str, list[dict[str, Any]]]


def _replicated(section: str) -> Callable[[str | None], Rows]:
    def rows(key: str | None) -> Rows:
        there = [{"region": "us-phoenix-1", "name": "there"} | ({"key": key} if key else {})]
        if section == "volume_groups":
            return {section: [{"name": "it", **HERE, "volumes": [], "replicas": there}]}
        return {section: [volumes(1, name="it", replicas=there)]}

    return rows


def _node_pool(key: str | None) -> Rows:
    return {"node_pools": [{"name": "it-1", **HERE} | ({"key": key} if key else {})]}


def _instance_pool(key: str | None) -> Rows:
    keyed = {"key": key, "volumes": [{"key": key}]} if key else {"volumes": [{}]}
    return {
        "instance_configurations": [{"name": "web", **HERE} | keyed],
        "instance_pools": [{"name": "it-1", **HERE, "configuration": "web"}],
    }


def _key_of_replica(row: Mapping[str, Any]) -> str | None:
    (replica,) = next(
        row[name] for name in ("blockVolumeReplicas", "bootVolumeReplicas", "volumeGroupReplicas") if name in row
    )
    return replica["kmsKeyId"] or None


def _own_key(row: Mapping[str, Any]) -> str | None:
    return row["kmsKeyId"] or None


ALWAYS: list[dict[str, Any]] = [
    {},
    {"oracle_managed_field": "absent"},
    {"oracle_managed_field": "empty"},
    {"etag_stable": "off"},
    {"unusable_key_code": "400"},
]
OF_REPLICAS: list[dict[str, Any]] = [
    *ALWAYS,
    {"replica_key_omitted": "removed"},
    {"replicas_of_a_source": "several"},
    {"vault_get_in_replica_region": "not_found"},
    {"search_finds_replica_keys": "off"},
    {"replica_vault_get_key": "refused"},
    {"list_without_compartment": "refused"},
]
OF_NODE_POOLS: list[dict[str, Any]] = [
    *ALWAYS,
    {"node_pool_transition": "immediate"},
    {"node_pool_key_visible": "at_once"},
    {"node_pool_list_details": "no_key"},
    {"node_pool_list_details": "absent"},
    {"node_pool_key_with_cycling": "accepted"},
]
OF_INSTANCE_POOLS: list[dict[str, Any]] = [
    *ALWAYS,
    {"busy_pool_update": "accepted"},
    {"configuration_key_checked": "on"},
]


@dataclass(frozen=True)
class Kind:
    """What is changed, by which task, with its exact reads and writes."""

    main: Callable[[], None]
    ids: str
    rows: Callable[[str | None], Rows]
    key_of: Callable[[Mapping[str, Any]], str | None]
    reads: Mapping[str, int]
    writes: Mapping[str, int]
    switches: list[dict[str, Any]]
    keys: tuple[str, str] = ("key-a", "key-b")
    name: str = "it-1"


def _replica(section: str, noun: str, ids: str = "volume_ids", name: str = "it-1") -> Kind:
    return Kind(
        main=replica_kms_key.main,
        ids=ids,
        rows=_replicated(section),
        key_of=_key_of_replica,
        reads={f"Get{noun}": 1},
        writes={f"Update{noun}": 1},
        switches=OF_REPLICAS,
        keys=("key-phx", "key-everywhere"),
        name=name,
    )


KINDS = {
    "replica of a volume": _replica("volumes", "Volume"),
    "replica of a boot volume": _replica("boot_volumes", "BootVolume"),
    "replica of a group": _replica("volume_groups", "VolumeGroup", "volume_group_ids", "it"),
    "node pool": Kind(
        main=node_pool_keys.main,
        ids="node_pool_ids",
        rows=_node_pool,
        key_of=_own_key,
        reads={"GetNodePool": 1},
        writes={"UpdateNodePool": 1},
        switches=OF_NODE_POOLS,
    ),
    "instance pool": Kind(
        main=instance_configuration_kms_key.main,
        ids="instance_pool_ids",
        rows=_instance_pool,
        key_of=_own_key,
        reads={"GetInstancePool": 1, "GetInstanceConfiguration": 1},
        writes={"CreateInstanceConfiguration": 1, "UpdateInstancePool": 1},
        switches=OF_INSTANCE_POOLS,
    ),
}
WAYS = {
    "first": (None, 0, "assign"),
    "changed": (0, 1, "assign"),
    "removed": (0, None, "remove"),
    "none": (None, None, "none"),
    "right": (0, 0, "none"),
}


def _cases() -> Iterator[Any]:
    for name, kind in KINDS.items():
        for way in WAYS:
            for switches in kind.switches:
                shown = ",".join(map("=".join, switches.items()))
                yield pytest.param(kind, way, switches, id=f"{name}-{way}-{shown}")


def _reads(ran: Ran) -> dict[str, int]:
    return {name: count for name, count in ran.calls.items() if name not in LOOKING_UP}


def _diff(ran: Ran) -> dict[str, Any]:
    """But for the configuration that a pool will have, which check mode does not know."""
    rows = {when: next(iter(found.values()), {}) for when, found in ran.result["diff"].items()}
    return {
        when: {name: value for name, value in row.items() if name != "configuration_id"} for when, row in rows.items()
    }


@pytest.mark.parametrize(("kind", "way", "switches"), list(_cases()))
def test_check_run_run_again_check_again(sim: Simulator, kind: Kind, way: str, switches: dict[str, Any]) -> None:
    former, desired, action = WAYS[way]
    was = None if former is None else kind.keys[former]
    # In place, a key is only removed where the service takes an entry without one as an entry to have none.
    takes = {"replica_key_omitted": "removed"} if desired is None and kind.main is replica_kms_key.main else {}
    furnish(sim, {**takes, **switches}, **kind.rows(was))
    resource_id = sim.id(kind.name)
    former_id, wanted_id = (None if one is None else sim.id(kind.keys[one]) for one in (former, desired))
    task = {kind.ids: [resource_id], **({"kms_key_id": wanted_id} if wanted_id else {"state": "absent"})}

    checked = run(kind.main, sim, check=True, **task)
    assert _reads(checked) == kind.reads
    assert kind.key_of(sim.resource(resource_id)) == former_id
    ran = run(kind.main, sim, **task)
    again = run(kind.main, sim, **task)
    checked_again = run(kind.main, sim, check=True, **task)

    changes = action != "none"
    steps = (checked, ran, again, checked_again)
    assert not any(step.failed for step in steps), [step.msg for step in steps]
    assert [step.changed for step in steps] == [changes, changes, False, False]
    assert ran.writes == (kind.writes if changes else {})
    assert set(_reads(ran)) <= {*kind.reads, *kind.writes, *_OF_A_CHANGE}
    assert _reads(again) == _reads(checked_again) == kind.reads
    assert kind.key_of(sim.resource(resource_id)) == wanted_id
    assert sim.needless_puts == 0
    for step in (checked, ran):
        assert (step.only["action"], step.only["previous_kms_key_id"]) == (action, former_id)
        assert step.only["kms_key_id"] == wanted_id
        assert _diff(step) == _diff(checked)
    for step in (again, checked_again):
        assert (step.only["action"], step.only["kms_key_id"]) == ("none", wanted_id)
        assert step.result["diff"] == {"before": {}, "after": {}}


# Copies of a configuration that there are already are looked for before another one is made.
_OF_A_CHANGE = {"ListInstanceConfigurations"}


@pytest.mark.parametrize("setting", ["ignored", "refused"])
@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith("replica")])
@pytest.mark.parametrize("way", ["first", "changed", "removed"])
def test_replicas_that_are_made_again(sim: Simulator, name: str, way: str, setting: str) -> None:
    """Where the service leaves the key, an update tries that, one deletes the replica, and one makes it."""
    kind, (former, desired, _action) = KINDS[name], WAYS[way]
    furnish(sim, {"replica_key_change": setting}, **kind.rows(None if former is None else kind.keys[former]))
    resource_id = sim.id(kind.name)
    wanted_id = None if desired is None else sim.id(kind.keys[desired])
    task = {kind.ids: [resource_id], "recreate": True} | (
        {"kms_key_id": wanted_id} if wanted_id else {"state": "absent"}
    )

    steps = [run(kind.main, sim, check=check, **task) for check in (True, False, False, True)]

    assert not any(step.failed for step in steps), [step.msg for step in steps]
    assert [step.changed for step in steps] == [True, True, False, False]
    (write,) = kind.writes
    assert [step.writes for step in steps] == [{}, {write: 3}, {}, {}]
    assert kind.key_of(sim.resource(resource_id)) == wanted_id
