# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds what new volumes are born with: instance configurations, the pools that use them, and node pools (OKE).

Lists tell which there are. Those of configurations have no keys, so each configuration is read by GET, also one that no
pool uses: somebody may launch from it, and it hands a key on then. No instance is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._api.client import Connection, Service
from .._api.decoding import UnreadableRow
from .._api.iam import place_of
from .._api.pagination import readable_rows
from .._common.errors import ApiError, ResourceError, ServiceError, explain
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import duration
from .._model.decisions import GONE_STATES
from .._model.new_volumes import CreatedVolumeRow, PoolRow, SourceRow
from .._model.ocid import parse
from .._model.resource_types import INSTANCE_CONFIGURATION, INSTANCE_POOL, NODE_POOL, RESOURCE_TYPES
from .._resources.base import PAGE_SIZE
from .._resources.lists import explain_unreadable
from .circuit_breaker import CircuitBreaker
from .discover import CONCURRENCY, Discovery, map_regions
from .launch_details import created_volumes, node_volume
from .region_scan import Unreadable

_GRANTS = {
    INSTANCE_CONFIGURATION: "read instance-configurations",
    INSTANCE_POOL: "inspect instance-pools",
    NODE_POOL: "read cluster-node-pools",
}
_KINDS = (INSTANCE_CONFIGURATION, INSTANCE_POOL, NODE_POOL)
_LISTS = {
    INSTANCE_CONFIGURATION: "list_instance_configurations",
    INSTANCE_POOL: "list_instance_pools",
    NODE_POOL: "list_node_pools",
}
_GETS = {INSTANCE_CONFIGURATION: "get_instance_configuration", NODE_POOL: "get_node_pool"}
_REFUSED = (403, 404)
_NOT_READ = "it could not be read"


@dataclass(frozen=True)
class _Listed:
    """A list in one compartment: its rows, those that can't be read, or why there is no list."""

    kind: str
    compartment_id: str
    rows: Sequence[Any] = ()
    unreadable: tuple[UnreadableRow, ...] = ()
    error: ResourceError | None = None


@dataclass(frozen=True)
class FoundSources:
    """The configurations and node pools, and the lists, and the OCIDs, that could not be read."""

    sources: Sequence[SourceRow]
    unreadable: Sequence[Unreadable]


def find_new_volumes(connection: Connection, found: Discovery, log: ProgressLog = NO_PROGRESS) -> FoundSources:
    """What new volumes are born with in the places of a discovery. Never raises ApiError.

    In each region, for each compartment: ListInstanceConfigurations, ListInstancePools and ListNodePools, each once
    more for every hundred rows. GetInstanceConfiguration for each configuration, also for one elsewhere that a pool in
    scope uses; GetNodePool for each node pool whose row shows no key.
    """
    compartment_ids = [compartment.id for compartment in found.scope.compartments]

    def scan(region: str) -> FoundSources:
        return _RegionSources(region, connection, compartment_ids).run()

    def fail(region: str, error: ResourceError) -> FoundSources:
        return FoundSources([], [Unreadable(region, None, None, error)])

    with log.during(lambda seconds: f"listing instance configurations and pools, for {duration(seconds)}"):
        scans = map_regions(connection, found.regions, scan, fail) if compartment_ids and found.regions else []
    return FoundSources(
        [source for one in scans for source in one.sources], [place for one in scans for place in one.unreadable]
    )


