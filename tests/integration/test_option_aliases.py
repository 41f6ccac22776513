# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Former names of options do what the present ones do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from integration.support.harness import Ran, run
from integration.support.rekey_helpers import IAD, mixed_fleet, rekey

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    key_assignment_report,
    key_restore_plan,
    kms_key_info,
)
from simulator.client import Simulator


def test_the_discovery_file_under_its_former_names(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    scope: dict[str, Any] = {"compartment_ids": [sim.id("prod")], "regions": [IAD], "resource_types": ["volume"]}
    names = {"result_file": "discovery_file", "assignments_file": "discovery_file", "found_file": "new_discovery_file"}
    kept = {}
    for which in ("former", "present"):
        folder = tmp_path / which
        folder.mkdir()
        option = {former: former if which == "former" else present for former, present in names.items()}
        found = {option["result_file"]: str(folder / "found.json")}
        plan = {"plan_file": str(folder / "plan.json"), option["found_file"]: str(folder / "before.json")}
        runs = [
            run(key_assignment_info.main, sim, **scope, **found),
            run(kms_key_info.main, sim, **{option["assignments_file"]: str(folder / "found.json")}),
            run(key_assignment_plan.main, sim, **scope, **plan, kms_key_ids={IAD: sim.id("key-a")}),
        ]
        assert not any(ran.failed for ran in runs), [ran.msg for ran in runs]
        assert [ran.result["warnings"] for ran in runs[:2]] == [[], []]
        files = [json.loads((folder / name).read_text())["resources"] for name in ("found.json", "before.json")]
        kept[which] = (files, runs[1].result["kms_keys"], runs[2].result["digest"])
    assert kept["former"] == kept["present"]


def test_reports_and_restore_plans_under_former_names(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    rekey(sim, tmp_path / "run")

    def report(**options: str) -> dict[str, Any]:
        ran = run(key_assignment_report.main, sim, report_dir=str(tmp_path / "report"), **options)
        return _without_paths(ran)

    before = str(tmp_path / "run" / "before.json")
    assert report(before_file=before, unseen_reason="Expired.") == report(
        initial_discovery_file=before, discovery_error="Expired."
    )

    for name in ("found_file", "new_discovery_file"):
        file = tmp_path / f"{name}.json"
        plan = {"reports": [str(tmp_path / "run")], "plan_file": str(tmp_path / "undo.json")}
        assert not run(key_restore_plan.main, sim, **plan, **{name: str(file)}).failed
        assert json.loads(file.read_text())["resources"]


def _without_paths(ran: Ran) -> dict[str, Any]:
    assert not ran.failed, ran.msg
    return {name: ran.result[name] for name in ("summary", "complete", "outcomes", "msg")}
