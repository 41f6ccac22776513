# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report among others: what is different since an earlier one, the trend, the index, and the file of metrics."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import write_private_text
from .._common.text import quote
from .._common.values import is_blank
from .._documents.json_reader import JsonNode, read_json
from .._documents.latest_link import LATEST, point_latest_to
from .._documents.own_files import foreign_text_reason
from .._documents.report_file import RunRecords, parse_report
from .._documents.report_summary import FolderOfRun, ReportSummary, read_folder
from .._reporting.files import REPORT
from .._reporting.history import comparable, summarize, trend
from .._reporting.index_page import INDEX, foreign_index_reason, write_index
from .._reporting.prometheus import MARK
from .._reporting.since import compare
from .call_files import expect_replaceable

NO_BASELINE = "There is no earlier report of the same scope to compare with"


@dataclass
class History:
    """What a report is told of earlier ones. ``warnings`` are about files that are not as they should be."""

    folder: Path
    keeps: bool
    baseline: str | None
    metrics_file: Path | None
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, options: Mapping[str, Any], folder: Path) -> History:
        """From the options of a module. ``folder`` is the folder of the run. Raises InputError."""
        baseline, metrics = options["baseline"], options["metrics_file"]
        made = cls(
            folder=folder,
            keeps=bool(options["history"]),
            baseline=None if is_blank(baseline) else str(baseline).strip(),
            metrics_file=None if is_blank(metrics) else Path(os.path.expanduser(str(metrics))),
        )
        if made.metrics_file is not None:
            expect_replaceable("metrics_file", made.metrics_file, lambda path: foreign_text_reason(path, MARK))
            if not made.metrics_file.parent.is_dir():
                raise InputError(
                    f"'metrics_file' is {quote(str(made.metrics_file))}, whose folder does not exist. Create the "
                    "folder, or name another file"
                )
        return made

    def add_to(self, report: dict[str, Any]) -> None:
        """Fill in ``since`` and ``trend`` of a report as it is written. Raises InputError for a baseline of no use."""
        now = summarize(report, "")
        runs = self._runs() if self.keeps or self.baseline == LATEST else []
        report["since"] = None
        report["trend"] = trend(runs, now) if self.keeps else None
        if self.baseline is None:
            return
        before = self._latest(runs, now) if self.baseline == LATEST else _baseline(self.baseline, now)
        if before is not None:
            report["since"] = dict(compare(before, parse_report(JsonNode(report, REPORT))))

    def _runs(self) -> list[FolderOfRun]:
        try:
            return [run for run in read_folder(self.folder.parent) if run.name != self.folder.name]
        except OSError as error:
            self.warnings.append(f"The earlier reports in {self.folder.parent} can't be read: {error.strerror}")
            return []

    def _latest(self, runs: Iterable[FolderOfRun], now: ReportSummary) -> RunRecords | None:
        for name, _summary in comparable(runs, now):
            try:
                return parse_report(read_json(self.folder.parent / name / REPORT))
            except InputError as error:
                self.warnings.append(f"An earlier report was passed over: {error}")
        return None

    def publish(self, metrics: str) -> dict[str, str]:
        """Bring what is outside of the folder of the run up to date. Returns the paths by kind. Raises OSError."""
        paths: dict[str, str] = {}
        if self.metrics_file is not None:
            write_private_text(self.metrics_file, metrics, 0o644)
            paths["metrics_file"] = str(self.metrics_file)
        if not self.keeps:
            return paths
        index = self.folder.parent / INDEX
        reason = foreign_index_reason(index)
        if reason is None:
            paths["index"] = str(write_index(self.folder.parent))
        else:
            self.warnings.append(f"{index} {reason}, so it was not replaced, and lists no runs")
        reason = point_latest_to(self.folder)
        if reason is None:
            paths["latest"] = str(self.folder.with_name(LATEST))
        else:
            self.warnings.append(f"{reason}, so it does not lead to this run")
        return paths


def _baseline(given: str, now: ReportSummary) -> RunRecords:
    """The report at a path, or in the folder of a run."""
    path = Path(os.path.expanduser(given))
    if path.is_dir():
        path = path / REPORT
    records = parse_report(read_json(path))
    tenancy = records.discovery.caller["tenancy"] or records.discovery.scanned["tenancy"]
    redacted = None if records.run is None else records.run["redacted"]
    if (tenancy, redacted) != (now["tenancy"], now["redacted"]):
        raise InputError(
            f"'baseline' is {quote(str(path))}, a report of another tenancy, or one whose OCIDs are redacted in "
            "another way. Name a report of the same tenancy, with the same 'redact' and 'redact_key'"
        )
    return records
