# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies and the key for their copies: fours for each asset under each switch, and what fails half-way."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run, start

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import policies, policy_reader
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_crossregion_key
from simulator.client import Simulator

POST = "CreateVolumeBackupPolicyAssignment"
DELETE = "DeleteVolumeBackupPolicyAssignment"
GET = "GetVolumeBackupPolicyAssetAssignment"
UNREAD = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "Authorization failed."}
ASSETS = {"volume": "volume-1", "boot_volume": "boot-1", "volume_group": "group"}
GETS = {"volume": "GetVolume", "boot_volume": "GetBootVolume", "volume_group": "GetVolumeGroup"}

# Former policy and key, the task, the action, and what is there then.
WAYS: dict[str, tuple[tuple[str, str | None] | None, dict[str, str], str, tuple[str, str | None] | None]] = {
    "first": (None, {"policy_id": "to-phx", "kms_key_id": "key-phx"}, "assign", ("to-phx", "key-phx")),
    "key-added": (("to-phx", None), {"kms_key_id": "key-phx"}, "assign", ("to-phx", "key-phx")),
    "key-changed": (("to-phx", "key-phx"), {"kms_key_id": "key-everywhere"}, "assign", ("to-phx", "key-everywhere")),
    "policy-changed": (
        ("to-phx", "key-phx"),
        {"policy_id": "to-fra", "kms_key_id": "key-fra"},
        "assign",
        ("to-fra", "key-fra"),
    ),
    "key-removed": (("to-phx", "key-phx"), {"state": "absent"}, "remove", ("to-phx", None)),
    "policy-without-key": (
        ("to-phx", "key-phx"),
        {"policy_id": "to-fra", "state": "absent"},
        "assign",
        ("to-fra", None),
    ),
    "local-policy": (None, {"policy_id": "local", "state": "absent"}, "assign", ("local", None)),
    "unassigned": (("to-phx", "key-phx"), {"state": "unassigned"}, "unassign", None),
    "right": (("to-phx", "key-phx"), {"kms_key_id": "key-phx"}, "none", ("to-phx", "key-phx")),
    "nothing-to-remove": (None, {"state": "absent"}, "none", None),
}

SWITCHES: list[dict[str, Any]] = [
    {},
    {"assignment_repost": "conflict"},
    {"assignment_repost": "ignored"},
    {"xrc_key_empty": "accepted"},
    {"unusable_key_code": "400"},
]
# All of these switches are about writes.
CASES = [
    pytest.param(way, switches, id="-".join([way, *map("=".join, switches.items())]))
    for way, (_former, _task, action, _then) in WAYS.items()
    for switches in (SWITCHES if action != "none" else SWITCHES[:1])
]


def fleet(sim: Simulator, *assignments: dict[str, Any], switches: dict[str, Any] | None = None) -> None:
    furnish(
        sim,
        switches,
        volumes=[volumes(2), volumes(1, name="member")],
        boot_volumes=[volumes(1, name="boot")],
        volume_groups=[
            {"name": "group", "region": "us-ashburn-1", "compartment": "prod", "volumes": ["member-1"]},
        ],
        volume_backup_policies=[
            {"name": "to-phx", "region": "us-ashburn-1", "compartment": "prod", "destination_region": "us-phoenix-1"},
            {"name": "to-fra", "region": "us-ashburn-1", "compartment": "prod", "destination_region": "eu-frankfurt-1"},
            {"name": "local", "region": "us-ashburn-1", "compartment": "prod"},
        ],
        policy_assignments=list(assignments),
    )


def assigned(asset: str, policy: str = "to-phx", key: str | None = "key-phx") -> dict[str, Any]:
    return {"asset": asset, "policy": policy, **({"key": key} if key else {})}


def in_place(sim: Simulator, asset: str) -> tuple[str, str | None] | None:
    """The policy and the key that an asset has, by name."""
    names = {row["id"]: row["name"] for kind in ("key", "volume_backup_policy") for row in sim.resources(kind)}
    for row in sim.resources("policy_assignment"):
        if row["assetId"] == sim.id(asset):
            return names[row["policyId"]], names.get(row["xrcKmsKeyId"])
    return None


def _assign(sim: Simulator, *assets: str, **options: Any) -> Ran:
    for name in ("policy_id", "kms_key_id"):
        if options.get(name):
            options[name] = sim.id(options[name])
    ids = [sim.id(asset) for asset in assets]
    return run(backup_policy_crossregion_key.main, sim, asset_ids=ids, **options)


