# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new volumes are born with, as a report has it: by key, by pool, and what is not known. Pure.

A pool is judged by the worst volume that it creates. Configurations that no pool uses create nothing by themselves, so
no check is about them; they are listed, and a key that one of them names is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .._common.quantities import plural
from .._common.text import shorten
from .._documents.keys_file import ReportedKeyRow
from .._model.new_volumes import (
    NewVolumes,
    SourceRow,
    keys_of,
    name_of,
    pool_count,
    uses_key,
)
from .._model.resource_types import INSTANCE_CONFIGURATION, INSTANCE_POOL, NODE_POOL, RESOURCE_TYPES
from .checks import MET, NOT_MET, UNKNOWN
from .key_use import CONDITIONS, DANGEROUS, NOT_READABLE, condition
from .report_csv import csv_table
from .scope import compartment_paths

NO_VOLUMES = "no_volumes"
"""The state of what creates no volumes: its instances boot from volumes that are there already."""

_MOST_LINES = 10
_NAMED = 3
_NAME_LENGTH = 60
_ORACLE = "the Oracle-managed key"


class KeyRow(TypedDict):
    """How many pools hand a key on to new volumes, and how many configurations that no pool uses name it.

    Key None is the Oracle-managed one, which has no condition.
    """

    kms_key_id: str | None
    display_name: str | None
    condition: str | None
    instance_pools: int
    node_pools: int
    unused_configurations: int


class ReportedNewVolumes:
    """The section of a report, and what follows from it. ``section`` is None if nobody looked."""

    def __init__(self, found: NewVolumes | None, keys: Sequence[ReportedKeyRow]) -> None:
        self._found = found
        self._keys = {(row["id"], row["region"]): row for row in keys}
        self._sources = [] if found is None else found["sources"]

    @property
    def section(self) -> dict[str, Any] | None:
        if self._found is None:
            return None
        return {
            "complete": self.is_complete,
            "unreadable": self._found["unreadable"],
            "by_key": self._by_key(),
            "sources": [{**source, "state": self._state(source)} for source in self._sources],
        }

    @property
    def is_complete(self) -> bool:
        """Whether everything was read that a discovery looks at. False if nobody looked."""
        return self._found is not None and self._found["complete"]

    @property
    def states(self) -> dict[str, str] | None:
        """The state of each pool that creates volumes, by its OCID; None if nobody looked."""
        if self._found is None:
            return None
        return {
            name: state
            for source in self._sources
            if (state := self._state(source)) != NO_VOLUMES
            for name in _pool_ids(source)
        }

    def unknowns(self) -> list[str]:
        """What is not known, in sentences."""
        if self._found is None:
            return []
        found = []
        places = len(self._found["unreadable"])
        if places:
            found.append(
                f"{plural(places, 'place')} with instance configurations, instance pools or node pools could not be "
                "read, so what some new volumes are born with is unknown."
            )
        elif not self.is_complete:
            found.append("Not everywhere was looked at what new volumes are born with, so it is unknown of some.")
        unknown = [source for source in self._sources if source["unknown"] is not None and pool_count(source)]
        if unknown:
            pools = sum(map(pool_count, unknown))
            first = unknown[0]
            found.append(
                f"Which volumes {plural(pools, 'pool')} will create is unknown: {_name(first)}, {first['unknown']}."
            )
        unread = [source for source in self._sources if pool_count(source) and self._has(source, (NOT_READABLE,))]
        if unread:
            pools = sum(map(pool_count, unread))
            found.append(
                f"{plural(pools, 'pool')} will create volumes on keys that could not be read: "
                f"{self._names(unread, (NOT_READABLE,))}. Whether they can is unknown."
            )
        return found

    def concerns(self) -> list[str]:
        """What is wrong, in sentences, the worst first."""
        found = []
        failing = [source for source in self._sources if pool_count(source) and self._has(source, DANGEROUS)]
        if failing:
            pools = sum(map(pool_count, failing))
            found.append(
                f"{plural(pools, 'pool')} will create volumes on keys that can't be used, or not for long "
                f"({self._names(failing, DANGEROUS)})."
            )
        oracle = sum(pool_count(source) for source in self._sources if None in keys_of(source))
        if oracle:
            found.append(f"{plural(oracle, 'pool')} will create volumes on {_ORACLE}.")
        return found

    def failing(self) -> list[dict[str, Any]]:
        """What creates volumes on keys that fail, with these keys."""
        return [
            {**source, "wrong_kms_key_ids": wrong}
            for source in self._sources
            if pool_count(source) and (wrong := self._wrong_keys(source))
        ]

    def _wrong_keys(self, source: SourceRow) -> list[str | None]:
        return [key for key in keys_of(source) if key is None or self._condition(key, source["region"]) in DANGEROUS]

    def _state(self, source: SourceRow) -> str:
        if self._wrong_keys(source):
            return NOT_MET
        if source["unknown"] is not None or self._has(source, (NOT_READABLE,)):
            return UNKNOWN
        return MET if source["volumes"] else NO_VOLUMES

    def _has(self, source: SourceRow, conditions: Sequence[str]) -> bool:
        return any(self._condition(key, source["region"]) in conditions for key in keys_of(source) if key is not None)

    def _condition(self, kms_key_id: str, region: str) -> str:
        return condition(self._keys.get((kms_key_id, region)))

    def _names(self, sources: Sequence[SourceRow], conditions: Sequence[str]) -> str:
        """The keys with these conditions, by name."""
        found = [
            self._display_name(key) or key
            for source in sources
            for key in keys_of(source)
            if key is not None and self._condition(key, source["region"]) in conditions
        ]
        names = [shorten(name, _NAME_LENGTH) for name in dict.fromkeys(found)]
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    def _display_name(self, kms_key_id: str) -> str | None:
        names = (row["display_name"] for (key, _region), row in self._keys.items() if key == kms_key_id)
        return next((name for name in names if name), None)

    def _by_key(self) -> list[KeyRow]:
        """The Oracle-managed key first, then those that most pools hand on."""
        places: dict[str | None, list[SourceRow]] = {}
        for source in self._sources:
            for key in keys_of(source):
                places.setdefault(key, []).append(source)
        rows = [self._key_row(key, sources) for key, sources in places.items()]
        return sorted(
            rows,
            key=lambda row: (
                row["kms_key_id"] is not None,
                -row["instance_pools"] - row["node_pools"],
                row["kms_key_id"] or "",
            ),
        )

    def _key_row(self, kms_key_id: str | None, sources: Sequence[SourceRow]) -> KeyRow:
        conditions = [] if kms_key_id is None else [self._condition(kms_key_id, one["region"]) for one in sources]
        return {
            "kms_key_id": kms_key_id,
            "display_name": None if kms_key_id is None else self._display_name(kms_key_id),
            "condition": min(conditions, key=CONDITIONS.index, default=None),
            "instance_pools": sum(len(source["pools"]) for source in sources),
            "node_pools": sum(source["type"] == NODE_POOL for source in sources),
            "unused_configurations": sum(not pool_count(source) for source in sources),
        }


