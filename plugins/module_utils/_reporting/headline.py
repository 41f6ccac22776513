# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The headline of a report: dangers, coverage, what is unknown, and one sentence that says the worst. Pure.

Green is only what was read: everything in scope, every key in use, its state, its versions and its age.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._common.quantities import resources as count_resources
from .._common.text import shorten
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .._model.rows import ResourceRow, UnreadableRow, key_region
from .checks import KEY_AGE, NOT_MET, PROTECTION, SINGLE_VERSION
from .excuses import named_exceptions
from .key_use import DANGEROUS, DELETED, DISABLED, NOT_READABLE, PENDING_DELETION, UNUSABLE, KeyUse, days_between
from .owners import CUSTOMER, ORACLE, UNKNOWN
from .scope import all_of

RED, AMBER, GREEN = "red", "amber", "green"

STATE_UNKNOWN = "NotSeenAgain"
"""The code of the place in ``unreadable`` that stands for everything."""

# How many keys the banner names.
_NAMED = 3
_NAME_LENGTH = 60

# Lists of exceptions that excuse nothing.
_NOT_HOLDING = ("expired", "unknown")


@dataclass(frozen=True)
class HeadlineInput:
    """What the headline is made from. ``failed`` and ``unsettled`` count changes. ``now`` None: the clock is wrong."""

    resources: Sequence[ResourceRow]
    uses: Sequence[KeyUse]
    unreadable: Sequence[UnreadableRow]
    search_complete: bool
    scope: Mapping[str, Any]
    checks: Sequence[Mapping[str, Any]]
    failed: int
    unsettled: int
    now: str | None
    excused: Collection[str] = frozenset()
    exceptions: Mapping[str, Any] | None = None
    """The section of the report, and the resources that it excuses."""
    attachments: str | None = None
    """What is not known of the instances that volumes are attached to, in a sentence."""
    new_volumes_unknown: Sequence[str] = ()
    new_volumes_wrong: Sequence[str] = ()
    """What is not known of new volumes, and what is wrong with them, in sentences."""


class Protection:
    """How each resource is protected: by a customer-managed key, the Oracle-managed key, or unknown."""

    def __init__(self, uses: Sequence[KeyUse]) -> None:
        self._not_readable = {(use.kms_key_id, use.region) for use in uses if use.condition == NOT_READABLE}

    def __call__(self, row: ResourceRow) -> str:
        if row["encryption"] != "customer":
            return ORACLE
        return UNKNOWN if (row["kms_key_id"], key_region(row)) in self._not_readable else CUSTOMER


def headline(given: HeadlineInput) -> dict[str, Any]:
    """The section ``headline``: level and sentence of the banner, dangers, coverage, unknowns, scope."""
    dangers = _dangers(given.uses, given.now)
    unknowns = _unknowns(given)
    coverage = _coverage(given)
    concerns = _concerns(given, dangers, unknowns, coverage)
    level, sentence = concerns[0] if concerns else (GREEN, _all_well(given, coverage))
    return {
        "level": level,
        "sentence": sentence,
        "others": [text for _level, text in concerns[1:]],
        "dangers": dangers,
        "coverage": coverage,
        "unknowns": unknowns,
        "scope": dict(given.scope),
    }


def _dangers(uses: Sequence[KeyUse], now: str | None) -> list[dict[str, Any]]:
    """The keys that endanger resources, the worst first, then those that could not be read."""
    rank = {name: place for place, name in enumerate((*DANGEROUS, NOT_READABLE))}
    rows = [_danger(use, now) for use in uses if use.condition in rank]
    return sorted(
        rows,
        key=lambda row: (
            rank[row["condition"]],
            row["time_of_deletion"] or "9999",
            -row["total"],
            row["kms_key_id"],
            row["region"],
        ),
    )


def _danger(use: KeyUse, now: str | None) -> dict[str, Any]:
    row = use.row
    by_type = Counter(resource["type"] for resource in use.resources)
    deletion = row["time_of_deletion"] if row else None
    return {
        "condition": use.condition,
        "kms_key_id": use.kms_key_id,
        "region": use.region,
        "display_name": row["display_name"] if row else None,
        "lifecycle_state": row["lifecycle_state"] if row else None,
        "time_of_deletion": deletion,
        "days_left": days_between(now, deletion),
        "total": len(use.resources),
        "by_type": dict(by_type),
        "consequence": _consequence(use.condition, _listed_types(by_type), deletion),
        "reason": "; ".join(row["problems"]) if row else "was not looked up",
    }


