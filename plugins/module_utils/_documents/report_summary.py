# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file ``summary.json`` of a run: the figures of its report, so that a folder of many runs is read quickly."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from .._common.errors import InputError
from .._common.text import readable
from .json_reader import JsonNode, read_json

SUMMARY = "summary.json"
SUMMARY_FORMAT = "oci_keys.block_volume/report-summary"
SUMMARY_VERSION = 1

_REASON_LENGTH = 200
_MOST_BYTES = 64 * 1024


class ReportSummary(TypedDict):
    """The figures of one report. ``scope`` is the same for reports that can be compared with each other.

    ``customer`` are those on keys that could be read, ``unknown`` those on others. ``findings`` None: not known, as
    none was found and not all could be assessed. ``excepted`` resources are excused by exceptions, of which
    ``expired_exceptions`` have expired; both None: none were given. ``worst`` is the sentence of the headline,
    with its ``level``.
    """

    run_id: str | None
    role: str | None
    mode: str
    time_finished: str
    tenancy: str | None
    tenancy_name: str | None
    scope: str
    redacted: str | None
    complete: bool
    total: int
    customer: int
    oracle: int
    unknown: int
    unreadable: int
    findings: int | None
    excepted: int | None
    expired_exceptions: int | None
    changed: int
    failed: int
    level: str
    worst: str
    report_sha256: str


@dataclass(frozen=True)
class FolderOfRun:
    """A run's folder by its name, with its summary, or the reason why it has none that can be read."""

    name: str
    summary: ReportSummary | None
    reason: str | None
    has_page: bool


def scope_digest(scanned: Mapping[str, Any]) -> str:
    """Stands for what was searched. New regions and compartments don't change it where all of them are searched."""
    scope = {
        "tenancy": scanned["tenancy"],
        "regions": "all" if scanned["all_regions"] else sorted(scanned["regions"]),
        "compartments": "all" if scanned["whole_tenancy"] else sorted(row["id"] for row in scanned["compartments"]),
        "resource_types": sorted(scanned["resource_types"]),
        "filters": scanned["filters"],
    }
    return hashlib.sha256(json.dumps(scope, sort_keys=True).encode()).hexdigest()


def summary_document(summary: ReportSummary) -> dict[str, Any]:
    return {"format": SUMMARY_FORMAT, "version": SUMMARY_VERSION, **summary}


def parse_summary(root: JsonNode) -> ReportSummary:
    """Raises InputError for what is no such file."""
    root.expect_format(SUMMARY_FORMAT, SUMMARY_VERSION)
    return {
        "run_id": root.get("run_id").text_or_none(),
        "role": root.get("role").text_or_none(),
        "mode": root.get("mode").one_of("run", "check"),
        "time_finished": root.get("time_finished").moment(),
        "tenancy": root.get("tenancy").text_or_none(),
        "tenancy_name": root.get("tenancy_name").text_or_none(),
        "scope": root.get("scope").text(),
        "redacted": root.get("redacted").text_or_none(),
        "complete": root.get("complete").flag(),
        "total": _figure(root, "total"),
        "customer": _figure(root, "customer"),
        "oracle": _figure(root, "oracle"),
        "unknown": _figure(root, "unknown"),
        "unreadable": _figure(root, "unreadable"),
        "findings": _figure_or_none(root, "findings"),
        "excepted": _figure_or_none(root, "excepted"),
        "expired_exceptions": _figure_or_none(root, "expired_exceptions"),
        "changed": _figure(root, "changed"),
        "failed": _figure(root, "failed"),
        "level": root.get("level").one_of("red", "amber", "green"),
        "worst": root.get("worst").text(),
        "report_sha256": root.get("report_sha256").text(),
    }


def _figure(root: JsonNode, name: str) -> int:
    count = root.get(name).count()
    if count < 0:
        root.get(name).expected("a number of 0 or more")
    return count


def _figure_or_none(root: JsonNode, name: str) -> int | None:
    return None if root.get(name).value is None else _figure(root, name)


def read_folder(folder: Path) -> list[FolderOfRun]:
    """The folders of runs in a folder, the newest name first. Those that can't be read are named with the reason.

    Links are left out, as ``latest`` is one, and so is everything that begins with a dot. Raises OSError.
    """
    with os.scandir(folder) as entries:
        names = sorted(
            (entry.name for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."),
            reverse=True,
        )
    return [_read_run(folder / name) for name in names]


def _read_run(folder: Path) -> FolderOfRun:
    path = folder / SUMMARY
    has_page = (folder / "report.html").is_file()
    try:
        if not path.exists():
            return FolderOfRun(folder.name, None, "it has no summary.json", has_page)
        if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
            return FolderOfRun(folder.name, None, "its summary.json is a link, or too large", has_page)
        return FolderOfRun(folder.name, parse_summary(read_json(path)), None, has_page)
    except (InputError, OSError) as error:
        return FolderOfRun(folder.name, None, readable(error, _REASON_LENGTH), has_page)
