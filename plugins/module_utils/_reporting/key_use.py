# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys that resources of a report are on, each in its region, and what Vault says of them there. Pure.

What could not be read has a condition of its own, NOT_READABLE: it is never taken for usable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._common.timestamps import parse_moment
from .._documents.keys_file import ReportedKeyRow
from .._model.rows import ResourceRow, key_region

USABLE = "usable"
DELETED = "deleted"
PENDING_DELETION = "pending_deletion"
DISABLED = "disabled"
UNUSABLE = "unusable"
NOT_READABLE = "not_readable"

DANGEROUS = (DELETED, PENDING_DELETION, DISABLED, UNUSABLE)
"""Conditions in which the data of resources is lost, about to be lost, or out of reach; the worst first."""

CONDITIONS = (*DANGEROUS, NOT_READABLE, USABLE)
"""All conditions, the worst first."""

# The states of a key in Vault (oci_semantics.md fact 22). Any other state is unusable.
_CONDITIONS = {
    "DELETED": DELETED,
    "DELETING": DELETED,
    "PENDING_DELETION": PENDING_DELETION,
    "SCHEDULING_DELETION": PENDING_DELETION,
    "DISABLED": DISABLED,
    "DISABLING": DISABLED,
    "ENABLED": USABLE,
}

# OCI refuses signed requests of clocks that differ by more (oci_semantics.md section 5).
_CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class KeyUse:
    """A key in a region with the resources that are on it there. ``row`` None: nobody looked it up."""

    kms_key_id: str
    region: str
    resources: Sequence[ResourceRow]
    row: ReportedKeyRow | None

    @property
    def condition(self) -> str:
        return condition(self.row)

    @property
    def name(self) -> str:
        return (self.row["display_name"] if self.row else None) or self.kms_key_id


def condition(row: ReportedKeyRow | None) -> str:
    """What a row of a key means for the data on it."""
    if row is None or row["lifecycle_state"] is None:
        return NOT_READABLE
    found = _CONDITIONS.get(row["lifecycle_state"], UNUSABLE)
    return UNUSABLE if found == USABLE and not row["usable"] else found


def key_uses(resources: Sequence[ResourceRow], keys: Sequence[ReportedKeyRow]) -> list[KeyUse]:
    """Every key in every region where a resource is on it, in the order of their OCIDs.

    A policy that copies nowhere uses its key nowhere.
    """
    rows: Mapping[tuple[str, str], ReportedKeyRow] = {(row["id"], row["region"]): row for row in keys}
    used: dict[tuple[str, str], list[ResourceRow]] = {}
    for resource in resources:
        key, region = resource["kms_key_id"], key_region(resource)
        if key is not None and region is not None:
            used.setdefault((key, region), []).append(resource)
    return [KeyUse(*place, used[place], rows.get(place)) for place in sorted(used)]


def parsed_time(text: str | None) -> datetime | None:
    """A time of a file; None where there is none, or where it is of another form."""
    if text is None:
        return None
    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        return None


def days_between(start: str | None, end: str | None) -> int | None:
    """Whole days between two times; None where one is unknown."""
    first, last = parsed_time(start), parsed_time(end)
    return None if first is None or last is None else (last - first).days


def is_clock_wrong(now: str, times: Iterable[str | None]) -> bool:
    """Whether something happened later than now: this clock is slow, so that no age can be computed with it."""
    end = parsed_time(now)
    if end is None:
        return True
    latest = end + _CLOCK_TOLERANCE
    return any(time is not None and time > latest for time in map(parsed_time, set(times)))
