# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Everything that bears a key in some compartments of one region, by lists, and what of it could not be looked at.

A hundred resources a call, and none by itself but a few for proof: nobody documents that lists of backups show keys.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar, Union

from .._api.client import Connection
from .._api.iam import place_of
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    explain,
)
from .._model.resource import Resource
from .._resources.backups import Backup
from .._resources.base import ReadableKind
from .._resources.lists import Domains, Pages
from .._resources.policy_assignments import (
    AssetFinding,
    Assignments,
)
from .._resources.reader import spread
from .._resources.registry import asset_kinds, listed_kinds

# Where no listed row of a kind shows a key, so that lists might leave keys out, so many are read by GET.
_PROOF_SAMPLE = 12
# After so many questions in a row that nobody answered, the others are not asked.
_MAX_CONSECUTIVE_FAILURES = 4
TERMINATED_STATES = ("TERMINATING", "TERMINATED")
"""The states of what is left out."""

Rows = dict[str, Resource]
Listing = Union[Rows, ResourceError]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Unreadable:
    """A place that could not be looked at. None stands for all: all types, all compartments."""

    region: str | None
    compartment_id: str | None
    resource_type: str | None
    error: ResourceError


class CircuitBreaker:
    """Ends when the service did not answer several times in a row: the rest would only take time to fail alike."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self.open_error: ResourceError | None = None

    def record_success(self) -> None:
        with self._lock:
            self._failures = 0

    def record_failure(self, error: ApiError, told: ResourceError) -> None:
        with self._lock:
            self._failures = self._failures + 1 if error.is_region_wide else 0
            if self._failures >= _MAX_CONSECUTIVE_FAILURES:
                self.open_error = replace(told, opc_request_id=None)


class RegionScan:
    """One look at some compartments of a region for resources of some types. Afterwards, ``unreadable`` is complete."""

    def __init__(
        self,
        region: str,
        connection: Connection,
        compartment_ids: Sequence[str],
        types: Sequence[str],
        *,
        side_by_side: int,
    ) -> None:
        self._region = region
        self._service = connection.block_volume(region)
        self._compartment_ids = compartment_ids
        self._types = types
        self._domains = Domains(connection, region)
        self._side_by_side = side_by_side
        self._pages: dict[ReadableKind, Pages] = {}
        self._breakers: dict[ReadableKind | None, CircuitBreaker] = {}
        self.unreadable: list[Unreadable] = []

    def run(self) -> list[Resource]:
        asked = listed_kinds(self._types)
        assets = asset_kinds() if Assignments.type in self._types else ()
        kinds = list(dict.fromkeys([*asked, *assets]))
        self._pages = {kind: Pages(kind, self._service, self._region, self._domains) for kind in kinds}
        self._breakers = {kind: CircuitBreaker() for kind in [*kinds, None]}
        with ThreadPoolExecutor(self._side_by_side, thread_name_prefix=self._region) as pool:
            listed = self._list_all(pool, kinds)
            keys = {row.id for rows in listed.values() for row in rows.values() if row.kms_key_id}
            found = [row for kind in asked for row in self._verified_by_get(pool, kind, listed[kind], keys).values()]
            found += self._assignments(pool, [listed[kind] for kind in assets])
        return found

    def _list_all(self, pool: ThreadPoolExecutor, kinds: Sequence[ReadableKind]) -> dict[ReadableKind, Rows]:
        jobs = [(kind, compartment_id) for compartment_id in self._compartment_ids for kind in kinds]
        answers = dict(zip(jobs, pool.map(lambda job: self._list(*job), jobs)))
        listed: dict[ReadableKind, Rows] = {kind: {} for kind in kinds}
        failed: dict[tuple[ReadableKind, str], ResourceError] = {}
        for (kind, compartment_id), response in answers.items():
            if isinstance(response, ResourceError):
                failed[kind, compartment_id] = response
            else:
                listed[kind].update(response)
        self._record_failures(kinds, failed)
        return listed

    def _list(self, kind: ReadableKind, compartment_id: str) -> Listing:
        """What is there, or why it can't be told."""
        breaker = self._breakers[kind]
        if breaker.open_error is not None:
            return breaker.open_error
        try:
            rows = self._rows(kind, compartment_id)
        except ApiError as error:
            told = _explain(error, f"{kind.noun}s", self._region, compartment_id)
            breaker.record_failure(error, told)
            return told
        except Exception as error:  # a fault of ours in one answer must not lose the other lists
            return ResourceError(code="InternalError", message=repr(error))
        breaker.record_success()
        return rows

    def _rows(self, kind: ReadableKind, compartment_id: str, *, is_last_go: bool = False) -> Rows:
        """Every page. A list whose token for the next page is refused, be it expired, is begun again, once."""
        rows: Rows = {}
        pages = 0
        try:
            for page in self._pages[kind].of(compartment_id):
                pages += 1
                rows.update((row.id, row) for row in page.resources if row.lifecycle_state not in TERMINATED_STATES)
        except ServiceError as error:
            if error.status != 400 or not pages or is_last_go:
                raise
            return self._rows(kind, compartment_id, is_last_go=True)
        return rows

    def _record_failures(
        self, kinds: Sequence[ReadableKind], failed: dict[tuple[ReadableKind, str], ResourceError]
    ) -> None:
        """An entry for each list, but only one for a compartment, or the region, where all went wrong alike."""
        if len(failed) == len(kinds) * len(self._compartment_ids) and _is_alike(failed.values()):
            one = self._compartment_ids[0] if len(self._compartment_ids) == 1 else None
            self._record(one, None, next(iter(failed.values()), None))
            return
        for compartment_id in self._compartment_ids:
            errors = {kind: failed[kind, compartment_id] for kind in kinds if (kind, compartment_id) in failed}
            if len(errors) == len(kinds) and _is_alike(errors.values()):
                self._record(compartment_id, None, errors[kinds[0]])
                continue
            for kind, error in errors.items():
                self._record(compartment_id, kind.type, error)

    def _record(self, compartment_id: str | None, resource_type: str | None, error: ResourceError | None) -> None:
        if error is not None:
            self.unreadable.append(Unreadable(self._region, compartment_id, resource_type, error))

    def _verified_by_get(self, pool: ThreadPoolExecutor, kind: ReadableKind, rows: Rows, keys: set[str]) -> Rows:
        """The rows, after some were compared with a GET; all of them by GET where the lists are wrong.

        Rows without a key look alike whether the Oracle-managed key protects them or lists leave keys out.
        """
        sample = _sample(rows, keys)
        readings = dict(zip(sample, pool.map(lambda name: self._get(kind, name), sample)))
        seen = {name: reading for name, reading in readings.items() if isinstance(reading, Resource)}
        shows_keys = any(row.kms_key_id for row in rows.values())
        if (seen or shows_keys or not rows) and all(
            reading.kms_key_id == rows[name].kms_key_id for name, reading in seen.items()
        ):
            return rows
        rest = [name for name in rows if name not in readings]
        readings.update(zip(rest, pool.map(lambda name: self._get(kind, name), rest)))
        failed = [(rows[name], one) for name, one in readings.items() if isinstance(one, ResourceError)]
        self._record_each(kind.type, "could not be read by itself, and lists don't show keys here", failed)
        found = {name: readings[name] for name in rows}
        return {
            name: reading
            for name, reading in found.items()
            if isinstance(reading, Resource) and reading.lifecycle_state not in TERMINATED_STATES
        }

    def _assignments(self, pool: ThreadPoolExecutor, listed: Sequence[Rows]) -> list[Resource]:
        """The assignments of these assets, each once, though members may be shown with that of their group."""
        assignments = Assignments(self._service)

        def look(asset: Resource) -> AssetFinding | ResourceError:
            return self._ask(None, lambda: assignments.of(asset))

        found: dict[str, Resource] = {}
        failed: list[tuple[Resource, ResourceError]] = []
        for rows in listed:
            for asset, response in zip(rows.values(), pool.map(look, rows.values())):
                error = response if isinstance(response, ResourceError) else response.error
                if error is not None:
                    failed.append((asset, error))
                if isinstance(response, AssetFinding) and response.assignment is not None:
                    found.setdefault(response.assignment.id, response.assignment)
        self._record_each(Assignments.type, "could not be asked for its backup policy", failed)
        return list(found.values())

    def _record_each(self, resource_type: str, what: str, failed: Iterable[tuple[Resource, ResourceError]]) -> None:
        """An entry for each compartment and sort of failure, with the first resource and the number of them."""
        alike: dict[tuple[str, str, int | None], list[tuple[Resource, ResourceError]]] = {}
        for resource, error in failed:
            alike.setdefault((resource.compartment_id, error.code, error.status), []).append((resource, error))
        for (compartment_id, _code, _status), failures in alike.items():
            resource, error = failures[0]
            others = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            message = f"{resource.id}{others} {what}: {error.message}"
            self._record(compartment_id, resource_type, replace(error, message=message))

    def _get(self, kind: ReadableKind, resource_id: str) -> Resource | ResourceError:
        return self._ask(kind, lambda: kind.get(self._service, self._region, resource_id))

    def _ask(self, kind: ReadableKind | None, question: Callable[[], _Answer]) -> _Answer | ResourceError:
        """The answer to a question about one resource, unless others of its sort remained unanswered."""
        breaker = self._breakers[kind]
        if breaker.open_error is not None:
            return breaker.open_error
        try:
            response = question()
        except ApiError as error:
            told = explain(error)
            breaker.record_failure(error, told)
            return told
        except Exception as error:  # a fault of ours in one answer must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))
        breaker.record_success()
        return response


