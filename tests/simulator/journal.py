# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has been called: a log of calls, and counters that are never cut short."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: The log keeps the last ones; the counters know all.
LONGEST_LOG = 200_000

#: Request headers that are worth a look in the log.
_KEPT = ("if-match", "opc-retry-token", "opc-client-retries", "opc-obo-token")


@dataclass(slots=True)
class Entry:
    """One call. A status of 0 says that the connection was cut without an answer."""

    operation: str
    method: str
    path: str
    query: dict[str, str]
    host: str
    region: str
    resource: str
    status: int
    request: str
    request_id: str
    principal_type: str
    principal: str
    headers: dict[str, str]
    fault: str
    time: float


class Journal:
    """The log and the counters."""

    def __init__(self) -> None:
        self._log: deque[Entry] = deque(maxlen=LONGEST_LOG)
        self._counts: Counter[tuple[str, str]] = Counter()

    def write(self, entry: Entry) -> None:
        self._log.append(entry)
        self._counts[entry.operation, entry.region] += 1

    def clear(self) -> None:
        self._log.clear()
        self._counts.clear()

    def calls(self, operation: str | None) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self._log if operation in (None, entry.operation)]

    def counts(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for (operation, _region), number in self._counts.items():
            total[operation] += number
        return dict(sorted(total.items()))

    def counts_by_region(self) -> dict[str, dict[str, int]]:
        regions: dict[str, dict[str, int]] = {}
        for (operation, region), number in sorted(self._counts.items()):
            regions.setdefault(region, {})[operation] = number
        return regions


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in _KEPT if name in headers}
