# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different since an earlier report. Pure.

What was not read then, or is not now, is unknown: never new, gone, compliant or the opposite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .._common.quantities import plural
from .._documents.keys_file import ReportedKeyRow
from .._documents.report_file import RunRecords, RunRow
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._model.rows import FilterRow, ResourceRow, ScannedRow, UnreadableRow, key_region
from .checks import NOT_MET
from .key_use import NOT_READABLE, USABLE, condition
from .new_volumes import ReportedNewVolumes
from .since_exceptions import SinceExceptionRow, excused, expired_sentence, newly_expired

COMPLIANT, FAILING, UNKNOWN = "compliant", "failing", "unknown"
"""Whether a resource is on a customer-managed key that can be used."""

_NOT_READ_THEN = "its place was not read, or not in scope, for the earlier report"
_NOT_READ_NOW = "its place could not be read, or is not in scope, for this report"
_KEY_UNKNOWN = "the state of its key is not known, then or now"

_Place = tuple[str, str]


class SinceRow(TypedDict):
    """A resource that is different. ``previous_*`` is what the earlier report said; None where it did not have it."""

    id: str
    type: str
    display_name: str | None
    region: str
    compartment_id: str
    kms_key_id: str | None
    previous_kms_key_id: str | None
    standing: str | None
    previous_standing: str | None
    reason: str | None


class SinceKeyRow(TypedDict):
    """A key that can't be used any more, or of which that is no longer known. States None: not known."""

    id: str
    region: str
    display_name: str | None
    lifecycle_state: str | None
    previous_lifecycle_state: str | None
    time_of_deletion: str | None
    problems: list[str]


class Since(TypedDict):
    """The differences. ``worse`` has a sentence for each kind of change that somebody has to know of."""

    baseline: RunRow
    baseline_complete: bool
    new: list[SinceRow]
    gone: list[SinceRow]
    other_key: list[SinceRow]
    newly_compliant: list[SinceRow]
    no_longer_compliant: list[SinceRow]
    unknown: list[SinceRow]
    keys_newly_unusable: list[SinceKeyRow]
    keys_newly_unknown: list[SinceKeyRow]
    newly_excepted: list[SinceRow]
    no_longer_excepted: list[SinceRow]
    exceptions_newly_expired: list[SinceExceptionRow]
    worse: list[str]


RESOURCE_LISTS = (
    "new",
    "gone",
    "other_key",
    "newly_compliant",
    "no_longer_compliant",
    "unknown",
    "newly_excepted",
    "no_longer_excepted",
)
KEY_LISTS = ("keys_newly_unusable", "keys_newly_unknown")
ALL_LISTS = (*RESOURCE_LISTS, *KEY_LISTS, "exceptions_newly_expired")


class _State:
    """The resources and keys of one report, and what it looked at."""

    def __init__(self, records: RunRecords) -> None:
        found = records.discovery
        self.rows: dict[_Place, ResourceRow] = {(row["region"], row["id"]): row for row in found.resources}
        self.keys: dict[_Place, ReportedKeyRow] = {(key["id"], key["region"]): key for key in records.keys}
        new_volumes = ReportedNewVolumes(found.new_volumes, records.keys)
        self.pools = new_volumes.states
        self.complete = found.complete and _is_scope_known(found.scanned) and not new_volumes.unknowns()
        self.excused = excused(records.exceptions)
        self._unreadable = found.unreadable
        self._regions = set(found.scanned["regions"])
        self._types = set(found.scanned["resource_types"])
        self._compartments = {row["id"] for row in found.scanned["compartments"]}
        self._filters = found.scanned["filters"]

    def covers(self, row: ResourceRow, other: _State) -> bool:
        """Whether it would have this resource of another report if it was there."""
        return (
            _selects_all_of(self._filters, other._filters)
            and row["region"] in self._regions
            and row["type"] in self._types
            and row["compartment_id"] in self._compartments
            and not any(_may_hide(place, row) for place in self._unreadable)
        )

    def standing(self, row: ResourceRow) -> str:
        if row["encryption"] == "oracle":
            return FAILING
        found = condition(self.keys.get((row["kms_key_id"] or "", key_region(row) or "")))
        return UNKNOWN if found == NOT_READABLE else COMPLIANT if found == USABLE else FAILING


