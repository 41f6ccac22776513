# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small tenancies in which the product makes each of its calls, and the tasks that lead it to do so.

What a task names are ``named-1`` and so on; ``other-1`` is there to be left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integration.support.fault_reads import (
    Look,
    find_assignments,
    find_attachments,
    find_new_volumes,
    find_shards,
    tell_about_key,
)
from integration.support.fleets import tenancy, volumes
from integration.support.harness import furnish
from integration.support.model_requests import (
    BACKUP,
    COPY,
    INSTANCE_POOL,
    NODE_POOL,
    POLICY,
    REPLICA,
    REPLICA_OF_GROUP,
    VOLUME,
    Ask,
    Module,
)
from integration.support.rekey_helpers import FRA, IAD, PHX

from simulator.client import Simulator

SETTLE = {"settle": 0.02, "copy_settle": 0.02}
FEW, LISTED, PAGED = 2, 7, 14
"""How many are named: so few that each is read by itself, so many that they are listed, or even from a second page."""
_FILLING = 101
_TO_PHX = {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX}
_KEPT = {"retention_period": {"unit": "DAYS", "amount": 30}, "is_prevent_deletion_enabled": True}

Rows = Mapping[str, Any]
Task = Ask | Look


@dataclass(frozen=True)
class Scenario:
    """``rows`` makes the fleet, by whether lists are to have a second page, and ``task`` what is asked for in it.

    ``lagging`` are the kinds of the named resources that were changed lately, where lists are to be out of date.
    """

    rows: Callable[[bool], Rows]
    task: Callable[[Simulator, int], Task]
    named: int = FEW
    lagging: tuple[str, ...] = ()
    switches: tuple[tuple[str, Any], ...] = ()
    hinders: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Operations that are refused in any case, and how."""

    def furnish(self, sim: Simulator, *, paged: bool = False, lagging: bool = False) -> None:
        furnish(sim, {**SETTLE, **dict(self.switches)}, **self.rows(paged))
        for kind in self.lagging if lagging else ():
            for row in sim.resources(kind):
                if row["name"].startswith("named-"):
                    sim.change(row["id"], **_changed(kind))

    def ask(self, sim: Simulator, *, paged: bool = False) -> Task:
        return self.task(sim, PAGED if paged and self.named == LISTED else self.named)


def _changed(kind: str) -> dict[str, str]:
    return {"display_name": "renamed"} if kind.startswith("volume_group") else {"key": "key-everywhere"}


def _ids(sim: Simulator, kind: str, count: int) -> tuple[str, ...]:
    return tuple(sim.id(f"{kind}:named-{number}") for number in range(1, count + 1))


def _fleet(section: str, named: int, paged: bool, **fields: Any) -> list[dict[str, Any]]:
    """The named ones are the oldest, which lists show last."""
    count = PAGED if paged and named == LISTED else named
    rows = [volumes(count, name="named", **fields), volumes(1, name="other", **fields)]
    if paged:
        rows.append(volumes(_FILLING, name="filling", **fields))
    if section.endswith("_backups"):
        rows[0].update(_KEPT)
    return rows


def keys_of_volumes(kind: str, named: int = FEW, *, state: str = "present", validated: bool = False) -> Scenario:
    """Volumes or boot volumes leave a key, most without its being validated, which is a matter of other scenarios."""
    more = () if validated else (("validate_key", False),)

    def task(sim: Simulator, count: int) -> Ask:
        key = sim.id("key-a") if state == "present" else None
        return Ask(VOLUME, _ids(sim, kind, count), key, state, more=more)

    return Scenario(
        rows=lambda paged: {f"{kind}s": _fleet(f"{kind}s", named, paged, key="key-b")},
        task=task,
        named=named,
        lagging=(kind,),
    )


def keys_of_backups(kind: str, named: int = FEW) -> Scenario:
    return Scenario(
        rows=lambda paged: {f"{kind}s": _fleet(f"{kind}s", named, paged, key="key-b")},
        task=lambda sim, count: Ask(BACKUP, _ids(sim, kind, count), sim.id("key-a"), more=(("validate_key", False),)),
        named=named,
        lagging=(kind,),
    )


def _groups_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Two volume groups, with a backup of each of them and of its one member."""
    names = [f"named-{number}" for number in range(1, FEW + 1)]
    base = {"region": IAD, "compartment": "prod"}
    return {
        "volumes": [volumes(FEW)],
        "volume_groups": [
            {"name": name, **base, "volumes": [f"volume-{number}"]} for number, name in enumerate(names, start=1)
        ],
        "volume_group_backups": [{"name": name, "of": name} for name in names],
        "volume_backups": [
            {"name": f"member-{number}", "of": f"volume-{number}", "group_backup": name} | dict(fields)
            for number, name in enumerate(names, start=1)
        ],
    }


