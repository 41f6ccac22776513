# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of replicas: fours for each source under each switch, and replication that is switched off and on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from integration.support.clock import UnhurriedClock
from integration.support.fleets import tenancy, volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import plan_restore, read_plan

from ansible_collections.oci_keys.block_volume.plugins.modules import replica_kms_key
from simulator.client import Simulator

SOURCES = {"volume": "volume-1", "boot_volume": "boot-1", "volume_group": "group"}
UPDATES = {"volume": "UpdateVolume", "boot_volume": "UpdateBootVolume", "volume_group": "UpdateVolumeGroup"}
GETS = {"volume": "GetVolume", "boot_volume": "GetBootVolume", "volume_group": "GetVolumeGroup"}
LISTS = {"volume": "blockVolumeReplicas", "boot_volume": "bootVolumeReplicas", "volume_group": "volumeGroupReplicas"}
SETTINGS = ["accepted", "ignored", "refused"]

# Former key, the task, the action, the key then.
WAYS: dict[str, tuple[str | None, dict[str, Any], str, str | None]] = {
    "first": (None, {"kms_key_id": "key-phx"}, "assign", "key-phx"),
    "changed": ("key-phx", {"kms_key_id": "key-everywhere"}, "assign", "key-everywhere"),
    "removed": ("key-phx", {"state": "absent"}, "remove", None),
    "right": ("key-phx", {"kms_key_id": "key-phx"}, "none", "key-phx"),
    "nothing-to-remove": (None, {"state": "absent"}, "none", None),
}


def fleet(
    sim: Simulator, key: str | None = "key-phx", others: Sequence[Mapping[str, str]] = (), **switches: Any
) -> None:
    there = {"region": "us-phoenix-1", "name": "kept-name", **({"key": key} if key else {})}
    furnish(
        sim,
        switches,
        keys=[*tenancy()["keys"], {"name": "key-phx-2", "vault": "vault-phx"}],
        volumes=[volumes(replicas=[there, *others]), volumes(name="member"), volumes(name="plain")],
        boot_volumes=[volumes(name="boot", replicas=[there, *others])],
        volume_groups=[
            {
                "name": "group",
                "region": "us-ashburn-1",
                "compartment": "prod",
                "volumes": ["member-1"],
                "replicas": [there, *others],
            }
        ],
    )


def replicas(sim: Simulator, source: str) -> list[dict[str, Any]]:
    row = sim.resource(sim.id(source))
    return next(row[name] or [] for name in LISTS.values() if name in row)


def key_in_place(sim: Simulator, source: str) -> str | None:
    (row,) = replicas(sim, source)
    return next((key["name"] for key in sim.resources("key") if key["id"] == row["kmsKeyId"]), None)


