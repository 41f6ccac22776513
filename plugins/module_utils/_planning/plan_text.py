# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in lines that a person reads: what changes as a table, then what does not, with reasons and remedies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._common.quantities import resources
from .._common.table import DEFAULT_WIDTH, wrap
from .._common.text import shorten, visible
from .._documents.plan_file import AdviceRow, PlanEntry, UnplannedRow
from .._model.change_table import ChangedRow, UnchangedRow, change_table, name_words, unchanged_lines
from .._model.ocid_names import Names
from .._model.resource_types import REPLICA, RESOURCE_TYPES
from .plan import Plan

_REST = "see the plan file"
GOOD, CHANGES, LEFT, BAD = "good", "changes", "left", "bad"
"""What the headings of a plan are about."""

NO_NAMES = Names({})


_MOST_LOST = 5


@dataclass(frozen=True)
class PlanWords:
    """What the lines say besides the plan itself. ``approved`` is the digest of the approved plan and ``present`` that
    of the plan that was made now; ``gone`` counts approved changes that are not in it any more. ``notes`` are sentences
    about the changes, which stand below their table."""

    dry_run: bool
    names: Names = NO_NAMES
    width: int = DEFAULT_WIDTH
    role: str = "rekey"
    approved: str | None = None
    present: str | None = None
    gone: int = 0
    places_not_seen: int = 0
    notes: Sequence[str] = ()


def plan_lines(plan: Plan, words: PlanWords) -> list[str]:
    """What a plan amounts to. The first line has the counts, the last one the digest."""
    verb = "would be" if words.dry_run else "will be"
    lines = wrap(plan_summary(plan, words), words.width)
    lines += change_table(_changed_rows(plan.entries, words.names), words.width, _REST)
    for note in words.notes:
        lines += wrap(note, words.width)
    for heading, rows, remedy in _sections(plan):
        lines += unchanged_lines(heading, _unchanged_rows(rows, words, remedy), words.width, _REST)
    heading = "not changed, which give" if len(plan.advice) != 1 else "not changed, which gives"
    advised = [_advised(row, words) for row in plan.advice]
    lines += unchanged_lines(f"{heading} new volumes another key", advised, words.width, _REST)
    lines += _lost_lines([entry for entry in plan.entries if "lost_in_runs" in entry], words, verb)
    if plan.not_selected:
        lines.append(f"{plan.not_selected:,} not selected by the filters")
    lines += _approval_lines(plan, words)
    return [*map(visible, lines), *_digest_lines(plan.digest, words.width)]


def _advised(row: AdviceRow, words: PlanWords) -> UnchangedRow:
    reason = f"{row['reason'][:1].upper()}{row['reason'][1:]}. {row['remedy']}."
    name = name_words(row["display_name"]) or NO_NAMES.end(row["id"])
    return UnchangedRow(row["region"], row["type"], name, words.names.in_text(reason))


def _lost_lines(lost: Sequence[PlanEntry], words: PlanWords, verb: str) -> list[str]:
    """The policies and replicas that come back, each with its asset: the table of changes shows but their keys."""
    replicas = [entry for entry in lost if entry["type"] == REPLICA]
    policies = [entry for entry in lost if entry["type"] != REPLICA]
    lines: list[str] = []
    if policies:
        many = "1 backup policy" if len(policies) == 1 else f"{len(policies):,} backup policies"
        named = _some([f"{entry.get('policy_id')} of {_name(entry)}" for entry in policies])
        lines += wrap(f"{many} that an interrupted run took away {verb} assigned again: {named}", words.width)
    if replicas:
        many = RESOURCE_TYPES.count(REPLICA, len(replicas))
        named = _some([f"that of {_name(entry)} in {entry['key_region']}" for entry in replicas])
        lines += wrap(f"{many} that an interrupted run took away {verb} made again: {named}", words.width)
    return lines


def _some(named: Sequence[str]) -> str:
    more = f", and {len(named) - _MOST_LOST:,} more" if len(named) > _MOST_LOST else ""
    return f"{', '.join(named[:_MOST_LOST])}{more}"


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
        (len(plan.advice), "to be done by hand"),
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
        keys = " -> ".join(_before_and_after(entry, names))
        compartment = names(entry["compartment_id"])
        lines += wrap(f"{entry['region']}: {kind} {_name(entry)} in {compartment}: {keys}", width, "  ", "      ")
        lines.append(f"      {entry['id']}")
    return [visible(line) for line in lines]


def _changed_rows(entries: Sequence[PlanEntry], names: Names) -> list[ChangedRow]:
    return [
        ChangedRow(
            entry["region"],
            entry["type"],
            _name(entry),
            *_before_and_after(entry, names),
        )
        for entry in entries
    ]


def _before_and_after(entry: PlanEntry, names: Names) -> tuple[str, str]:
    """What a change replaces and by what: keys, or backup policies with the keys for their copies."""
    before, after = entry["kms_key_id"], entry["wanted_kms_key_id"]
    copies = entry["key_region"] != entry["region"]
    if "lost_in_runs" in entry and entry["type"] == REPLICA:
        return "no replica", names.key(after)
    if "lost_in_runs" in entry:
        return _policy_words(None, None, names), _policy_words(entry.get("policy_id"), after, names, copies=copies)
    if "wanted_policy_id" not in entry:
        return names.key(before), names.key(after)
    return (
        _policy_words(entry.get("policy_id"), before, names),
        _policy_words(entry["wanted_policy_id"], after, names, copies=copies),
    )


def _policy_words(policy_id: str | None, kms_key_id: str | None, names: Names, *, copies: bool = False) -> str:
    """ "gold, key-phx for copies"; where it is not known to copy anything, its name alone"""
    if policy_id is None:
        return "no backup policy"
    policy = names.end(policy_id)
    return f"{policy}, {names.key(kms_key_id)} for copies" if copies or kms_key_id is not None else policy


def _unchanged_rows(rows: Sequence[UnplannedRow], words: PlanWords, remedy: str) -> list[UnchangedRow]:
    return [UnchangedRow(row["region"], row["type"], _name(row), _reason(row, words, remedy)) for row in rows]


def _name(row: PlanEntry | UnplannedRow) -> str:
    return name_words(row["display_name"]) or NO_NAMES.end(row.get("asset_id") or row["id"])


def _sections(plan: Plan) -> list[tuple[str, Sequence[UnplannedRow], str]]:
    """What the plan does not change: the heading, the rows, and what to do where a row does not say it."""
    return [
        ("blocked; fix these first", plan.blocked, ""),
        ("skipped", plan.skipped, ""),
        ("excluded", plan.excluded, ""),
        ("not approved", plan.not_approved, "Make another dry run and have it approved"),
        ("not seen", plan.not_seen, ""),
        ("begun by a run that was interrupted and not settled by this plan", plan.unsettled, ""),
    ]


def _reason(row: UnplannedRow, words: PlanWords, otherwise: str) -> str:
    reason = words.names.in_text(shorten(row["reason"], 600)).rstrip(". ")
    remedy = words.names.in_text(row.get("remedy") or otherwise)
    sentence = f"{reason[:1].upper()}{reason[1:]}."
    return f"{sentence} {remedy.rstrip('.')}." if remedy else sentence


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
