# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Which compartments hold Block Volume resources in which region, so that work can be divided among hosts.

Search tells most of those that do in a call or two. It leaves out in silence what it does not know (fact 24), so that
those it does not show are listed, one row a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .._api.client import Connection
from .._common.errors import (
    ApiError,
    ResourceError,
    explain,
)
from .._model.resource_types import RESOURCE_TYPES
from .._resources.base import PAGE_SIZE, ReadableKind
from .._resources.lists import Domains, Pages
from .._resources.registry import listed_kinds
from .region_scan import TERMINATED_STATES, CircuitBreaker
from .search import (
    SIDE_BY_SIDE,
    UNKNOWN_REGION,
    regions_of,
)
from .tenancy import Compartment, Tenancy

_SEARCH_PAGE = 1000
# Beyond so many pages of Search, lists of what is left cost no more.
_MOST_SEARCH_PAGES = 5

_LONGEST_NAME = 120
_SUFFIX = 6


@dataclass(frozen=True)
class Shard:
    """A compartment in a region. ``error`` says why it could not be looked into; None where something is in it."""

    name: str
    region: str
    compartment_id: str
    compartment_name: str | None
    compartment_path: str
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For a cache, as keyword arguments that make it anew."""
        return asdict(self)


@dataclass
class ShardList:
    """The shards, by region and then by compartment, and what the user should know of those that may be missing."""

    shards: list[Shard] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_shards(
    connection: Connection, compartment_ids: Sequence[str], *, recursive: bool, regions: Sequence[str] | None
) -> ShardList:
    """Look everywhere; ``regions`` None stands for all that the tenancy is subscribed to.

    What can't be looked into is a shard too, lest it be forgotten. Raises InputError where it can't be told where to
    look, or nobody accepts the credentials.
    """
    tenancy = Tenancy(connection, regions or ())
    names, _skipped = regions_of(tenancy, regions)
    scope = tenancy.scope(compartment_ids, recursive=recursive)
    found = ShardList()
    for parent, error in scope.unreadable:
        found.warnings.append(f"Compartments below {_label(parent)} may be missing: {_format_error(error)}")
    for compartment in scope.skipped:
        if compartment.lifecycle_state != "DELETED":
            found.warnings.append(f"{_label(compartment)} is left out: it is {compartment.lifecycle_state}")
    if not names or not scope.compartments:
        return found
    with ThreadPoolExecutor(len(names)) as pool:
        for region, shards in zip(names, pool.map(lambda region: _look(connection, region, scope.compartments), names)):
            found.shards += shards
            blind = [shard for shard in shards if shard.error]
            if blind:
                found.warnings.append(
                    f"{len(blind)} of the compartments could not be looked into in {region}, and are hosts all the "
                    f"same, such as {blind[0].name}: {blind[0].error}"
                )
    found.shards = with_names(found.shards)
    return found


def _look(connection: Connection, region: str, compartments: Sequence[Compartment]) -> list[Shard]:
    if connection.regions.region(region) is None:
        return [_shard(region, compartment, UNKNOWN_REGION) for compartment in compartments]
    seen = searched(connection, region, {compartment.id for compartment in compartments})
    probe = _Probe(connection, region)
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=region) as pool:

        def look(compartment: Compartment) -> Shard | None:
            holds, error = (True, None) if compartment.id in seen else probe.look(compartment.id)
            return _shard(region, compartment, error) if holds or error else None

        return [shard for shard in pool.map(look, compartments) if shard is not None]


def searched(connection: Connection, region: str, desired: Collection[str]) -> set[str]:
    """The compartments that Search shows to hold something. None where it does not answer: it only saves calls."""
    seen: set[str] = set()
    page: str | None = None
    try:
        search = connection.search(region)
        for _number in range(_MOST_SEARCH_PAGES):
            query = {} if page is None else {"page": page}
            response = search.read_once("search_resources", _search_details(), limit=_SEARCH_PAGE, **query)
            rows = response.data.items
            seen.update(
                row.compartment_id for row in rows if str(row.lifecycle_state or "").upper() not in TERMINATED_STATES
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
    """Looks for anything at all in the compartments of a region."""

    def __init__(self, connection: Connection, region: str) -> None:
        service, domains = connection.block_volume(region), Domains(connection, region)
        self._pages = [Pages(kind, service, region, domains) for kind in _probed_kinds()]
        self._breakers = CircuitBreaker()

    def look(self, compartment_id: str) -> tuple[bool, ResourceError | None]:
        """Whether something is there, and where nothing was seen, why that is not known for sure."""
        failure: ResourceError | None = None
        for pages in self._pages:
            if self._breakers.open_error is not None:
                return False, self._breakers.open_error
            try:
                if self._has_any(pages, compartment_id):
                    return True, None
            except ApiError as error:
                told = explain(error)
                self._breakers.record_failure(error, told)
                failure = failure or told
            else:
                self._breakers.record_success()
        return False, failure

    @staticmethod
    def _has_any(pages: Pages, compartment_id: str) -> bool:
        """One row is enough, unless it is of something that is gone."""
        for limit in (1, PAGE_SIZE):
            for page in pages.of(compartment_id, limit=limit):
                if any(row.lifecycle_state not in TERMINATED_STATES for row in page.resources):
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
        error=_format_error(error) if error is not None else None,
    )


def with_names(shards: Iterable[Shard]) -> list[Shard]:
    """With names of region, path and end of the OCID: the same in every run, whatever else is there."""
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
    """Such as ``us-ashburn-1_prod_databases_x7k2qa``, fit for a file name and for a pattern of hosts."""
    path = shard.compartment_path or ("root" if ".tenancy." in shard.compartment_id else "unnamed")
    readable = re.sub(r"[^A-Za-z0-9-]+", "_", path)[-_LONGEST_NAME:].strip("_") or "unnamed"
    return f"{shard.region}_{readable}_{shard.compartment_id[-suffix:].lower()}"


def _format_error(error: ResourceError) -> str:
    status = f"{error.status} " if error.status else ""
    return f"{status}{error.code}: {error.message}"


def _label(compartment: Compartment) -> str:
    return f"{'/'.join(compartment.path) or compartment.name or 'compartment'} ({compartment.id})"
