# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts and proxies can be connected to. What never could be does not keep a run waiting. No SDK.

A wrong proxy and a blocked host do not pass while a read is tried again, as the outage of a service may.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .._common.clock import Clock
from .connecting import Route
from .failures import ConnectError

UNREACHED_SECONDS = 8.0
"""What could not be connected to for so long, from the first attempt on, is given up: TCP has tried four times."""

AVOIDED_SECONDS = 60.0
"""So long after its last failure, what was given up is not connected to again."""


@dataclass
class _Failures:
    first: float
    last: float
    error: ConnectError


class Reachability:
    """Remembers connections and failures by host and by proxy."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._reached: set[str] = set()
        self._failures: dict[str, _Failures] = {}

    def expect_reachable(self, route: Route) -> None:
        """Raise the ConnectError of the last attempt if the host or its proxy was given up a short time ago."""
        now = self._clock.monotonic()
        with self._lock:
            for place in _places(route):
                failures = self._failures.get(place)
                if failures and _is_given_up(failures) and now - failures.last < AVOIDED_SECONDS:
                    raise failures.error.again() from failures.error.__cause__

    def record_reached(self, route: Route) -> None:
        with self._lock:
            for place in _places(route):
                self._reached.add(place)
                self._failures.pop(place, None)

    def record_failure(self, route: Route, started: float, error: ConnectError) -> None:
        """Note an attempt that began at ``started``, and mark its error as final if the host or proxy is given up."""
        host, *proxies = _places(route)
        place = proxies[0] if proxies and error.through_proxy and not error.status else host
        with self._lock:
            if place in self._reached:
                return
            failures = self._failures.setdefault(place, _Failures(started, started, error))
            failures.last, failures.error = self._clock.monotonic(), error
            error.is_final = _is_given_up(failures)


def _is_given_up(failures: _Failures) -> bool:
    return failures.last - failures.first >= UNREACHED_SECONDS


def _places(route: Route) -> tuple[str, ...]:
    if route.proxy is None:
        return (route.host,)
    return f"{route.host} by {route.proxy}", f"proxy {route.proxy}"
