# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks with names of compartments and keys, on inventories of any sort."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, soak
from integration.support.playbook import CollectionPlaybooks

from simulator.client import Simulator

IAD, PHX = "us-ashburn-1", "us-phoenix-1"


@pytest.fixture
def playbooks(sim: Simulator, tmp_path: Path) -> CollectionPlaybooks:
    return CollectionPlaybooks(sim, tmp_path)


def test_a_rekey_by_names_looks_them_up_once(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(2, key="key-b"), volumes(1, name="other")])
    sim.reset_counts()
    given = {
        "rekey_compartment_ids": "prod",
        "rekey_kms_key_ids": f"{IAD}=vault-iad/key-a",
        "rekey_from_kms_key_ids": "key-b",
        "rekey_resource_types": "volume",
    }

    ran = playbooks.run("rekey", given, "-i", "localhost,")

    assert ran.returncode == 0, ran.stdout
    assert [sim.resource(sim.id(f"volume-{number}"))["kmsKeyId"] for number in (1, 2)] == [sim.id("key-a")] * 2
    assert sim.resource(sim.id("other-1"))["kmsKeyId"] is None
    (run,) = playbooks.runs()
    plans = [json.loads((run / name).read_text()) for name in ("plan.json", "plan-2.json")]
    assert [plan["options"]["kms_key_ids"] for plan in plans] == [{IAD: sim.id("key-a")}] * 2
    # Of both rounds, only the first one has to look up names.
    assert sorted(plans[0]["names"].values()) == ["key-b", "prod", "vault-iad/key-a"]
    for plan in plans:
        asked = plan["made_with"]["options"]
        assert (asked["compartment_ids"], asked["from_kms_key_ids"]) == ([sim.id("prod")], [sim.id("key-b")])
        assert asked["kms_key_ids"] == {IAD: sim.id("key-a")}


def test_an_inventory_with_a_connection_of_its_own_keeps_it(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path
) -> None:
    furnish(sim)
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {localhost: {ansible_connection: oci_keys.nowhere.else}}}\n")
    ran = playbooks.run("encryption_report", {}, "-i", str(inventory))
    assert ran.returncode != 0
    assert "oci_keys.nowhere.else" in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("playbook", "given"),
    [
        ("encryption_report", {}),
        pytest.param(
            "copy_backups",
            {"backup_ids": "ocid1.volumebackup.oc1.iad.a", "destination_region": PHX, "oracle_managed": True},
            marks=soak,
        ),
        pytest.param("restore_keys", {"report": "/nowhere"}, marks=soak),
    ],
)
def test_a_report_folder_that_can_not_be_made_names_its_variable(
    sim: Simulator, playbooks: CollectionPlaybooks, tmp_path: Path, playbook: str, given: dict[str, Any]
) -> None:
    furnish(sim)
    (tmp_path / "file").write_text("")
    variable = "encryption_report_dir" if playbook == "encryption_report" else f"{playbook}_report_dir"
    named = {f"{playbook}_{name}": value for name, value in given.items()}

    ran = playbooks.run(playbook, {**named, variable: str(tmp_path / "file" / "reports")})

    assert ran.returncode == 2
    assert f"{variable}: the folder " in ran.stdout
    assert "Name a folder that you may write to" in ran.stdout
    assert sim.counts() == {}


@soak
def test_a_report_on_keys_by_name(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    furnish(sim, volumes=[volumes(1, key="key-b")])
    ran = playbooks.run("encryption_report", {"encryption_report_kms_key_ids": "vault-iad/key-b"})
    assert ran.returncode == 0, ran.stdout
    (run,) = playbooks.runs()
    assert sim.id("key-b") in (run / "report.json").read_text()
    assert "vault-iad/key-b" not in json.dumps(json.loads((run / "report.json").read_text()).get("retirement", {}))


@soak
def test_a_backup_policy_by_names(sim: Simulator, playbooks: CollectionPlaybooks) -> None:
    policy = {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX}
    furnish(sim, volumes=[volumes(2)], volume_backup_policies=[policy])
    given = {
        "backup_policy_compartment_ids": "prod",
        "backup_policy_regions": IAD,
        "backup_policy_policy_id": sim.id("to-phx"),
        "backup_policy_kms_key_id": "vault-phx/key-phx",
    }
    ran = playbooks.run("backup_policy", given)
    assert ran.returncode == 0, ran.stdout
    assert {row["xrcKmsKeyId"] for row in sim.resources("policy_assignment")} == {sim.id("key-phx")}