def _sample(rows: Rows, keys: set[str]) -> list[str]:
    """Those to compare with a GET: few where lists show keys, more where no row has one.

    A backup gets the key that its volume has, so those of volumes with a key (``keys``) are the first to be doubted.
    """
    keyless = [row for row in rows.values() if row.kms_key_id is None]
    doubtful = [row.id for row in keyless if isinstance(row, Backup) and row.volume_id in keys]
    if len(keyless) < len(rows):
        keyed = next(row.id for row in rows.values() if row.kms_key_id)
        return [keyed, *(doubtful or [row.id for row in keyless])[:1]]
    first = spread(doubtful, _PROOF_SAMPLE)
    others = [name for name in rows if name not in first]
    return [*first, *spread(others, _PROOF_SAMPLE - len(first))]


def _is_alike(errors: Iterable[ResourceError]) -> bool:
    return len({(error.code, error.status) for error in errors}) == 1


def _explain(error: ApiError, what: str, region: str, compartment_id: str) -> ResourceError:
    """Why a list could not be read."""
    told = explain(error)
    if not isinstance(error, ServiceError):
        return replace(told, hint=f"Check that this machine can reach {region}, and try again.")
    if error.status == 401:
        return replace(told, hint=f"Is {region} a region that the tenancy is subscribed to?")
    if error.status in (403, 404):
        place = place_of(compartment_id, "resource")
        return replace(
            told,
            message=f"There is no such compartment, or the caller may not list {what} in it.",
            hint=f"Check the OCID, or grant: Allow group <your group> to inspect volume-family in {place}",
        )
    return told