class _RegionSources:
    """What new volumes are born with in one region."""

    def __init__(self, region: str, connection: Connection, compartment_ids: Sequence[str]) -> None:
        self._region = region
        self._compartment_ids = compartment_ids
        compute = connection.compute_management(region)
        self._services: Mapping[str, Service] = {
            INSTANCE_CONFIGURATION: compute,
            INSTANCE_POOL: compute,
            NODE_POOL: connection.container_engine(region),
        }
        self._breakers = {kind: CircuitBreaker() for kind in _KINDS}
        self._unreadable: list[Unreadable] = []

    def run(self) -> FoundSources:
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=self._region) as pool:
            places = [(kind, place) for place in self._compartment_ids for kind in _KINDS]
            listed = list(pool.map(lambda each: self._list(*each), places))
            for one in listed:
                self._record_list(one)
            users = _by_configuration(_present(listed, INSTANCE_POOL))
            rows = {row.id: row for row in _present(listed, INSTANCE_CONFIGURATION)}
            names = list(dict.fromkeys([*rows, *users]))
            details = dict(zip(names, pool.map(partial(self._get, INSTANCE_CONFIGURATION), names)))
            node_pools = {row.id: row for row in _present(listed, NODE_POOL)}
            # A row without a key looks alike whether there is none or lists leave keys out.
            asked = [name for name, row in node_pools.items() if not (row.node_config_details or {}).get("kmsKeyId")]
            nodes = {**node_pools, **dict(zip(asked, pool.map(partial(self._get, NODE_POOL), asked)))}
        self._record_failures(INSTANCE_CONFIGURATION, rows, details)
        self._record_failures(NODE_POOL, node_pools, nodes)
        sources = [self._configuration(name, rows.get(name), details[name], users.get(name, [])) for name in names]
        found = [self._node_pool(row, nodes[name]) for name, row in node_pools.items()]
        return FoundSources([*sources, *(one for one in found if one is not None)], self._unreadable)

    def _configuration(self, name: str, row: Any, read: Any, pools: list[PoolRow]) -> SourceRow:
        """A configuration with its volumes. One that could not be read is there all the same: it was listed, or a pool
        uses it, and whether it is deleted or not allowed to be read looks alike."""
        volumes: list[CreatedVolumeRow] = []
        unknown: str | None = _NOT_READ
        if not isinstance(read, ResourceError):
            row = read
            volumes, unknown = created_volumes(read.instance_details, parse(read.id).realm)
        return {
            "id": name,
            "type": INSTANCE_CONFIGURATION,
            "region": self._region,
            "compartment_id": getattr(row, "compartment_id", None),
            "display_name": getattr(row, "display_name", None),
            "lifecycle_state": None,
            "volumes": volumes,
            "unknown": unknown,
            "pools": pools,
        }

    def _node_pool(self, row: Any, read: Any) -> SourceRow | None:
        """A node pool with the boot volume of its nodes; None if it is gone by now."""
        volumes: list[CreatedVolumeRow] = []
        unknown: str | None = _NOT_READ
        if not isinstance(read, ResourceError):
            row = read
            volumes, unknown = node_volume(row.node_config_details, parse(row.id).realm)
        if row.lifecycle_state in GONE_STATES:
            return None
        return {
            "id": row.id,
            "type": NODE_POOL,
            "region": self._region,
            "compartment_id": row.compartment_id,
            "display_name": row.name or None,
            "lifecycle_state": row.lifecycle_state,
            "volumes": volumes,
            "unknown": unknown,
            "pools": [],
        }

    def _get(self, kind: str, name: str) -> Any:
        """The record, or why it could not be read."""
        refusal = "It does not exist, or the caller may not read it."
        return self._breakers[kind].call(
            lambda: self._services[kind].read(_GETS[kind], name).data,
            lambda error: _explain(error, self._region, refusal, None),
        )

    def _list(self, kind: str, compartment_id: str) -> _Listed:
        refusal = f"The caller may not list {_noun(kind)}s in the compartment."
        answer = self._breakers[kind].call(
            lambda: self._pages(kind, compartment_id),
            lambda error: _explain(error, self._region, refusal, _grant(kind, compartment_id)),
        )
        return _Listed(kind, compartment_id, error=answer) if isinstance(answer, ResourceError) else answer

    def _pages(self, kind: str, compartment_id: str) -> _Listed:
        ask = partial(self._services[kind].read, _LISTS[kind], compartment_id, limit=PAGE_SIZE)
        return _Listed(kind, compartment_id, *readable_rows(ask, f"{_noun(kind)}s"))

    def _record_list(self, listed: _Listed) -> None:
        error = listed.error
        if listed.unreadable:
            error = explain_unreadable(listed.unreadable, _noun(listed.kind))
        if error is not None:
            self._unreadable.append(Unreadable(self._region, listed.compartment_id, listed.kind, error))

    def _record_failures(self, kind: str, rows: Mapping[str, Any], read: Mapping[str, Any]) -> None:
        """Record each compartment and cause once: the first OCID and the number of others."""
        by_cause: dict[tuple[str | None, str, int | None], list[tuple[str, ResourceError]]] = {}
        for name, error in read.items():
            if isinstance(error, ResourceError):
                compartment_id = getattr(rows.get(name), "compartment_id", None)
                by_cause.setdefault((compartment_id, error.code, error.status), []).append((name, error))
        for (compartment_id, _code, _status), failures in by_cause.items():
            name, error = failures[0]
            more = f" (and {len(failures) - 1:,} more)" if len(failures) > 1 else ""
            hint = _grant(kind, compartment_id) if error.status in _REFUSED else error.hint
            message = f"Could not read {_noun(kind)} {name}{more}: {error.message}"
            explained = replace(error, message=message, hint=hint)
            self._unreadable.append(Unreadable(self._region, compartment_id, kind, explained))


def _present(listed: Iterable[_Listed], kind: str) -> list[Any]:
    """The rows of a kind that are not gone, each once. Pools that are stopped or of size 0 create volumes once they
    grow."""
    rows = {row.id: row for one in listed if one.kind == kind for row in one.rows}
    return [row for row in rows.values() if getattr(row, "lifecycle_state", None) not in GONE_STATES]


def _by_configuration(pools: Iterable[Any]) -> dict[str, list[PoolRow]]:
    """The pools by the OCID of the configuration that they use."""
    found: dict[str, list[PoolRow]] = {}
    for row in pools:
        found.setdefault(row.instance_configuration_id, []).append(
            {
                "id": row.id,
                "compartment_id": row.compartment_id,
                "display_name": row.display_name,
                "lifecycle_state": row.lifecycle_state,
            }
        )
    return found


def _noun(kind: str) -> str:
    return RESOURCE_TYPES[kind].singular


def _grant(kind: str, compartment_id: str | None) -> str:
    return f"Grant: Allow group <your group> to {_GRANTS[kind]} in {place_of(compartment_id, _noun(kind))}"


def _explain(error: ApiError, region: str, refusal: str, hint: str | None) -> ResourceError:
    """Why something could not be read, and what to do."""
    explained = explain(error)
    if not isinstance(error, ServiceError):
        return replace(explained, hint=f"Check that this machine can reach {region}, and try again.")
    return replace(explained, message=refusal, hint=hint) if error.status in _REFUSED else explained