def merged_new_volumes(scans: Iterable[NewVolumes | None]) -> NewVolumes | None:
    """What several discoveries found, each source once with the pools that any of them saw; None if none looked."""
    all_scans = list(scans)
    looked = [one for one in all_scans if one is not None]
    if not looked:
        return None
    sources: dict[tuple[str, str], SourceRow] = {}
    for source in (source for one in looked for source in one["sources"]):
        place = (source["region"], source["id"])
        known = sources.get(place)
        sources[place] = source if known is None else _merged(known, source)
    return {
        "complete": len(looked) == len(all_scans) and all(one["complete"] for one in looked),
        "unreadable": [place for one in looked for place in one["unreadable"]],
        "sources": [sources[place] for place in sorted(sources)],
    }


def _merged(one: SourceRow, other: SourceRow) -> SourceRow:
    """What is known of it counts, and if both know it, what the second says."""
    first, second = (one, other) if other["unknown"] is None else (other, one)
    pools = {pool["id"]: pool for pool in (*first["pools"], *second["pools"])}
    return {**second, "pools": [pools[name] for name in sorted(pools)]}


def uses_of(kms_key_id: str, found: NewVolumes | None) -> Iterable[dict[str, Any]]:
    """Configurations and node pools that hand a key on, and the pools that use such a configuration.

    Each as a retirement lists uses: a key is in use also if nothing but a configuration names it.
    """
    for source in () if found is None else found["sources"]:
        if uses_key(source, kms_key_id):
            yield _use(source, source["type"], source, None)
            for pool in source["pools"]:
                yield _use(pool, INSTANCE_POOL, source, source["id"])


def _use(row: Mapping[str, Any], kind: str, source: SourceRow, of: str | None) -> dict[str, Any]:
    return {
        "id": row["id"],
        "type": kind,
        "region": source["region"],
        "compartment_id": row["compartment_id"],
        "display_name": row["display_name"],
        "lifecycle_state": row["lifecycle_state"],
        "of": of,
    }


