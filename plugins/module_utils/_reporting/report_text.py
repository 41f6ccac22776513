# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report in sentences, for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._common.quantities import resources as count_resources
from .._common.text import visible
from .excuses import exception_lines
from .headline import STATE_UNKNOWN
from .key_retirement import IN_USE, INCOMPLETE
from .new_volumes import new_volumes_lines
from .since import summary_line
from .terraform import terraform_lines

# A terminal gets this many of each; the report has all of them.
_MOST_OTHERS = 10
_MOST_KEYS = 50


def report_message(report: Mapping[str, Any]) -> str:
    """The report in two sentences: the worst, and the coverage."""
    unknown = [row["message"] for row in report["unreadable"] if row["code"] == STATE_UNKNOWN]
    if unknown and not report["resources"]:
        return visible(f"{unknown[0]}. The report has the changes, but not the current state")
    parts = [report["headline"]["sentence"], coverage_sentence(report["headline"]["coverage"])]
    if not report["complete"]:
        parts.append("The report is incomplete.")
    if report.get("since") is not None:
        parts.append(summary_line(report["since"]))
    return visible(" ".join(parts).rstrip("."))


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The banner and what else is wrong, the coverage, the scope, and the answer on each key to retire."""
    headline = report["headline"]
    others = headline["others"]
    lines = [
        f"{headline['level'].upper()}: {headline['sentence']}",
        *others[:_MOST_OTHERS],
        *([f"... and {len(others) - _MOST_OTHERS:,} more; see the report."] if len(others) > _MOST_OTHERS else []),
        coverage_sentence(headline["coverage"]),
        f"Scope: {headline['scope']['text']}.",
        *new_volumes_lines(report),
        *exception_lines(report),
        *terraform_lines(report),
        *since_lines(report),
        *retirement_lines(report),
    ]
    return [visible(line) for line in lines]


def coverage_sentence(coverage: Mapping[str, int]) -> str:
    verb = "is" if coverage["customer"] == 1 else "are"
    excepted = f", {coverage['excepted']:,} of it excepted" if coverage.get("excepted") else ""
    return (
        f"{coverage['customer']:,} of {count_resources(coverage['total'])} {verb} on customer-managed keys, "
        f"{coverage['oracle']:,} on the Oracle-managed key{excepted}, {coverage['unknown']:,} unknown."
    )


def since_lines(report: Mapping[str, Any]) -> list[str]:
    """What is different since the earlier report, and what got worse."""
    since = report.get("since")
    return [] if since is None else [summary_line(since), *since["worse"]]


def retirement_lines(report: Mapping[str, Any]) -> list[str]:
    """Whether each key to retire is in use. It never says that nothing else uses it."""
    if report["retirement"] is None:
        return []
    names = {key["id"]: key["display_name"] for key in report["keys"] if key["display_name"]}
    rows = report["retirement"]["keys"]
    lines = [_retirement_line(row, names) for row in rows[:_MOST_KEYS]]
    if len(rows) > _MOST_KEYS:
        lines.append(f"... and {len(rows) - _MOST_KEYS:,} more keys to retire; see the report.")
    return [*lines, "Uses outside of Block Volume are not searched; the report lists them."]


def _retirement_line(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    key = row["kms_key_id"]
    name = f"{names[key]} ({key})" if key in names else key
    if row["verdict"] == IN_USE:
        count = len(row["uses"])
        return f"Key to retire {name}: in use, {'1 use was' if count == 1 else f'{count:,} uses were'} found."
    if row["verdict"] == INCOMPLETE:
        gaps = "; ".join(row["gaps"])
        return f"Key to retire {name}: unknown. No use was found, but the search was incomplete: {gaps}."
    return f"Key to retire {name}: no use was found in Block Volume."
