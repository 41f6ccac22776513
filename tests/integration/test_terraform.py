# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role rekey beside Terraform, and what its report says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, soak
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import IAD, WRITES, keys_in_place
from unit.support import terraform_states as states

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "roles" / "encryption_report" / "files" / "report.schema.json").read_text())
TEMPLATE = ROOT / "roles" / "encryption_report" / "templates" / "report.html.j2"

DATA, WEB = 'oci_core_volume.data["a"]', "oci_core_instance.web[0]"
POOL = "oci_containerengine_node_pool.workers"


@pytest.fixture
def state(sim: Simulator, tmp_path: Path) -> Path:
    """Of volumes 1 to 3 and one boot volume, Terraform manages volume 1 and the boot volume, and the pool."""
    pool = {"name": "workers", "region": IAD, "compartment": "prod"}
    furnish(sim, volumes=[volumes(3)], boot_volumes=[volumes(1, name="boot")], node_pools=[pool])
    file = tmp_path / "state.json"
    managed = (
        states.volume(DATA, sim.id("volume-1"), sim.id("key-b")),
        states.instance(WEB, sim.id("boot-1"), None),
        states.node_pool(POOL, sim.id("workers"), None),
        states.volume("oci_core_volume.elsewhere", sim.id("volume-1")[:-1] + "z", None),
    )
    file.write_text(json.dumps(states.state(*managed)))
    return file


def variables(sim: Simulator, state: Path, **more: Any) -> dict[str, Any]:
    return {
        "rekey_kms_key_ids": {IAD: sim.id("key-a")},
        "rekey_compartment_ids": sim.id("prod"),
        "rekey_terraform_state": str(state),
        **more,
    }


def writes(sim: Simulator) -> dict[str, int]:
    return {name: count for name, count in sim.counts().items() if name in WRITES and count}


def report_of(folder: Path) -> dict[str, Any]:
    report = json.loads((folder / "report.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return dict(report)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "terraform.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@soak
def test_what_terraform_manages_is_skipped_or_listed(sim: Simulator, tmp_path: Path, state: Path) -> None:
    playbooks = CollectionPlaybooks(sim, tmp_path)
    sim.reset_counts()
    ran = playbooks.run("rekey", variables(sim, state, rekey_skip_terraform="true"))
    assert ran.returncode == 0, ran.stdout
    assert writes(sim) == {"UpdateVolumeKmsKey": 2}
    keys = keys_in_place(sim)
    assert {keys["volume", sim.id(name)] for name in ("volume-2", "volume-3")} == {sim.id("key-a")}
    assert keys["volume", sim.id("volume-1")] is keys["boot_volume", sim.id("boot-1")] is None
    skipped = playbooks.runs()[0]
    excluded = {row["id"]: row["reason"] for row in report_of(skipped)["plan"]["excluded"]}
    assert excluded == {
        sim.id("volume-1"): f"managed by Terraform as {DATA} (kms_key_id)",
        sim.id("boot-1"): f"managed by Terraform as {WEB} (source_details.kms_key_id)",
    }
    assert [(row["status"], row["address"]) for row in rows_of(skipped)] == [("different", DATA)]

    sim.reset_counts()
    ran = playbooks.run("rekey", variables(sim, state))
    assert ran.returncode == 0, ran.stdout
    assert writes(sim) == {"UpdateVolumeKmsKey": 1, "UpdateBootVolumeKmsKey": 1}
    assert "Terraform manages 2 of the resources to be changed" in " ".join((ran.stdout + ran.stderr).split())
    folder = playbooks.runs()[1]
    found = report_of(folder)["terraform"]
    assert (found["addresses"], found["managed"]) == (4, 2)
    assert [(row["status"], row["address"], row["replaces"], row["kms_key_id"]) for row in found["rows"]] == [
        ("changed", WEB, "machine", sim.id("key-a")),
        ("changed", DATA, None, sim.id("key-a")),
    ]
    assert [row["snippet"] for row in rows_of(folder)] == [
        "lifecycle { ignore_changes = [source_details[0].kms_key_id] }",
        f'kms_key_id = "{sim.id("key-a")}"',
    ]
    assert "terraform.csv" in {row["name"] for row in json.loads((folder / "manifest.json").read_text())["files"]}
    page = (folder / "report.html").read_text()
    assert 'id="terraform"' in page
    assert "oci_core_volume.data[&#34;a&#34;]" in page
    assert sim.needless_puts == 0


def test_a_report_of_a_scan_says_where_a_state_is_different(sim: Simulator, tmp_path: Path, state: Path) -> None:
    playbooks = CollectionPlaybooks(sim, tmp_path)
    sim.reset_counts()
    given = {"encryption_report_terraform_state": [str(state)], "encryption_report_dir": str(tmp_path / "scans")}
    ran = playbooks.run("encryption_report", {**given, "encryption_report_new_volumes": True})
    assert ran.returncode == 0, ran.stdout
    assert writes(sim) == {}
    (folder,) = {path.parent for path in (tmp_path / "scans").glob("*-*/report.json")}
    assert [(row["status"], row["address"], row["kms_key_id"]) for row in report_of(folder)["terraform"]["rows"]] == [
        ("new_volumes", POOL, None),
        ("different", DATA, None),
    ]

    redacted = tmp_path / "redacted"
    again = run(
        key_assignment_report.main,
        sim,
        report_dir=str(redacted),
        discovery_file=str(folder / "before.json"),
        terraform_state=[str(state)],
        template=str(TEMPLATE),
        redact=True,
    )
    assert not again.failed, again.msg
    for name in ("report.json", "terraform.csv", "report.html"):
        assert sim.id("volume-1") not in (redacted / name).read_text()
    assert sorted(again.result["paths"]) == sorted(
        ["csv", "html", "json", "manifest", "metrics", "new_volumes", "ocsf", "summary", "terraform"]
    )
    merged = run(
        key_assignment_report.main,
        sim,
        report_dir=str(tmp_path / "merged"),
        merge_reports=[str(redacted / "report.json")],
        terraform_state=[str(state)],
    )
    assert "can't be found in redacted reports" in merged.msg


def test_a_state_that_is_none_ends_the_run_before_anything_is_asked(
    sim: Simulator, tmp_path: Path, state: Path
) -> None:
    state.write_text(json.dumps({"version": 4, "serial": 1, "resources": []}))
    sim.reset_counts()
    ran = CollectionPlaybooks(sim, tmp_path).run("rekey", variables(sim, state))
    assert ran.returncode != 0
    assert "is a state file itself" in " ".join((ran.stdout + ran.stderr).split())
    assert sim.counts() == {}
