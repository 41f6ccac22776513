# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of runs that did not come to their end: batches that were killed, and nobody who could look again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, PHX, make_plan, run_jobs

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ROLE = Path(__file__).parents[2] / "roles" / "encryption_report"
SCHEMA = json.loads((ROLE / "files" / "report.schema.json").read_text())


def report_on(sim: Simulator, folder: Path, **options: Any) -> Ran:
    template = str(ROLE / "templates" / "report.html.j2")
    return run(key_assignment_report.main, sim, report_dir=str(folder), template=template, **options)


def read_report(folder: Path) -> dict[str, Any]:
    report = dict(json.loads((folder / "report.json").read_text()))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def test_what_nobody_could_look_at_again_is_not_told_as_it_was_before(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(3, key="key-b")])
    run_jobs(sim, tmp_path, make_plan(sim, tmp_path))

    ran = report_on(
        sim,
        tmp_path,
        initial_discovery_file=str(tmp_path / "before.json"),
        plan_file=str(tmp_path / "plan.json"),
        change_files=[str(tmp_path)],
        kms_key_ids=[sim.id("key-b")],
        discovery_error="401 NotAuthenticated: <b>Expired</b>.",
    )

    assert not ran.failed, ran.msg
    assert ran.msg.startswith("The state after the changes could not be read: 401 NotAuthenticated")
    assert ran.result["outcomes"]["changed"] == 3
    assert ran.result["violations"] == {"4.16": None, "5.2.1": None, "5.2.2": None}
    assert [key["verdict"] for key in ran.result["retirement"]] == ["incomplete"]
    report = read_report(tmp_path)
    assert (report["complete"], report["resources"], report["before"]["customer"]) == (False, [], 3)
    assert report["evidence"]["tenancy"] == sim.id("root")
    assert report["evidence"]["scanned"]["compartments"] == []
    page = (tmp_path / "report.html").read_text()
    assert "could not be read: 401 NotAuthenticated: &lt;b&gt;Expired" in page
    assert "met where it could be read" not in page
    merged = report_on(sim, tmp_path / "all", merge_reports=[str(tmp_path / "report.json")])
    assert not merged.failed, merged.msg
    assert read_report(tmp_path / "all")["unreadable"] == report["unreadable"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"discovery_error": "x"}, "'discovery_error' requires 'initial_discovery_file'"),
        (
            {"discovery_error": "x", "discovery_file": "after.json"},
            "'discovery_error' and 'discovery_file' are mutually exclusive",
        ),
        (
            {"discovery_error": "x", "merge_reports": ["report.json"]},
            "'merge_reports' and 'discovery_error' are mutually exclusive",
        ),
        ({"discovery_error": " "}, "there is nothing to report on"),
    ],
)
def test_what_contradicts_that(sim: Simulator, tmp_path: Path, options: dict[str, Any], fault: str) -> None:
    assert fault in report_on(sim, tmp_path, **options).msg


def test_a_report_tells_of_a_batch_that_was_killed_what_the_journal_has(sim: Simulator, tmp_path: Path) -> None:
    furnish(
        sim,
        volumes=[volumes(2, key="key-b")],
        volume_backup_policies=[{"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX}],
        policy_assignments=[{"asset": "volume-1", "policy": "to-phx"}],
    )
    run_jobs(sim, tmp_path, make_plan(sim, tmp_path, canary=5))
    files = {"discovery_file": str(tmp_path / "before.json"), "change_files": [str(tmp_path)]}

    def changes() -> dict[tuple[str, str], dict[str, Any]]:
        assert not report_on(sim, tmp_path, **files).failed
        rows = read_report(tmp_path)["changes"]
        return {(row["type"], row.get("asset_id") or row["id"]): row for row in rows}

    told = changes()
    assert len(told) == 3
    (tmp_path / "batch-0001.json").unlink()
    journal = tmp_path / "journal.jsonl"
    last = ("volume", sim.id("volume-2"))
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    kept = [json.dumps(line) for line in lines if line["event"] == "intent" or line["id"] != last[1]]
    journal.write_text("\n".join([*kept, '{"event": "int']))

    found = changes()

    assert found.keys() == told.keys()
    names = ("previous_kms_key_id", "kms_key_id", "encryption", "action", "changed", "previous_policy_id", "error")
    for about, row in found.items():
        if about != last:
            assert {name: row.get(name) for name in names} == {name: told[about].get(name) for name in names}
    assert (found[last]["previous_kms_key_id"], found[last]["encryption"]) == (sim.id("key-b"), "unknown")
    assert found[last]["error"]["code"] == "OutcomeUnknown"
    assert not found[last]["settled"]