def keys_of_group_backups() -> Scenario:
    def task(sim: Simulator, count: int) -> Ask:
        ids = _ids(sim, "volume_group_backup", count)
        return Ask(BACKUP, ids, sim.id("key-a"), more=(("validate_key", False),))

    return Scenario(rows=lambda paged: _groups_of({"key": "key-b", **_KEPT}), task=task)


def policies(
    kind: str = "volume",
    named: int = FEW,
    *,
    has: str | None = "no key",
    state: str = "present",
    given: bool = True,
    switches: tuple[tuple[str, Any], ...] = (),
) -> Scenario:
    """A policy with a key for its copies. ``has`` is what is assigned before: None, or a key's name or "no key"."""

    def rows(paged: bool) -> Rows:
        count = PAGED if paged and named == LISTED else named
        if kind == "volume_group":
            rest = range(1, _FILLING + 1) if paged else ()
            names = [f"named-{n}" for n in range(1, count + 1)] + ["other-1"] + [f"filling-{n}" for n in rest]
            fleet: dict[str, Any] = {
                "volumes": [volumes(len(names))],
                "volume_groups": [
                    {"name": name, "region": IAD, "compartment": "prod", "volumes": [f"volume-{number}"]}
                    for number, name in enumerate(names, start=1)
                ],
            }
        else:
            fleet = {f"{kind}s": _fleet(f"{kind}s", named, paged)}
        assigned = {"asset": "named-{n}", "count": count, "policy": "to-phx"}
        if has not in (None, "no key"):
            assigned["key"] = has
        there = [] if has is None else [assigned]
        return {**fleet, "volume_backup_policies": [_TO_PHX], "policy_assignments": there}

    def task(sim: Simulator, count: int) -> Ask:
        key = sim.id("key-phx") if state == "present" else None
        policy = sim.id("volume_backup_policy:to-phx") if given else None
        return Ask(POLICY, _ids(sim, kind, count), key, state, policy, more=(("validate_key", False),))

    return Scenario(rows, task, named, lagging=(kind,) if kind == "volume_group" else (), switches=switches)


def replicas_of(kind: str, **switches: Any) -> Scenario:
    """Sources whose replicas in Phoenix get another key; with switches that forbid it in place, by being made again."""
    there = [{"region": PHX, "key": "key-everywhere"}]

    def rows(paged: bool) -> Rows:
        if kind != "volume_group":
            return {f"{kind}s": _fleet(f"{kind}s", FEW, False, replicas=there)}
        base = {"region": IAD, "compartment": "prod", "replicas": there}
        names = [*(f"named-{number}" for number in range(1, FEW + 1)), "other-1"]
        groups = [{"name": name, **base, "volumes": [f"volume-{n}"]} for n, name in enumerate(names, start=1)]
        return {"volumes": [volumes(len(names))], "volume_groups": groups}

    def task(sim: Simulator, count: int) -> Ask:
        more = (("validate_key", False), ("recreate", bool(switches)))
        module = REPLICA_OF_GROUP if kind == "volume_group" else REPLICA
        return Ask(module, _ids(sim, kind, count), sim.id("key-phx"), more=more)

    return Scenario(rows, task, switches=tuple(switches.items()))


