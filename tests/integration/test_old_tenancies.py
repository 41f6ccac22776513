# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenancies made in 2016 have ids of another form than OCIDs have today, wherever they are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import tenancy, volumes
from integration.support.harness import run

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    volume_kms_key,
)
from simulator.client import Simulator

OLD = f"ocidv1:tenancy:oc1:phx:1460000000000:{'a' * 52}old2"
IAD = "us-ashburn-1"


@pytest.fixture
def old(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    sections = {"volumes": [volumes(2), volumes(name="root", compartment="root")]}
    sim.reset(tenancy(**sections) | {"tenancy": {"name": "acme", "id": OLD}})
    sim.set(kms_rate=0)
    for name, value in sim.environment().items():
        monkeypatch.setenv(name, value)
    assert sim.id("tenancy") == OLD
    return sim


@pytest.mark.parametrize("compartments", [None, [OLD]])
def test_everything_from_the_root_is_found(old: Simulator, compartments: list[str] | None) -> None:
    scope = {} if compartments is None else {"compartment_ids": compartments}

    ran = run(key_assignment_info.main, old, regions=[IAD], **scope)

    assert not ran.failed
    found = ran.resources
    assert {row["id"] for row in found if row["type"] == "volume"} == {
        old.id(name) for name in ("volume-1", "volume-2", "root-1")
    }
    assert ran.result["caller"]["tenancy"] == ran.result["scanned"]["tenancy"] == OLD


@pytest.mark.parametrize("spelling", ["option", "environment", "profile"])
def test_the_tenancy_is_accepted_wherever_it_is_set(
    old: Simulator, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    options: dict[str, Any] = {}
    if spelling == "option":
        options = {"tenancy": OLD}
    elif spelling == "environment":
        monkeypatch.setenv("OCI_TENANCY", OLD)

    ran = run(volume_kms_key.main, old, volume_ids=[old.id("volume-1")], kms_key_id=old.id("key-a"), **options)

    assert (ran.failed, ran.changed) == (False, True)


def test_a_plan_of_it_names_it(old: Simulator, tmp_path: Path) -> None:
    wanted = {"regions": [IAD], "compartment_ids": [OLD]}
    found = run(key_assignment_info.main, old, result_file=str(tmp_path / "found.json"), **wanted)
    ran = run(
        key_assignment_plan.main,
        old,
        discovery_file=str(tmp_path / "found.json"),
        kms_key_ids={IAD: old.id("key-a")},
        plan_file=str(tmp_path / "plan.json"),
    )

    assert not found.failed
    assert not ran.failed, ran.msg
    assert OLD in (tmp_path / "plan.json").read_text()


def test_the_root_compartment_is_the_tenancy_in_statements(old: Simulator) -> None:
    old.fault("status", "UpdateVolumeKmsKey", status=404, code="NotAuthorizedOrNotFound", message="No.", times=None)

    ran = run(volume_kms_key.main, old, volume_ids=[old.id("root-1")], kms_key_id=old.id("key-a"))

    assert ran.failed
    hint = ran.only["error"]["hint"]
    assert f"compartment id {OLD}" not in hint
    assert "in tenancy" in hint


def test_another_tenancy_than_that_of_the_credentials_is_refused(old: Simulator) -> None:
    other = OLD[:-4] + "new2"

    ran = run(key_assignment_info.main, old, compartment_ids=[other], regions=[IAD])

    assert ran.failed
    assert f"but the credentials are for {OLD}" in ran.msg
