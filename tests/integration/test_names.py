# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compartments and keys by their names, in the options of the modules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import tenancy, volumes
from integration.support.harness import furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_policy_crossregion_key,
    key_assignment_info,
    key_assignment_plan,
    kms_key_info,
    volume_kms_key,
)
from simulator.client import Simulator

REFUSED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
IAD, PHX = "us-ashburn-1", "us-phoenix-1"
# What every change of one volume asks, however its key is named.
CHANGE = {"GetVolume": 2, "UpdateVolumeKmsKey": 1}


def rekey(sim: Simulator, key: str, **options: Any) -> Any:
    given = {"volume_ids": [sim.id("volume-1")], "kms_key_id": key, "validate_key": False, **options}
    return run(volume_kms_key.main, sim, **given)


class TestKeys:
    @pytest.mark.parametrize("name", ["key-a", " key-a ", "vault-iad/key-a"])
    def test_a_key_by_its_name(self, sim: Simulator, name: str) -> None:
        furnish(sim, volumes=[volumes(1)])
        ran = rekey(sim, name)
        assert ran.only["kms_key_id"] == sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-a")
        # One search for all names, one for the vault of the key, and the key itself, as Search may be behind.
        assert {name: ran.calls[name] for name in ("SearchResources", "GetVault", "GetKey")} == {
            "SearchResources": 2,
            "GetVault": 2 if "/" in name else 1,
            "GetKey": 1,
        }

    def test_an_ocid_asks_nothing_more(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        assert set(rekey(sim, sim.id("key-a")).calls) == set(CHANGE)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("key-aa", ["no key with the name 'key-aa'", "did you mean", "'key-a'", IAD]),
            ("KEY-A", ["did you mean 'key-a'"]),
            ("vault-iad/key-c", ["no key with the name 'vault-iad/key-c'", "'vault-iad/key-a'"]),
            ("vault-phx/key-a", [f"no key with the name 'vault-phx/key-a' was found in {IAD} (did you mean 'vault-iad/key-a"]),
            ("nope/key-a", [f"no key with the name 'nope/key-a' was found in {IAD} (did you mean 'vault-iad/key-a'"]),
            ("nope/nothing-like-it", [f"no key with the name 'nope/nothing-like-it' was found in {IAD}. Give "]),
            ("nothing like it", [f"no key with the name 'nothing like it' was found in {IAD}. Give ", "or its OCID"]),
            ("key-phx", [f"no key with the name 'key-phx' was found in {IAD}"]),
        ],
    )
    def test_an_unknown_name_lists_candidates(self, sim: Simulator, name: str, words: list[str]) -> None:
        furnish(sim, volumes=[volumes(1)])
        ran = rekey(sim, name)
        assert ran.failed
        assert ran.msg.startswith("'kms_key_id': ")
        for word in words:
            assert word in ran.msg
        assert ran.writes == {}

    def test_a_name_of_two_keys_lists_both(self, sim: Simulator) -> None:
        vaults = [*tenancy()["vaults"], {"name": "vault-two", "region": IAD, "compartment": "security"}]
        keys = [*tenancy()["keys"], {"name": "key-twin", "vault": "vault-two", "display_name": "key-a"}]
        furnish(sim, volumes=[volumes(1)], vaults=vaults, keys=keys)
        ran = rekey(sim, "key-a")
        assert "'key-a' is the name of 2 keys" in ran.msg
        assert f"vault-iad/key-a ({sim.id('key-a')})" in ran.msg
        assert f"vault-two/key-a ({sim.id('key-twin')})" in ran.msg
        assert ran.writes == {}
        assert rekey(sim, "vault-two/key-a").only["kms_key_id"] == sim.id("key-twin")

    @pytest.mark.parametrize(
        "value",
        [
            "ocid1.key.oc1",
            "ocid1.key.oc1.iad.abc def",
            "cid1.key.oc1.iad.vault.unique",
            "'ocid1.key.oc1.iad.vault.unique'",
            "ocid1.key.<region>",
            "<your key>",
            "OCID1.key.oc1.iad",
        ],
    )
    def test_a_mistake_in_an_ocid_is_told_as_that(self, sim: Simulator, value: str) -> None:
        furnish(sim, volumes=[volumes(1)])
        ran = rekey(sim, value)
        assert "is not an OCID" in ran.msg
        assert ran.calls == {}

    @pytest.mark.parametrize("value", ["", " ", None])
    def test_a_blank_is_no_name(self, sim: Simulator, value: str | None) -> None:
        furnish(sim, volumes=[volumes(1)])
        assert "'kms_key_id' is empty" in rekey(sim, value).msg  # type: ignore[arg-type]

    def test_a_name_and_no_key_at_all_contradict_each_other(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        ran = rekey(sim, "key-a", state="absent")
        assert "'kms_key_id' is key-a together with 'state: absent'" in ran.msg
        assert ran.calls == {}

    def test_a_search_that_fails_says_what_to_do(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("status", "SearchResources", times=None, **REFUSED)
        ran = rekey(sim, "key-a")
        assert "can't be searched for 'key-a'" in ran.msg
        assert "Give the key's OCID" in ran.msg
        assert ran.writes == {}

    def test_one_name_in_several_regions_has_to_be_one_key(self, sim: Simulator) -> None:
        keys = [*tenancy()["keys"], {"name": "key-a2", "vault": "vault-phx", "display_name": "key-a"}]
        there = {**volumes(1, name="there"), "region": PHX}
        furnish(sim, volumes=[volumes(1), there], keys=keys)
        ids = [sim.id("volume-1"), sim.id("there-1")]
        assert "is not the same key in all regions" in rekey(sim, "key-a", volume_ids=ids).msg
        both = rekey(sim, "vault-everywhere/key-everywhere", volume_ids=ids)
        assert {entry["kms_key_id"] for entry in both.resources} == {sim.id("key-everywhere")}

    def test_the_key_of_a_copy_is_one_of_its_region(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)], volume_backups=[{"name": "backup", "of": "volume-1"}])
        given = {"backup_ids": [sim.id("backup")], "destination_region": "phx", "copy_compartment_ids": ["security"]}
        ran = run(backup_copy.main, sim, kms_key_id="vault-phx/key-phx", **given)
        assert ran.only["kms_key_id"] == sim.id("key-phx")

    def test_the_key_of_a_policy_is_looked_for_in_every_region(self, sim: Simulator) -> None:
        policy = {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX}
        furnish(sim, volumes=[volumes(1)], volume_backup_policies=[policy])
        given = {"asset_ids": [sim.id("volume-1")], "policy_id": sim.id("to-phx"), "kms_key_id": "key-phx"}
        ran = run(backup_policy_crossregion_key.main, sim, **given)

        assert ran.only["kms_key_id"] == sim.id("key-phx"), ran.msg

    def test_keys_by_name_are_looked_up(self, sim: Simulator) -> None:
        furnish(sim)
        ran = run(kms_key_info.main, sim, kms_key_ids=["key-a", sim.id("key-b"), "vault-phx/key-phx"])
        expected = [sim.id(name) for name in ("key-a", "key-b", "key-phx")]
        assert [entry["id"] for entry in ran.result["keys"]] == expected
        assert ran.result["resolved"] == {"kms_key_ids": expected}


