# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in lines that a person reads: what changes as a table, then what does not, with reasons and remedies. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .._common.quantities import resources
from .._common.table import DEFAULT_WIDTH, Column, table_lines, wrap
from .._common.text import readable, shorten, visible
from .._documents.plan_file import PlanEntry, UnplannedRow
from .._documents.plan_writer import CountRow, count_entries
from .._model.resource_types import RESOURCE_TYPES
from .names import Names
from .plan import Plan

MOST_COUNTS = 40
"""Rows of counts that the result of a task has at most; the file has all of them."""
MOST_NAMED = 20
"""The names of so many changes are shown; of more, the counts."""
_SAMPLE = 10
_NUMBER = re.compile(r"([0-9]+)")
_NAME = 60

GOOD, CHANGES, LEFT, BAD = "good", "changes", "left", "bad"
"""What the headings of a plan are about."""

NO_NAMES = Names({})

_COLUMNS = (
    Column("Region"),
    Column("Kind"),
    Column("From", least=14),
    Column("To", least=14),
    Column("Count", is_number=True),
)


@dataclass(frozen=True)
class PlanWords:
    """What the lines say besides the plan itself. ``approved`` is the digest of the approved plan and ``present`` that
    of the plan that was made now; ``gone`` counts approved changes that are not in it any more."""

    dry_run: bool
    names: Names = NO_NAMES
    width: int = DEFAULT_WIDTH
    role: str = "rekey"
    approved: str | None = None
    present: str | None = None
    gone: int = 0
    places_not_seen: int = 0


@dataclass(frozen=True)
class _Section:
    heading: str
    rows: Sequence[UnplannedRow]
    remedy: str = ""


def plan_lines(plan: Plan, words: PlanWords) -> list[str]:
    """What a plan amounts to. The first line has the counts, the last one the digest."""
    verb = "would be" if words.dry_run else "will be"
    lines = wrap(plan_summary(plan, words), words.width)
    rows = count_entries(plan.entries)
    lines += _table(rows[:MOST_COUNTS], plan.entries, words)
    if len(rows) > MOST_COUNTS:
        lines.append(f"  ... and {len(rows) - MOST_COUNTS:,} more rows; see the plan file")
    for section in _sections(plan, words):
        lines += _section_lines(section, words)
    lost = sum("lost_in_runs" in entry for entry in plan.entries)
    if lost:
        policies = "1 backup policy" if lost == 1 else f"{lost:,} backup policies"
        lines += wrap(f"{policies} that an interrupted run took away {verb} assigned again", words.width)
    if plan.not_selected:
        lines.append(f"{plan.not_selected:,} not selected by the filters")
    lines += _approval_lines(plan, words)
    return [*map(visible, lines), *_digest_lines(plan.digest, words.width)]


def _digest_lines(digest: str, width: int) -> list[str]:
    """It stays whole, since it is copied."""
    line = f"Digest of the plan: {digest}"
    return [line] if len(line) <= width else ["Digest of the plan:", digest]


def plan_summary(plan: Plan, words: PlanWords) -> str:
    """The counts in one line. What is zero is left out, but for the changes."""
    verb = "would be" if words.dry_run else "will be"
    counts = [
        (plan.unchanged, "already right"),
        (len(plan.blocked), "blocked"),
        (len(plan.skipped), "skipped"),
        (len(plan.excluded), "excluded"),
        (len(plan.not_approved), "not approved"),
        (len(plan.unsettled), "not settled"),
        (len(plan.not_seen), "not seen"),
    ]
    found = [f"{count:,} {what}" for count, what in counts if count]
    if words.places_not_seen:
        places = "place" if words.places_not_seen == 1 else "places"
        found.append(f"{words.places_not_seen:,} {places} not seen")
    return ", ".join([f"{resources(len(plan.entries))} {verb} changed", *found])


def tone_of(line: str) -> str:
    """What a line of a plan is about, for colours; empty for most."""
    if line.startswith(" ") or not line[:1].isdigit():
        return ""
    if " changed" in line:
        return GOOD if line.startswith("0 ") else CHANGES
    if line.endswith(":"):
        return LEFT if line.endswith((" skipped:", " excluded:")) else BAD
    return ""


def entry_lines(entries: Sequence[PlanEntry], names: Names, width: int = DEFAULT_WIDTH) -> list[str]:
    """Each change with its OCIDs, for those who ask for details."""
    lines = []
    for entry in entries:
        kind = RESOURCE_TYPES[entry["type"]].singular
        keys = f"{names.key(entry['kms_key_id'])} -> {names.key(entry['wanted_kms_key_id'])}"
        compartment = names(entry["compartment_id"])
        lines += wrap(f"{entry['region']}: {kind} {_name(entry)} in {compartment}: {keys}", width, "  ", "      ")
        lines.append(f"      {entry['id']}")
    return [visible(line) for line in lines]


