# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of lists, one after the other (oci_semantics.md section 4)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from .._api.client import Connection, Service
from .._api.decoding import UnreadableRow
from .._api.pagination import complete_rows, following
from .._common.concurrency import SingleFlightCache
from .._common.errors import ResourceError, ServiceError
from .._model.resource import Resource
from .base import (
    PAGE_SIZE,
    Page,
    Query,
    ReadableKind,
)


class Domains:
    """The availability domains of a region: the same for every compartment, so asked for once."""

    def __init__(self, connection: Connection, region: str) -> None:
        self._connection = connection
        self._region = region
        self._known: SingleFlightCache[list[str]] = SingleFlightCache()

    def __call__(self, compartment_id: str) -> Sequence[str]:
        """ListAvailabilityDomains, which wants a compartment that the caller may see. Raises ApiError."""
        return self._known.get((self._region, ""), lambda: self._ask(compartment_id))

    def _ask(self, compartment_id: str) -> list[str]:
        response = self._connection.identity(self._region).read("list_availability_domains", compartment_id)
        return [domain.name for domain in complete_rows(response, "availability domains")]


# So many rows that can't be read are named one by one in a message.
_NAMED = 5


def explain_unreadable(rows: Sequence[UnreadableRow], noun: str) -> ResourceError:
    """Why these rows of a list are unknown, each named as far as it names itself."""
    named = "; ".join(map(str, rows[:_NAMED]))
    more = f"; and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    count = f"1 {noun}" if len(rows) == 1 else f"{len(rows):,} {noun}s"
    return ResourceError(
        code="UnreadableRow",
        message=f"{count} can't be read, so nothing is known of {'it' if len(rows) == 1 else 'them'}: {named}{more}.",
        hint="Run the task again. If it stays so, check the resource in the console, and report it to Oracle.",
    )


def doubtful_ids(page: Page) -> list[str]:
    """The OCIDs of the rows of a page that only a GET can tell about, each once."""
    return list(dict.fromkeys(row.id for row in page.unreadable if row.is_in_doubt and row.id))


def without_doubts(page: Page, get: Callable[[str], Resource]) -> Page:
    """The page with what is in doubt read by itself. Raises ApiError if that is not possible."""
    doubtful = doubtful_ids(page)
    if not doubtful:
        return page
    unreadable = tuple(row for row in page.unreadable if not (row.is_in_doubt and row.id))
    return replace(page, resources=[*page.resources, *map(get, doubtful)], unreadable=unreadable)


class Pages:
    """The lists of one kind in one region. ``availability_domains`` is asked only where lists are refused without."""

    def __init__(
        self,
        kind: ReadableKind,
        service: Service,
        region: str,
        availability_domains: Callable[[str], Sequence[str]],
    ) -> None:
        self._kind = kind
        self._service = service
        self._region = region
        self._availability_domains = availability_domains
        self._needs_domain = False
        self._was_asked = False
        self._lock = threading.Lock()

    def of(self, compartment_id: str, *, limit: int = PAGE_SIZE) -> Iterator[Page]:
        """Every page of a compartment's list, of at most ``limit`` rows each. Raises ApiError."""
        first = self._first_page(compartment_id, limit)
        if first is not None:
            yield from self._from(first, compartment_id, None, limit)
            return
        for domain in self._availability_domains(compartment_id):
            first = self._page(compartment_id, None, domain, limit)
            self._needs_domain = True
            yield from self._from(first, compartment_id, domain, limit)

    def _first_page(self, compartment_id: str, limit: int) -> Page | None:
        """None where lists have to name a domain. Of several threads, one finds that out and the others wait."""
        with self._lock:
            if not self._was_asked:
                self._was_asked = True
                return self._page_without_domain(compartment_id, limit)
        return None if self._needs_domain else self._page_without_domain(compartment_id, limit)

    def _page_without_domain(self, compartment_id: str, limit: int) -> Page | None:
        try:
            return self._page(compartment_id, None, None, limit)
        except ServiceError as error:
            # The specification of ListBootVolumes wants an availability domain, the SDK does not.
            if error.status != 400 or error.code not in ("MissingParameter", "InvalidParameter"):
                raise
            self._needs_domain = error.code == "MissingParameter"
            return None

    def _from(self, page: Page, compartment_id: str, domain: str | None, limit: int) -> Iterator[Page]:
        return following(
            page,
            lambda token: self._page(compartment_id, token, domain, limit),
            f"{self._kind.noun}s",
            rows=lambda page: page.resources,
        )

    def _page(self, compartment_id: str, token: str | None, domain: str | None, limit: int) -> Page:
        return self.again(Query(self._region, compartment_id, token, domain, limit))

    def again(self, query: Query) -> Page:
        """One page by itself, as it is now. Raises ApiError, also where its token is no longer accepted."""
        return replace(self._kind.list_page(self._service, query), query=query)