def _consequence(condition: str, what: str, deletion: str | None) -> str:
    """What it means for the resources."""
    if condition == PENDING_DELETION:
        when = f"on {_date(deletion)}" if deletion else "when the key is deleted, at a date that is not known"
        return f"The data of {what} is lost {when}, unless the deletion is cancelled."
    if condition == DELETED:
        return f"{what} can't be decrypted any more: their data is lost."
    if condition == DISABLED:
        return f"{what} can't be attached, restored or copied until the key is enabled."
    if condition == UNUSABLE:
        return f"{what} depend on a key that can't be used now."
    return f"Whether {what} can be decrypted is unknown."


def _listed_types(by_type: Mapping[str, int]) -> str:
    names = sorted(by_type, key=lambda name: (RESOURCE_TYPES.rank(name), name))
    words = [
        ("the copies of " if name == ASSIGNMENT else "") + RESOURCE_TYPES.count(name, by_type[name]) for name in names
    ]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _coverage(given: HeadlineInput) -> dict[str, int]:
    protection = Protection(given.uses)
    counted = Counter(map(protection, given.resources))
    endangered = sum(len(use.resources) for use in given.uses if use.condition in DANGEROUS)
    return {
        "total": len(given.resources),
        "customer": counted[CUSTOMER],
        "oracle": counted[ORACLE],
        "unknown": counted[UNKNOWN],
        "endangered": endangered,
        "unknown_places": len(given.unreadable),
        "excepted": sum(row["id"] in given.excused and protection(row) == ORACLE for row in given.resources),
    }


def _unknowns(given: HeadlineInput) -> list[str]:
    """What was not read, in sentences. A report is complete if there is none."""
    found = []
    unseen = [row for row in given.unreadable if row["code"] == STATE_UNKNOWN]
    if unseen:
        found.append(f"{str(unseen[0]['message']).rstrip('. ')}.")
    elif given.unreadable:
        places = "1 place" if len(given.unreadable) == 1 else f"{len(given.unreadable):,} places"
        found.append(f"{places} could not be read, so resources may be missing.")
    elif not given.search_complete:
        found.append("Compartments that may hold resources were skipped.")
    elif not given.scope["filters_known"]:
        found.append("Whether the search was limited by filters is unknown.")
    if not unseen and all_of([given.scope["all_regions"], given.scope["all_compartments"]]) is None:
        found.append("Which part of the tenancy was searched is unknown.")
    unread = [use for use in given.uses if use.condition == NOT_READABLE]
    if unread:
        on_them = count_resources(sum(len(use.resources) for use in unread))
        verb = "is" if on_them == "1 resource" else "are"
        found.append(
            f"{on_them} {verb} on keys that could not be read: {_keys(unread)}. Whether they are safe is unknown."
        )
    unreadable_keys = {use.kms_key_id for use in unread}
    checks = {check["id"]: check for check in given.checks}
    if given.now is None:
        found.append("The clock of this machine is behind OCI's, so the age of keys is unknown. Correct the clock.")
    else:
        found += _unknown_of_keys(checks[KEY_AGE], unreadable_keys, "age")
    found += _unknown_of_keys(checks[SINGLE_VERSION], unreadable_keys, "number of versions")
    found += _unknown_of_keys(checks[PROTECTION], unreadable_keys, "protection level")
    found += [given.attachments] if given.attachments else []
    return [*found, *given.new_volumes_unknown]


def _unknown_of_keys(check: Mapping[str, Any], unreadable: set[str], what: str) -> list[str]:
    keys = [key for key in check["unknown"] if key not in unreadable]
    if not keys:
        return []
    return [f"The {what} of {'1 key' if len(keys) == 1 else f'{len(keys):,} keys'} in use is unknown."]


