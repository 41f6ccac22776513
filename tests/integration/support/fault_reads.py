# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that only look: what they saw, what they say that they did not see, and whether it is true."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from integration.support.harness import run
from integration.support.rekey_helpers import IAD, keys_in_place

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import BlockVolumeKeyError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery import shards as _shards
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info, kms_key_info
from simulator.client import Simulator

Seen = Mapping[Any, Any]


@dataclass(frozen=True)
class Told:
    """``seen`` are facts by what they are of, ``gaps`` why others were not seen, ``failure`` why nothing was."""

    printed: str
    seen: Seen = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    failure: str | None = None


@dataclass(frozen=True)
class Look:
    """``look`` runs it, given how long to wait and how often to try; ``is_true`` compares with what there is."""

    look: Callable[..., Told]
    is_true: Callable[[Simulator, Seen], None]


def find_assignments(**options: Any) -> Look:
    def look(sim: Simulator, **how: Any) -> Told:
        ran = run(key_assignment_info.main, sim, **options, **how)
        if ran.failed:
            return Told(ran.printed, failure=ran.msg)
        seen = {
            (entry["type"], entry["id"]): (entry["asset_id"], entry["kms_key_id"])
            for entry in map(_full, ran.resources)
        }
        gaps = tuple(place["code"] for place in ran.result["unreadable"])
        assert ran.result["complete"] is not bool(gaps)
        return Told(ran.printed, seen, gaps)

    def is_true(sim: Simulator, seen: Seen) -> None:
        truth = keys_in_place(sim)
        for (kind, name), (asset, key) in seen.items():
            if kind == "replica":
                assert key == sim.id("key-fra")
            else:
                assert truth[kind, asset or name] == key, name

    return Look(look, is_true)


def find_new_volumes(**options: Any) -> Look:
    """What new volumes are born with: everything has one key, so none may be said to have the Oracle-managed one."""

    def look(sim: Simulator, **how: Any) -> Told:
        ran = run(key_assignment_info.main, sim, new_volumes=True, **options, **how)
        if ran.failed:
            return Told(ran.printed, failure=ran.msg)
        section = ran.result["new_volumes"]
        places = [*ran.result["unreadable"], *section["unreadable"]]
        assert section["complete"] is not bool(section["unreadable"])
        seen: dict[tuple[str, str], Any] = {}
        for source in section["sources"]:
            if source["unknown"] is None:
                seen[source["id"], "keys"] = tuple(volume["kms_key_id"] for volume in source["volumes"])
            seen.update(((pool["id"], "configuration"), source["id"]) for pool in source["pools"])
        return Told(ran.printed, seen, tuple(place["code"] for place in places))

    def is_true(sim: Simulator, seen: Seen) -> None:
        truth = {one["id"]: one["instanceConfigurationId"] for one in sim.resources("instance_pool")}
        for (name, fact), value in seen.items():
            assert value == (truth[name] if fact == "configuration" else (sim.id("key-b"),))

    return Look(look, is_true)


def find_attachments(**options: Any) -> Look:
    """Which instances have the volumes, all of which are attached: none may be said to be attached to nothing."""

    def look(sim: Simulator, **how: Any) -> Told:
        ran = run(key_assignment_info.main, sim, attachments=True, **options, **how)
        if ran.failed:
            return Told(ran.printed, failure=ran.msg)
        section = ran.result["scanned"]["attachments"]
        places = [*ran.result["unreadable"], *section["unreadable"]]
        assert section["complete"] is not bool(section["unreadable"])
        seen: dict[tuple[str, str], Any] = {}
        for entry in ran.resources:
            if entry["attachments"]["state"] != "unknown":
                seen[entry["id"], "instances"] = tuple(one["id"] for one in entry["attachments"]["instances"])
            for one in entry["attachments"]["instances"]:
                if one["display_name"] is not None:
                    seen[entry["id"], "name"] = one["display_name"]
        return Told(ran.printed, seen, tuple(place["code"] for place in places))

    def is_true(sim: Simulator, seen: Seen) -> None:
        truth = {volume: one for one in sim.resources("instance") for volume in one["volumeIds"]}
        for (volume, fact), value in seen.items():
            assert value == ((truth[volume]["id"],) if fact == "instances" else truth[volume]["name"])

    return Look(look, is_true)


def _full(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"asset_id": None, **entry}


def tell_about_key(key: str) -> Look:
    """A key that could not be looked at is a gap, whose code is that of the answer, or NoAnswer."""

    def look(sim: Simulator, **how: Any) -> Told:
        ran = run(kms_key_info.main, sim, kms_key_ids=[key], **how)
        if ran.failed:
            return Told(ran.printed, failure=ran.msg)
        (entry,) = ran.result["keys"]
        seen = {key: (entry["lifecycle_state"], entry["algorithm"])} if entry["usable"] else {}
        gaps = tuple(f"NoAnswer: {it}" if "got no valid response" in it else it for it in entry["problems"])
        return Told(ran.printed, seen, gaps)

    def is_true(sim: Simulator, seen: Seen) -> None:
        assert seen == {key: ("ENABLED", "AES")}

    return Look(look, is_true)


def find_shards() -> Look:
    """What the inventory plugin does between its options and its hosts."""

    def look(sim: Simulator, *, retry: ReadRetry, timeout: tuple[float, float], **_how: Any) -> Told:
        sim.reset_counts()
        try:
            connection = connect(resolve_connection({}, os.environ), retry=retry, timeout=timeout)
            found = _shards.find_shards(
                connection, [sim.id("prod"), sim.id("security")], recursive=False, regions=[IAD]
            )
        except BlockVolumeKeyError as error:
            return Told(str(error), failure=str(error))
        seen = {shard.compartment_id: shard.region for shard in found.shards if shard.error is None}
        return Told(str(found), seen, tuple(str(shard.error) for shard in found.shards if shard.error))

    def is_true(sim: Simulator, seen: Seen) -> None:
        assert seen == {sim.id("prod"): IAD}

    return Look(look, is_true)
