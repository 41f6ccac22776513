# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report of 10,000 resources takes: processor time, and what its page takes until it can be used.

``pytest -s`` prints the figures. The limits of ``make test`` are wide, since machines are busy; SOAK=1 has those that
are promised, and opens the page. Seconds on the clock are printed, and mean something on an idle machine only.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from integration.support.browser import browser, find_browser
from integration.support.harness import SOAK, soak
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import read_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import RunRecords
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.ocsf import ocsf_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.prometheus import metrics_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_csv import csv_text

TEMPLATE = Path(__file__).parents[2] / "roles" / "encryption_report" / "templates" / "report.html.j2"
COUNT = 10_000
# Seconds of a processor for the report, and for script and layout of the page.
MOST, MOST_TO_LOAD = 5 if SOAK else 50, 3


def make(folder: Path) -> Path:
    """All files of the report, from the file of the search to the page."""
    discovery = read_discovery(folder / "found.json")
    keys = parse_keys(JsonNode(files.keys(files.key()), "keys.json"))
    report: dict[str, Any] = build(
        [RunRecords(discovery=discovery, keys=keys)], [], ReportContext("run", "2026-11-24T02:00:00.000Z")
    )
    text = canonical(report)
    (folder / "report.json").write_text(text)
    (folder / "report.csv").write_text(csv_text(report))
    (folder / "findings.ocsf.json").write_text(ocsf_text(report))
    (folder / "metrics.prom").write_text(metrics_text({**report, "since": None}))
    page = folder / "report.html"
    page.write_text(render(TEMPLATE.read_text(), report, hashlib.sha256(text.encode()).hexdigest()), encoding="utf-8")
    return page


def attached(row: dict[str, Any], number: int) -> dict[str, Any]:
    instance = {"id": f"ocid1.instance.oc1.iad.unique{number}", "display_name": f"application-server-{number}"}
    return {**row, "attachments": {"state": "attached", "instances": [instance]}}


@soak
def test_ten_thousand_resources(tmp_path: Path) -> None:
    fleet = files.fleet(COUNT)
    rows = [attached(row, number) for number, row in enumerate(fleet["resources"])]
    scanned = {**fleet["scanned"], "attachments": {"complete": True, "unreadable": []}}
    (tmp_path / "found.json").write_text(json.dumps(files.discovery(*rows, scanned=scanned)))
    before = time.process_time()
    page = make(tmp_path)
    took = time.process_time() - before
    print(f"\n{COUNT:,} resources: {took:.1f} s of processor time, page {page.stat().st_size / 1e6:.1f} MB")
    assert took < MOST
    command = find_browser()
    if command is None or not SOAK:
        pytest.skip("the page is opened with chromium by SOAK=1")
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})  # as will be what is started from here
    try:
        with browser(command, tmp_path / "profile") as opened:
            opened.call("Performance.enable", timeDomain="threadTicks")  # of a processor, not of the clock
            began = time.monotonic()
            opened.open(page)
            shown = opened.evaluate("document.getElementById('shown').textContent")
            seconds = time.monotonic() - began
            spent = {one["name"]: one["value"] for one in opened.call("Performance.getMetrics")["metrics"]}
    finally:
        os.sched_setaffinity(0, processors)
    assert shown == f"{COUNT} of {COUNT} shown"
    parts = {name: spent[f"{name}Duration"] for name in ("Script", "Layout", "RecalcStyle", "Task")}
    figures = ", ".join(f"{name} {value:.2f} s" for name, value in parts.items())
    print(f"page usable after {seconds:.1f} s on one processor, of which {figures}")
    assert sum(parts[name] for name in ("Script", "Layout", "RecalcStyle")) < MOST_TO_LOAD