@pytest.mark.parametrize("kind", ASSETS)
@pytest.mark.parametrize(("way", "switches"), CASES)
def test_check_run_run_again_check_again(sim: Simulator, kind: str, way: str, switches: dict[str, Any]) -> None:
    former, task, action, then = WAYS[way]
    asset = ASSETS[kind]
    fleet(sim, *([assigned(asset, *former)] if former else []), switches=switches)

    checked = _assign(sim, asset, check=True, **task)
    assert checked.writes == {}
    assert in_place(sim, asset) == former
    ran = _assign(sim, asset, **task)
    assert in_place(sim, asset) == then
    again = _assign(sim, asset, **task)
    checked_again = _assign(sim, asset, check=True, **task)

    changes = action != "none"
    assert not any(step.failed for step in (checked, ran, again, checked_again)), ran.msg
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert again.writes == checked_again.writes == {}
    assert again.calls[GETS[kind]] == again.calls["GetVolumeBackupPolicyAssetAssignment"] == 1
    names = {sim.id(name): name for name in ("to-phx", "to-fra", "local", "key-phx", "key-fra", "key-everywhere")}
    for step in (checked, ran):
        entry = step.only
        assert (entry["type"], entry["action"]) == (kind, action)
        assert (names.get(entry["previous_policy_id"]), names.get(entry["previous_kms_key_id"])) == (
            former or (None, None)
        )
        assert (names.get(entry["policy_id"]), names.get(entry["kms_key_id"])) == (then or (None, None))
    assert sim.needless_puts == 0
    same_policy = former is not None and then is not None and former[0] == then[0]
    replaced = changes and same_policy and switches.get("assignment_repost") is not None
    if action == "unassign":
        assert ran.writes == {DELETE: 1}
    else:
        assert ran.writes == ({POST: 2, DELETE: 1} if replaced else {POST: 1} if changes else {})


def test_the_destination_regions_are_told(sim: Simulator) -> None:
    fleet(sim, assigned("volume-1"))

    ran = _assign(sim, "volume-1", policy_id="to-fra", kms_key_id="key-fra")

    assert ran.only["previous_destination_region"] == "us-phoenix-1"
    assert ran.only["destination_region"] == "eu-frankfurt-1"
    assert ran.only["assignment_id"].startswith("ocid1.volumebackuppolicyassign")


