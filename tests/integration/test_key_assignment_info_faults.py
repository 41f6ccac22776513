# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places that can't be looked at, faults that pass, and lists that tell less than they seem to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from integration.support.assignment_info import IAD, PHX, by_name, look
from integration.support.fleets import tenancy, volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info
from simulator.client import Simulator

DENIED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
LISTS = ["ListVolumes", "ListBootVolumes", "ListVolumeBackups", "ListBootVolumeBackups"]


@pytest.fixture(autouse=True)
def fleet(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[volumes(2, key="key-a"), volumes(name="far", region=PHX, key="key-phx")],
        boot_volumes=[volumes(name="boot")],
        volume_backups=[{"name": "backup", "of": "volume-1", "key": "key-a"}],
    )


def places(ran: Ran) -> list[tuple[Any, ...]]:
    return [
        tuple(one[name] for name in ("region", "compartment_id", "resource_type", "status", "code"))
        for one in ran.result["unreadable"]
    ]


class TestPlaces:
    def test_a_compartment_that_may_not_be_read(self, sim: Simulator) -> None:
        furnish(
            sim,
            compartments=[*tenancy()["compartments"], {"name": "closed", "accessible": False}],
            volumes=[volumes(), volumes(name="hidden", compartment="closed")],
        )

        ran = look(sim, regions=[IAD, PHX])

        assert list(by_name(ran)) == ["volume-1"]
        assert not ran.result["complete"]
        assert places(ran) == [
            (region, sim.id("closed"), None, 404, "NotAuthorizedOrNotFound") for region in (IAD, PHX)
        ]
        assert f"inspect volume-family in compartment id {sim.id('closed')}" in ran.result["unreadable"][0]["hint"]
        assert ran.result["summary"]["unreadable"] == 2
        assert "2 places could not be read" in ran.msg
        assert ran.msg.count("inspect volume-family") == 1
        assert "Some places could not be read" in ran.result["warnings"][0]

    def test_one_list_that_is_refused(self, sim: Simulator) -> None:
        sim.fault("status", "ListVolumeBackups", times=None, **DENIED)

        ran = look(sim)

        assert set(by_name(ran)) == {"volume-1", "volume-2", "boot-1"}
        assert sorted(places(ran)) == sorted(
            (IAD, sim.id(name), "volume_backup", 404, "NotAuthorizedOrNotFound")
            for name in ("root", "prod", "security")
        )

    def test_a_compartment_that_is_not_there(self, sim: Simulator) -> None:
        nowhere = "ocid1.compartment.oc1..nowhere"

        ran = look(sim, compartment_ids=[nowhere, sim.id("prod")])

        assert set(by_name(ran)) == {"volume-1", "volume-2", "boot-1", "backup"}
        assert places(ran) == [
            (None, nowhere, None, 404, "NotAuthorizedOrNotFound"),
            (IAD, nowhere, None, 404, "NotAuthorizedOrNotFound"),
        ]
        row = next(row for row in ran.result["scanned"]["compartments"] if row["id"] == nowhere)
        assert row == {"id": nowhere, "name": None, "path": None, "lifecycle_state": None}

    @pytest.mark.parametrize(
        ("fault", "status", "code", "words"),
        [
            ("refuse", None, "NoAnswer", f"this machine can reach {PHX}"),
            ("unavailable", 503, "ServiceUnavailable", None),
            ("clock_skew", 401, "NotAuthenticated", f"Check that the tenancy is subscribed to {PHX}."),
        ],
    )
    def test_a_region_that_is_out_of_reach_is_told_once(
        self, sim: Simulator, fault: str, status: int | None, code: str, words: str | None
    ) -> None:
        names = [f"compartment-{n}" for n in range(30)]
        furnish(sim, compartments=[*tenancy()["compartments"], *names], volumes=[volumes()])
        sim.fault(fault, region=PHX, times=None)

        ran = run(key_assignment_info.main, sim, regions=[PHX, IAD], resource_types=["volume"])

        assert list(by_name(ran)) == ["volume-1"]
        assert places(ran) == [(PHX, None, None, status, code)]
        assert words is None or words in ran.result["unreadable"][0]["hint"]
        assert not ran.result["complete"]
        tries = 1 if fault == "clock_skew" else 4
        assert ran.calls["ListVolumes"] <= 33 + 20 * tries, "the others were not asked"

    def test_a_region_that_does_not_answer_for_ever(self, sim: Simulator) -> None:
        sim.fault("slow", region=PHX, times=None, seconds=3)

        ran = run(key_assignment_info.main, sim, regions=[PHX, IAD], timeout=(30.0, 0.5))

        assert set(by_name(ran)) == {"volume-1", "volume-2", "boot-1", "backup"}
        assert places(ran) == [(PHX, None, None, None, "NoAnswer")]

    def test_a_home_region_that_is_out_of_reach_leaves_the_others(self, sim: Simulator) -> None:
        sim.fault("refuse", region=IAD, times=None)

        ran = run(key_assignment_info.main, sim, regions=[IAD, PHX])

        assert list(by_name(ran)) == ["far-1"]
        assert places(ran) == [(IAD, None, None, None, "NoAnswer")]

    def test_credentials_that_are_refused_everywhere_fail_the_task(self, sim: Simulator) -> None:
        sim.fault("clock_skew", times=None)

        ran = run(key_assignment_info.main, sim, regions=[IAD, PHX])

        assert ran.failed
        assert "OCI rejected the credentials" in ran.msg
        assert "Traceback" not in ran.printed

    def test_regions_that_cant_be_listed(self, sim: Simulator) -> None:
        sim.fault("status", "ListRegionSubscriptions", times=None, **DENIED)

        ran = run(key_assignment_info.main, sim, regions=["all"])

        assert ran.failed
        assert "'regions' is all, but the regions of the tenancy can't be listed" in ran.msg
        assert "inspect tenancies" in ran.msg

    def test_a_region_that_the_sdk_does_not_know_is_told(self, sim: Simulator) -> None:
        furnish(
            sim,
            regions=[*tenancy()["regions"], {"name": "xx-new-1", "key": "XNW", "realm": "oc1"}],
            volumes=[volumes()],
        )

        ran = look(sim, regions=["all"])

        assert list(by_name(ran)) == ["volume-1"]
        assert places(ran) == [("xx-new-1", None, None, None, "UnknownRegion")]

    def test_a_small_result_stays_small_where_nothing_may_be_read(self, sim: Simulator) -> None:
        names = [{"name": f"closed-{n}", "accessible": False} for n in range(60)]
        furnish(sim, compartments=[*tenancy()["compartments"], *names])

        ran = look(sim, result="summary")

        assert ran.result["summary"]["unreadable"] == 60
        assert len(ran.result["unreadable"]) == 20
        assert not ran.result["complete"]
        assert len(json.dumps(ran.result)) < 50_000