def assign(sim: Simulator, *sources: str, **options: Any) -> Ran:
    if options.get("kms_key_id"):
        options["kms_key_id"] = sim.id(options["kms_key_id"])
    named: dict[str, list[str]] = {"volume_ids": [], "volume_group_ids": []}
    for source in sources:
        ocid = sim.id(source)
        named["volume_group_ids" if ocid.startswith("ocid1.volumegroup.") else "volume_ids"].append(ocid)
    return run(replica_kms_key.main, sim, **named, **options)


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("way", WAYS)
def test_check_run_run_again_check_again(sim: Simulator, kind: str, way: str) -> None:
    former, task, action, then = WAYS[way]
    source = SOURCES[kind]
    fleet(sim, former, replica_key_omitted="removed")
    before = replicas(sim, source)

    checked = assign(sim, source, check=True, **task)
    assert checked.writes == {}
    assert replicas(sim, source) == before
    ran = assign(sim, source, **task)
    assert key_in_place(sim, source) == then
    again = assign(sim, source, **task)
    checked_again = assign(sim, source, check=True, **task)

    changes = action != "none"
    assert not any(step.failed for step in (checked, ran, again, checked_again)), ran.msg
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert ran.writes == ({UPDATES[kind]: 1} if changes else {})
    assert again.writes == checked_again.writes == {}
    assert again.calls[GETS[kind]] == 1
    (after,) = replicas(sim, source)
    assert {**after, "kmsKeyId": None} == {**before[0], "kmsKeyId": None}
    for step in (checked, ran):
        assert (step.only["type"], step.only["action"]) == (kind, action)
        assert step.only["previous_kms_key_id"] == (sim.id(former) if former else None)
        assert step.only["kms_key_id"] == (sim.id(then) if then else None)
    assert ran.only["replica_id"] == ran.only["previous_replica_id"] == after[f"{LISTS[kind][:-1]}Id"]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_the_exact_calls_in_place(sim: Simulator, kind: str, setting: str) -> None:
    source = SOURCES[kind]
    fleet(sim, replica_key_change=setting)

    ran = assign(sim, source, kms_key_id="key-everywhere")

    calls = [call for call in sim.calls() if call.operation == UPDATES[kind]]
    assert [call.request for call in calls] == [
        {
            LISTS[kind]: [
                {
                    "availabilityDomain": replicas(sim, source)[0]["availabilityDomain"],
                    "displayName": "kept-name",
                    "xrrKmsKeyId": sim.id("key-everywhere"),
                }
            ]
        }
    ]
    is_made = setting == "accepted"
    assert key_in_place(sim, source) == ("key-everywhere" if is_made else "key-phx")
    assert (ran.failed, ran.changed) == (not is_made, is_made)
    if not is_made:
        assert ran.only["error"]["code"] == ("ChangeIgnored" if setting == "ignored" else "InvalidParameter")
        assert "'recreate: true'" in ran.only["error"]["hint"]
        assert ran.only["kms_key_id"] == sim.id("key-phx")


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_recreation_only_where_the_service_leaves_the_key(
    sim: Simulator, kind: str, setting: str, tmp_path: Path
) -> None:
    source = SOURCES[kind]
    fleet(sim, replica_key_change=setting)
    before = replicas(sim, source)[0]
    journal = tmp_path / "journal.jsonl"

    ran = assign(sim, source, kms_key_id="key-everywhere", recreate=True, journal=str(journal))

    assert not ran.failed, ran.msg
    assert key_in_place(sim, source) == "key-everywhere"
    (after,) = replicas(sim, source)
    is_recreated = setting != "accepted"
    replica_id = f"{LISTS[kind][:-1]}Id"
    assert (after[replica_id] != before[replica_id]) == is_recreated
    assert after["displayName"] == "kept-name"
    assert ran.writes == {UPDATES[kind]: 3 if is_recreated else 1}
    assert ran.only["replica_id"] == after[replica_id]
    assert ran.only["previous_replica_id"] == before[replica_id]
    assert any("everything is copied again" in line for line in ran.result.get("warnings", ())) == is_recreated
    if is_recreated:
        bodies = [call.request[LISTS[kind]] for call in sim.calls() if call.operation == UPDATES[kind]]
        assert [len(rows) for rows in bodies] == [1, 0, 1]
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["event"] for line in lines].count("outcome") == (2 if is_recreated else 1)
    assert lines[0]["event"] == "intent"
    assert lines[0]["previous_replica_domain"] == before["availabilityDomain"]
    assert lines[-1]["changed"] is True
    assert lines[-1]["error"] is None


@pytest.mark.parametrize("kind", SOURCES)
def test_a_recreation_that_failed_says_that_the_replica_is_another_one(sim: Simulator, kind: str) -> None:
    source = SOURCES[kind]
    fleet(sim, replica_key_change="ignored")
    before = replicas(sim, source)[0]
    # The first update is ignored, the second one switches replication off.
    sim.fault("status", UPDATES[kind], after=2, times=1, status=404, code="NotAuthorizedOrNotFound", message="No.")

    ran = assign(sim, source, kms_key_id="key-everywhere", recreate=True)

    replica_id = f"{LISTS[kind][:-1]}Id"
    (after,) = replicas(sim, source)
    assert (key_in_place(sim, source), after[replica_id] == before[replica_id]) == ("key-phx", False)
    assert (ran.failed, ran.only["changed"]) == (True, True)
    assert (ran.only["replica_id"], ran.only["previous_replica_id"]) == (after[replica_id], before[replica_id])
    assert "Its replica was deleted, and another one was made with the former key. It now has a replica" in ran.msg
    assert "restored" not in ran.msg
    assert any(
        "its replica was deleted and made again" in line and "everything is copied again" in line
        for line in ran.result["warnings"]
    )


