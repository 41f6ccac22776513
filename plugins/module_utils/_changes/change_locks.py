# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The locks of the changes of one region, by which no other run changes the same resources meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from .._common.clock import Clock
from .._common.locks import NameLocks


class ChangeLocks:
    """Locks changes page by page: those that one page of a list shows share a reading, which has to come after.

    ``on_one_page`` has, for each such change, all of them.
    """

    def __init__(self, names: NameLocks, clock: Clock, on_one_page: Mapping[str, Sequence[str]]) -> None:
        self._names = names
        self._clock = clock
        self._on_one_page = dict(on_one_page)
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def acquire(self, resource_id: str) -> float | None:
        """Since when the resource is locked; None while another run has it. Raises OSError."""
        with self._lock:
            if resource_id not in self._since:
                wanted = [name for name in self._on_one_page.get(resource_id, ()) if name in self._on_one_page]
                for name in wanted:  # each is tried with the others once; after that, it is tried alone
                    del self._on_one_page[name]
                self._names.acquire([resource_id, *wanted])
                now = self._clock.monotonic()
                held = [name for name in (resource_id, *wanted) if self._names.holds(name)]
                self._since.update(dict.fromkeys(held, now))
            return self._since.get(resource_id)

    def release(self, resource_id: str) -> None:
        """The change has been concluded, or is not begun any more."""
        with self._lock:
            self._since.pop(resource_id, None)
            self._names.release(resource_id)