def _is_scope_known(scanned: ScannedRow) -> bool:
    """Whether it is known where and what was searched, and what volumes are attached to, if somebody looked."""
    attachments = scanned.get("attachments")
    known = (scanned["filters"], scanned["whole_tenancy"], scanned["all_regions"])
    return None not in known and (attachments is None or attachments["complete"])


def _selects_all_of(filters: FilterRow | None, others: FilterRow | None) -> bool:
    """Whether a report with these filters lists all that one with the others does: it has none, or the same tags.

    Filters for keys are never alike: a resource that gets another key drops out, and is not gone.
    """
    if filters is None or filters["only_named"] or filters["kms_key_ids"] is not None or filters["encryption"] != "any":
        return False
    return filters == others or not (filters["freeform_tags"] or filters["defined_tags"])


def _may_hide(place: UnreadableRow, row: ResourceRow) -> bool:
    # Replicas and assignments are found by way of other resources, which may be anywhere.
    return row["type"] in (REPLICA, ASSIGNMENT) or all(
        place[name] in (None, row[field])  # type: ignore[literal-required]
        for name, field in (("region", "region"), ("compartment_id", "compartment_id"), ("resource_type", "type"))
    )


def compare(before: RunRecords, now: RunRecords) -> Since:
    """What is different now. Both are reports of one tenancy, redacted in the same way. ``before`` has a ``run``."""
    old, new = _State(before), _State(now)
    found: dict[str, list[SinceRow]] = {name: [] for name in RESOURCE_LISTS}
    for place in sorted(old.rows.keys() | new.rows.keys()):
        for name, row in _differences(old, new, place):
            found[name].append(row)
    keys = _key_differences(old, new)
    expired = newly_expired(before.exceptions, now.exceptions)
    run = before.run or RunRow(run_id=None, mode=None, time_started=None, time_finished=None, redacted=None)
    return Since(
        baseline=run,
        baseline_complete=old.complete,
        new=found["new"],
        gone=found["gone"],
        other_key=found["other_key"],
        newly_compliant=found["newly_compliant"],
        no_longer_compliant=found["no_longer_compliant"],
        unknown=found["unknown"],
        keys_newly_unusable=keys["keys_newly_unusable"],
        keys_newly_unknown=keys["keys_newly_unknown"],
        newly_excepted=found["newly_excepted"],
        no_longer_excepted=found["no_longer_excepted"],
        exceptions_newly_expired=expired,
        worse=[
            *_worse(found, keys, lost=old.complete and not new.complete),
            *_worse_pools(old.pools, new.pools),
            *([expired_sentence(expired)] if expired else []),
        ],
    )


def _differences(old: _State, new: _State, place: _Place) -> Iterable[tuple[str, SinceRow]]:
    before, now = old.rows.get(place), new.rows.get(place)
    if now is not None and (now["id"] in old.excused) != (now["id"] in new.excused):
        name = "newly_excepted" if now["id"] in new.excused else "no_longer_excepted"
        yield name, _row(before, now, None if before is None else old.standing(before), new.standing(now))
    if before is not None and now is not None:
        was, is_now = old.standing(before), new.standing(now)
        if before["kms_key_id"] != now["kms_key_id"]:
            yield "other_key", _row(before, now, was, is_now)
        if (was, is_now) == (FAILING, COMPLIANT):
            yield "newly_compliant", _row(before, now, was, is_now)
        elif (was, is_now) == (COMPLIANT, FAILING):
            yield "no_longer_compliant", _row(before, now, was, is_now)
        elif UNKNOWN in (was, is_now):
            yield "unknown", _row(before, now, was, is_now, _KEY_UNKNOWN)
    elif now is not None:
        known = old.covers(now, new)
        yield "new" if known else "unknown", _row(None, now, None, new.standing(now), None if known else _NOT_READ_THEN)
    elif before is not None:
        known = new.covers(before, old)
        was = old.standing(before)
        yield "gone" if known else "unknown", _row(before, None, was, None, None if known else _NOT_READ_NOW)


def _row(
    before: ResourceRow | None, now: ResourceRow | None, was: str | None, is_now: str | None, reason: str | None = None
) -> SinceRow:
    shown = now or before
    if shown is None:
        raise ValueError("neither report has the resource")
    return {
        "id": shown["id"],
        "type": shown["type"],
        "display_name": shown["display_name"],
        "region": shown["region"],
        "compartment_id": shown["compartment_id"],
        "kms_key_id": None if now is None else now["kms_key_id"],
        "previous_kms_key_id": None if before is None else before["kms_key_id"],
        "standing": is_now,
        "previous_standing": was,
        "reason": reason,
    }


