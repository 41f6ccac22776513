# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions of a report: which resources they excuse, and what is wrong with the exceptions themselves. Pure.

Only an exception that is known to hold excuses: it selects the resource for certain, and its last day has not passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._common.quantities import resources as count_resources
from .._model.key_exceptions import (
    ACTIVE,
    EXPIRED,
    UNKNOWN,
    CompartmentTree,
    ExceptionMatcher,
    KeyException,
)
from .._model.rows import ResourceRow, ScannedRow
from .key_use import days_between

# A sentence names this many exceptions; the report has all of them.
_NAMED = 3


class Excuses:
    """The exceptions that were given, None where there is no file of them, beside what was found."""

    def __init__(
        self,
        exceptions: Sequence[KeyException] | None,
        resources: Sequence[ResourceRow],
        scanned: ScannedRow,
        now: str | None,
    ) -> None:
        self._exceptions = exceptions
        self._now = now
        self._selected: dict[int, list[str]] = {}
        self._possible: dict[int, list[str]] = {}
        self.ids: set[str] = set()
        """The resources that are excused."""
        if not exceptions:
            return
        active = {one.number for one in exceptions if one.state(now) == ACTIVE}
        tree = CompartmentTree(scanned["tenancy"], scanned.get("compartment_parents") or {})
        matcher = ExceptionMatcher(exceptions, tree)
        for row in resources:
            found = matcher.of(row)
            for one in found.certain:
                self._selected.setdefault(one.number, []).append(row["id"])
            for one in found.possible:
                self._possible.setdefault(one.number, []).append(row["id"])
            if any(one.number in active for one in found.certain):
                self.ids.add(row["id"])

    def section(self) -> dict[str, Any] | None:
        """``exceptions`` of a report; the lists but ``rows`` have numbers of exceptions."""
        if self._exceptions is None:
            return None
        rows = [self._row(one) for one in self._exceptions]
        numbers = {state: [row["number"] for row in rows if row["state"] == state] for state in (EXPIRED, UNKNOWN)}
        return {
            "total": len(rows),
            "excepted": len(self.ids),
            "expired": numbers[EXPIRED],
            "unknown": numbers[UNKNOWN],
            "unmatched": [row["number"] for row in rows if not row["resources"] and not row["possible"]],
            "rows": rows,
        }

    def _row(self, one: KeyException) -> dict[str, Any]:
        return {
            "number": one.number,
            "state": one.state(self._now),
            "days_left": None
            if self._now is None
            else days_between(f"{self._now[:10]}T00:00:00Z", f"{one.expires}T00:00:00Z"),
            **one.as_dict(),
            "resources": self._selected.get(one.number, []),
            "possible": self._possible.get(one.number, []),
        }


def excused_by(report: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The exceptions of a report that excuse each resource, by its OCID."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in (report.get("exceptions") or {}).get("rows", ()):
        if row["state"] == ACTIVE:
            for ocid in row["resources"]:
                found.setdefault(ocid, []).append(row)
    return found


def exception_lines(report: Mapping[str, Any]) -> list[str]:
    """The exceptions in sentences: how many there are, and each thing that is wrong with them."""
    section = report.get("exceptions")
    if section is None:
        return []
    by_number = {row["number"]: row for row in section["rows"]}
    possible = [row["number"] for row in section["rows"] if row["possible"]]
    lines = [f"Exceptions: {section['total']:,}, for {count_resources(section['excepted'])}."]
    for numbers, one, many in (
        (section["expired"], "has expired and excuses nothing", "have expired and excuse nothing"),
        (
            section["unknown"],
            "excuses nothing, because the clock is wrong",
            "excuse nothing, because the clock is wrong",
        ),
        (section["unmatched"], "matches nothing in scope", "match nothing in scope"),
        (
            possible,
            "may be about more, in compartments whose parents are unknown",
            "may be about more, in compartments whose parents are unknown",
        ),
    ):
        if numbers:
            lines.append(
                f"{named_exceptions([by_number[number] for number in numbers])} {one if len(numbers) == 1 else many}."
            )
    return lines


def named_exceptions(rows: Sequence[Mapping[str, Any]]) -> str:
    """ "Exception 3 (CHG-7, storage, until 2027-06-30) and 2 more" """
    names = [f"{row['number']} ({row['ticket']}, {row['owner']}, until {row['expires']})" for row in rows[:_NAMED]]
    more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return f"{'Exception' if len(rows) == 1 else 'Exceptions'} {', '.join(names)}{more}"