def keys_of_pools(kind: str, module: Module) -> Scenario:
    """Node pools, or instance pools that share a configuration, of which new nodes or instances get another key."""

    def rows(paged: bool) -> Rows:
        base = {"region": IAD, "compartment": "prod"}
        more = {"configuration": "shared"} if module is INSTANCE_POOL else {"key": "key-b"}
        pools = [{"name": "named-{n}", "count": FEW, **base, **more}, {"name": "other-1", **base, **more}]
        shared = [{"name": "shared", "key": "key-b", "volumes": [{"key": "key-b"}], **base}]
        filling = [{"name": "filling-{n}", "count": _FILLING, **base}] if paged else []
        return {f"{kind}s": pools, "instance_configurations": [*shared, *filling]}

    def task(sim: Simulator, count: int) -> Ask:
        return Ask(module, _ids(sim, kind, count), sim.id("key-a"), more=(("validate_key", False),))

    return Scenario(rows, task)


NODE_POOLS = keys_of_pools("node_pool", NODE_POOL)
INSTANCE_POOLS = keys_of_pools("instance_pool", INSTANCE_POOL)


def copies(kind: str, *, there: bool = False) -> Scenario:
    """Copies of backups in Phoenix; ``there``: on another key already, so that they are only put on theirs."""

    def rows(paged: bool) -> Rows:
        dead = {"region": PHX, "compartment": "prod", "state": "FAULTY"}
        if kind == "volume_group_backup":
            fleet = _groups_of({"key": "key-a"})
            if paged:
                fleet["volume_group_backups"].append({"name": "dead-{n}", "count": _FILLING, **dead})
            return fleet
        section = f"{kind}s"
        fleet = {section: _fleet(section, FEW, False, key="key-a")}
        existing = {"region": PHX, "compartment": "prod", "source": "named-{n}", "key": "key-everywhere"}
        if there:
            fleet[section].append({"name": "copy-{n}", "count": FEW, **existing})
        if paged:
            fleet[section].append({"name": "dead-{n}", "count": _FILLING, "source": "named-1", **dead})
        return fleet

    def task(sim: Simulator, count: int) -> Ask:
        more = (("validate_key", False),)
        return Ask(COPY, _ids(sim, kind, count), sim.id("key-phx"), destination=PHX, more=more)

    return Scenario(rows, task)


def key_validation(key: str = "key-a", region: str = IAD, **switches: Any) -> Scenario:
    """Two volumes on the Oracle-managed key get one that is looked at before."""
    return Scenario(
        rows=lambda paged: {
            "volumes": _fleet("volumes", FEW, False, region=region),
            "keys": _keys(versions=_FILLING if paged else 1),
        },
        task=lambda sim, count: Ask(VOLUME, _ids(sim, "volume", count), sim.id(key)),
        switches=tuple(switches.items()),
    )


def _keys(versions: int) -> list[dict[str, Any]]:
    return [{**row, "versions": versions} if row["name"] == "key-a" else row for row in tenancy()["keys"]]


def key_info() -> Scenario:
    return Scenario(
        rows=lambda paged: {"keys": _keys(versions=_FILLING if paged else 1)},
        task=lambda sim, count: tell_about_key(sim.id("key-a")),
    )


