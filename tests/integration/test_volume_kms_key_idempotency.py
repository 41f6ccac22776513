# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fours: check, run, run again, check again, for both kinds, each way between Oracle-managed, key A and key B."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import FAST, Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator

# Looking the wanted key up: Search tells its vault, the vault tells its endpoint, and there the key and its versions.
VETTING = {"SearchResources": 1, "GetVault": 1, "GetKey": 1, "ListKeyVersions": 1}
# Looking up a key that is left: its versions do not matter.
LEAVING = {"SearchResources": 1, "GetVault": 1, "GetKey": 1}


@dataclass(frozen=True)
class Kind:
    section: str
    type: str
    get: str
    put: str
    delete: str


KINDS = [
    Kind("volumes", "volume", "GetVolume", "UpdateVolumeKmsKey", "DeleteVolumeKmsKey"),
    Kind("boot_volumes", "boot_volume", "GetBootVolume", "UpdateBootVolumeKmsKey", "DeleteBootVolumeKmsKey"),
]

# What was there, what is asked for, the action and what it takes to look up.
Way = tuple[str | None, str | None, str, dict[str, int]]
WAYS: list[Way] = [
    (None, "key-a", "assign", VETTING),
    ("key-a", "key-b", "assign", VETTING | {"SearchResources": 2, "GetKey": 2}),
    ("key-a", None, "remove", LEAVING),
    (None, None, "none", {}),
    ("key-a", "key-a", "none", VETTING),
]


def _all(_kind: Kind, _way: Way) -> bool:
    return True


def _writes(_kind: Kind, way: Way) -> bool:
    return way[2] != "none"


def _oracle_managed(_kind: Kind, way: Way) -> bool:
    return None in way[:2]


def _to_oracle_managed(_kind: Kind, way: Way) -> bool:
    return way[1] is None


def _boot_volumes(kind: Kind, _way: Way) -> bool:
    return kind.type == "boot_volume"


# The switches of the simulator, and where they can make a difference.
SWITCHES: list[tuple[dict[str, Any], Callable[[Kind, Way], bool]]] = [
    ({}, _all),
    ({"key_visible": "at_put"}, _writes),
    ({"transition": "immediate"}, _writes),
    ({"transition": "delayed_start"}, _writes),
    ({"transition": "delayed_start", "key_visible": "at_put"}, _writes),
    ({"put_outside_available": "accepted"}, _writes),
    ({"oracle_managed_field": "absent"}, _oracle_managed),
    ({"oracle_managed_field": "empty"}, _oracle_managed),
    ({"kms_key_get_oracle_managed": "null"}, _oracle_managed),
    ({"kms_key_get_oracle_managed": "absent"}, _oracle_managed),
    ({"kms_key_get_oracle_managed": "empty"}, _oracle_managed),
    ({"etag_on_kms_change": "same"}, _writes),
    ({"etag_stable": "off"}, _writes),
    ({"unusable_key_code": "400"}, _writes),
    ({"old_key_unusable": "accept"}, _writes),
    ({"delete_oracle_managed": "not_found"}, _to_oracle_managed),
    ({"boot_list_without_domain": "refused"}, _boot_volumes),
    ({"list_without_compartment": "refused"}, _all),
]
CASES = [
    pytest.param(
        kind,
        way,
        switches,
        id="-".join([f"{way[0]}-to-{way[1]}", kind.type, ",".join(map("=".join, switches.items()))]),
    )
    for way in WAYS
    for kind in KINDS
    for switches, matter in SWITCHES
    if matter(kind, way)
]


def _task(sim: Simulator, kind: Kind, key: str | None) -> dict[str, Any]:
    desired = {"kms_key_id": sim.id(key)} if key else {"state": "absent"}
    return {"volume_ids": [sim.id("volume-1")], **desired}


def _polls(ran: Ran, kind: Kind) -> dict[str, int]:
    """The calls of a run without the number of looks at a settling volume, which depends on time."""
    calls = dict(ran.calls)
    assert calls.pop(kind.get) >= 1
    return calls


def _until_at_rest(sim: Simulator) -> None:
    """Where the key shows before the change has begun, a run may end before the volume has settled."""
    give_up = time.monotonic() + 5
    while sim.resource(sim.id("volume-1"))["changing"] and time.monotonic() < give_up:
        time.sleep(0.01)


