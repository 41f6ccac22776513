# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import html5lib
import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import RunRecords
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_summary import (
    ReportSummary,
    read_folder,
    summary_document,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import ReportContext, build
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.history import (
    MOST_POINTS,
    comparable,
    summarize,
    trend,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.index_page import (
    foreign_index_reason,
    index_page,
    write_index,
)

NASTY = "<script>alert(1)</script>\"'&\u202e"


def summary(day: int = 1, *resources: dict[str, Any], **fields: Any) -> ReportSummary:
    more: Any = {name: fields.pop(name) for name in ("run_id", "worst", "level") if name in fields}
    records = RunRecords(discovery=parse_discovery(JsonNode(files.discovery(*resources, **fields), "before.json")))
    context = ReportContext("run", f"2026-11-{day:02d}T02:00:00.000Z", {"run_id": f"run-{day}", "role": "a.b.rekey"})
    made = summarize(build([records], [], context), "f" * 64)
    return ReportSummary(**{**made, **more})


def put(folder: Path, name: str, content: Any) -> Path:
    run = folder / name
    run.mkdir()
    text = content if isinstance(content, str) else json.dumps(content)
    (run / "summary.json").write_text(text)
    (run / "report.html").write_text("a page")
    return run


def put_many(folder: Path, count: int) -> None:
    for day in range(1, count + 1):
        put(folder, f"run-{day}", summary_document(summary(day, files.resource(1))))


BROKEN = ("", "{", "[]", "null", "\x00\x01", '{"format": "other"}', "9" * 5000, '{"a":' * 3000)


class TestTrend:
    def test_it_has_this_report_at_the_end(self, tmp_path: Path) -> None:
        put_many(tmp_path, 2)
        found = trend(read_folder(tmp_path), summary(3, files.resource(1, key=files.KEY_A)))
        assert found is not None
        assert [(point["time_finished"][:10], point["oracle"], point["unknown"]) for point in found["points"]] == [
            ("2026-11-01", 1, 0),
            ("2026-11-02", 1, 0),
            ("2026-11-03", 0, 1),
        ]

    def test_there_is_none_of_a_single_report(self, tmp_path: Path) -> None:
        assert trend(read_folder(tmp_path), summary(3)) is None

    @pytest.mark.parametrize("content", BROKEN)
    def test_broken_files_are_named_and_nothing_else_is_lost(self, tmp_path: Path, content: str) -> None:
        put_many(tmp_path, 1)
        put(tmp_path, "broken", content)
        (tmp_path / "empty").mkdir()
        found = trend(read_folder(tmp_path), summary(3))
        assert found is not None
        assert len(found["points"]) == 2
        assert found["unread_count"] == 2
        assert [line.partition(":")[0] for line in found["unread"]] == ["empty", "broken"]

    def test_of_many_it_has_the_newest(self) -> None:
        from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_summary import FolderOfRun

        one = summary(1)
        runs = [
            FolderOfRun(
                str(minute),
                {**one, "time_finished": f"2026-11-01T{minute // 60:02d}:{minute % 60:02d}:00.000Z"},
                None,
                True,
            )
            for minute in range(500)
        ]
        found = trend(runs, summary(2))
        assert found is not None
        assert len(found["points"]) == MOST_POINTS
        assert found["left_out"] == 501 - MOST_POINTS
        assert found["points"][-2]["time_finished"] == "2026-11-01T08:19:00.000Z"

    @pytest.mark.parametrize(
        "other",
        [
            {"scanned": {"tenancy": f"ocid1.tenancy.oc1..{'x' * 60}"}},
            {"scanned": {"resource_types": ["volume"]}},
            {"scanned": {"whole_tenancy": False}},
            {"scanned": {"all_regions": False, "regions": [files.IAD]}},
            {"scanned": {"filters": None}},
        ],
    )
    def test_reports_of_another_scope_are_no_part_of_it(self, tmp_path: Path, other: dict[str, Any]) -> None:
        put(tmp_path, "other", summary_document(summary(1, **other)))
        assert comparable(read_folder(tmp_path), summary(3)) == []

    def test_new_regions_and_compartments_are_no_other_scope(self, tmp_path: Path) -> None:
        put(tmp_path, "other", summary_document(summary(1, scanned={"regions": [files.IAD], "compartments": []})))
        assert len(comparable(read_folder(tmp_path), summary(3))) == 1

    def test_reports_without_a_run_id_are_compared(self, tmp_path: Path) -> None:
        for day in (1, 2):
            put(tmp_path, f"run-{day}", summary_document(summary(day, run_id=None)))
        now = summary(3, run_id=None)
        assert [name for name, _summary in comparable(read_folder(tmp_path), now)] == ["run-2", "run-1"]
        assert len(comparable(read_folder(tmp_path), summary(3))) == 2
        assert comparable(read_folder(tmp_path), summary(1, run_id=None)) == []

    def test_no_report_is_compared_with_its_own_run(self, tmp_path: Path) -> None:
        put(tmp_path, "copy", summary_document(summary(1, run_id="run-3")))
        assert comparable(read_folder(tmp_path), summary(3)) == []


class TestFindings:
    @pytest.mark.parametrize(
        "unread",
        [
            {"unreadable": [files.unreadable()]},
            {"complete": False},
            {"scanned": {"filters": {"kms_key_ids": [files.KEY_A], "encryption": "any"}}},
            {"scanned": {"filters": None}},
        ],
    )
    def test_none_found_is_not_0_where_not_all_was_read(self, unread: dict[str, Any]) -> None:
        assert summary(1, **unread)["findings"] is None
        assert summary(1, files.resource(1), **unread)["findings"] == 1

    def test_a_key_that_was_not_read_has_an_unknown_age(self) -> None:
        assert summary(1, files.resource(1, key=files.KEY_A))["findings"] is None

    def test_it_is_0_where_all_is_known(self) -> None:
        assert summary(1)["findings"] == 0


class TestIndex:
    def test_it_lists_the_newest_first_and_is_valid(self, tmp_path: Path) -> None:
        put_many(tmp_path, 3)
        (tmp_path / "latest").symlink_to("run-3")
        page = write_index(tmp_path).read_text()
        html5lib.HTMLParser(strict=True).parse(page)
        assert [page.index(f'href="run-{day}/report.html"') for day in (3, 2, 1)] == sorted(
            page.index(f'href="run-{day}/report.html"') for day in (1, 2, 3)
        )
        assert "latest" not in page
        assert foreign_index_reason(tmp_path / "index.html") is None

    @pytest.mark.parametrize("name", ["a b", "x'y\"z<b>", "javascript:alert(1)", "a..", "%2e", "\udcff"])
    def test_no_name_becomes_markup_or_another_address(self, tmp_path: Path, name: str) -> None:
        put(tmp_path, name, summary_document(summary(1, worst=NASTY, level="red", run_id=NASTY)))
        put(tmp_path, f"{name}2", NASTY)
        page = write_index(tmp_path).read_text()
        tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
        assert len(tree.findall(".//script")) == 0
        (link,) = tree.findall(".//tbody//a")
        assert link.get("href").count("/") == 1
        assert ":" not in link.get("href")

    @pytest.mark.parametrize("content", BROKEN)
    def test_broken_files_are_named(self, tmp_path: Path, content: str) -> None:
        put(tmp_path, "broken-one", content)
        page = index_page(read_folder(tmp_path))
        html5lib.HTMLParser(strict=True).parse(page)
        assert "<li>broken-one: " in page
        assert "There is no report yet" in page

    def test_unknown_is_not_shown_as_met(self, tmp_path: Path) -> None:
        unread = summary(1, scanned={"resource_types": []}, unreadable=[files.unreadable()])
        put(tmp_path, "a", summary_document({**unread, "findings": None, "unknown": 7}))
        page = index_page(read_folder(tmp_path))
        assert "<td>unknown</td>" in page
        assert ", 7 unknown<" in page
        assert '<span class="bad">no</span>' in page

    def test_somebody_elses_page_is_known(self, tmp_path: Path) -> None:
        path = tmp_path / "index.html"
        assert foreign_index_reason(path) is None
        path.write_text('<!DOCTYPE html>\n<html lang="en">\n<title>Mine</title>')
        assert foreign_index_reason(path) == "is not an index of this collection"
        path.unlink()
        path.symlink_to("elsewhere")
        assert foreign_index_reason(path) == "is a symbolic link"
        path.unlink()
        path.mkdir()
        assert foreign_index_reason(path) == "is not a regular file"