def discovery(
    *types: str,
    switches: tuple[tuple[str, Any], ...] = (),
    hinders: tuple[tuple[str, Mapping[str, Any]], ...] = (),
    many_compartments: bool = False,
    everywhere: bool = False,
    **options: Any,
) -> Scenario:
    """Some of everything in one compartment, half of it on a key; without ``everywhere`` this one is looked into."""

    def task(sim: Simulator, count: int) -> Look:
        scope = {} if everywhere else {"compartment_ids": [sim.id("prod")]}
        return find_assignments(**{"resource_types": list(types), **scope, **options})

    return Scenario(
        rows=lambda paged: dict(_some_of_everything(types, paged, many_compartments)),
        task=task,
        lagging=tuple(kind for kind in (*types, "volume_group") if kind not in ("replica", "policy_assignment")),
        switches=switches,
        hinders=hinders,
    )


def _some_of_everything(types: tuple[str, ...], paged: bool, many_compartments: bool) -> Iterator[tuple[str, Any]]:
    count = _FILLING if paged and not many_compartments else FEW
    replicas = [{"region": FRA, "key": "key-fra"}]
    yield "volumes", [volumes(count, name="named", key="key-b", replicas=replicas if "replica" in types else None)]
    yield "boot_volumes", [volumes(count, name="named", key="key-b", replicas=replicas if "replica" in types else None)]
    yield "volume_backups", [volumes(count, name="named", key="key-b")]
    yield "boot_volume_backups", [volumes(count, name="named", key="key-b")]
    if "replica" in types:
        group = {"region": IAD, "compartment": "prod", "volumes": [], "replicas": replicas}
        yield "volume_groups", [{"name": f"named-{number}", **group} for number in range(1, count + 1)]
    if "policy_assignment" in types:
        groups = range(1, count + 1)
        yield (
            "volume_groups",
            [{"name": f"named-{n}", "region": IAD, "compartment": "prod", "volumes": []} for n in groups],
        )
        yield "volume_backup_policies", [_TO_PHX]
        # Groups are asked first, and the youngest of them before the others.
        assets = (f"volume_group:named-{count}", "volume:named-1")
        yield "policy_assignments", [{"asset": asset, "policy": "to-phx", "key": "key-phx"} for asset in assets]
    if paged and many_compartments:
        more = [{"name": f"compartment-{n}", "state": "DELETED"} for n in range(1, 1001)]
        yield "compartments", [*tenancy()["compartments"], *more]


def attachments(kind: str) -> Scenario:
    """An instance for each volume or boot volume, in a region with a single availability domain."""

    def rows(paged: bool) -> Rows:
        count = _FILLING if paged else FEW
        place = {"region": IAD, "compartment": "prod"}
        return {
            "regions": [{"name": IAD, "availability_domains": 1}, PHX, FRA],
            f"{kind}s": [volumes(count, name="named", key="key-b")],
            "instances": [
                {"name": f"host-{n}", **place, "volumes": [f"{kind}:named-{n}"]} for n in range(1, count + 1)
            ],
        }

    return Scenario(
        rows=rows,
        task=lambda sim, count: find_attachments(resource_types=[kind], compartment_ids=[sim.id("prod")]),
    )


def new_volumes(section: str, *, lists_show_keys: bool = True) -> Scenario:
    """Configurations, pools of one configuration, or node pools."""

    def rows(paged: bool) -> Rows:
        many = {"name": "named-{n}", "count": _FILLING if paged else FEW, "region": IAD, "compartment": "prod"}
        one = {"name": "one", "region": IAD, "compartment": "prod", "key": "key-b"}
        more = {"configuration": "one"} if section == "instance_pools" else {"key": "key-b"}
        found: Rows = {"instance_configurations": [one]}
        return {**found, section: [*found.get(section, []), {**many, **more}]}

    return Scenario(
        rows=rows,
        task=lambda sim, count: find_new_volumes(resource_types=["volume"], compartment_ids=[sim.id("prod")]),
        switches=(("node_pool_list_details", "shown" if lists_show_keys else "no_key"),),
    )


def shards() -> Scenario:
    return Scenario(
        rows=lambda paged: {"boot_volumes": [volumes(_FILLING if paged else FEW, name="named", key="key-b")]},
        task=lambda sim, count: find_shards(),
    )
