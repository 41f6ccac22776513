# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup policy, and how many backups its schedules make of each resource (oci_semantics.md section 1.5). Pure."""

from __future__ import annotations

from typing import NamedTuple

_DAY = 86_400
# A month is a twelfth of a year of 365.25 days, which is how Oracle's own policies count retention.
PERIODS = {
    "ONE_HOUR": ("an hour", 3_600),
    "ONE_DAY": ("a day", _DAY),
    "ONE_WEEK": ("a week", 7 * _DAY),
    "ONE_MONTH": ("a month", 2_629_800),
    "ONE_YEAR": ("a year", 31_557_600),
}
"""The periods of schedules in words and in seconds, the shortest first."""


class BackupSchedule(NamedTuple):
    """A schedule makes one backup in each period. ``period`` is as OCI names it. None is unknown."""

    period: str | None
    retention_seconds: int | None


class BackupPolicy(NamedTuple):
    """A policy. ``destination_region`` is where its backups are copied to, None if nowhere; ``schedules`` None: they
    are not known."""

    id: str
    display_name: str
    destination_region: str | None
    schedules: tuple[BackupSchedule, ...] | None


class BackupCount(NamedTuple):
    """How many backups there will be: new ones in each period (by OCI's name for it), and kept at a time."""

    made: dict[str, int]
    kept: int


def count_backups(policy: BackupPolicy, resources: int = 1) -> BackupCount | None:
    """How many backups a policy makes of so many resources. None where a schedule is not known, or its period."""
    made: dict[str, int] = {}
    kept = 0
    if policy.schedules is None:
        return None
    for schedule in policy.schedules:
        if schedule.period not in PERIODS or schedule.retention_seconds is None:
            return None
        _words, seconds = PERIODS[schedule.period]
        made[schedule.period] = made.get(schedule.period, 0) + resources
        kept += max(1, round(schedule.retention_seconds / seconds)) * resources
    return BackupCount({period: made[period] for period in PERIODS if period in made}, kept)