def _concerns(
    given: HeadlineInput, dangers: Sequence[Mapping[str, Any]], unknowns: Sequence[str], coverage: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Everything that keeps the banner from being green, the worst first."""
    found = [(RED, _danger_sentence(name, rows)) for name in DANGEROUS if (rows := _of(dangers, name))]
    if given.failed:
        found.append((RED, f"{_changes(given.failed)} failed."))
    if given.unsettled:
        found.append((AMBER, f"{_changes(given.unsettled)} were not seen to take effect."))
    found += [(AMBER, text) for text in unknowns]
    if oracle := coverage["oracle"] - coverage["excepted"]:
        of = f"{oracle:,} of {count_resources(coverage['total'])}"
        without = ", and no exception excuses that" if coverage["excepted"] else ""
        found.append((AMBER, f"{of} {'is' if oracle == 1 else 'are'} on the Oracle-managed key{without}."))
    found += [(AMBER, text) for text in given.new_volumes_wrong]
    found += _exception_concerns(given.exceptions)
    found += [
        (AMBER, f'{len(check["findings"]):,} of {check["total"]:,} keys in use: not met is "{check["title"]}".')
        for check in given.checks
        if check["of"] == "keys" and check["id"] in (KEY_AGE, PROTECTION, SINGLE_VERSION) and check["state"] == NOT_MET
    ]
    scope = given.scope
    if scope["is_limited"] and scope["filters_known"]:
        found.append(
            (AMBER, f"The search was limited ({', '.join(scope['filters'])}), so nothing is said of the rest.")
        )
    if not given.resources and not unknowns:
        found.append((AMBER, "No resources were found, so nothing was assessed."))
    return found


def _exception_concerns(section: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """An exception that has expired, or of which it is not known whether it has."""
    if section is None:
        return []
    expired, unknown = ([row for row in section["rows"] if row["number"] in section[name]] for name in _NOT_HOLDING)
    found = []
    if expired:
        found.append((AMBER, f"{named_exceptions(expired)} {'has' if len(expired) == 1 else 'have'} expired."))
    if unknown:
        found.append((AMBER, f"{named_exceptions(unknown)}: whether they hold is unknown, so they excuse nothing."))
    return found


def _of(dangers: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return [row for row in dangers if row["condition"] == name]


def _danger_sentence(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    total = sum(row["total"] for row in rows)
    which = f"{count_resources(total)} {'is' if total == 1 else 'are'}"
    keys = _names([row["display_name"] or row["kms_key_id"] for row in rows])
    if name == PENDING_DELETION:
        dates = [row["time_of_deletion"] for row in rows if row["time_of_deletion"]]
        first = "from" if len(rows) > 1 else "on"
        when = f" {first} {_date(min(dates))}" if dates else " at a date that is not known"
        return f"{which} on keys that are about to be deleted ({keys}): their data is lost{when}. Cancel the deletion."
    if name == DELETED:
        return f"{which} on deleted keys ({keys}): their data can't be decrypted any more."
    if name == DISABLED:
        return f"{which} on disabled keys ({keys}): they can't be attached, restored or copied. Enable the keys."
    return f"{which} on keys that can't be used ({keys})."


def _keys(uses: Sequence[KeyUse]) -> str:
    return _names([use.name for use in uses])


def _names(names: Sequence[str]) -> str:
    each = [shorten(name, _NAME_LENGTH) for name in dict.fromkeys(names)]
    more = f" and {len(each) - _NAMED:,} more" if len(each) > _NAMED else ""
    return ", ".join(each[:_NAMED]) + more


def _changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count:,} changes"


def _date(time: str | None) -> str:
    return f"{(time or '')[:16].replace('T', ' ')} UTC"


def _all_well(given: HeadlineInput, coverage: Mapping[str, int]) -> str:
    where = "" if given.scope["whole_tenancy"] else " in the searched part of the tenancy"
    total = coverage["total"]
    excepted = coverage["excepted"]
    if excepted:
        which = f"All but {excepted:,} excepted of {count_resources(total)}{where}"
        return f"{which} are on customer-managed keys that can be used."
    which = "The 1 resource" if total == 1 else f"All {total:,} resources"
    return f"{which}{where} {'is' if total == 1 else 'are'} on customer-managed keys that can be used."
