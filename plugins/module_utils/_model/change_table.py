# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is going to change as a table, and what is not with its reasons, for plans and calls alike. Pure.

All words are those that people read, with names in place of OCIDs (``ocid_names.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .._common.table import Column, table_lines, wrap
from .._common.text import readable
from .resource_types import RESOURCE_TYPES

MOST_ROWS = 40
"""Rows of the table at most; of what is in more groups, the rest is counted."""
MOST_NAMED = 20
"""The names of so many changes are shown; of more, the counts."""

_SAMPLE = 10
_LONGEST_NAME = 60
_NUMBER = re.compile(r"([0-9]+)")
_COLUMNS = (
    Column("Region"),
    Column("Kind"),
    Column("From", least=14),
    Column("To", least=14),
    Column("Count", is_number=True),
)


class ChangedRow(NamedTuple):
    """One resource that is going to change: from what to what."""

    region: str
    type: str
    name: str
    before: str
    after: str


class UnchangedRow(NamedTuple):
    """One resource that is not going to change, and why, as sentences. The region may be unknown, and empty."""

    region: str
    type: str
    name: str
    reason: str


def change_table(rows: Sequence[ChangedRow], width: int, rest: str) -> list[str]:
    """The changes by region, kind, from and to, in the order of regions and of changes; of few changes with names.

    ``rest`` says where the rows are that are too many.
    """
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for row in rows:
        groups.setdefault((row.region, row.type, row.before, row.after), []).append(row.name)
    if not groups:
        return []
    rank = RESOURCE_TYPES.in_order_of_change.rank
    found = sorted(groups.items(), key=lambda group: (group[0][0], rank(group[0][1]), -len(group[1])))
    shown = found[:MOST_ROWS]
    cells = [
        (region, kind_words(kind, len(names)), before, after, f"{len(names):,}")
        for (region, kind, before, after), names in shown
    ]
    details = [[", ".join(in_order(names))] for _group, names in shown] if len(rows) <= MOST_NAMED else []
    lines = table_lines(_COLUMNS, cells, width, details, joint=" -> ")
    if len(found) > len(shown):
        lines.append(f"  ... and {len(found) - len(shown):,} more rows; {rest}")
    return lines


def unchanged_lines(heading: str, rows: Sequence[UnchangedRow], width: int, rest: str) -> list[str]:
    """What does not change, by reason, so that each reason is said once."""
    if not rows:
        return []
    groups: dict[str, list[UnchangedRow]] = {}
    for row in rows:
        groups.setdefault(row.reason, []).append(row)
    lines = wrap(f"{len(rows):,} {heading}:", width)
    for reason, own in list(groups.items())[:_SAMPLE]:
        lines += wrap(reason, width, "  ", "  ")
        lines += _by_place(own, width, rest)
    more = sum(map(len, list(groups.values())[_SAMPLE:]))
    if more:
        lines.append(f"  ... and {more:,} more; {rest}")
    return lines


def _by_place(rows: Sequence[UnchangedRow], width: int, rest: str) -> list[str]:
    """ "us-ashburn-1: block volumes db-1, db-2", with at most ten names in all"""
    places: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        places.setdefault((row.region, row.type), []).append(row.name)
    lines: list[str] = []
    room = _SAMPLE
    for (region, kind), names in list(places.items())[:_SAMPLE]:
        where = f"{region}: " if region else ""
        shown = in_order(names)[:room]
        room -= len(shown)
        more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
        words = f"{kind_words(kind, len(names))} {', '.join(shown)}{more}"
        if not shown:
            words = f"{len(names):,} {kind_words(kind, len(names))}"
        lines += wrap(f"{where}{words}", width, "    ", "      ")
    more_places = sum(map(len, list(places.values())[_SAMPLE:]))
    if more_places:
        lines.append(f"    ... and {more_places:,} more; {rest}")
    return lines


def kind_words(name: str, count: int) -> str:
    """The noun of a type, without a word that the next one implies."""
    row = RESOURCE_TYPES.get(name)
    noun = name if row is None else row.singular if count == 1 else row.plural
    return noun.removeprefix("backup ")


def in_order(names: Sequence[str]) -> list[str]:
    """As people count: db-2 before db-10."""
    return sorted(names, key=lambda name: [int(part) if part.isdecimal() else part for part in _NUMBER.split(name)])


def name_words(display_name: str | None) -> str:
    """A display name as tables show it; empty where there is none."""
    return readable(display_name or "", _LONGEST_NAME)
