# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of keys of every sort, in every region, however much the caller may see."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from integration.support.harness import run
from integration.support.key_info import FRA, IAD, LOOKED_UP, PHX, furnish_keys, only_key, tell

from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from ansible_collections.oci_keys.block_volume.plugins.modules import kms_key_info
from simulator.client import Simulator


@pytest.fixture(autouse=True)
def fleet(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish_keys(sim)
    monkeypatch.setattr(lookup_calls, "_CALLS_PER_SECOND", 1000)  # what it is for is tested with the faults


def _a_second_later(time: str) -> str:
    """When the simulator creates the first version of a key that it created then."""
    later = datetime.fromisoformat(time[:19]) + timedelta(seconds=1)
    return f"{later.isoformat()}Z"


def test_a_good_key(sim: Simulator) -> None:
    ran = tell(sim, "key-a")

    true = sim.resource(sim.id("key-a"))
    place, condition = f"compartment id {sim.id('security')}", f"where target.key.id = '{true['id']}'"
    assert ran.result["kms_keys"] == [
        {
            "id": true["id"],
            "region": IAD,
            "usable": True,
            "problems": [],
            "warnings": [],
            "display_name": "key-a",
            "lifecycle_state": "ENABLED",
            "time_of_deletion": None,
            "algorithm": "AES",
            "protection_mode": "HSM",
            "vault_id": sim.id("vault-iad"),
            "management_endpoint": sim.resource(sim.id("vault-iad"))["managementEndpoint"],
            "compartment_id": sim.id("security"),
            "time_created": true["timeCreated"][:19] + "Z",
            "current_key_version": true["currentKeyVersion"],
            "time_current_version_created": _a_second_later(true["timeCreated"]),
            "versions": 1,
            "is_auto_rotation_enabled": False,
            "is_replica": False,
            "policy_statements": [
                f"Allow service blockstorage to use keys in {place} {condition}",
                f"Allow group <your group> to use key-delegate in {place} {condition}",
                f"Allow group <your group> to read keys in {place} {condition}",
                f"Allow group <your group> to read vaults in {place}",
            ],
        }
    ]
    assert ran.result["summary"] == {"total": 1, "usable": 1, "unusable": 0}
    assert ran.msg == "1 of 1 key can be used"
    assert "diff" not in ran.result
    assert ran.calls == LOOKED_UP


@pytest.mark.parametrize(
    "state",
    [
        "CREATING",
        "ENABLING",
        "DISABLING",
        "DISABLED",
        "DELETING",
        "DELETED",
        "SCHEDULING_DELETION",
        "CANCELLING_DELETION",
        "UPDATING",
        "BACKUP_IN_PROGRESS",
        "RESTORING",
    ],
)
def test_a_key_in_any_other_state_is_not_usable(sim: Simulator, state: str) -> None:
    furnish_keys(sim, {"name": "other", "vault": "vault-iad", "state": state})

    entry = only_key(tell(sim, "other"))

    assert (entry["usable"], entry["lifecycle_state"]) == (False, state)
    assert f"is {state}, not ENABLED" in entry["problems"][0]


def test_a_dying_key_is_told_with_its_day(sim: Simulator) -> None:
    entry = only_key(tell(sim, "key-dying"))

    true = sim.resource(sim.id("key-dying"))["timeOfDeletion"]
    assert entry["time_of_deletion"] == true[:19] + "Z"
    assert entry["problems"] == [
        f"is PENDING_DELETION, not ENABLED, and will be deleted at {entry['time_of_deletion']}. "
        "Cancel its deletion first"
    ]


@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA"])
def test_a_key_of_another_algorithm_is_not_usable(sim: Simulator, algorithm: str) -> None:
    furnish_keys(sim, {"name": "other", "vault": "vault-iad", "algorithm": algorithm})

    entry = only_key(tell(sim, "other"))

    assert (entry["usable"], entry["algorithm"]) == (False, algorithm)
    assert entry["problems"] == [f"has algorithm {algorithm}; Block Volume requires an AES key"]


def test_oddities_are_warnings(sim: Simulator) -> None:
    furnish_keys(
        sim,
        {"name": "soft", "vault": "vault-iad", "protection_mode": "SOFTWARE"},
        {"name": "turning", "vault": "vault-iad", "auto_rotation": True},
        {"name": "old", "vault": "vault-iad", "versions": 250},
    )

    ran = tell(sim, "soft", "key-external", "turning", "key-rotated", "old")

    soft, external, turning, rotated, old = ran.result["kms_keys"]
    assert ran.result["summary"]["usable"] == 5
    assert (soft["protection_mode"], soft["warnings"]) == ("SOFTWARE", [])
    assert external["protection_mode"] == "EXTERNAL"
    assert "outside of OCI" in external["warnings"][0]
    assert turning["is_auto_rotation_enabled"] is True
    assert "is rotated automatically" in turning["warnings"][0]
    assert (rotated["versions"], old["versions"]) == (3, 250)
    assert "has 250 versions" in old["warnings"][0]
    assert ran.calls == {"SearchResources": 5, "GetVault": 1, "GetKey": 5, "ListKeyVersions": 7}


@pytest.mark.parametrize("vault_shown", ["found", "not_found"])
@pytest.mark.parametrize("search_finds", ["on", "off"])
@pytest.mark.parametrize("hidden", ["nothing", "keys", "everything"])
@pytest.mark.parametrize("oci_domain", [False, True])
def test_a_replicated_key_is_usable_in_each_of_its_regions(
    sim: Simulator, vault_shown: str, search_finds: str, hidden: str, oci_domain: bool
) -> None:
    furnish_keys(
        sim,
        {"name": "global", "vault": "vault-global", "regions": {FRA: {"state": "DISABLED"}}},
        vaults=(
            {
                "name": "vault-global",
                "region": IAD,
                "compartment": "security",
                "replicas": [PHX, FRA],
                "oci_domain": oci_domain,
            },
        ),
        vault_get_in_replica_region=vault_shown,
        search_finds_replica_keys=search_finds,
        search_hides=hidden,
    )

    ran = tell(sim, "global", regions=[FRA, "iad", "phx"])

    fra, iad, phx = ran.result["kms_keys"]
    assert [(entry["region"], entry["usable"], entry["is_replica"]) for entry in (fra, iad, phx)] == [
        (FRA, False, True),
        (IAD, True, False),
        (PHX, True, True),
    ]
    assert "is DISABLED" in fra["problems"][0]
    for entry in (fra, iad, phx):
        middle = ".oci" if oci_domain else ""
        assert entry["management_endpoint"].endswith(f".kms.{entry['region']}{middle}.oraclecloud.com")
    assert ran.calls["GetKey"] == 3
    if hidden == "nothing" and search_finds == "on" and vault_shown == "found":
        assert ran.calls == dict.fromkeys(LOOKED_UP, 3)


@pytest.mark.parametrize("answers", ["answered", "refused"])
@pytest.mark.parametrize("vault_shown", ["found", "not_found"])
@pytest.mark.parametrize("hidden", ["nothing", "everything"])
@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
def test_a_replica_that_refuses_is_told_by_its_home_region(
    sim: Simulator, answers: str, vault_shown: str, hidden: str, state: str
) -> None:
    furnish_keys(
        sim,
        {"name": "global", "vault": "vault-global", "state": state},
        vaults=({"name": "vault-global", "region": IAD, "compartment": "security", "replicas": [PHX]},),
        replica_vault_get_key=answers,
        vault_get_in_replica_region=vault_shown,
        search_hides=hidden,
    )

    entry = only_key(tell(sim, "global", regions=[PHX]))

    assert (entry["lifecycle_state"], entry["usable"]) == (state, state == "ENABLED")
    assert (entry["is_replica"], entry["versions"]) == (True, 1)
    assert entry["management_endpoint"].endswith(f".kms.{PHX}.oraclecloud.com")


@pytest.mark.parametrize("vault_shown", ["found", "not_found"])
@pytest.mark.parametrize("search_finds", ["on", "off"])
@pytest.mark.parametrize("hidden", ["nothing", "everything"])
def test_a_vault_that_is_not_replicated_to_the_region_is_told_with_those_it_is_in(
    sim: Simulator, vault_shown: str, search_finds: str, hidden: str
) -> None:
    furnish_keys(
        sim,
        {"name": "pair", "vault": "vault-pair"},
        vaults=({"name": "vault-pair", "region": IAD, "compartment": "security", "replicas": [PHX]},),
        vault_get_in_replica_region=vault_shown,
        search_finds_replica_keys=search_finds,
        search_hides=hidden,
    )

    entry = only_key(tell(sim, "pair", regions=[FRA]))

    assert (entry["usable"], entry["lifecycle_state"], entry["is_replica"]) == (False, None, None)
    assert f"vault {sim.id('vault-pair')} is in {IAD}, {PHX} and is not replicated to {FRA}" in entry["problems"][0]
    assert entry["vault_id"] == sim.id("vault-pair")
    assert entry["compartment_id"] == sim.id("security")


@pytest.mark.parametrize("hidden", ["nothing", "keys", "everything"])
def test_newer_hosts_are_found(sim: Simulator, hidden: str) -> None:
    sim.set(search_hides=hidden)

    entry = only_key(tell(sim, "key-fra"))

    assert entry["usable"]
    assert entry["management_endpoint"].endswith(f"-management.kms.{FRA}.oci.oraclecloud.com")


class TestWhatTheCallerMaySee:
    """OCI answers 404 for both; Search tells them apart where the caller may inspect the key."""

    def _entry(self, sim: Simulator, *, vault: dict[str, bool] | None = None, **grants: bool) -> dict[str, Any]:
        furnish_keys(
            sim,
            {"name": "shy", "vault": "vault-shy", **grants},
            vaults=({"name": "vault-shy", "region": IAD, "compartment": "security", **(vault or {})},),
        )
        return only_key(tell(sim, "shy"))

    def test_inspected_but_not_read(self, sim: Simulator) -> None:
        entry = self._entry(sim, caller_may_read=False)

        (problem,) = entry["problems"]
        assert "exists according to Search, but can't be read (404 NotAuthorizedOrNotFound)" in problem
        assert f"to read keys in compartment id {sim.id('security')}" in problem
        assert entry["compartment_id"] == sim.id("security")
        assert sim.id("security") in entry["policy_statements"][0]

    def test_read_but_not_inspected(self, sim: Simulator) -> None:
        assert self._entry(sim, caller_may_inspect=False)["usable"]

    def test_neither(self, sim: Simulator) -> None:
        entry = self._entry(sim, caller_may_read=False, caller_may_inspect=False)

        assert "does not exist, or can't be read (404 NotAuthorizedOrNotFound)" in entry["problems"][0]
        assert entry["compartment_id"] is None
        assert "compartment <the key's compartment>" in entry["policy_statements"][0]

    @pytest.mark.parametrize("inspect", [True, False])
    def test_a_vault_that_may_not_be_read(self, sim: Simulator, inspect: bool) -> None:
        entry = self._entry(sim, vault={"caller_may_read": False}, caller_may_inspect=inspect)

        assert entry["usable"]
        assert entry["policy_statements"][3].endswith("compartment <the vault's compartment>")

    def test_a_vault_that_may_not_be_read_hides_where_it_is(self, sim: Simulator) -> None:
        furnish_keys(
            sim,
            {"name": "shy", "vault": "vault-shy"},
            vaults=({"name": "vault-shy", "region": IAD, "compartment": "security", "caller_may_read": False},),
        )

        (problem,) = only_key(tell(sim, "shy", regions=[PHX]))["problems"]

        assert f"vault {sim.id('vault-shy')} is not in {PHX}, or can't be read" in problem

    def test_a_key_that_is_nowhere(self, sim: Simulator) -> None:
        nobody = sim.id("key-a")[:-6] + "nobody"

        entry = only_key(run(kms_key_info.main, sim, kms_key_id=nobody))

        assert "does not exist, or can't be read (404 NotAuthorizedOrNotFound)" in entry["problems"][0]

    def test_what_block_volume_may_do_can_not_be_seen(self, sim: Simulator) -> None:
        assert only_key(tell(sim, "key-forbidden"))["usable"]