def gaps(found: NewVolumes | None) -> list[str]:
    """Why uses of any key by what creates new volumes may have been missed."""
    if found is None:
        return ["not looked at what new volumes are born with (option new_volumes)"]
    if found["unreadable"]:
        return [
            f"{plural(len(found['unreadable']), 'place')} with instance configurations, instance pools or node pools "
            "could not be read"
        ]
    unknown = sum(source["unknown"] is not None for source in found["sources"])
    gaps_found = []
    if unknown:
        which = "instance configuration or node pool" if unknown == 1 else "instance configurations or node pools"
        gaps_found.append(f"{unknown:,} {which} whose volumes are not all known")
    if not found["complete"]:
        gaps_found.append("new volumes were not looked at everywhere")
    return gaps_found


def new_volumes_lines(report: Mapping[str, Any]) -> list[str]:
    """Which pools will create volumes on which key, for the terminal; none if nobody looked."""
    section = report.get("new_volumes")
    if section is None:
        return []
    rows = [row for row in section["by_key"] if row["instance_pools"] + row["node_pools"]]
    lines = [key_sentence(row) for row in rows[:_MOST_LINES]]
    if len(rows) > _MOST_LINES:
        lines.append(f"... and {len(rows) - _MOST_LINES:,} more keys that pools hand on; see the report.")
    if not rows and section["complete"]:
        lines.append("No pool creates volumes.")
    return lines


def key_sentence(row: Mapping[str, Any]) -> str:
    """ "3 pools will create volumes on bank-key-2024 (2 instance pools, 1 node pool)." """
    counts = ((INSTANCE_POOL, row["instance_pools"]), (NODE_POOL, row["node_pools"]))
    pools = [RESOURCE_TYPES.count(kind, count) for kind, count in counts if count]
    name = _ORACLE if row["kms_key_id"] is None else row["display_name"] or row["kms_key_id"]
    if len(pools) == 1:
        return f"{pools[0]} will create volumes on {name}."
    if not pools:
        unused = RESOURCE_TYPES.count(INSTANCE_CONFIGURATION, row["unused_configurations"])
        return f"{unused} that no pool uses would create volumes on {name}."
    total = plural(row["instance_pools"] + row["node_pools"], "pool")
    return f"{total} will create volumes on {name} ({', '.join(pools)})."


CSV_COLUMNS = (
    "region",
    "type",
    "id",
    "display_name",
    "compartment_id",
    "compartment",
    "lifecycle_state",
    "state",
    "volume_type",
    "volume_name",
    "encryption",
    "kms_key_id",
    "key",
    "key_state",
    "copies_kms_key_id",
    "unknown",
    "pools",
    "pool_ids",
)


def new_volumes_csv(report: Mapping[str, Any]) -> str:
    """A line for each volume that a configuration or node pool creates, and one for each of which none is known."""
    paths = compartment_paths(report["evidence"]["scanned"])
    names = {key["id"]: key["display_name"] for key in report["keys"]}
    states = {(key["id"], key["region"]): key["lifecycle_state"] for key in report["keys"]}
    lines = []
    for source in report["new_volumes"]["sources"]:
        pools = source["pools"]
        for volume in source["volumes"] or [None]:
            key = volume and volume["kms_key_id"]
            row = {
                **source,
                "compartment": paths.get(source["compartment_id"] or ""),
                "volume_type": volume and volume["type"],
                "volume_name": volume and volume["display_name"],
                "encryption": volume and ("customer" if key else "oracle"),
                "kms_key_id": key,
                "key": names.get(key or ""),
                "key_state": (states.get((key, source["region"])) or "UNKNOWN") if key else None,
                "copies_kms_key_id": volume and volume["copies_kms_key_id"],
                "pools": ", ".join(name_of(pool) for pool in pools),
                "pool_ids": ", ".join(pool["id"] for pool in pools),
            }
            lines.append([row[name] for name in CSV_COLUMNS])
    return csv_table(CSV_COLUMNS, lines)


def volume_words(volume: Mapping[str, Any]) -> str:
    """ "boot volume", "block volume data" """
    if volume["type"] == "boot_volume":
        return "boot volume"
    return f"block volume {volume['display_name'] or ''}".strip()


def remedy(source: Mapping[str, Any]) -> str:
    """What to do for another key."""
    if source["type"] == NODE_POOL:
        return "Set its key with the role rekey, with node_pool in rekey_resource_types. New nodes get it."
    if source["pools"]:
        return (
            "A configuration can't be changed: copy it with the key and point its pools to the copy, with the module "
            "instance_configuration_kms_key."
        )
    return "No pool uses it. Delete it if nobody launches from it."


def _pool_ids(source: SourceRow) -> list[str]:
    return [source["id"]] if source["type"] == NODE_POOL else [pool["id"] for pool in source["pools"]]


def _name(source: SourceRow) -> str:
    return shorten(name_of(source), _NAME_LENGTH)