@pytest.mark.parametrize(("kind", "way", "switches"), CASES)
def test_check_run_run_again_check_again(sim: Simulator, kind: Kind, way: Way, switches: dict[str, Any]) -> None:
    former, desired, action, looked_up = way
    furnish(sim, switches, **{kind.section: [volumes(key=former)]})
    task = _task(sim, kind, desired)
    former_id, wanted_id = sim.id(former) if former else None, sim.id(desired) if desired else None
    converged = VETTING if desired else {}

    checked = run(volume_kms_key.main, sim, check=True, **task)
    assert checked.calls == {kind.get: 1, **looked_up}
    assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == former_id

    ran = run(volume_kms_key.main, sim, **task)
    write = {"assign": {kind.put: 1}, "remove": {kind.delete: 1}, "none": {}}[action]
    assert _polls(ran, kind) == {**looked_up, **write}
    # With a delayed start, the key may show before the volume turns PROVISIONING.
    while sim.resource(sim.id("volume-1"))["changing"]:
        time.sleep(0.01)

    again = run(volume_kms_key.main, sim, **task)
    assert again.calls == {kind.get: 1, **converged}

    checked_again = run(volume_kms_key.main, sim, check=True, **task)
    assert checked_again.calls == again.calls

    truth = sim.resource(sim.id("volume-1"))
    assert (truth["kmsKeyId"], truth["lifecycleState"]) == (wanted_id, "AVAILABLE")
    assert sim.needless_puts == 0
    changes = action != "none"
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert not any(step.failed for step in (checked, ran, again, checked_again))
    for step in (checked, ran):
        assert step.only["action"] == action
        assert step.only["previous_kms_key_id"] == former_id
        assert step.only["kms_key_id"] == wanted_id
        assert step.only["encryption"] == ("customer" if desired else "oracle")
        assert step.result["diff"] == checked.result["diff"]
    for step in (again, checked_again):
        assert step.only["action"] == "none"
        assert step.only["previous_kms_key_id"] == step.only["kms_key_id"] == wanted_id
        assert step.result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_the_entry_of_a_changed_volume_is_complete(sim: Simulator, kind: Kind) -> None:
    furnish(sim, **{kind.section: [volumes(key="key-a")]})

    ran = run(volume_kms_key.main, sim, **_task(sim, kind, "key-b"))

    entry = ran.only
    assert entry.pop("opc_request_id")
    assert entry.pop("time_requested") < entry.pop("time_settled")
    assert entry == {
        "id": sim.id("volume-1"),
        "type": kind.type,
        "display_name": "volume-1",
        "region": "us-ashburn-1",
        "compartment_id": sim.id("prod"),
        "lifecycle_state": "AVAILABLE",
        "previous_encryption": "customer",
        "previous_kms_key_id": sim.id("key-a"),
        "encryption": "customer",
        "kms_key_id": sim.id("key-b"),
        "action": "assign",
        "changed": True,
        "settled": True,
        "error": None,
    }
    assert ran.result["summary"] == {"total": 1, "changed": 1, "unchanged": 0, "failed": 0}
    assert ran.msg == "1 of 1 resource changed, 0 failed"
    assert ran.result["diff"]["before"] == {
        sim.id("volume-1"): {"display_name": "volume-1", "encryption": "customer", "kms_key_id": sim.id("key-a")}
    }


def test_one_call_spans_regions_and_kinds(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[
            volumes(2, name="iad"),
            volumes(2, name="phx", region="us-phoenix-1", key="key-phx"),
            volumes(1, name="fra", region="eu-frankfurt-1", key="key-everywhere"),
        ],
        boot_volumes=[volumes(1, name="boot", region="us-phoenix-1")],
    )
    names = ["phx-1", "boot-1", "iad-1", "fra-1", "iad-2", "phx-2"]
    task = {"volume_ids": [sim.id(name) for name in names], "kms_key_id": sim.id("key-everywhere")}

    ran = run(volume_kms_key.main, sim, **task)

    assert [entry["display_name"] for entry in ran.resources] == names
    assert ran.result["summary"] == {"total": 6, "changed": 5, "unchanged": 1, "failed": 0}
    assert ran.writes == {"UpdateVolumeKmsKey": 4, "UpdateBootVolumeKmsKey": 1}
    assert {sim.resource(sim.id(name))["kmsKeyId"] for name in names} == {sim.id("key-everywhere")}
    assert not run(volume_kms_key.main, sim, **task).changed


def test_duplicates_are_merged_and_blanks_dropped(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(2)])
    first, second = sim.id("volume-1"), sim.id("volume-2")

    ran = run(volume_kms_key.main, sim, volume_ids=[first, "", second, first, "  "], kms_key_id=sim.id("key-a"))

    assert [entry["id"] for entry in ran.resources] == [first, second]
    assert ran.writes == {"UpdateVolumeKmsKey": 2}


