# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovers the resources in some compartments of one region, and the places there that could not be read.

Lists return up to a hundred resources a call. Only a few resources are also read by GET, since no documentation says
that lists of backups show keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, Union

from .._api.client import Connection, Service
from .._api.decoding import UnreadableRow
from .._api.iam import place_of
from .._api.pagination import collected
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    explain,
)
from .._model.decisions import GONE_STATES
from .._model.resource import Resource
from .._model.rows import READ_BY_GET
from .._resources.backups import Backup
from .._resources.base import Page, ReadableKind
from .._resources.listed import asset_kinds, listed_kinds
from .._resources.lists import Domains, Pages, doubtful_ids, explain_unreadable
from .._resources.policy_assignments import (
    AssetFinding,
    Assignments,
)
from .._resources.reader import spread
from .circuit_breaker import CircuitBreaker
from .progress import ScanProgress
from .unlisted import unlisted

# If no row of a list shows a key, lists may leave keys out. Then this many resources of the kind are read by GET.
_PROOF_SAMPLE = 12

Rows = dict[str, Resource]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class _List:
    """A list of one kind in one compartment: its rows, those that can't be read, and those that only a GET tells of."""

    rows: Rows
    unreadable: tuple[UnreadableRow, ...] = ()
    doubtful: tuple[str, ...] = ()


_Listed = Union[_List, ResourceError]


@dataclass(frozen=True)
class Unreadable:
    """A place that could not be read. Region, compartment or type None stands for all."""

    region: str | None
    compartment_id: str | None
    resource_type: str | None
    error: ResourceError