def _table(rows: Sequence[CountRow], entries: Sequence[PlanEntry], words: PlanWords) -> list[str]:
    if not rows:
        return []
    cells = [
        (
            row["region"],
            _kind(row["type"], row["count"]),
            words.names.key(row["from_kms_key_id"]),
            words.names.key(row["to_kms_key_id"]),
            f"{row['count']:,}",
        )
        for row in rows
    ]
    details = [_names_of(row, entries) for row in rows] if len(entries) <= MOST_NAMED else []
    return table_lines(_COLUMNS, cells, words.width, details, joint=" -> ")


def _kind(name: str, count: int) -> str:
    """The noun of a type, without a word that the next one implies."""
    row = RESOURCE_TYPES.get(name)
    noun = name if row is None else row.singular if count == 1 else row.plural
    return noun.removeprefix("backup ")


def _in_order(names: list[str]) -> list[str]:
    """As people count: db-2 before db-10."""
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in _NUMBER.split(name)])


def _names_of(row: CountRow, entries: Sequence[PlanEntry]) -> list[str]:
    """The names of what a row of counts counts."""
    own = [
        _name(entry)
        for entry in entries
        if (entry["region"], entry["type"], entry["kms_key_id"], entry["wanted_kms_key_id"])
        == (row["region"], row["type"], row["from_kms_key_id"], row["to_kms_key_id"])
    ]
    return [", ".join(_in_order(own))]


def _name(row: PlanEntry | UnplannedRow) -> str:
    return readable(row["display_name"], _NAME) or NO_NAMES(row.get("asset_id") or row["id"])


def _sections(plan: Plan, words: PlanWords) -> list[_Section]:
    again = "Make another dry run and have it approved"
    return [
        _Section("blocked; fix these first", plan.blocked),
        _Section("skipped", plan.skipped),
        _Section("excluded", plan.excluded),
        _Section("not approved", plan.not_approved, again),
        _Section("not seen", plan.not_seen),
        _Section("begun by a run that was interrupted and not settled by this plan", plan.unsettled),
    ]


def _section_lines(section: _Section, words: PlanWords) -> list[str]:
    """The rows of a section by reason, so that each reason and its remedy is said once."""
    if not section.rows:
        return []
    groups: dict[str, list[UnplannedRow]] = {}
    for row in section.rows:
        groups.setdefault(_reason(row, section, words), []).append(row)
    lines = wrap(f"{len(section.rows):,} {section.heading}:", words.width)
    for reason, rows in list(groups.items())[:_SAMPLE]:
        lines += wrap(reason, words.width, "  ", "  ")
        lines += _rows_by_place(rows, words)
    rest = sum(len(rows) for rows in list(groups.values())[_SAMPLE:])
    if rest:
        lines.append(f"  ... and {rest:,} more; see the plan file")
    return lines


def _reason(row: UnplannedRow, section: _Section, words: PlanWords) -> str:
    reason = words.names.in_text(shorten(row["reason"], 600)).rstrip(". ")
    remedy = words.names.in_text(row.get("remedy") or section.remedy)
    sentence = f"{reason[:1].upper()}{reason[1:]}."
    return f"{sentence} {remedy.rstrip('.')}." if remedy else sentence


def _rows_by_place(rows: Sequence[UnplannedRow], words: PlanWords) -> list[str]:
    """ "us-ashburn-1: block volumes db-1, db-2", with at most ten names in all"""
    places: dict[tuple[str, str], list[UnplannedRow]] = {}
    for row in rows:
        places.setdefault((row["region"], row["type"]), []).append(row)
    lines, room = [], _SAMPLE
    for (region, kind), own in list(places.items())[:_SAMPLE]:
        noun = _kind(kind, len(own))
        where = f"{region}: " if region else ""
        shown = _in_order([_name(row) for row in own])[:room]
        room -= len(shown)
        if not shown:
            lines += wrap(f"{where}{len(own):,} {noun}", words.width, "    ", "      ")
            continue
        more = f" and {len(own) - len(shown):,} more" if len(own) > len(shown) else ""
        lines += wrap(f"{where}{noun} {', '.join(shown)}{more}", words.width, "    ", "      ")
    if len(places) > _SAMPLE:
        lines.append(f"    ... and {sum(map(len, list(places.values())[_SAMPLE:])):,} more; see the plan file")
    return lines


def _approval_lines(plan: Plan, words: PlanWords) -> list[str]:
    """What became of the approved plan, where it is not the plan of now."""
    if words.approved is None:
        return []
    lines = []
    if words.gone:
        noun = "approved change is" if words.gone == 1 else "approved changes are"
        lines += wrap(
            f"{words.gone:,} {noun} not needed or not possible any more, and left out of this plan", words.width
        )
    if words.present is not None and words.present != words.approved:
        lines += wrap(
            "The approved plan is out of date: resources or options have changed since. Only what is still as it was "
            "approved is changed. For the rest, make another dry run and have it approved.",
            words.width,
        )
        lines += [f"  Approved plan: {words.approved}", f"  Plan of now:   {words.present}"]
    return lines
