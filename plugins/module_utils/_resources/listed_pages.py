# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages that resources were listed on, to ask for just those again: one call for up to a hundred resources."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._common.clock import Clock
from .._common.errors import ApiError
from .._model.resource import Resource
from .base import Page, Query
from .lists import Pages


@dataclass(frozen=True)
class Snapshot:
    """What a page showed when it was asked for, which is when its request was made, not when its response came."""

    requested_at: float
    rows: Mapping[str, Resource]


_NEVER = Snapshot(float("-inf"), {})


class ListedPages:
    """Which page of a list has shown a resource, and what these pages show now. For several threads."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._page_of: dict[str, Query] = {}
        self._lock = threading.Lock()
        self._flights: dict[Query, threading.Lock] = {}
        self._latest: dict[Query, Snapshot] = {}
        self._forgotten: set[Query] = set()

    def note(self, page: Page, resource_ids: Iterable[str]) -> None:
        """These resources are on this page."""
        if page.query is not None and page.query not in self._forgotten:
            self._page_of.update(dict.fromkeys(resource_ids, page.query))

    def page_of(self, resource_id: str) -> Query | None:
        """The page that has shown a resource last; None if no page has, or if that page can't be asked for again."""
        return self._page_of.get(resource_id)

    def rows(self, query: Query) -> dict[str, Resource]:
        """What a page shows now: nothing where it can't be asked for any more, e.g. because its token has expired."""
        try:
            return {row.id: row for row in self._pages.again(query).resources}
        except ApiError:
            self._forget(query)
            return {}

    def since(self, query: Query, not_before: float, clock: Clock) -> Snapshot:
        """What a page shows, asked for at ``not_before`` or later; nothing where it can't be asked for any more.

        Threads that need the same page share one call, also one that fails.
        """
        with self._lock:
            flight = self._flights.setdefault(query, threading.Lock())
        with flight:
            latest = self._latest.get(query, _NEVER)
            if query in self._forgotten:
                return _NEVER  # while this thread waited, another one found that the page can't be asked for any more
            if latest.requested_at < not_before:
                requested_at = clock.monotonic()
                latest = self._latest[query] = Snapshot(requested_at, self.rows(query))
            return latest

    def _forget(self, query: Query) -> None:
        with self._lock:
            self._forgotten.add(query)
            self._page_of = {name: page for name, page in self._page_of.items() if page != query}
