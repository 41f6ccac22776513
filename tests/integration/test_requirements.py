# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/requirements.md says which test proves what Oracle's page asks for: each of them is there."""

from __future__ import annotations

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run
from integration.support.named_tests import ROOT, are_there

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_kms_key
from simulator.client import Simulator

ROWS = [
    line.strip().strip("|").split(" | ")
    for line in (ROOT / "docs" / "requirements.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| Oracle's page")
]
NOT_YET = "not yet"


def test_there_are_rows() -> None:
    assert len(ROWS) > 10
    assert {len(row) for row in ROWS} == {3}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip()[:60])
def test_what_proves_a_requirement_is_there(row: list[str]) -> None:
    if row[2].strip() != NOT_YET:
        are_there(row[2], "`")


def test_a_copy_takes_a_key_of_its_own_region(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[volumes(name="source")],
        volume_backups=[
            {"name": "backup", "of": "source-1"},
            {"name": "copy", "of": "source-1", "source": "backup", "region": "eu-frankfurt-1"},
        ],
    )
    task = {"backup_id": [sim.id("copy")]}

    refused = run(backup_kms_key.main, sim, **task, kms_key_id=sim.id("key-a"))
    ran = run(backup_kms_key.main, sim, **task, kms_key_id=sim.id("key-fra"))

    assert "In eu-frankfurt-1" in refused.msg
    assert refused.writes == {}
    assert ran.only["region"] == "eu-frankfurt-1"
    assert sim.resource(sim.id("copy"))["kmsKeyId"] == sim.id("key-fra")