class TestPages:
    @pytest.mark.parametrize(("kind", "lists"), [("empty_page", 4), ("page_expired", 5)])
    def test_none_is_lost(self, sim: Simulator, kind: str, lists: int) -> None:
        furnish(sim, volumes=[volumes(250)])
        sim.fault(kind, "ListVolumes", after=1)

        ran = run(key_assignment_info.main, sim, compartment_ids=[sim.id("prod")])

        assert ran.result["complete"]
        assert len(by_name(ran)) == 250
        assert ran.calls["ListVolumes"] == lists

    def test_a_page_token_that_never_works(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(250)])
        sim.fault("page_expired", "ListVolumes", after=1, times=None)

        ran = run(key_assignment_info.main, sim, compartment_ids=[sim.id("prod")])

        assert ran.resources == []
        assert places(ran) == [(IAD, sim.id("prod"), "volume", 400, "InvalidParameter")]


class TestListsThatTellLess:
    def test_backups_are_not_taken_for_oracle_managed(self, sim: Simulator) -> None:
        sim.set(list_kms_key_id_of_backups="absent")

        ran = look(sim)

        assert by_name(ran)["backup"]["kms_key_id"] == sim.id("key-a")
        assert ran.calls["GetVolumeBackup"] == 1

    def test_those_of_volumes_with_a_key_are_doubted_first(self, sim: Simulator) -> None:
        """One in a hundred has a key, as its volume has."""
        plain = {"name": "plain-{n}", "count": 99, "region": IAD, "compartment": "prod"}
        furnish(
            sim,
            {"list_kms_key_id_of_backups": "absent"},
            volumes=[volumes(key="key-a")],
            volume_backups=[{"name": "backup", "of": "volume-1", "key": "key-a"}, plain],
        )

        ran = look(sim)

        assert by_name(ran)["backup"]["kms_key_id"] == sim.id("key-a")
        assert ran.calls["GetVolumeBackup"] == 100

    def test_what_neither_list_nor_get_tells_is_not_claimed(self, sim: Simulator) -> None:
        sim.set(list_kms_key_id_of_backups="absent")
        sim.fault("status", "GetVolumeBackup", times=None, **DENIED)

        ran = look(sim)

        assert "backup" not in by_name(ran)
        assert places(ran) == [(IAD, sim.id("prod"), "volume_backup", 404, "NotAuthorizedOrNotFound")]
        assert ran.result["unreadable"][0]["message"].startswith(f"Could not read {sim.id('backup')} by GET")

    def test_a_list_that_lags_behind_is_seen_through(self, sim: Simulator) -> None:
        for name in ("volume-1", "volume-2"):
            sim.change(sim.id(name), key="key-b")
        sim.fault("stale_list", "ListVolumes", times=None)

        ran = run(key_assignment_info.main, sim)

        assert {by_name(ran)[name]["kms_key_id"] for name in ("volume-1", "volume-2")} == {sim.id("key-b")}
        assert ran.calls["GetVolume"] == 2

    @pytest.mark.parametrize("field", ["null", "absent", "empty"])
    def test_oracle_managed_in_every_spelling(self, sim: Simulator, field: str) -> None:
        sim.set(oracle_managed_field=field)
        entry = by_name(look(sim))["boot-1"]
        assert (entry["encryption"], entry["kms_key_id"]) == ("oracle", None)