class RegionScan:
    """Discovers resources of some types in some compartments of a region. ``unreadable`` is complete after ``run()``.

    ``concurrency`` is the number of calls in flight. ``read_each``: each resource is read by GET, too.
    """

    def __init__(
        self,
        region: str,
        connection: Connection,
        compartment_ids: Sequence[str],
        types: Sequence[str],
        *,
        concurrency: int,
        read_each: bool = False,
        progress: ScanProgress | None = None,
    ) -> None:
        self._region = region
        self._regions = connection.regions
        self._progress = progress or ScanProgress(region, len(compartment_ids))
        self._connection = connection
        self._service = connection.block_volume(region)
        self._compartment_ids = compartment_ids
        self._types = types
        self._domains = Domains(connection, region)
        self._concurrency = concurrency
        self._read_each = read_each
        self._pages: dict[ReadableKind, Pages] = {}
        self._breakers: dict[ReadableKind, CircuitBreaker] = {}
        self._policy_breaker = CircuitBreaker()
        self.unreadable: list[Unreadable] = []

    def run(self) -> list[Resource]:
        """All resources except terminated ones."""
        wanted = listed_kinds(self._types)
        assets = asset_kinds() if Assignments.type in self._types else ()
        kinds = list(dict.fromkeys([*wanted, *assets]))
        self._pages = {kind: Pages(kind, self._service_of(kind), self._region, self._domains) for kind in kinds}
        self._breakers = {kind: CircuitBreaker() for kind in kinds}
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix=self._region) as pool:
            listed = self._list_all(pool, kinds)
            if self._read_each:
                self._add_unlisted(pool, listed)
            with_key = {row.id for rows in listed.values() for row in rows.values() if row.kms_key_id}
            found = [
                self._placed(each)
                for kind in wanted
                for row in self._verified_by_get(pool, kind, listed[kind], with_key).values()
                for each in kind.found_in(row)
            ]
            found += self._assignments(pool, [listed[kind] for kind in assets])
        return found

    def _service_of(self, kind: ReadableKind) -> Service:
        return kind.service(self._connection, self._region)

    def _placed(self, resource: Resource) -> Resource:
        """A resource with the long name of its region, which may be another one than its source is in."""
        name = self._regions.region(resource.region)
        return resource if name in (None, resource.region) else replace(resource, region=name)

    def _list_all(self, pool: ThreadPoolExecutor, kinds: Sequence[ReadableKind]) -> dict[ReadableKind, Rows]:
        lists = [(kind, compartment_id) for compartment_id in self._compartment_ids for kind in kinds]
        listed: dict[ReadableKind, Rows] = {kind: {} for kind in kinds}
        failed: dict[tuple[ReadableKind, str], ResourceError] = {}
        doubts: list[tuple[ReadableKind, str, str]] = []
        self._progress.listing(len(kinds))
        for (kind, compartment_id), result in _zip_map(pool, lambda each: self._list(*each), lists):
            if isinstance(result, ResourceError):
                failed[kind, compartment_id] = result
                continue
            listed[kind].update(result.rows)
            if result.unreadable:
                self._record(compartment_id, kind.type, explain_unreadable(result.unreadable, kind.noun))
            doubts += [(kind, compartment_id, name) for name in result.doubtful]
        self._record_failures(kinds, failed)
        self._settle_doubts(pool, doubts, listed)
        return listed

    def _add_unlisted(self, pool: ThreadPoolExecutor, listed: dict[ReadableKind, Rows]) -> None:
        """Read what Search shows besides. What is there all the same is found; what can't be read is recorded."""
        kinds = {kind.type: kind for kind in listed}
        known = {name for rows in listed.values() for name in rows}
        shown = unlisted(self._connection, self._region, kinds, frozenset(self._compartment_ids), known)
        for each, result in _zip_map(pool, lambda one: self._get(kinds[one.type], one.id), shown):
            if isinstance(result, ResourceError):
                message = f"Search shows {each.id}, which no list did, and it could not be read: {result.message}"
                self._record(each.compartment_id, each.type, replace(result, message=message))
            elif result.lifecycle_state not in GONE_STATES:
                listed[kinds[each.type]][each.id] = result

    def _settle_doubts(
        self,
        pool: ThreadPoolExecutor,
        doubts: Sequence[tuple[ReadableKind, str, str]],
        listed: Mapping[ReadableKind, Rows],
    ) -> None:
        """Read by GET what lists contradict themselves about. What turns out to be elsewhere is listed there."""
        for (kind, compartment_id, name), reading in _zip_map(pool, lambda each: self._get(each[0], each[2]), doubts):
            listed[kind].pop(name, None)
            if isinstance(reading, ResourceError):
                message = f"The list of {kind.noun}s is in doubt about {name}, and GET failed: {reading.message}"
                self._record(compartment_id, kind.type, replace(reading, message=message))
            elif reading.compartment_id == compartment_id and reading.lifecycle_state not in GONE_STATES:
                listed[kind][name] = reading

    def _list(self, kind: ReadableKind, compartment_id: str) -> _Listed:
        rows = self._breakers[kind].call(
            lambda: self._rows(kind, compartment_id),
            lambda error: _explain_list_error(error, kind, self._region, compartment_id),
        )
        self._progress.lists.add()
        return rows

    def _rows(self, kind: ReadableKind, compartment_id: str) -> _List:
        def collect(pages: Iterable[Page]) -> _List:
            rows: Rows = {}
            unreadable: list[UnreadableRow] = []
            doubtful: dict[str, None] = {}
            for page in pages:
                self._progress.found.add(len(page.resources))
                doubtful.update(dict.fromkeys(doubtful_ids(page)))
                doubtful.update((row.id, None) for row in page.resources if rows.get(row.id, row) != row)
                rows.update((row.id, row) for row in page.resources if row.lifecycle_state not in GONE_STATES)
                unreadable.extend(row for row in page.unreadable if row.id not in doubtful)
            return _List(rows, tuple(unreadable), tuple(doubtful))

        return collected(collect, lambda: self._pages[kind].of(compartment_id))

    def _record_failures(
        self, kinds: Sequence[ReadableKind], failed: Mapping[tuple[ReadableKind, str], ResourceError]
    ) -> None:
        """Record each list that failed; a compartment or the region only once if all lists failed for one reason."""
        if len(failed) == len(kinds) * len(self._compartment_ids) and _have_one_cause(failed.values()):
            only = self._compartment_ids[0] if len(self._compartment_ids) == 1 else None
            self._record(only, None, next(iter(failed.values()), None))
            return
        for compartment_id in self._compartment_ids:
            errors = {kind: failed[kind, compartment_id] for kind in kinds if (kind, compartment_id) in failed}
            if len(errors) == len(kinds) and _have_one_cause(errors.values()):
                self._record(compartment_id, None, errors[kinds[0]])
                continue
            for kind, error in errors.items():
                self._record(compartment_id, kind.type, error)

    def _record(self, compartment_id: str | None, resource_type: str | None, error: ResourceError | None) -> None:
        if error is not None:
            self.unreadable.append(Unreadable(self._region, compartment_id, resource_type, error))

    def _verified_by_get(self, pool: ThreadPoolExecutor, kind: ReadableKind, rows: Rows, with_key: set[str]) -> Rows:
        """The rows, after a few were compared with a GET. If they differ, every resource is read by GET.

        Rows without a key look alike whether the Oracle-managed key protects them or lists leave keys out.
        """
        sample = list(rows) if self._read_each else _sample(rows, with_key)
        self._progress.verifying(f"{kind.noun}s", len(sample))
        read = partial(self._get, kind)
        results = dict(_zip_map(pool, read, sample))
        readings = {name: result for name, result in results.items() if isinstance(result, Resource)}
        lists_show_keys = any(row.kms_key_id for row in rows.values())
        if (
            not self._read_each
            and (readings or lists_show_keys or not rows)
            and all(reading.kms_key_id == rows[name].kms_key_id for name, reading in readings.items())
        ):
            latest = {**rows, **readings}
            return {name: row for name, row in latest.items() if row.lifecycle_state not in GONE_STATES}
        others = [name for name in rows if name not in results]
        self._progress.verifying(f"{kind.noun}s", len(others))
        results.update(_zip_map(pool, read, others))
        failed = [(rows[name], result) for name, result in results.items() if isinstance(result, ResourceError)]
        why = "" if self._read_each else ", and lists don't show keys here"
        self._record_by_cause(kind.type, f"Could not read {{}} by GET{why}", failed)
        return {
            name: result
            for name in rows
            if isinstance(result := results[name], Resource) and result.lifecycle_state not in GONE_STATES
        }

    def _get(self, kind: ReadableKind, resource_id: str) -> Resource | ResourceError:
        reading = self._breakers[kind].call(
            lambda: replace(kind.get(self._service_of(kind), self._region, resource_id), read_by=READ_BY_GET)
        )
        self._progress.gets.add()
        return reading

    def _assignments(self, pool: ThreadPoolExecutor, assets: Sequence[Rows]) -> list[Resource]:
        """The policy assignments of these assets, each once: a member may show the assignment of its group."""
        assignments = Assignments(self._service, self._regions)

        def read(asset: Resource) -> AssetFinding | ResourceError:
            finding = self._policy_breaker.call(lambda: assignments.of(asset))
            self._progress.assets.add()
            return finding

        self._progress.reading_assignments(sum(map(len, assets)))
        found: dict[str, Resource] = {}
        failed: list[tuple[Resource, ResourceError]] = []
        for rows in assets:
            for asset, result in _zip_map(pool, read, list(rows.values())):
                error = result if isinstance(result, ResourceError) else result.error
                if error is not None:
                    failed.append((asset, error))
                if isinstance(result, AssetFinding) and result.assignment is not None:
                    found.setdefault(result.assignment.id, result.assignment)
        self._record_by_cause(Assignments.type, "Could not read the backup policy assignment of {}", failed)
        return list(found.values())

    def _record_by_cause(
        self, resource_type: str, problem: str, failed: Iterable[tuple[Resource, ResourceError]]
    ) -> None:
        """Record each compartment and cause once: ``problem`` with the first resource and the number of others."""
        by_cause: dict[tuple[str, str, int | None], list[tuple[Resource, ResourceError]]] = {}
        for resource, error in failed:
            by_cause.setdefault((resource.compartment_id, error.code, error.status), []).append((resource, error))
        for (compartment_id, _code, _status), failures in by_cause.items():
            resource, error = failures[0]
            subject = f"{resource.id} (and {len(failures) - 1} more)" if len(failures) > 1 else resource.id
            message = f"{problem.format(subject)}: {error.message}"
            self._record(compartment_id, resource_type, replace(error, message=message))