class TestCompartments:
    COMPARTMENTS = ("prod", "prod/databases", "prod/databases/old", "test", "test/databases", "security")

    def furnish(self, sim: Simulator) -> None:
        names = [
            {
                "name": path.replace("/", "-"),
                "display_name": path.rpartition("/")[2],
                "parent": parent.replace("/", "-"),
            }
            if (parent := path.rpartition("/")[0])
            else {"name": path}
            for path in self.COMPARTMENTS
        ]
        here = {**volumes(1, name="here"), "compartment": "prod-databases"}
        there = {**volumes(1, name="there"), "compartment": "test-databases"}
        furnish(sim, compartments=names, volumes=[here, there])

    def info(self, sim: Simulator, *names: str, **options: Any) -> Any:
        return run(key_assignment_info.main, sim, compartment_ids=list(names), resource_types=["volume"], **options)

    @pytest.mark.parametrize("path", ["prod/databases", " prod/databases ", "prod"])
    def test_a_compartment_by_its_path(self, sim: Simulator, path: str) -> None:
        self.furnish(sim)
        ran = self.info(sim, path)
        assert [entry["display_name"] for entry in ran.resources] == ["here-1"]
        # The whole tree is listed once, for the names and for the discovery.
        assert ran.calls["ListCompartments"] == 1

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("prod/database", ["no compartment 'database' in 'prod'", "did you mean 'prod/databases'?"]),
            ("databases", ["did you mean", "'prod/databases'", "'test/databases'"]),
            ("Prod", ["did you mean 'prod'?"]),
            ("zzz", ["There are: prod, security, test"]),
            ("prod/", ["has an empty name in it"]),
            ("/", ["has an empty name in it", "for the whole tenancy, give its OCID"]),
            ("prod//databases", ["has an empty name in it"]),
        ],
    )
    def test_an_unknown_path_lists_candidates(self, sim: Simulator, path: str, words: list[str]) -> None:
        self.furnish(sim)
        ran = self.info(sim, path)
        assert ran.failed, ran.result
        assert ran.msg.startswith("'compartment_ids': ")
        for word in words:
            assert word in ran.msg
        assert "ListVolumes" not in ran.calls

    def test_a_mistake_in_an_ocid_is_told_as_that(self, sim: Simulator) -> None:
        self.furnish(sim)
        assert "is not an OCID" in self.info(sim, "ocid1.compartment.oc1").msg

    def test_a_caller_who_may_not_list_the_tree_goes_down_step_by_step(self, sim: Simulator) -> None:
        self.furnish(sim)
        sim.fault("status", "ListCompartments", times=1, **REFUSED)
        ran = self.info(sim, "prod/databases", recursive=False)
        assert [entry["display_name"] for entry in ran.resources] == ["here-1"], ran.msg

    def test_compartments_that_can_not_be_listed_are_not_unknown(self, sim: Simulator) -> None:
        self.furnish(sim)
        sim.fault("status", "ListCompartments", times=None, **REFUSED)
        ran = self.info(sim, "prod/databases")
        assert "can't be looked up" in ran.msg
        assert "ListVolumes" not in ran.calls


