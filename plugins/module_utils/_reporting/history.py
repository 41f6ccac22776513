# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report among the earlier ones in its folder: its summary, the one to compare it with, and the trend. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.text import visible
from .._documents.report_summary import FolderOfRun, ReportSummary, scope_digest
from .checks import UNKNOWN
from .scope import compartment_paths

MOST_POINTS = 60
"""The trend has the newest of its points."""
_MOST_NAMED = 20

_POINT = (
    "time_finished",
    "complete",
    "total",
    "customer",
    "oracle",
    "unknown",
    "findings",
    "excepted",
    "expired_exceptions",
)


def summarize(report: Mapping[str, Any], digest: str) -> ReportSummary:
    """The figures of a report. ``digest`` is the SHA-256 of report.json."""
    evidence, headline = report["evidence"], report["headline"]
    coverage = headline["coverage"]
    scanned = evidence["scanned"]
    names = compartment_paths(scanned)
    exceptions = report.get("exceptions")
    return {
        "run_id": evidence["run_id"],
        "role": evidence["role"],
        "mode": evidence["mode"],
        "time_finished": evidence["time_finished"],
        "tenancy": evidence["tenancy"],
        "tenancy_name": names.get(str(evidence["tenancy"])),
        "scope": scope_digest(scanned),
        "redacted": evidence["redacted"],
        "complete": report["complete"],
        "total": coverage["total"],
        "customer": coverage["customer"],
        "oracle": coverage["oracle"],
        "unknown": coverage["unknown"],
        "unreadable": coverage["unknown_places"],
        "findings": _findings(report["violations"]["checks"]),
        "excepted": None if exceptions is None else exceptions["excepted"],
        "expired_exceptions": None if exceptions is None else len(exceptions["expired"]),
        "changed": report["outcomes"]["changed"],
        "failed": report["outcomes"]["failed"],
        "level": headline["level"],
        "worst": headline["sentence"],
        "report_sha256": digest,
    }


def _findings(checks: Iterable[Mapping[str, Any]]) -> int | None:
    """How many there are; None where there is none, and one check is unknown, or none was assessed."""
    assessed = [check for check in checks if check["assessed"]]
    count = sum(len(check["findings"]) for check in assessed)
    return count or (None if not assessed or any(check["state"] == UNKNOWN for check in assessed) else 0)


def comparable(runs: Iterable[FolderOfRun], now: ReportSummary) -> list[tuple[str, ReportSummary]]:
    """The earlier runs with the tenancy and the scope of this one, redacted as it is, the newest first, by folder."""
    found = [
        (run.name, run.summary)
        for run in runs
        if run.summary is not None
        and (run.summary["tenancy"], run.summary["scope"], run.summary["redacted"])
        == (now["tenancy"], now["scope"], now["redacted"])
        and run.summary["time_finished"] < now["time_finished"]
        and (now["run_id"] is None or run.summary["run_id"] != now["run_id"])
    ]
    return sorted(found, key=lambda pair: (pair[1]["time_finished"], pair[0]), reverse=True)


def trend(runs: Sequence[FolderOfRun], now: ReportSummary) -> dict[str, Any] | None:
    """The figures of comparable runs, the oldest first, with this one at the end; None where there is no earlier one.

    ``unread`` names folders that may have been runs of this scope, which nobody knows.
    """
    earlier = [summary for _name, summary in comparable(runs, now)]
    if not earlier:
        return None
    points = [*reversed(earlier[: MOST_POINTS - 1]), now]
    unread = [f"{visible(run.name)}: {run.reason}" for run in runs if run.summary is None]
    return {
        "points": [
            {
                name: point[name]  # type: ignore[literal-required]
                for name in _POINT
            }
            for point in points
        ],
        "left_out": len(earlier) + 1 - len(points),
        "unread": unread[:_MOST_NAMED],
        "unread_count": len(unread),
    }
