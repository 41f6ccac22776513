# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play fails on (``fail_on``): one sentence for each alarm that a report raises. Pure.

What is unknown raises the alarm as well. A new word is a line in ``_ALARMS``, and its name in
``_model/report_demands.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._common.quantities import resources as count_resources
from .checks import KEY_AGE, NEW_VOLUMES, NOT_MET, PROTECTION, UNKNOWN, USABLE_KEYS
from .excuses import named_exceptions
from .key_retirement import IN_USE, NO_USE_FOUND

Report = Mapping[str, Any]


def alarms(report: Report, fail_on: Sequence[str]) -> list[str]:
    """The sentences of the alarms that are raised, of those that were asked for."""
    return [sentence for word in dict.fromkeys(fail_on) if (sentence := _ALARMS[word](report)) is not None]


def _cis(report: Report) -> str | None:
    """Any recommendation of the benchmark is not met, or not known to be met."""
    return _checks(
        report["violations"]["checks"],
        f"Recommendations of the benchmark {report['violations']['benchmark_version']}",
    )


def _one_check(name: str, words: str) -> Callable[[Report], str | None]:
    def alarm(report: Report) -> str | None:
        return _checks([check for check in _all_checks(report) if check["id"] == name], words)

    return alarm


def _checks(checks: Sequence[Mapping[str, Any]], words: str) -> str | None:
    parts = []
    for check in checks:
        if check["state"] == NOT_MET:
            parts.append(f"{check['id']} not met by {_subjects(check, len(check['findings']))}")
        elif check["state"] == UNKNOWN:
            of = f" of {_subjects(check, len(check['unknown']))}" if check["unknown"] else ""
            parts.append(f"{check['id']} unknown{of}")
    return f"{words}: {', '.join(parts)}." if parts else None


def _subjects(check: Mapping[str, Any], count: int) -> str:
    if check["of"] == "keys":
        return "1 key" if count == 1 else f"{count:,} keys"
    if check["of"] == "pools":
        return "1 pool" if count == 1 else f"{count:,} pools"
    return count_resources(count)


def _all_checks(report: Report) -> list[Mapping[str, Any]]:
    return [*report["violations"]["checks"], *report["violations"]["beyond"]]


def _protection(report: Report) -> str | None:
    demanded = report["violations"]["required_protection"]
    if demanded is None:
        return "Protection level of keys: unknown what is demanded. Set required_protection."
    return _one_check(PROTECTION, f"Protection level {demanded} of keys in use")(report)


def _new_volumes(report: Report) -> str | None:
    """A pool creates volumes on a key that fails, or it is not known that it does not."""
    words = "What new volumes are born with"
    if report["new_volumes"] is None:
        return f"{words}: unknown, because nobody looked. Set new_volumes."
    return _one_check(NEW_VOLUMES, words)(report)


def _incomplete(report: Report) -> str | None:
    unknowns = report["headline"]["unknowns"]
    return None if report["complete"] else f"The report is incomplete. {' '.join(unknowns)}"


def _key_in_use(report: Report) -> str | None:
    """A key to retire is in use, or it is not known that it is not."""
    retirement = report["retirement"]
    if retirement is None:
        return "Keys to retire: none is named, so nothing was searched for. Set kms_key_ids."
    verdicts = [key["verdict"] for key in retirement["keys"]]
    in_use, clear = verdicts.count(IN_USE), verdicts.count(NO_USE_FOUND)
    if clear == len(verdicts):
        return None
    parts = [f"{in_use:,} of {len(verdicts):,} in use"] if in_use else []
    unknown = len(verdicts) - in_use - clear
    if unknown:
        parts.append(f"{unknown:,} of {len(verdicts):,} unknown, because the search was incomplete")
    return f"Keys to retire: {', '.join(parts)}."


def _since(report: Report) -> str | None:
    """Something got worse since the baseline. ``since`` of a report has it."""
    since = report.get("since")
    if since is None:
        return "Since the baseline: unknown, because there is no earlier report to compare with. Set baseline."
    return f"Since the baseline: {' '.join(since['worse'])}" if since["worse"] else None


def _expired_exceptions(report: Report) -> str | None:
    """An exception has expired. ``exceptions`` of a report has them."""
    exceptions = report.get("exceptions")
    if exceptions is None:
        return "Expired exceptions: unknown, because no exceptions were read. Set exceptions_file."
    rows = {row["number"]: row for row in exceptions["rows"]}
    expired, unknown = ([rows[number] for number in exceptions[name]] for name in ("expired", "unknown"))
    parts = [f"{len(expired):,} expired: {named_exceptions(expired)}"] if expired else []
    parts += [f"{len(unknown):,} unknown, because the clock is wrong"] if unknown else []
    return f"Exceptions of {len(rows):,}: {'; '.join(parts)}." if parts else None


_ALARMS: Mapping[str, Callable[[Report], str | None]] = {
    "cis": _cis,
    "unusable_keys": _one_check(USABLE_KEYS, "Keys in use that can't be used"),
    "incomplete": _incomplete,
    "key_in_use": _key_in_use,
    "key_age": _one_check(KEY_AGE, "Age of keys in use"),
    "protection": _protection,
    "new_volumes": _new_volumes,
    "expired_exceptions": _expired_exceptions,
    "since": _since,
}
