# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that exists: the tenancy, its regions, and the resources of every kind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from .fleet import Entry, FleetError
from .ocids import ocid, unique
from .regions import Region
from .switches import Switches
from .wire import Json

#: The creation date of the first resource; the next ones are a minute younger each.
_EPOCH = 1_767_225_600.0

R = TypeVar("R", bound="Resource")
S = TypeVar("S")


class Resource:
    """What all resources have. A kind is a subclass in a file of its own under kinds/."""

    __slots__ = ()

    kind: ClassVar[str]
    #: The type's name in search queries and results, '' for what search doesn't know.
    search_type: ClassVar[str] = ""

    id: str
    name: str
    region: str
    compartment_id: str
    created: float
    may_inspect: bool
    serial: int

    def settle(self, cloud: CloudState, now: float) -> None:
        """Brings it up to the clock, if time alone changes it."""

    def forget(self) -> None:
        """Drops what it keeps rendered, when a switch has changed what is shown."""

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        """What search shows of it in that region; None where it doesn't exist."""
        raise NotImplementedError

    def truth(self, cloud: CloudState) -> Json:
        """Its true state for the control API, whatever the switches are."""
        raise NotImplementedError

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        """Changes it behind everybody's back, for the control API."""
        raise entry.error(f"a {self.kind} can't be changed")


@dataclass(slots=True)
class Site:
    """A region that the tenancy is subscribed to."""

    region: Region
    home: bool
    status: str
    domain_count: int
    domains: tuple[str, ...] = ()


@dataclass(slots=True)
class Tenancy:
    id: str
    name: str
    user_id: str
    realm: str


@dataclass
class CloudState:
    """The state behind the API. Nothing in here knows HTTP."""

    switches: Switches
    tenancy: Tenancy
    sites: dict[str, Site]
    clock: Callable[[], float] = time.time
    resources: dict[str, Resource] = field(default_factory=dict)
    needless_puts: int = 0
    _names: dict[str, dict[str, Resource]] = field(default_factory=dict)
    _listings: dict[tuple[str, str, str], list[Any]] = field(default_factory=dict)
    _shelves: dict[type, Any] = field(default_factory=dict)
    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, resource: Resource, where: Entry) -> None:
        names = self._names.setdefault(resource.kind, {})
        if resource.name in names:
            raise where.error(f"there are two {resource.kind}s named {resource.name!r}")
        if resource.id in self.resources:
            raise where.error(f"{resource.id} is used twice")
        names[resource.name] = resource
        self.resources[resource.id] = resource
        self._listings.clear()

    def create(self, resource: Resource) -> None:
        """Adds what is made over the API."""
        self.add(resource, Entry(f"{resource.kind} {resource.name}", {}))

    def remove(self, resource: Resource) -> None:
        """For what leaves nothing behind when it is deleted."""
        del self.resources[resource.id]
        del self._names[resource.kind][resource.name]
        self._listings.clear()

    def shelf(self, cls: type[S]) -> S:
        """What a kind keeps beside its resources: the cloud's only object of that class, made at first use."""
        if cls not in self._shelves:
            self._shelves[cls] = cls()
        found: S = self._shelves[cls]
        return found

    def fresh_name(self, kind: str, base: str) -> str:
        """A name for what is made over the API, never given twice, as OCIDs follow from names."""
        taken = self._names.get(kind, {})
        while True:
            self._numbers[kind, base] += 1
            name = f"{base}-{self._numbers[kind, base]}"
            if name not in taken:
                return name

    def next_created(self) -> float:
        return _EPOCH + 60.0 * len(self.resources)

    def named(self, cls: type[R], name: str, where: Entry) -> R:
        """The resource with this name or OCID."""
        found = self._names.get(cls.kind, {}).get(name) or self.resources.get(name)
        if not isinstance(found, cls):
            raise where.error(f"there is no {cls.kind} {name!r}")
        return found

    def lookup(self, name: str) -> Resource:
        """By `kind:name`, by a name that only one resource has, or by OCID."""
        kind, colon, rest = name.partition(":")
        if colon and kind in self._names:
            found = [self._names[kind][rest]] if rest in self._names[kind] else []
        else:
            found = [names[name] for names in self._names.values() if name in names]
        if not found and name in self.resources:
            found = [self.resources[name]]
        if len(found) != 1:
            kinds = ", ".join(sorted(resource.kind for resource in found))
            raise FleetError(f"{name!r} names {'several things: ' + kinds if found else 'nothing'}")
        return found[0]

    def all(self, cls: type[R]) -> Iterator[R]:
        return (one for one in self.resources.values() if isinstance(one, cls))

    def listing(self, cls: type[R], region: str, compartment_id: str) -> list[R]:
        """Youngest first, as lists are when no order is asked for."""
        where = (cls.kind, region, compartment_id)
        rows = self._listings.get(where)
        if rows is None:
            rows = [one for one in self.all(cls) if one.region == region and one.compartment_id == compartment_id]
            rows.sort(key=lambda one: (-one.created, one.id))
            self._listings[where] = rows
        return rows

    def moved(self) -> None:
        """To be called when a resource has changed its compartment."""
        self._listings.clear()

    def compartment_of(self, name: str | None, where: Entry) -> str:
        """A compartment's OCID by name; the tenancy's root where none is named."""
        if name in (None, "root", self.tenancy.name, self.tenancy.id):
            return self.tenancy.id
        found = self._names.get("compartment", {}).get(str(name)) or self.resources.get(str(name))
        if found is None or found.kind != "compartment":
            raise where.error(f"there is no compartment {name!r}")
        return found.id

    def region_of(self, name: str, where: Entry) -> Site:
        if name not in self.sites:
            raise where.error(f"the tenancy has no region {name!r}; it has: {', '.join(self.sites)}")
        return self.sites[name]

    def make_id(self, kind: str, site: Site | None, name: str, given: str | None, prefix: str = "") -> str:
        if given:
            return given
        region = site.region.in_ocid if site else ""
        return ocid(kind, self.tenancy.realm, region, self.tenancy.name, name, prefix=prefix)


def begin(fleet: Entry, switches: Switches, regions: Iterable[Site], clock: Callable[[], float]) -> CloudState:
    """A cloud with a tenancy and regions, and nothing in it yet."""
    sites = {site.region.name: site for site in regions}
    tenancy = fleet.take("tenancy", "acme")
    entry = Entry("tenancy", {"name": tenancy} if isinstance(tenancy, str) else tenancy)
    name = entry.text("name")
    realm = next(iter(sites.values())).region.realm
    made = Tenancy(
        id=entry.optional("id") or ocid("tenancy", realm, "", name),
        name=name,
        user_id=entry.optional("user_id") or ocid("user", realm, "", name, "operator"),
        realm=realm,
    )
    entry.done()
    prefix = unique("availability-domain", name, length=4).capitalize()
    for site in sites.values():
        site.domains = tuple(site.region.availability_domain(prefix, n) for n in range(1, site.domain_count + 1))
    return CloudState(switches, made, sites, clock)