def test_no_volumes_are_nothing_to_do(sim: Simulator) -> None:
    ran = run(volume_kms_key.main, sim, volume_ids=[], kms_key_id=sim.id("key-a"))

    assert (ran.changed, ran.failed, ran.resources, ran.calls) == (False, False, [], {})


ETAGS = [{}, {"etag_on_kms_change": "same"}, {"etag_stable": "off"}]


@pytest.mark.parametrize("etags", ETAGS, ids=lambda etags: "-".join(etags) or "changes")
@pytest.mark.parametrize("transition", ["provisioning", "immediate", "delayed_start"])
def test_regenerate_makes_a_new_data_key_each_time(sim: Simulator, etags: dict[str, str], transition: str) -> None:
    """It is proven by the state PROVISIONING, never by an etag."""
    furnish(sim, {**etags, "transition": transition}, volumes=[volumes(key="key-a")])
    sim.set(settle=2.0)
    patience = replace(FAST, ignored_after=0.3 if transition == "immediate" else 60.0)
    task = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a"), "regenerate": True}

    checked = run(volume_kms_key.main, sim, check=True, **task)
    first = run(volume_kms_key.main, sim, timings=patience, **task)
    second = run(volume_kms_key.main, sim, timings=patience, wait=False, **task)

    assert [step.only["action"] for step in (checked, first, second)] == ["regenerate"] * 3
    assert [step.changed for step in (checked, first, second)] == [True] * 3
    assert checked.writes == {}
    assert first.writes == second.writes == {"UpdateVolumeKmsKey": 1}
    assert sim.resource(sim.id("volume-1"))["rewraps"] == 2
    is_proven = transition != "immediate"
    assert first.only["settled"] is is_proven
    assert (first.only["time_settled"] is not None) is is_proven
    warnings = [str(warning) for warning in first.result.get("warnings", ())]
    assert any("not proven" in warning for warning in warnings) is not is_proven
    assert first.only["opc_request_id"]


@pytest.mark.parametrize("way", ["off", "conflict", "limit_exceeded"])
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_refusals_that_pass_are_waited_out(sim: Simulator, kind: Kind, state: str, way: str) -> None:
    furnish(sim, {"conflict_passes": way}, **{kind.section: [volumes(3, key="key-b")]})
    desired = {"kms_key_id": sim.id("key-a")} if state == "present" else {"state": "absent"}
    ids = [sim.id(f"volume-{number}") for number in (1, 2, 3)]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, **desired)

    assert (ran.failed, ran.changed) == (False, True)
    wanted = sim.id("key-a") if state == "present" else None
    assert [sim.resource(ocid)["kmsKeyId"] for ocid in ids] == [wanted] * 3
    assert sim.needless_puts == 0
    refusals = [call for call in sim.calls() if call.status in (400, 409)]
    assert bool(refusals) is (way != "off")
    assert not run(volume_kms_key.main, sim, volume_ids=ids, **desired).changed


@pytest.mark.parametrize("answers", ["answered", "refused"])
@pytest.mark.parametrize("former", [None, "key-phx", "key-everywhere"])
def test_a_key_of_a_replicated_vault_is_assigned_in_a_replica_region(
    sim: Simulator, former: str | None, answers: str
) -> None:
    furnish(
        sim,
        {"replica_vault_get_key": answers},
        volumes=[volumes(key=former, region="us-phoenix-1", compartment="prod")],
    )

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], kms_key_id=sim.id("key-everywhere"))

    assert ran.writes == ({} if former == "key-everywhere" else {"UpdateVolumeKmsKey": 1})
    assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-everywhere")


def test_a_disabled_key_is_not_assigned_where_the_replica_refuses_to_tell(sim: Simulator) -> None:
    furnish(sim, {"replica_vault_get_key": "refused"}, volumes=[volumes(region="us-phoenix-1")])
    sim.change(sim.id("key-everywhere"), state="DISABLED")

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], kms_key_id=sim.id("key-everywhere"))

    assert (ran.failed, ran.writes) == (True, {})
    assert "is DISABLED" in ran.msg


def test_regenerate_assigns_the_key_where_it_is_not_there_yet(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(key="key-b")])

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], kms_key_id=sim.id("key-a"), regenerate=True)

    assert ran.only["action"] == "assign"
    assert sim.needless_puts == 0