@pytest.mark.parametrize("kind", SOURCES)
def test_a_replica_that_could_not_be_made_again_is_said_to_be_gone(sim: Simulator, kind: str) -> None:
    fleet(sim, replica_key_change="ignored")
    sim.fault("status", UPDATES[kind], after=2, times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    ran = assign(sim, SOURCES[kind], kms_key_id="key-everywhere", recreate=True)

    assert (ran.failed, ran.only["changed"], replicas(sim, SOURCES[kind])) == (True, True, [])
    assert any("its replica was deleted, and there is none now" in line for line in ran.result["warnings"])
    assert not any("made again" in line for line in ran.result["warnings"])


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(
    ("setting", "key"), [("accepted", "key-everywhere"), ("ignored", "key-everywhere"), ("ignored", None)]
)
def test_replicas_in_other_regions_are_carried_along(sim: Simulator, kind: str, setting: str, key: str | None) -> None:
    """With their names and their keys, in place and while replication to one region is switched off and on."""
    source = SOURCES[kind]
    other = {"region": "eu-frankfurt-1", "name": "other-name", **({"key": key} if key else {})}
    fleet(sim, others=[other], replica_key_change=setting, replicas_of_a_source="several")
    before = {row["displayName"]: row for row in replicas(sim, source)}

    unclear = assign(sim, source, kms_key_id="key-phx-2", recreate=True)
    assert (unclear.failed, unclear.writes) == (True, {})
    assert unclear.only["error"]["code"] == "SeveralReplicas"
    ran = assign(sim, source, kms_key_id="key-phx-2", destination_region="us-phoenix-1", recreate=True)

    assert not ran.failed, ran.msg
    carried = {
        "availabilityDomain": before["other-name"]["availabilityDomain"],
        "displayName": "other-name",
        **({"xrrKmsKeyId": sim.id(key)} if key else {}),
    }
    meant = {
        "availabilityDomain": before["kept-name"]["availabilityDomain"],
        "displayName": "kept-name",
        "xrrKmsKeyId": sim.id("key-phx-2"),
    }
    sent = [call.request[LISTS[kind]] for call in sim.calls() if call.operation == UPDATES[kind]]
    assert sent == [[carried, meant], *([[carried], [carried, meant]] if setting == "ignored" else [])]
    after = {row["displayName"]: row for row in replicas(sim, source)}
    assert after["kept-name"]["kmsKeyId"] == sim.id("key-phx-2")
    assert after["other-name"] == before["other-name"]


def test_members_follow_their_group_when_it_is_recreated(sim: Simulator) -> None:
    fleet(sim, replica_key_change="ignored")

    ran = assign(sim, "group", kms_key_id="key-everywhere", recreate=True)

    assert not ran.failed, ran.msg
    assert key_in_place(sim, "member-1") == "key-everywhere"
    off = [call for call in sim.calls() if call.operation == "UpdateVolumeGroup"][1]
    assert off.query == {"preserveVolumeReplica": "false"}


class TestRefused:
    def test_a_member_of_a_replicated_group(self, sim: Simulator) -> None:
        fleet(sim)

        ran = assign(sim, "member-1", "volume-1", kms_key_id="key-everywhere")

        assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
        assert ran.resources[0]["error"]["code"] == "ReplicaOfGroup"
        assert sim.id("group") in ran.msg
        assert key_in_place(sim, "member-1") == "key-phx"

    def test_a_member_whose_group_is_unknown(self, sim: Simulator) -> None:
        fleet(sim)
        sim.fault("status", "GetVolumeGroup", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

        ran = assign(sim, "member-1", kms_key_id="key-everywhere")

        assert "is unknown" in ran.only["error"]["message"]
        assert ran.writes == {}

    @pytest.mark.parametrize("destination", [None, "fra"])
    def test_a_source_without_a_replica_there(self, sim: Simulator, destination: str | None) -> None:
        fleet(sim)

        source = "plain-1" if destination is None else "volume-1"
        more = {"destination_region": destination} if destination else {}
        ran = assign(sim, source, kms_key_id="key-everywhere", **more)

        assert ran.only["error"]["code"] == "NotReplicated"
        assert ran.writes == {}

    @pytest.mark.parametrize("key", ["key-a", "key-fra"])
    def test_a_key_that_is_not_in_the_region_of_the_replica(self, sim: Simulator, key: str) -> None:
        fleet(sim)

        ran = assign(sim, "volume-1", kms_key_id=key)

        assert ran.failed
        assert "In us-phoenix-1" in ran.msg
        assert ran.writes == {}

    def test_a_key_that_can_t_be_used_is_no_reason_to_delete_a_replica(self, sim: Simulator) -> None:
        fleet(sim, unusable_key_code="400")

        ran = assign(sim, "volume-1", kms_key_id="key-fra", validate_key=False, recreate=True)

        assert ran.only["error"]["code"] == "RelatedResourceNotAuthorizedOrNotFound"
        assert ran.writes == {"UpdateVolume": 1}


class TestHalfWay:
    def test_replication_that_can_t_be_switched_on_with_the_new_key_gets_the_former_one(self, sim: Simulator) -> None:
        fleet(sim, replica_key_change="ignored")
        sim.fault("status", "UpdateVolume", after=2, times=1, status=404, code="NotAuthorizedOrNotFound", message="No.")

        ran = assign(sim, "volume-1", kms_key_id="key-everywhere", recreate=True)

        assert ran.failed
        assert "another one was made with the former key" in ran.msg
        assert key_in_place(sim, "volume-1") == "key-phx"
        assert ran.writes == {"UpdateVolume": 4}

    @pytest.mark.parametrize("after", [1, 2])
    def test_a_lost_answer_is_found_out(self, sim: Simulator, after: int) -> None:
        fleet(sim, replica_key_change="ignored")
        sim.fault("drop_after", "UpdateVolume", after=after)

        ran = assign(sim, "volume-1", kms_key_id="key-everywhere", recreate=True)

        assert not ran.failed, ran.msg
        assert key_in_place(sim, "volume-1") == "key-everywhere"
        assert ran.writes == {"UpdateVolume": 3}

    def test_a_volume_that_is_not_ready_in_between_is_waited_for(self, sim: Simulator) -> None:
        fleet(sim, replica_key_change="ignored")
        sim.fault("status", "UpdateVolume", after=2, times=2, status=409, code="IncorrectState", message="Busy.")

        ran = assign(sim, "volume-1", kms_key_id="key-everywhere", recreate=True)

        assert not ran.failed, ran.msg
        assert key_in_place(sim, "volume-1") == "key-everywhere"
        assert ran.writes == {"UpdateVolume": 5}

    @pytest.mark.parametrize("now", [[], [{"region": "us-phoenix-1", "name": "kept-name", "key": "key-phx-2"}]])
    def test_what_somebody_else_changes_meanwhile_stays(self, sim: Simulator, now: list[dict[str, Any]]) -> None:
        fleet(sim)
        sim.fault("status", "UpdateVolume", status=409, code="IncorrectState", message="Busy.")
        clock = UnhurriedClock().after(0.01, lambda: sim.change(sim.id("volume-1"), replicas=now))

        ran = assign(sim, "volume-1", kms_key_id="key-everywhere", clock=clock)

        assert ran.only["error"]["code"] == "ChangedMeanwhile"
        assert ran.writes == {"UpdateVolume": 1}
        assert len(replicas(sim, "volume-1")) == len(now)

    def test_an_outdated_reading_is_read_again(self, sim: Simulator) -> None:
        """What another field was changed to between the reading and the write is not sent back."""
        fleet(sim)
        sim.fault("status", "UpdateVolume", status=412, code="NoEtagMatch", message="Changed.")

        ran = assign(sim, "volume-1", kms_key_id="key-everywhere")

        assert not ran.failed, ran.msg
        assert ran.writes == {"UpdateVolume": 2}
        assert key_in_place(sim, "volume-1") == "key-everywhere"


@pytest.mark.parametrize("setting", ["accepted", "ignored"])
@pytest.mark.parametrize("kind", SOURCES)
def test_of_several_replicas_a_restore_says_what_to_do_and_is_not_complete(
    sim: Simulator, tmp_path: Path, kind: str, setting: str
) -> None:
    other = {"region": "eu-frankfurt-1", "name": "other-name"}
    fleet(sim, others=[other], replica_key_change=setting, replicas_of_a_source="several")
    (tmp_path / "run").mkdir()
    journal = str(tmp_path / "run" / "journal.jsonl")
    where = {"destination_region": "us-phoenix-1", "journal": journal}
    assign(sim, SOURCES[kind], kms_key_id="key-phx-2", recreate=True, **where)

    ran = plan_restore(sim, tmp_path / "undo", tmp_path / "run", recreate_replicas=True)

    assert not ran.failed, ran.msg
    assert ran.msg == "0 resources will be changed, 1 blocked"
    assert (ran.result["complete"], ran.result["found"]["complete"]) == (False, False)
    assert ran.result["found"]["msg"].startswith("1 replica could not be restored, e.g.: its source has several")
    plan = read_plan(tmp_path / "undo")
    (row,) = plan["blocked"]
    assert plan["not_seen"] == []
    assert (row["id"], row["wanted_kms_key_id"]) == (sim.id(SOURCES[kind]), sim.id("key-phx"))
    assert row["reason"] == "its source has several replicas, and a plan can't tell them apart"
    assert row["remedy"] == (
        "Use the module replica_kms_key, with the replica's region as 'destination_region'. It was on "
        f"{sim.id('key-phx')}"
    )
    assert "could not be read" not in " ".join(ran.result["lines"])


def test_a_replica_that_is_gone_is_not_called_unread(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    (tmp_path / "run").mkdir()
    assign(sim, "volume-1", kms_key_id="key-phx-2", journal=str(tmp_path / "run" / "journal.jsonl"))
    sim.change(sim.id("volume-1"), replicas=[])

    ran = plan_restore(sim, tmp_path / "undo", tmp_path / "run")

    (row,) = read_plan(tmp_path / "undo")["blocked"]
    assert row["reason"] == "its source has no replica any more"
    assert not ran.result["found"]["complete"]
