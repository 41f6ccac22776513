# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions that the tenancy is subscribed to, and its compartments (oci_semantics.md section 1.8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .._api.client import Connection
from .._api.decoding import UnreadableRow
from .._api.iam import place_of
from .._api.pagination import every_page
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    explain,
)
from .._resources.lists import explain_unreadable
from .identity import IdentityReader

# The maximum number of rows that a list of Identity returns in one page.
_PAGE_SIZE = 1000
# Compartments whose children are listed at the same time if the caller may not list the whole tree.
_CONCURRENCY = 8
# Oracle's platform services keep the resources that they manage for the tenancy in a compartment of this name.
_PAAS = "ManagedCompartmentForPaaS"


@dataclass(frozen=True)
class Compartment:
    """A compartment, which may be the tenancy's root. Name and state are None if Identity does not report them.

    ``path`` has the names from below the root down to the compartment, as far up as they are known; the root's is
    empty.
    """

    id: str
    name: str | None
    lifecycle_state: str | None
    parent_id: str | None = None
    path: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether resources can be listed here. A compartment that could not be read counts as active."""
        return self.lifecycle_state in ("ACTIVE", None)

    @property
    def may_hold_resources(self) -> bool:
        """Whether skipping the compartment may miss resources: only a deleted one is known to be empty."""
        return self.lifecycle_state != "DELETED"

    @property
    def managed_by_paas(self) -> bool:
        return _PAAS in self.path


@dataclass(frozen=True)
class _Listed:
    """The compartments of a list, and why there may be others."""

    rows: Sequence[Compartment] = ()
    fault: ResourceError | None = None


@dataclass
class CompartmentScope:
    """The compartments to search, the ones that are not ACTIVE, and the ones whose children could not be listed."""

    compartments: list[Compartment] = field(default_factory=list)
    skipped: list[Compartment] = field(default_factory=list)
    unreadable: list[tuple[Compartment, ResourceError]] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)
    """The parent of each of these compartments and of those above them, as far as it is known."""


class Tenancy(IdentityReader):
    """The compartments of the tenancy."""

    def __init__(self, connection: Connection, regions: Iterable[str] = ()) -> None:
        super().__init__(connection, regions)
        self._known: dict[str, Compartment] = {}
        self._children: dict[str, list[str]] = {}
        self._listed: set[str] = set()
        self._fault_of_tree: ResourceError | None = None
        self._unreached: list[str] = []

    def scope(self, compartment_ids: Sequence[str] = (), *, recursive: bool) -> CompartmentScope:
        """These compartments (default: the root) and, if ``recursive``, all below them; each once, parents first.

        Lists and reads with ListCompartments, GetTenancy and GetCompartment. Never raises ApiError: a compartment that
        can't be read is searched nevertheless, and one whose children can't be listed is in ``unreadable``.
        """
        scope = CompartmentScope()
        self._list_all()
        tops = [self._compartment(top) for top in dict.fromkeys(compartment_ids or [self.id])]
        if recursive and self._fault_of_tree is not None:  # whose children they are is unknown
            scope.unreadable.append((tops[0], self._fault_of_tree))
        found = {top.id: top for top in tops}
        level = tops if recursive else []
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            while level:
                below: list[Compartment] = []
                for parent, children in zip(level, pool.map(self._children_of, level)):
                    if children.fault is not None:
                        scope.unreadable.append((parent, children.fault))
                    below += children.rows
                level = [child for child in below if child.id not in found]
                found.update((child.id, child) for child in level)
        if recursive:
            scope.unreadable += [
                (lost, _not_in_the_tree(lost))
                for lost in map(self._known.__getitem__, self._unreached)
                if lost.id not in found
            ]
        for compartment in found.values():
            (scope.compartments if compartment.is_active else scope.skipped).append(compartment)
            self._add_parents(compartment, scope.parents)
        return scope

    def _add_parents(self, compartment: Compartment, parents: dict[str, str]) -> None:
        """Add the parents from a compartment up, of which those above the scope were read for its path."""
        here: Compartment | None = compartment
        while here is not None and here.parent_id and here.id != self.id and here.id not in parents:
            parents[here.id] = here.parent_id
            here = self._known.get(here.parent_id)

    def children(self, parent: Compartment) -> tuple[Sequence[Compartment], ResourceError | None]:
        """The compartments directly below one, and why there may be others. Lists the whole tree once, if it can."""
        self._list_all()
        listed = self._children_of(parent)
        return listed.rows, listed.fault or (self._fault_of_tree if parent.id in self._listed else None)

    def known_below_root(self) -> list[Compartment]:
        """The compartments that were listed so far, with their paths."""
        return [self._compartment(each) for each in self._known if each != self.id and each in self._listed]

    def _list_all(self) -> None:
        """List the whole tree in pages of a thousand, which OCI allows only from the root and not to every caller."""
        if self._listed:
            return
        try:
            listed = self._rows(self.id, compartment_id_in_subtree=True)
        except ApiError:
            return
        rows = listed.rows
        self._fault_of_tree = listed.fault
        self._listed = {self.id, *(row.id for row in rows)}
        self._known.update((row.id, row) for row in rows)
        for row in rows:
            self._children.setdefault(str(row.parent_id), []).append(row.id)
        self._unreached = self._not_below_root()

    def _not_below_root(self) -> list[str]:
        """The listed compartments to which no way leads from the root: their parent is not listed, or they are in a
        circle. Nobody knows below which compartment they are. Deleted ones are known to be empty.
        """
        reached = {self.id}
        level = [self.id]
        while level:
            level = [child for above in level for child in self._children.get(above, ()) if child not in reached]
            reached.update(level)
        return [
            name
            for name in dict.fromkeys(child for children in self._children.values() for child in children)
            if name not in reached and self._known[name].may_hold_resources
        ]

    def _compartment(self, compartment_id: str) -> Compartment:
        """A compartment with its path. Its ancestors are read one by one if the tree could not be listed."""
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
        """GetTenancy or GetCompartment. A caller who may not call them may still list the resources in it."""
        if compartment_id not in self._known:
            is_root = compartment_id == self.id
            try:
                row = self.read("get_tenancy" if is_root else "get_compartment", compartment_id).data
            except ApiError:
                self._known[compartment_id] = Compartment(compartment_id, None, "ACTIVE" if is_root else None)
            else:
                self._known[compartment_id] = Compartment(row.id, row.name, "ACTIVE") if is_root else _compartment(row)
        return self._known[compartment_id]

    def _children_of(self, parent: Compartment) -> _Listed:
        """The children of a compartment, and why there may be others. A deleted compartment has none."""
        if not parent.may_hold_resources:
            return _Listed()
        if parent.id in self._listed:
            listed = _Listed([self._known[child] for child in self._children.get(parent.id, ())])
        else:
            try:
                listed = self._rows(parent.id)
            except ApiError as error:
                return _Listed(fault=_explain_list_error(error, parent))
        rows = [replace(row, path=(*parent.path, *([row.name] if row.name else []))) for row in listed.rows]
        return _Listed(rows, listed.fault)

    def _rows(self, parent_id: str, **query: Any) -> _Listed:
        """ListCompartments with the default ``accessLevel``: all compartments, accessible or not. Raises ApiError."""
        read_page = partial(self.read, "list_compartments", parent_id, limit=_PAGE_SIZE, **query)
        rows: list[Compartment] = []
        unreadable: list[UnreadableRow] = []
        for response in every_page(read_page, "compartments"):
            rows += map(_compartment, response.data)
            unreadable += response.unreadable
        return _Listed(rows, explain_unreadable(unreadable, "compartment") if unreadable else None)


def _compartment(row: Any) -> Compartment:
    return Compartment(row.id, row.name, row.lifecycle_state, row.compartment_id)


def _not_in_the_tree(compartment: Compartment) -> ResourceError:
    """Why a compartment that was listed is not searched."""
    name = f"{compartment.name} " if compartment.name else ""
    return ResourceError(
        code="BrokenTree",
        message=f"The compartment {name}({compartment.id}) was not searched: its parent, {compartment.parent_id}, does"
        " not lead to the root compartment.",
        hint="Run the task again. If it stays so, name the compartment by its OCID in 'compartment_ids', and report it"
        " to Oracle.",
    )


def _explain_list_error(error: ApiError, parent: Compartment) -> ResourceError:
    """Why the children of a compartment could not be listed, and what to do."""
    explained = explain(error)
    if not isinstance(error, ServiceError) or error.status not in (403, 404):
        return replace(explained, message=f"The compartments below can't be listed: {explained.message}")
    place = place_of(parent.id, "compartment")
    return replace(
        explained,
        message="The compartment does not exist, or the caller may not list the compartments below it.",
        hint=f"Check the OCID, or grant: Allow group <your group> to inspect compartments in {place}",
    )
