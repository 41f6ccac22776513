# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions: resources that are left on their keys on purpose, for a reason and until a date. Pure.

They only ever excuse: what is unknown stays unknown, and a key that is about to be lost stays a danger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .rows import ResourceRow
from .tags import has_tags

ACTIVE, EXPIRED, UNKNOWN = "active", "expired", "unknown"
EXCEPTION_STATES = (ACTIVE, EXPIRED, UNKNOWN)
"""States of an exception. Unknown: the clock is wrong."""


@dataclass(frozen=True)
class Selector:
    """Which resources an exception is about: those that every part of it selects. None selects all.

    ``resource_ids`` are OCIDs of resources, of the assets of policy assignments, or of volume groups;
    ``compartment_ids`` stand for all compartments below them, too.
    """

    resource_ids: tuple[str, ...] | None = None
    compartment_ids: tuple[str, ...] | None = None
    resource_types: tuple[str, ...] | None = None
    freeform_tags: Mapping[str, str] | None = None
    defined_tags: Mapping[str, Mapping[str, str]] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The parts that there are, as an exceptions file has them."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value is not None
        }


@dataclass(frozen=True)
class KeyException:
    """One exception. ``number`` is its place in the file, from 1; ``expires`` its last day (YYYY-MM-DD) in UTC."""

    number: int
    selector: Selector
    reason: str
    owner: str
    ticket: str
    expires: str

    def state(self, now: str | None) -> str:
        """``now`` is RFC 3339 in UTC; None where the clock is wrong."""
        if now is None:
            return UNKNOWN
        return EXPIRED if self.expires < now[:10] else ACTIVE

    @property
    def words(self) -> str:
        """ "exception 3 (ticket CHG-7, owner storage)" """
        return f"exception {self.number} (ticket {self.ticket}, owner {self.owner})"

    def as_dict(self) -> dict[str, Any]:
        """As an exceptions file has it."""
        return {
            "match": self.selector.as_dict(),
            "reason": self.reason,
            "owner": self.owner,
            "ticket": self.ticket,
            "expires": self.expires,
        }


@dataclass(frozen=True)
class CompartmentTree:
    """Which compartments are above which, as far as it is known. ``parents`` leads up to the ``root``."""

    root: str | None
    parents: Mapping[str, str] = field(default_factory=dict)

    def is_within(self, compartment_id: str, tops: Sequence[str]) -> bool | None:
        """Whether a compartment is one of ``tops`` or below it; None where not all that is above it is known."""
        seen: set[str] = set()
        here: str | None = compartment_id
        while here is not None and here not in seen:
            if here in tops:
                return True
            seen.add(here)
            if here == self.root:
                return False
            here = self.parents.get(here)
        return True if self.root in tops else None


@dataclass(frozen=True)
class Excused:
    """The exceptions that select a resource, and those of which it can't be told because of its compartment."""

    certain: tuple[KeyException, ...] = ()
    possible: tuple[KeyException, ...] = ()


class ExceptionMatcher:
    """Finds the exceptions of resources, each in about as many steps as there are exceptions without an OCID."""

    def __init__(self, exceptions: Iterable[KeyException], tree: CompartmentTree) -> None:
        self._tree = tree
        self._by_id: dict[str, list[KeyException]] = {}
        self._others: list[KeyException] = []
        for one in exceptions:
            if one.selector.resource_ids is None:
                self._others.append(one)
            for ocid in one.selector.resource_ids or ():
                self._by_id.setdefault(ocid, []).append(one)
        self._within: dict[tuple[str, tuple[str, ...]], bool | None] = {}

    def of(self, row: ResourceRow) -> Excused:
        ids = dict.fromkeys((row["id"], row.get("asset_id"), row["group_id"]))
        named = {one.number: one for ocid in ids for one in self._by_id.get(ocid or "", ())}
        certain: list[KeyException] = []
        possible: list[KeyException] = []
        for one in sorted((*named.values(), *self._others), key=lambda each: each.number):
            selected = self._selects(one.selector, row)
            if selected is not False:
                (certain if selected else possible).append(one)
        return Excused(tuple(certain), tuple(possible))

    def _selects(self, selector: Selector, row: ResourceRow) -> bool | None:
        """Whether all parts of a selector but its OCIDs select a resource; None where that is unknown."""
        if selector.resource_types is not None and row["type"] not in selector.resource_types:
            return False
        if not has_tags(row["freeform_tags"], row["defined_tags"], selector.freeform_tags, selector.defined_tags):
            return False
        if selector.compartment_ids is None:
            return True
        place = (row["compartment_id"], selector.compartment_ids)
        if place not in self._within:
            self._within[place] = self._tree.is_within(*place)
        return self._within[place]