def _zip_map(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Sequence[_Item]
) -> Iterable[tuple[_Item, _Result]]:
    """Each item with the result of the function for it, in order."""
    return zip(items, pool.map(function, items))


def _sample(rows: Rows, with_key: set[str]) -> list[str]:
    """The resources to compare with a GET: few if lists show keys, more if no row has one.

    A backup gets the key of its volume. So the first ones to check are backups without a key of volumes ``with_key``.
    """
    keyless = [row for row in rows.values() if row.kms_key_id is None]
    doubtful = [row.id for row in keyless if isinstance(row, Backup) and row.volume_id in with_key]
    if len(keyless) < len(rows):
        keyed = next(row.id for row in rows.values() if row.kms_key_id)
        return [keyed, *(doubtful or [row.id for row in keyless])[:1]]
    first = spread(doubtful, _PROOF_SAMPLE)
    others = [name for name in rows if name not in first]
    return [*first, *spread(others, _PROOF_SAMPLE - len(first))]


def _have_one_cause(errors: Iterable[ResourceError]) -> bool:
    return len({(error.code, error.status) for error in errors}) == 1


def _explain_list_error(error: ApiError, kind: ReadableKind, region: str, compartment_id: str) -> ResourceError:
    """Why a list could not be read, and what to do."""
    explained = explain(error)
    if not isinstance(error, ServiceError):
        return replace(explained, hint=f"Check that this machine can reach {region}, and try again.")
    if error.status == 401:
        return replace(explained, hint=f"Check that the tenancy is subscribed to {region}.")
    if error.status in (403, 404):
        place = place_of(compartment_id, "resource")
        return replace(
            explained,
            message=f"The compartment does not exist, or the caller may not list {kind.noun}s in it.",
            hint=f"Check the OCID, or grant: Allow group <your group> to inspect {kind.iam_family} in {place}",
        )
    return explained