class TestRefused:
    def test_a_key_for_a_policy_that_copies_nothing(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1", "local", None))

        ran = _assign(sim, "volume-1", kms_key_id="key-phx")

        assert ran.only["error"]["code"] == "NoDestinationRegion"
        assert sim.id("local") in ran.msg
        assert ran.writes == {}

    @pytest.mark.parametrize("key", ["key-a", "key-fra"])
    def test_a_key_that_is_not_in_the_destination_region(self, sim: Simulator, key: str) -> None:
        fleet(sim, assigned("volume-1", "to-phx", None))

        ran = _assign(sim, "volume-1", kms_key_id=key)

        assert ran.failed
        assert "In us-phoenix-1" in ran.msg
        assert sim.id(key) in ran.msg
        assert ran.writes == {}

    def test_a_policy_that_goes_elsewhere_needs_a_key_of_there(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1"))

        without = _assign(sim, "volume-1", policy_id="to-fra")
        wrong = _assign(sim, "volume-1", policy_id="to-fra", kms_key_id="key-phx")

        assert "'kms_key_id' is empty" in without.msg
        assert "In eu-frankfurt-1" in wrong.msg
        assert in_place(sim, "volume-1") == ("to-phx", "key-phx")

    def test_no_policy_given_or_assigned(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-2", "to-phx", None))

        ran = _assign(sim, "volume-1", "volume-2", kms_key_id="key-phx")

        assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
        assert ran.resources[0]["error"]["code"] == "NoPolicy"

    @pytest.mark.parametrize("shown", ["nothing", "group", "member"])
    @pytest.mark.parametrize("task", [{"kms_key_id": "key-everywhere"}, {"state": "absent"}, {"state": "unassigned"}])
    def test_a_volume_with_the_policy_of_its_group(self, sim: Simulator, shown: str, task: dict[str, str]) -> None:
        fleet(sim, assigned("group"), switches={"group_policy_shown_on_member": shown})

        ran = _assign(sim, "member-1", **task)

        assert ran.only["error"]["code"] == "PolicyOfGroup"
        assert sim.id("group") in ran.msg
        assert ran.writes == {}

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            ({"state": "unassigned", "kms_key_id": "key-phx"}, "'state: unassigned'"),
            ({"state": "unassigned", "policy_id": "to-phx"}, "'state: unassigned'"),
            ({"state": "absent", "kms_key_id": "key-phx"}, "'state: absent'"),
            ({"kms_key_id": "", "policy_id": "to-phx"}, "'kms_key_id' is empty"),
            ({"kms_key_id": "key-phx", "policy_id": "volume-1"}, "but a backup policy is expected"),
        ],
    )
    def test_options_that_contradict_each_other(self, sim: Simulator, options: dict[str, str], word: str) -> None:
        fleet(sim)

        ran = _assign(sim, "volume-1", **options)

        assert ran.failed
        assert word in ran.msg
        assert ran.calls == {}

    def test_a_policy_that_is_not_there(self, sim: Simulator) -> None:
        fleet(sim)
        gone = sim.id("to-phx")[:-8] + "aaaaaaaa"

        ran = run(
            backup_policy_crossregion_key.main,
            sim,
            asset_ids=[sim.id("volume-1")],
            policy_id=gone,
            kms_key_id=sim.id("key-phx"),
        )

        assert gone in ran.msg
        assert "backup-policies" in ran.msg
        assert ran.writes == {}


class TestHalfWay:
    @pytest.mark.parametrize("repost", ["replace", "conflict", "ignored"])
    @pytest.mark.parametrize("fault", ["drop_after", "drop_before", "unavailable", "throttle", "refuse", "error_500"])
    @pytest.mark.parametrize("operation", [POST, DELETE])
    @pytest.mark.parametrize("after", [0, 1])
    def test_one_failing_request_changes_nothing_in_the_end(
        self, sim: Simulator, repost: str, fault: str, operation: str, after: int
    ) -> None:
        fleet(sim, assigned("volume-1", "to-phx", None), switches={"assignment_repost": repost})
        sim.fault(fault, operation, times=1, after=after)

        ran = _assign(sim, "volume-1", kms_key_id="key-phx")

        assert not ran.failed, ran.msg
        assert ran.changed
        assert in_place(sim, "volume-1") == ("to-phx", "key-phx")

    def test_what_was_deleted_is_put_back(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict"})
        refused = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "Authorization failed."}
        sim.fault("status", POST, times=1, after=1, **refused)

        ran = _assign(sim, "volume-1", kms_key_id="key-everywhere")

        assert ran.failed
        assert in_place(sim, "volume-1") == ("to-phx", "key-phx")
        assert "The former assignment was restored" in ran.only["error"]["message"]
        assert ran.only["kms_key_id"] == sim.id("key-phx")
        assert not ran.only["changed"]
        assert ran.writes == {POST: 3, DELETE: 1}

    def test_what_cant_be_put_back_is_told(self, sim: Simulator, tmp_path: Path) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict"})
        journal = tmp_path / "journal.jsonl"
        refused = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "Authorization failed."}
        sim.fault("status", POST, times=None, after=1, **refused)

        ran = _assign(sim, "volume-1", kms_key_id="key-everywhere", journal=str(journal))

        assert ran.failed
        assert in_place(sim, "volume-1") is None
        assert "could not be restored" in ran.only["error"]["message"]
        assert "It now has no backup policy" in ran.only["error"]["message"]
        assert (ran.only["policy_id"], ran.only["changed"]) == (None, True)
        intent = json.loads(journal.read_text().splitlines()[0])
        assert intent["previous_policy_id"] == sim.id("to-phx")
        assert intent["previous_kms_key_id"] == sim.id("key-phx")
        assert intent["previous_assignment_id"]

        sim.clear_faults()
        again = _assign(sim, "volume-1", policy_id="to-phx", kms_key_id="key-everywhere")
        assert not again.failed
        assert in_place(sim, "volume-1") == ("to-phx", "key-everywhere")

    def test_what_cant_be_read_after_a_deletion_is_not_told_to_be_in_place(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict"})
        sim.fault("clock_skew", POST, times=None, after=1)
        sim.fault("clock_skew", "GetVolumeBackupPolicyAssetAssignment", times=None, after=3)

        ran = _assign(sim, "volume-1", kms_key_id="key-everywhere")

        assert ran.failed
        assert in_place(sim, "volume-1") is None
        assert ran.only["previous_policy_id"] == sim.id("to-phx")
        told = [ran.only[name] for name in ("changed", "encryption", "kms_key_id", "policy_id", "assignment_id")]
        assert told == [True, "unknown", None, None, None]
        assert ran.only["error"]["status"] == 401
        assert "It could not be read since; the journal holds" in ran.only["error"]["message"]

    def test_killed_between_delete_and_post_the_journal_knows_and_the_next_run_restores(
        self, sim: Simulator, tmp_path: Path
    ) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict", "latency": 0.3})
        journal = tmp_path / "journal.jsonl"
        process = start(
            backup_policy_crossregion_key,
            asset_ids=[sim.id("volume-1")],
            kms_key_id=sim.id("key-everywhere"),
            journal=str(journal),
        )
        deadline = time.monotonic() + 60
        while not sim.counts().get(DELETE) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        sim.set(latency=0)

        assert in_place(sim, "volume-1") is None
        intent = json.loads(journal.read_text().splitlines()[0])
        assert (intent["previous_policy_id"], intent["previous_kms_key_id"]) == (sim.id("to-phx"), sim.id("key-phx"))
        again = _assign(sim, "volume-1", policy_id="to-phx", kms_key_id="key-everywhere")
        assert not again.failed
        assert in_place(sim, "volume-1") == ("to-phx", "key-everywhere")

    def test_a_policy_that_was_taken_away_is_not_put_back(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1"))
        sim.fault("drop_after", DELETE, times=1)
        sim.fault("status", GET, times=1, after=2, **UNREAD)

        ran = _assign(sim, "volume-1", state="unassigned")

        assert in_place(sim, "volume-1") is None
        assert (ran.failed, ran.changed, ran.only["policy_id"]) == (False, True, None)
        assert ran.writes == {DELETE: 1}

    @pytest.mark.parametrize(("fault", "times"), [("status", 1), ("throttle", 4), ("unavailable", 4)])
    def test_a_look_that_fails_is_no_refusal(self, sim: Simulator, fault: str, times: int) -> None:
        fleet(sim, assigned("volume-1", "to-phx", None))
        sim.fault(fault, GET, times=times, after=2, **(UNREAD if fault == "status" else {}))

        ran = _assign(sim, "volume-1", kms_key_id="key-phx")

        assert in_place(sim, "volume-1") == ("to-phx", "key-phx")
        assert (ran.failed, ran.changed, ran.only["action"]) == (False, True, "assign")
        assert ran.only["previous_kms_key_id"] is None
        assert ran.writes == {POST: 1}


class TestSomebodyElse:
    """A colleague assigns a policy while a run is under way. It is never replaced unnoticed."""

    TASKS: ClassVar[list[dict[str, str]]] = [
        {"kms_key_id": "key-everywhere"},
        {"state": "absent"},
        {"policy_id": "to-fra", "kms_key_id": "key-fra"},
        {"state": "unassigned"},
    ]

    @staticmethod
    def colleague(sim: Simulator, monkeypatch: pytest.MonkeyPatch, before: str, policy: str, key: str | None) -> None:
        """Assigns a policy right before the product calls this function."""
        called = getattr(policies, before)
        details = {"assetId": sim.id("volume-1"), "policyId": sim.id(policy)}
        if key is not None:
            details["xrcKmsKeyId"] = sim.id(key)

        def after_a_colleague(service: Any, *given: Any) -> Any:
            service.write("create_volume_backup_policy_assignment", details)
            return called(service, *given)

        monkeypatch.setattr(policies, before, after_a_colleague)

    @pytest.mark.parametrize("task", TASKS, ids=str)
    @pytest.mark.parametrize(("policy", "key"), [("local", None), ("to-phx", "key-everywhere"), ("to-phx", None)])
    def test_between_the_plan_and_the_write(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, task: dict[str, str], policy: str, key: str | None
    ) -> None:
        key = "key-everywhere" if key and task.get("kms_key_id") != "key-everywhere" else None
        fleet(sim, assigned("volume-1"))
        read = policy_reader.PolicyReader.read
        details = {"assetId": sim.id("volume-1"), "policyId": sim.id(policy)}
        if key is not None:
            details["xrcKmsKeyId"] = sim.id(key)

        def then_a_colleague(reader: policy_reader.PolicyReader, ids: Any) -> Any:
            found = read(reader, ids)
            reader.service_for("assign").write("create_volume_backup_policy_assignment", details)
            return found

        monkeypatch.setattr(policy_reader.PolicyReader, "read", then_a_colleague)

        ran = _assign(sim, "volume-1", **task)

        assert in_place(sim, "volume-1") == (policy, key)
        assert ran.writes == {POST: 1}, "the colleague's"
        if task == {"state": "absent"} and key is None and policy == "to-phx":
            assert (ran.failed, ran.changed) == (False, False)
        else:
            assert ran.only["error"]["code"] == "ChangedMeanwhile"
            assert sim.id(policy) in ran.msg

    @pytest.mark.parametrize("before", ["_delete_own", "_expect_none"])
    @pytest.mark.parametrize(("policy", "key"), [("local", None), ("to-fra", "key-fra")])
    def test_between_the_requests_of_a_change(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, before: str, policy: str, key: str | None
    ) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict"})
        self.colleague(sim, monkeypatch, before, policy, key)

        ran = _assign(sim, "volume-1", kms_key_id="key-everywhere")

        assert ran.failed
        assert in_place(sim, "volume-1") == (policy, key)
        assert sim.id(policy) in ran.msg
        assert ran.only["policy_id"] == sim.id(policy)

    def test_a_delete_names_the_state_that_it_was_decided_by(self, sim: Simulator) -> None:
        fleet(sim, assigned("volume-1"), switches={"assignment_repost": "conflict"})

        _assign(sim, "volume-1", kms_key_id="key-everywhere")

        (deleted,) = sim.calls(DELETE)
        assert deleted.headers["if-match"]
