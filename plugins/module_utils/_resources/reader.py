# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading many resources of one kind in one region with as few calls as possible.

A list gives a hundred resources a call, a GET one; but an OCID does not name its compartment. So some are read by GET
first; a compartment that turns up twice among them is listed, as long as its pages pay off.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from .._api.client import Response, Service
from .._common.clock import Clock
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    TransportError,
)
from .._model.resource import DesiredState, Reading, Resource, TakenAway
from .base import Query, ReadableKind
from .error_hints import explain_read
from .listed_pages import ListedPages
from .lists import Pages

# The first sample has this many resources; each further one twice as many.
_FIRST_SAMPLE = 4
# Where no listed row shows a key, so that lists might leave keys out, this many more are read by GET.
_PROOF_SAMPLE = 12


class Reader:
    """Reads resources of one kind in one region, and remembers what it learns about the compartments there.

    ``availability_domains`` is called only where the service requires boot volumes to be listed by domain;
    ``elsewhere`` gives the service of another region.
    """

    def __init__(
        self,
        kind: ReadableKind,
        service: Service,
        region: str,
        pool: Executor,
        *,
        concurrency: int,
        availability_domains: Callable[[str], Sequence[str]],
        elsewhere: Callable[[str], Service] | None = None,
    ) -> None:
        self._kind = kind
        self._service = service
        self._region = region
        self._pool = pool
        self._concurrency = concurrency
        self._availability_domains = availability_domains
        self._elsewhere = elsewhere
        self._pages = Pages(kind, service, region, availability_domains)
        self._listed = ListedPages(self._pages)
        self._pages_of: dict[str, int] = {}
        self._doubtful: set[str] = set()
        self._lists_are_trusted = True
        self._lists_were_compared = False
        self._lists_show_keys = False

    def prepare(self, desired: DesiredState) -> None:
        """Look up what the desired state refers to, before anything is read. Raises InputError."""

    def service_for(self, action: str) -> Service:
        """The service that takes a change."""
        return self._service

    def on_accepted(self, resource_id: str, action: str, response: Response) -> str | None:
        """Learn from the response to an accepted change. Returns the OCID of what it creates, if anything."""
        return None

    def on_refused(self, before: Resource, error: ServiceError) -> bool:
        """Learn from the refusal of a change; whether it may be tried again once the resource was read for a while."""
        return False

    def before_interruption(self, reading: Resource, taken: TakenAway) -> Reading | None:
        """What a change took away that another run did not end; None where nothing is missing."""
        return None

    def get(self, resource_id: str) -> Reading:
        """Read one resource by itself."""
        return self._get(resource_id)

    def _get(self, resource_id: str) -> Reading:
        try:
            return self._kind.get(self._service, self._region, resource_id)
        except ApiError as error:
            return explain_read(error, self._kind, self._region)
        except Exception as error:  # a fault of ours in one response must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        """What each of these resources is, or why it could not be read."""
        found: dict[str, Reading] = {}
        listed: dict[str, Resource] = {}
        left = list(dict.fromkeys(resource_ids))
        hits: Counter[str] = Counter()
        size = _FIRST_SAMPLE
        while left:
            sample = spread(left, size)
            size = min(size * 2, max(self._concurrency, _FIRST_SAMPLE))
            readings = dict(zip(sample, self._pool.map(self._get, sample)))
            found.update(readings)
            hits.update(reading.compartment_id for reading in readings.values() if isinstance(reading, Resource))
            left = [resource_id for resource_id in left if resource_id not in readings]
            if left and all(_is_region_wide(reading) for reading in readings.values()):
                found.update(dict.fromkeys(left, _not_read(next(iter(readings.values())))))
                break
            wanted = set(left)
            rows = self._list_where_it_pays(hits, len(found), wanted, set(found))
            self._compare(rows, found)
            if self._lists_are_trusted:
                listed.update((row_id, row) for row_id, row in rows.items() if row_id in wanted)
                left = [resource_id for resource_id in left if resource_id not in listed]
        return {**found, **self._confirmed(listed)}

    def page_of(self, resource_id: str) -> Query | None:
        """The page that the resource was listed on; None where it has to be read by GET."""
        if not self._lists_are_trusted or resource_id in self._doubtful:
            return None
        return self._listed.page_of(resource_id)

    def fresh(
        self, resource_id: str, *, not_before: float, clock: Clock, by_get: bool = False
    ) -> tuple[Reading, float]:
        """A reading that was asked for at ``not_before`` or later, and when: by the resource's page where it has one.

        All that are on the page share one call, as long as it is recent enough for them.
        """
        page = None if by_get else self.page_of(resource_id)
        if page is not None:
            shown = self._listed.since(page, not_before, clock)
            row = shown.rows.get(resource_id)
            if row is not None:
                return row, shown.requested_at
        asked = clock.monotonic()
        return self.get(resource_id), asked

    def reread(
        self, resources: Sequence[Resource], *, by_get: bool = False, pool: Executor | None = None
    ) -> dict[str, Reading]:
        """Read again resources that were read before: by their pages where these are fewer than they are.

        ``pool`` has the threads for it, where they are not the reader's own.
        """
        pool = pool or self._pool
        left = {resource.id: resource.compartment_id for resource in resources}
        found: dict[str, Reading] = {}
        if not by_get and self._lists_are_trusted:
            found.update(self._by_their_pages(left, pool))
            found.update(self._by_whole_lists({name: left[name] for name in left if name not in found}, pool))
        single = [name for name in left if name not in found]
        found.update(zip(single, pool.map(self._get, single)))
        return found

    def _by_their_pages(self, resource_ids: Iterable[str], pool: Executor) -> dict[str, Resource]:
        on_page: dict[Query, list[str]] = {}
        for name in resource_ids:
            page = self._listed.page_of(name) if name not in self._doubtful else None
            if page is not None:
                on_page.setdefault(page, []).append(name)
        shared = {page: names for page, names in on_page.items() if len(names) > 1}
        found: dict[str, Resource] = {}
        for names, rows in zip(shared.values(), pool.map(self._listed.rows, shared)):
            found.update((name, rows[name]) for name in names if name in rows)
        return found

    def _by_whole_lists(self, compartments: Mapping[str, str], pool: Executor) -> dict[str, Resource]:
        """Those of some compartments whose lists have fewer pages than are left: rows have moved to other pages."""
        by_compartment: dict[str, set[str]] = {}
        for name, compartment_id in compartments.items():
            by_compartment.setdefault(compartment_id, set()).add(name)
        listing = [
            (compartment_id, names)
            for compartment_id, names in by_compartment.items()
            if self._pages_of.get(compartment_id, sys.maxsize) < len(names)
        ]
        found: dict[str, Resource] = {}
        for rows in pool.map(self._list_again, listing):
            found.update(rows)
        return found

    def _list_where_it_pays(
        self, hits: Counter[str], sampled: int, left: set[str], known: set[str]
    ) -> dict[str, Resource]:
        """Rows of the compartments that, judged by the samples, hold several of the resources that are left."""
        if not self._lists_are_trusted:
            return {}
        jobs = [
            (compartment_id, len(left) * count // sampled)
            for compartment_id, count in hits.items()
            if count > 1 and compartment_id not in self._pages_of and len(left) * count // sampled > 1
        ]

        def list_one(job: tuple[str, int]) -> dict[str, Resource]:
            compartment_id, expected = job
            return self._list(compartment_id, left, known, lambda pages, seen: pages <= seen + expected // 10)

        found: dict[str, Resource] = {}
        for rows in self._pool.map(list_one, jobs):
            found.update(rows)
        return found

    def _list_again(self, job: tuple[str, set[str]]) -> dict[str, Resource]:
        compartment_id, ids = job
        return self._list(compartment_id, ids, set(), lambda pages, seen: pages < len(ids))

    def _list(
        self, compartment_id: str, desired: set[str], known: set[str], pays: Callable[[int, int], bool]
    ) -> dict[str, Resource]:
        """List a compartment until all resources searched for were seen, or until it no longer pays.

        ``pays`` judges by the pages read and the rows seen that were searched for. Rows of known resources come along.
        """
        found: dict[str, Resource] = {}
        left = set(desired)
        pages = 0
        complete = True
        try:
            for page in self._pages.of(compartment_id):
                pages += 1
                if any(row.kms_key_id is not None for row in page.resources):
                    self._lists_show_keys = True
                rows = {row.id: row for row in page.resources if row.id in desired or row.id in known}
                # Two rows about one resource that differ: neither is believed.
                self._doubtful.update(name for name, row in rows.items() if found.get(name, row) != row)
                found.update(rows)
                left.difference_update(rows)
                self._listed.note(page, rows)
                if not left:
                    break
                if page.next_page is not None and not pays(pages, len(desired) - len(left)):
                    complete = False
                    break
        except ApiError:
            # What can't be listed is read one by one: a list needs other permissions than a GET.
            complete = False
        if complete:
            self._pages_of[compartment_id] = pages
        else:
            self._pages_of.setdefault(compartment_id, sys.maxsize)
        return {name: row for name, row in found.items() if name not in self._doubtful}

    def _compare(self, rows: dict[str, Resource], found: dict[str, Reading]) -> None:
        """Lists that contradict a GET about a key, or what is as important, are not used again in this run."""
        for row in rows.values():
            reading = found.get(row.id)
            if isinstance(reading, Resource):
                self._lists_were_compared = True
                if not reading.matches_read(row):
                    self._lists_are_trusted = False

    def _confirmed(self, listed: dict[str, Resource]) -> dict[str, Reading]:
        """What was listed, after at least one row was compared with a GET; all by GET if the lists are wrong.

        Rows without a key look alike whether the Oracle-managed key protects them or lists leave keys out.
        """
        confirmed: dict[str, Reading] = dict(listed)
        doubtful = [] if self._lists_show_keys else spread(list(listed), _PROOF_SAMPLE)
        if listed and not self._lists_were_compared:
            doubtful = doubtful or [next(iter(listed))]
        confirmed.update(zip(doubtful, self._pool.map(self._get, doubtful)))
        self._compare(listed, {name: confirmed[name] for name in doubtful})
        if not self._lists_are_trusted:
            confirmed = dict(zip(listed, self._pool.map(self._get, listed)))
        return confirmed


class ReaderByGet(Reader):
    """A reader that adds what no list shows, or not with what a change needs. So it reads each again by itself."""

    def page_of(self, resource_id: str) -> Query | None:
        return None

    def reread(
        self, resources: Sequence[Resource], *, by_get: bool = False, pool: Executor | None = None
    ) -> dict[str, Reading]:
        ids = [resource.id for resource in resources]
        return dict(zip(ids, (pool or self._pool).map(self.get, ids)))


def spread(ids: Sequence[str], count: int) -> list[str]:
    """So many of them, evenly spread: neighbours in a playbook's list tend to share a compartment."""
    if count >= len(ids):
        return list(ids)
    return [ids[position * len(ids) // count] for position in range(count)]


def _is_region_wide(reading: Reading) -> bool:
    """Whether the error is the region's or the caller's, so that reading more would only take time."""
    if not isinstance(reading, ResourceError):
        return False
    return reading.code == TransportError.code or reading.status == 401 or (reading.status or 0) >= 500


def _not_read(reading: Reading) -> Reading:
    """The same error for a resource that was not read any more."""
    return replace(reading, opc_request_id=None) if isinstance(reading, ResourceError) else reading