def _key_differences(old: _State, new: _State) -> dict[str, list[SinceKeyRow]]:
    found: dict[str, list[SinceKeyRow]] = {name: [] for name in KEY_LISTS}
    for place, key in sorted(new.keys.items()):
        before = old.keys.get(place)
        was, is_now = condition(before), condition(key)
        if is_now == NOT_READABLE:
            if was != NOT_READABLE:
                found["keys_newly_unknown"].append(_key_row(before, key))
        elif is_now not in (USABLE, was):
            found["keys_newly_unusable"].append(_key_row(before, key))
    return found


def _key_row(before: ReportedKeyRow | None, key: ReportedKeyRow) -> SinceKeyRow:
    return {
        "id": key["id"],
        "region": key["region"],
        "display_name": key["display_name"],
        "lifecycle_state": key["lifecycle_state"],
        "previous_lifecycle_state": None if before is None else before["lifecycle_state"],
        "time_of_deletion": key["time_of_deletion"],
        "problems": list(key["problems"]),
    }


def _worse(
    found: Mapping[str, Sequence[SinceRow]], keys: Mapping[str, Sequence[SinceKeyRow]], *, lost: bool
) -> Iterable[str]:
    new = Counter(row["standing"] for row in found["new"])
    unread = Counter(row["standing"] for row in found["unknown"] if row["previous_standing"] is None)
    # Rows that are failing now and are not known to have failed before: they may have been compliant.
    failing = sum(row["standing"] == FAILING for row in found["unknown"])
    unsure = sum(row["previous_standing"] == COMPLIANT for row in found["unknown"])
    for count, noun, more in (
        (len(keys["keys_newly_unusable"]), "key", "can't be used any more"),
        (len(found["no_longer_compliant"]), "resource", "no longer on a customer-managed key that can be used"),
        (new[FAILING], "new resource", "not on a customer-managed key that can be used"),
        (new[UNKNOWN], "new resource", "on a key whose state is not known"),
        (failing, "resource", "not on a customer-managed key that can be used, and unknown before"),
        (unread[UNKNOWN], "resource", "on a key whose state is not known, and not in the earlier report"),
        (unsure, "resource", "unknown now and compliant before"),
        (len(keys["keys_newly_unknown"]), "key", "no longer readable"),
        (len(found["no_longer_excepted"]), "resource", "no longer excused by an exception"),
    ):
        if count:
            verb = "" if more.startswith("can't") else "is " if count == 1 else "are "
            yield f"{plural(count, noun)} {verb}{more}."
    if lost:
        yield "This report is incomplete, and the earlier one was complete."


def _worse_pools(before: Mapping[str, str] | None, now: Mapping[str, str] | None) -> Iterable[str]:
    """Pools that create volumes on a wrong key, and did not, or were not there; none where one report did not look."""
    if before is None or now is None:
        return
    count = sum(state == NOT_MET and before.get(name) != NOT_MET for name, state in now.items())
    if count:
        verb = "creates" if count == 1 else "create"
        yield f"{plural(count, 'pool')} newly {verb} volumes that are not on a customer-managed key that can be used."


def summary_line(since: Since) -> str:
    """The differences in a sentence, for the terminal. What is unknown is never left out."""
    words = {
        "new": "new",
        "gone": "gone",
        "other_key": "on another key",
        "newly_compliant": "newly compliant",
        "no_longer_compliant": "no longer compliant",
        "unknown": "unknown then or now",
        "newly_excepted": "newly excepted",
        "no_longer_excepted": "no longer excepted",
    }
    lists: Mapping[str, Any] = since
    parts = [f"{len(lists[name])} {word}" for name, word in words.items() if lists[name]]
    if since["keys_newly_unusable"]:
        parts.append(f"{plural(len(since['keys_newly_unusable']), 'key')} newly unusable")
    if since["keys_newly_unknown"]:
        parts.append(f"{plural(len(since['keys_newly_unknown']), 'key')} no longer readable")
    if since["exceptions_newly_expired"]:
        parts.append(f"{plural(len(since['exceptions_newly_expired']), 'exception')} newly expired")
    when = (since["baseline"]["time_finished"] or "an earlier report")[:16].replace("T", " ")
    return f"Since {when}: {', '.join(parts) or 'nothing is different'}."
