# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The regions that the tenancy is subscribed to, and its compartments (oci_semantics.md section 1.8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .._api.client import Connection, Response
from .._api.iam import refused_credentials
from .._api.pagination import every_page
from .._api.settings import how_to_set
from .._common.errors import (
    ApiError,
    InputError,
    ResourceError,
    ServiceError,
    explain,
)

# The most rows that a list of Identity gives in one page.
_PAGE_SIZE = 1000
# Compartments whose children are asked for at a time, where the whole tree may not be listed at once.
_SIDE_BY_SIDE = 8
# Oracle's platform services keep what they manage for the tenancy in a compartment of this name.
_PAAS = "ManagedCompartmentForPaaS"


@dataclass(frozen=True)
class Subscription:
    """A region that the tenancy is subscribed to; ``status`` is READY or IN_PROGRESS."""

    name: str
    status: str
    is_home: bool

    @property
    def is_ready(self) -> bool:
        return self.status == "READY"


@dataclass(frozen=True)
class Compartment:
    """A compartment, the tenancy's root included. Name and state are None where Identity does not tell them.

    ``path`` are the names from below the root down to it, as far up as they are known; the root's is empty.
    """

    id: str
    name: str | None
    lifecycle_state: str | None
    parent_id: str | None = None
    path: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether there may be resources to list. What could not be read may be there as well as not."""
        return self.lifecycle_state in ("ACTIVE", None)

    @property
    def managed_by_paas(self) -> bool:
        return _PAAS in self.path


@dataclass
class CompartmentScope:
    """Compartments to look into, those that are not ACTIVE, and those below which others could not be listed."""

    compartments: list[Compartment] = field(default_factory=list)
    skipped: list[Compartment] = field(default_factory=list)
    unreadable: list[tuple[Compartment, ResourceError]] = field(default_factory=list)


class Tenancy:
    """What Identity tells. It answers alike in every region, so one that can't be reached is passed over.

    ``regions`` are those where it may be asked besides the region of the connection options. Raises InputError where
    tenancy or region are not known, and where OCI does not accept the credentials.
    """

    def __init__(self, connection: Connection, regions: Iterable[str] = ()) -> None:
        self._connection = connection
        own = [connection.region] if connection.region else []
        self._regions = list(dict.fromkeys([*own, *regions]))
        if not self._regions:
            raise InputError(f"No region is set: {how_to_set('region')}")
        if connection.tenancy is None:
            raise InputError(f"The tenancy is not known: {how_to_set('tenancy')}")
        self.id: str = connection.tenancy
        self._out_of_reach: ApiError | None = None
        self._known: dict[str, Compartment] = {}
        self._children: dict[str, list[str]] = {}
        self._listed: set[str] = set()

    def subscriptions(self) -> list[Subscription]:
        """ListRegionSubscriptions. Raises ApiError."""
        rows = self._read("list_region_subscriptions", self.id).data
        return [Subscription(row.region_name, row.status, bool(row.is_home_region)) for row in rows]

    def scope(self, compartment_ids: Sequence[str] = (), *, recursive: bool) -> CompartmentScope:
        """These compartments, by default the root, and if ``recursive`` all below them; each once, parents first."""
        scope = CompartmentScope()
        self._list_all()
        tops = [self._compartment(top) for top in dict.fromkeys(compartment_ids or [self.id])]
        found = {top.id: top for top in tops}
        level = tops if recursive else []
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            while level:
                answers = list(pool.map(self._below, level))
                for parent, response in zip(level, answers):
                    if isinstance(response, ResourceError):
                        scope.unreadable.append((parent, response))
                below = [child for response in answers if not isinstance(response, ResourceError) for child in response]
                level = [child for child in below if child.id not in found]
                found.update((child.id, child) for child in level)
        for compartment in found.values():
            (scope.compartments if compartment.is_active else scope.skipped).append(compartment)
        return scope

    def _list_all(self) -> None:
        """The whole tree in pages of a thousand. Only from the root, and not everybody may."""
        if self._listed:
            return
        try:
            rows = list(self._rows(self.id, compartment_id_in_subtree=True))
        except ApiError:
            return
        self._listed = {self.id, *(row.id for row in rows)}
        self._known.update((row.id, row) for row in rows)
        for row in rows:
            self._children.setdefault(str(row.parent_id), []).append(row.id)

    def _compartment(self, compartment_id: str) -> Compartment:
        """With its name and its path, by GETs upwards where the tree is not known."""
        known = self._get(compartment_id)
        names: list[str] = []
        above: Compartment | None = known
        seen = {self.id}
        while above is not None and above.id not in seen:
            seen.add(above.id)
            if above.name:
                names.insert(0, above.name)
            above = self._get(above.parent_id) if above.parent_id and above.parent_id not in seen else None
        return replace(known, path=tuple(names))

    def _get(self, compartment_id: str) -> Compartment:
        """GetTenancy, GetCompartment. Who may not call them may still be allowed to list what is in there."""
        if compartment_id not in self._known:
            is_root = compartment_id == self.id
            try:
                row = self._read("get_tenancy" if is_root else "get_compartment", compartment_id).data
            except ApiError:
                self._known[compartment_id] = Compartment(compartment_id, None, "ACTIVE" if is_root else None)
            else:
                self._known[compartment_id] = Compartment(row.id, row.name, "ACTIVE") if is_root else _compartment(row)
        return self._known[compartment_id]

    def _below(self, parent: Compartment) -> list[Compartment] | ResourceError:
        """The children of a compartment. A deleted one has none."""
        if parent.lifecycle_state == "DELETED":
            return []
        if parent.id in self._listed:
            rows = [self._known[child] for child in self._children.get(parent.id, ())]
        else:
            try:
                rows = list(self._rows(parent.id))
            except ApiError as error:
                return _explain_list(error, parent)
        return [replace(row, path=(*parent.path, *([row.name] if row.name else []))) for row in rows]

    def _rows(self, parent_id: str, **query: Any) -> Iterator[Compartment]:
        """ListCompartments, whatever its ``accessLevel``: the default is all, accessible or not."""
        ask = partial(self._read, "list_compartments", parent_id, limit=_PAGE_SIZE, **query)
        for response in every_page(ask, "compartments"):
            yield from (_compartment(row) for row in response.data)

    def _read(self, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Ask the first region that answers, and from then on that one first."""
        if self._out_of_reach is not None:
            raise self._out_of_reach
        failures: list[ApiError] = []
        for region in self._regions:
            try:
                response = self._connection.identity(region).read(operation, *args, **kwargs)
            except ApiError as error:
                if not error.is_region_wide:
                    raise
                failures.append(error)
            else:
                if failures:
                    self._regions = [region, *(other for other in self._regions if other != region)]
                return response
        first = failures[0]
        if isinstance(first, ServiceError) and first.status == 401:
            raise refused_credentials(self._connection.describe_principal(), first.code, first.message)
        self._out_of_reach = first
        raise first


def _compartment(row: Any) -> Compartment:
    return Compartment(row.id, row.name, row.lifecycle_state, row.compartment_id)


def _explain_list(error: ApiError, parent: Compartment) -> ResourceError:
    """Why the compartments below one are not known."""
    told = explain(error)
    if not isinstance(error, ServiceError) or error.status not in (403, 404):
        return replace(told, message=f"The compartments below can't be listed: {told.message}")
    place = "tenancy" if parent.id.startswith("ocid1.tenancy.") else f"compartment id {parent.id}"
    return replace(
        told,
        message="There is no such compartment, or the caller may not list those below it.",
        hint=f"Check the OCID, or grant: Allow group <your group> to inspect compartments in {place}",
    )