def test_a_plan_has_ocids_and_the_names_that_were_given(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(2, key="key-b"), volumes(1, name="other")])
    given = {
        "compartment_ids": ["prod"],
        "regions": [IAD],
        "kms_key_ids": {"iad": "vault-iad/key-a"},
        "from_kms_key_ids": ["key-b"],
        "resource_types": ["volume"],
    }
    plan_file = tmp_path / "plan.json"
    ran = run(
        key_assignment_plan.main,
        sim,
        plan_file=str(plan_file),
        new_discovery_file=str(tmp_path / "before.json"),
        **given,
    )
    assert ran.result["summary"]["planned"] == 2, ran.msg
    plan = json.loads(plan_file.read_text())
    assert plan["options"]["kms_key_ids"] == {"iad": sim.id("key-a")}
    assert plan["options"]["from_kms_key_ids"] == [sim.id("key-b")]
    assert plan["names"] == {
        sim.id("prod"): "prod",
        sim.id("key-a"): "vault-iad/key-a",
        sim.id("key-b"): "key-b",
    }
    assert ran.result["resolved"] == {
        "compartment_ids": [sim.id("prod")],
        "kms_key_ids": {"iad": sim.id("key-a")},
        "from_kms_key_ids": [sim.id("key-b")],
    }
    assert ran.calls["ListCompartments"] == 1
