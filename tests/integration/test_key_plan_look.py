# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""key_assignment_plan where it looks itself: as key_assignment_info would, and nothing is lost if it can't plan."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from integration.support.harness import Ran, run
from integration.support.rekey_helpers import IAD, PHX, TYPES, discover, make_plan, mixed_fleet, read_plan, wanted_keys

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import (
    key_assignment_plan as _assignment_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_plan
from simulator.client import Simulator

OMIT = "omit"


def look_and_plan(sim: Simulator, folder: Path, *, check: bool = False, **options: Any) -> Ran:
    folder.mkdir(exist_ok=True)
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD, PHX],
        "resource_types": TYPES,
        "new_discovery_file": str(folder / "before.json"),
        "plan_file": str(folder / "plan.json"),
        "kms_key_ids": wanted_keys(sim),
        **options,
    }
    return run(
        key_assignment_plan.main, sim, check=check, **{name: value for name, value in given.items() if value != OMIT}
    )


def without_times(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    for name in ("time_started", "time_finished"):
        content["scanned"].pop(name)
    return content


def test_it_finds_and_plans_what_two_modules_do(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    apart = make_plan(sim, tmp_path / "apart")
    looked = discover(sim, tmp_path / "looked.json")

    for number, check in enumerate((True, False, False, True)):
        planned = look_and_plan(sim, tmp_path / str(number), check=check)

        assert not planned.failed, planned.msg
        assert not planned.changed
        assert planned.calls == Counter(looked.calls) + Counter(apart.calls)
        assert planned.writes == {}
        assert planned.result["digest"] == apart.result["digest"]
        assert planned.result["summary"] == apart.result["summary"]
        assert planned.result["found"]["complete"] is True
        assert planned.result["found"]["msg"] == looked.msg
        found = Path(planned.result["found"]["file"])
        assert stat.S_IMODE(found.stat().st_mode) == 0o600
        assert without_times(found) == without_times(tmp_path / "looked.json")


def test_what_was_found_is_kept_where_it_can_not_be_planned_for(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    sim.fault("status", "ListVolumes", times=None, status=404, code="NotAuthorizedOrNotFound")

    ran = look_and_plan(sim, tmp_path, kms_key_ids={IAD: sim.id("key-disabled"), PHX: sim.id("key-phx")})

    assert ran.failed
    assert "is DISABLED" in ran.msg
    assert ran.result["found"]["complete"] is False
    assert [text for text in ran.result["warnings"] if "Some places could not be read" in text]
    assert len(json.loads(Path(ran.result["found"]["file"]).read_text())["resources"]) > 0
    assert not (tmp_path / "plan.json").exists()


def test_that_not_all_was_seen_is_told(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    sim.fault("status", "ListVolumes", times=None, status=404, code="NotAuthorizedOrNotFound")

    ran = look_and_plan(sim, tmp_path)

    assert not ran.failed, ran.msg
    assert ran.result["found"]["complete"] is False
    assert read_plan(tmp_path)["complete"] is False
    assert [text for text in ran.result["warnings"] if "Some places could not be read" in text]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"discovery_file": "before.json"}, "parameters are mutually exclusive: discovery_file|new_discovery_file"),
        ({"new_discovery_file": OMIT}, "one of the following is required: discovery_file, new_discovery_file"),
        ({"new_discovery_file": None}, "Neither 'discovery_file' nor 'new_discovery_file' is set"),
        (
            {"new_discovery_file": OMIT, "discovery_file": "before.json"},
            "'compartment_ids' and 'discovery_file' can't be combined",
        ),
        ({"new_discovery_file": " "}, "'new_discovery_file' is blank"),
        (
            {"new_discovery_file": "/proc/no/before.json"},
            "'new_discovery_file' is '/proc/no/before.json', but there is no folder",
        ),
        ({"compartment_ids": []}, "'compartment_ids'"),
        ({"regions": ["nowhere"]}, "'nowhere'"),
    ],
)
def test_what_can_not_be_meant(sim: Simulator, tmp_path: Path, options: dict[str, Any], fault: str) -> None:
    mixed_fleet(sim)

    ran = look_and_plan(sim, tmp_path, **options)

    assert ran.failed
    assert fault in ran.msg
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    "blank",
    [
        {"compartment_ids": ""},
        {"compartment_ids": ["", "ocid1.compartment.oc1..a"]},
        {"regions": [""]},
        {"exclude_ids": [" "]},
        {"from_kms_key_ids": [""]},
        {"created_before": "x"},
        {"created_before": ""},
        {"plan_digest": ""},
        {"approved_plan": " "},
        {"freeform_tags": {"": "a"}},
        {"defined_tags": {"ops": "x"}},
    ],
)
def test_a_filter_that_says_nothing_is_an_error_before_anything_is_read(
    sim: Simulator, tmp_path: Path, blank: dict[str, Any]
) -> None:
    mixed_fleet(sim)
    sim.reset_counts()

    ran = look_and_plan(sim, tmp_path, **blank)

    assert ran.failed
    assert f"'{next(iter(blank))}" in ran.msg
    assert sim.counts() == {}
    assert not (tmp_path / "plan.json").exists()


def test_what_earlier_batches_left_unreadable_does_not_keep_it_from_looking(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    (tmp_path / "batch-0001.json").write_text("{")

    ran = look_and_plan(sim, tmp_path)

    assert ran.failed
    assert "batch-0001.json" in ran.msg
    assert Path(ran.result["found"]["file"]).exists()


def test_what_is_found_has_to_be_on_disk(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_path: Path, _content: object) -> None:
        raise OSError(28, "No space left on device")

    mixed_fleet(sim)
    monkeypatch.setattr(_assignment_plan, "write_result", write)

    ran = look_and_plan(sim, tmp_path)

    assert ran.failed
    assert "can't be written: No space left on device. Nothing was planned" in ran.msg
    assert "found" not in ran.result
    assert not (tmp_path / "plan.json").exists()
