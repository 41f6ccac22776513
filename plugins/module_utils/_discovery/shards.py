# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which compartments hold Block Volume resources in which region, so that work can be divided among hosts.

Resource Search reports most of them in a call or two. It silently leaves out resources that it does not know
(oci_semantics.md, fact 24), so compartments that it does not show are listed, one row a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from .._api.client import Connection
from .._common.errors import ApiError, ResourceError
from .._model.decisions import GONE_STATES
from .._model.ocid import is_tenancy
from .._model.resource_types import RESOURCE_TYPES
from .._resources.base import PAGE_SIZE, ReadableKind
from .._resources.listed import listed_kinds
from .._resources.lists import Domains, Pages
from .circuit_breaker import CircuitBreaker
from .discover import CONCURRENCY, map_regions, resolve_places
from .tenancy import Compartment

_SEARCH_PAGE_SIZE = 1000
# Beyond this many pages of Search, listing the remaining compartments costs no more calls.
_MAX_SEARCH_PAGES = 5

_MAX_PATH_IN_NAME = 120
_SUFFIX = 6


@dataclass(frozen=True)
class Shard:
    """A compartment in a region. ``error`` is why it could not be read; None if there is a resource in it."""

    name: str
    region: str
    compartment_id: str
    compartment_name: str | None
    compartment_path: str
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a cache: ``Shard(**fields)`` restores the shard."""
        return asdict(self)


@dataclass
class ShardList:
    """The shards, by region and then by compartment, and warnings about places that may be missing."""

    shards: list[Shard] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_shards(
    connection: Connection, compartment_ids: Sequence[str], *, recursive: bool, regions: Sequence[str] | None
) -> ShardList:
    """Search every place; ``regions`` None stands for all that the tenancy is subscribed to.

    A compartment that can't be read is a shard too, so that it is not forgotten. Raises InputError if the regions can't
    be listed, or if OCI does not accept the credentials.
    """
    places = resolve_places(connection, compartment_ids, recursive=recursive, regions=regions)
    compartments = places.scope.compartments
    found = ShardList()
    for parent, error in places.scope.unreadable:
        found.warnings.append(f"Could not list the compartments below {_label(parent)}; shards may be missing: {error}")
    for compartment in places.scope.skipped:
        if compartment.may_hold_resources:
            found.warnings.append(f"Skipped {_label(compartment)}: it is {compartment.lifecycle_state}.")
    if places.is_nowhere:
        return found

    def fail(region: str, error: ResourceError) -> list[Shard]:
        return [_shard(region, compartment, error) for compartment in compartments]

    in_regions = map_regions(
        connection, places.regions, lambda region: _find_in(connection, region, compartments), fail
    )
    found.shards = with_names(shard for shards in in_regions for shard in shards)
    for region in places.regions:
        unreadable = [shard for shard in found.shards if shard.region == region and shard.error]
        if unreadable:
            found.warnings.append(
                f"Could not read {len(unreadable)} {'compartment' if len(unreadable) == 1 else 'compartments'} in "
                f"{region}; added as hosts anyway (e.g. {unreadable[0].name}, which is compartment "
                f"{unreadable[0].compartment_path or unreadable[0].compartment_id}): {unreadable[0].error}"
            )
    return found


def _find_in(connection: Connection, region: str, compartments: Sequence[Compartment]) -> list[Shard]:
    seen = searched(connection, region, {compartment.id for compartment in compartments})
    probe = _Probe(connection, region)

    def check(compartment: Compartment) -> Shard | None:
        holds = compartment.id in seen or probe.holds_any(compartment.id)
        if not holds:
            return None
        return _shard(region, compartment, holds if isinstance(holds, ResourceError) else None)

    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=region) as pool:
        return [shard for shard in pool.map(check, compartments) if shard is not None]


def searched(connection: Connection, region: str, desired: Collection[str]) -> set[str]:
    """The compartments in which Search shows a resource. An error is no failure, since Search only saves calls."""
    seen: set[str] = set()
    page: str | None = None
    try:
        search = connection.search(region)
        for _number in range(_MAX_SEARCH_PAGES):
            query = {} if page is None else {"page": page}
            response = search.read_once("search_resources", _search_details(), limit=_SEARCH_PAGE_SIZE, **query)
            seen.update(
                row.compartment_id for row in response.data if str(row.lifecycle_state or "").upper() not in GONE_STATES
            )
            page = response.next_page
            if page is None or seen.issuperset(desired):
                break
    except ApiError:
        pass
    return seen


def _search_details() -> dict[str, str]:
    return {
        "type": "Structured",
        "query": f"query {', '.join(RESOURCE_TYPES.in_shards.ocid_types)} resources",
        "matchingContextType": "NONE",
    }


def _probed_kinds() -> list[ReadableKind]:
    """Boot volumes first: wherever an instance runs there is one, and then no other list is needed."""
    return sorted(listed_kinds(RESOURCE_TYPES.in_shards.names), key=lambda kind: kind.type != "boot_volume")


class _Probe:
    """Checks the compartments of a region for any resource at all."""

    def __init__(self, connection: Connection, region: str) -> None:
        domains = Domains(connection, region)
        self._pages = [Pages(kind, kind.service(connection, region), region, domains) for kind in _probed_kinds()]
        self._breaker = CircuitBreaker()

    def holds_any(self, compartment_id: str) -> bool | ResourceError:
        """Whether there is a resource; an error if none was seen and not every list could be read."""
        failure: ResourceError | None = None
        for pages in self._pages:
            result = self._breaker.call(partial(_has_rows, pages, compartment_id))
            if result is True:
                return True
            if isinstance(result, ResourceError):
                failure = failure or result
                if self._breaker.open_error is not None:
                    return self._breaker.open_error
        return failure or False


def _has_rows(pages: Pages, compartment_id: str) -> bool:
    """One row is enough, unless it is of a terminated resource: then the list is read in whole pages."""
    for limit in (1, PAGE_SIZE):
        for page in pages.of(compartment_id, limit=limit):
            # What can't be read may be a resource, so that the compartment must not be left out.
            if page.unreadable or any(row.lifecycle_state not in GONE_STATES for row in page.resources):
                return True
            if limit < PAGE_SIZE and page.next_page is not None:
                break
        else:
            return False
    return False


def _shard(region: str, compartment: Compartment, error: ResourceError | None) -> Shard:
    return Shard(
        name="",
        region=region,
        compartment_id=compartment.id,
        compartment_name=compartment.name,
        compartment_path="/".join(compartment.path),
        error=str(error) if error is not None else None,
    )


def with_names(shards: Iterable[Shard]) -> list[Shard]:
    """The shards named by region, path and end of the OCID. Names stay the same whatever other shards there are."""
    taken: set[str] = set()
    named = []
    for shard in shards:
        length = _SUFFIX
        while (name := host_name(shard, length)) in taken and length < len(shard.compartment_id):
            length += 1
        taken.add(name)
        named.append(replace(shard, name=name))
    return named


def host_name(shard: Shard, suffix: int = _SUFFIX) -> str:
    """E.g. ``us-ashburn-1_prod_databases_x7k2qa``, usable in file names and in host patterns."""
    path = shard.compartment_path or ("root" if is_tenancy(shard.compartment_id) else "unnamed")
    readable = re.sub(r"[^A-Za-z0-9-]+", "_", path)[-_MAX_PATH_IN_NAME:].strip("_") or "unnamed"
    return f"{shard.region}_{readable}_{shard.compartment_id[-suffix:].lower()}"


def _label(compartment: Compartment) -> str:
    return f"{'/'.join(compartment.path) or compartment.name or 'compartment'} ({compartment.id})"
