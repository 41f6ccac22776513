# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong with one volume or one call: the others are finished, and the result says what is."""

from __future__ import annotations

import json
import stat
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from integration.support.clock import UnhurriedClock
from integration.support.fleets import volumes
from integration.support.harness import FAST, PATIENT, Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator

PUT = "UpdateVolumeKmsKey"


def _rekey(sim: Simulator, *names: str, key: str = "key-a", **options: Any) -> Ran:
    return run(volume_kms_key.main, sim, volume_ids=[sim.id(name) for name in names], kms_key_id=sim.id(key), **options)


def _by_name(ran: Ran) -> dict[str, dict[str, Any]]:
    return {entry["display_name"] or entry["id"]: entry for entry in ran.resources}


def _is_true(sim: Simulator, ran: Ran) -> None:
    """Every entry that claims to know the key tells the one that is in place."""
    for entry in ran.resources:
        if entry["encryption"] != "unknown":
            assert entry["kms_key_id"] == sim.resource(entry["id"])["kmsKeyId"]


class TestOneVolumeFails:
    def test_not_found(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(2)])
        gone = sim.id("volume-1")[:-8] + "aaaaaaaa"

        ran = run(
            volume_kms_key.main,
            sim,
            volume_ids=[sim.id("volume-1"), gone, sim.id("volume-2")],
            kms_key_id=sim.id("key-a"),
        )

        assert ran.failed
        assert ran.result["summary"] == {"total": 3, "changed": 2, "unchanged": 0, "failed": 1}
        entry = ran.resources[1]
        assert (entry["id"], entry["changed"], entry["action"]) == (gone, False, "none")
        assert (entry["encryption"], entry["previous_encryption"]) == ("unknown", "unknown")
        assert (entry["error"]["status"], entry["error"]["code"]) == (404, "NotAuthorizedOrNotFound")
        assert "There is no block volume with this OCID in us-ashburn-1" in entry["error"]["message"]
        assert "read volumes" in entry["error"]["hint"]
        assert gone in ran.msg

    def test_not_found_in_check_mode_does_not_predict_a_change(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        gone = sim.id("volume-1")[:-8] + "aaaaaaaa"

        ran = run(volume_kms_key.main, sim, check=True, volume_ids=[gone], kms_key_id=sim.id("key-a"))

        assert ran.failed
        assert not ran.changed

    @pytest.mark.parametrize("state", ["FAULTY", "TERMINATED", "TERMINATING"])
    @pytest.mark.parametrize("check", [True, False])
    def test_a_state_that_takes_no_key(self, sim: Simulator, state: str, check: bool) -> None:
        furnish(sim, volumes=[volumes(1), volumes(1, name="bad", state=state)])

        ran = _rekey(sim, "bad-1", "volume-1", check=check)

        assert ran.failed
        assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
        entry = _by_name(ran)["bad-1"]
        assert entry["error"]["code"] == state
        assert (entry["changed"], entry["encryption"]) == (False, "oracle")
        assert ran.writes == ({} if check else {PUT: 1})

    def test_faulty_after_the_change(self, sim: Simulator) -> None:
        furnish(sim, {"transition": "ends_faulty"}, volumes=[volumes(1)])
        began = time.monotonic()

        ran = _rekey(sim, "volume-1", wait_timeout=120)

        assert time.monotonic() - began < 60
        assert ran.failed
        assert ran.only["error"]["code"] == "FAULTY"
        assert "The change was accepted, but then" in ran.only["error"]["message"]
        assert ran.only["lifecycle_state"] == "FAULTY"
        assert ran.changed
        _is_true(sim, ran)

    @pytest.mark.parametrize("key", ["key-disabled", "key-dying"])
    @pytest.mark.parametrize("to", ["key-a", None])
    def test_a_key_that_cant_be_left(self, sim: Simulator, key: str, to: str | None) -> None:
        furnish(sim, volumes=[volumes(1), volumes(2, name="stuck", key=key)])
        ids = [sim.id(name) for name in ("stuck-1", "volume-1", "stuck-2")]
        task: dict[str, Any] = {"kms_key_id": sim.id(to)} if to else {"state": "absent"}

        checked = run(volume_kms_key.main, sim, check=True, volume_ids=ids, **task)
        ran = run(volume_kms_key.main, sim, volume_ids=ids, **task)

        assert ran.failed
        assert checked.failed
        assert checked.result["summary"] == ran.result["summary"]
        assert ran.result["summary"]["failed"] == 2
        for name in ("stuck-1", "stuck-2"):
            error = _by_name(ran)[name]["error"]
            assert error["code"] == "KeyCannotBeLeft"
            assert sim.id(key) in error["message"]
            assert "first" in error["message"]
        assert sum(ran.writes.values()) == (1 if to else 0)
        assert ran.calls["GetKey"] == (2 if to else 1)
        _is_true(sim, ran)

    def test_a_key_that_cant_be_left_says_the_service_where_nobody_vets(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1, key="key-disabled")])

        ran = _rekey(sim, "volume-1", validate_key=False)

        assert ran.only["error"]["status"] == 404
        assert sim.id("key-disabled") in ran.only["error"]["hint"]
        _is_true(sim, ran)

    def test_the_same_key_does_not_have_to_be_left(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1, key="key-disabled")])

        ran = _rekey(sim, "volume-1", key="key-disabled", validate_key=False)

        assert not ran.failed
        assert not ran.changed

    @pytest.mark.parametrize("code", ["404", "400"])
    def test_a_refused_key_tells_the_statements_for_both_keys(self, sim: Simulator, code: str) -> None:
        furnish(sim, {"unusable_key_code": code}, volumes=[volumes(1, key="key-b")])

        ran = _rekey(sim, "volume-1", key="key-forbidden")

        hint = ran.only["error"]["hint"]
        place = f"compartment id {sim.id('security')}"
        for key in ("key-forbidden", "key-b"):
            condition = f"where target.key.id = '{sim.id(key)}'"
            assert f"Allow service blockstorage to use keys in {place} {condition}" in hint
            assert f"Allow group <your group> to use key-delegate in {place} {condition}" in hint
        assert ran.only["error"]["status"] == int(code)
        assert not ran.changed
        assert ran.writes == {PUT: 1}
        _is_true(sim, ran)

    def test_security_zone(self, sim: Simulator) -> None:
        furnish(sim, {"security_zone": "on"}, volumes=[volumes(1, key="key-a")])

        ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], state="absent")

        assert ran.failed
        assert "security zone" in ran.only["error"]["hint"]
        _is_true(sim, ran)

    def test_resource_lock(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1, locked=True)])

        ran = _rekey(sim, "volume-1")

        assert ran.only["error"]["code"] == "ResourceLocked"
        assert "Remove the lock" in ran.only["error"]["hint"]
        assert ran.writes == {PUT: 1}

    def test_replicas_are_read_again(self, sim: Simulator) -> None:
        replicated = volumes(1, name="replicated", replicas=[{"region": "us-phoenix-1"}])
        furnish(sim, volumes=[replicated])

        ran = _rekey(sim, "replicated-1")

        assert not ran.failed
        assert any("replica in another region" in str(warning) for warning in ran.result["warnings"])

    def test_a_lost_replica_is_told(self, sim: Simulator) -> None:
        replicated = volumes(1, name="replicated", replicas=[{"region": "us-phoenix-1"}])
        furnish(sim, {"cmk_on_replicated": "replica_lost"}, volumes=[replicated])

        ran = _rekey(sim, "replicated-1")

        assert ran.failed
        assert ran.only["error"]["code"] == "ReplicaLost"
        assert ran.changed

    def test_a_refused_replicated_volume(self, sim: Simulator) -> None:
        replicated = volumes(1, name="replicated", replicas=[{"region": "us-phoenix-1"}])
        furnish(sim, {"cmk_on_replicated": "refused"}, volumes=[replicated, volumes(1)])

        ran = _rekey(sim, "replicated-1", "volume-1")

        assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}


class TestWrites:
    def test_an_answer_lost_after_the_commit_is_not_repeated(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(3)])
        sim.fault("drop_after", PUT, times=1)

        ran = _rekey(sim, "volume-1", "volume-2", "volume-3")

        assert not ran.failed
        assert ran.writes == {PUT: 3}
        assert all(entry["changed"] and entry["settled"] for entry in ran.resources)
        assert sim.needless_puts == 0
        _is_true(sim, ran)

    @pytest.mark.parametrize("transition", ["provisioning", "immediate", "delayed_start"])
    @pytest.mark.parametrize("visible", ["at_available", "at_put"])
    @pytest.mark.parametrize("outside", ["conflict", "accepted"])
    @pytest.mark.parametrize("fault", ["drop_after", "drop_before", "bad_gateway", "unavailable", "error_500", "slow"])
    def test_a_lost_answer_never_makes_a_needless_put(
        self, sim: Simulator, transition: str, visible: str, outside: str, fault: str
    ) -> None:
        switches = {"transition": transition, "key_visible": visible, "put_outside_available": outside}
        furnish(sim, {**switches, "settle": 0.2}, volumes=[volumes(1, key="key-b")])
        details = {"seconds": 1.6} if fault == "slow" else {}
        sim.fault(fault, PUT, times=1, **details)

        ran = _rekey(sim, "volume-1", timeout=(30.0, 0.8) if fault == "slow" else PATIENT)

        assert not ran.failed
        assert ran.changed
        assert ran.only["kms_key_id"] == sim.id("key-a")
        assert sim.needless_puts == 0
        assert not _rekey(sim, "volume-1").changed

    @pytest.mark.parametrize("fault", ["throttle", "refuse"])
    @pytest.mark.parametrize("times", [1, 3])
    def test_what_was_not_committed_is_tried_again(self, sim: Simulator, fault: str, times: int) -> None:
        furnish(sim, volumes=[volumes(2)])
        sim.fault(fault, PUT, times=times)

        ran = _rekey(sim, "volume-1", "volume-2")

        assert not ran.failed
        assert ran.result["summary"]["changed"] == 2
        assert sim.needless_puts == 0

    def test_a_conflict_that_clears(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("status", PUT, times=3, status=409, code="IncorrectState", message="is in an invalid state")

        ran = _rekey(sim, "volume-1")

        assert not ran.failed
        assert ran.writes == {PUT: 4}

    def test_a_conflict_that_does_not_clear(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(2)])
        sim.fault(
            "status",
            PUT,
            times=None,
            resource=sim.id("volume-1"),
            status=409,
            code="IncorrectState",
            message="is in an invalid state",
        )

        ran = _rekey(sim, "volume-1", "volume-2", wait_timeout=1)

        assert ran.failed
        errors = {name: entry["error"] for name, entry in _by_name(ran).items()}
        assert errors["volume-1"]["code"] == "IncorrectState"
        assert errors["volume-2"] is None
        assert "Run the task again" in errors["volume-1"]["hint"]
        _is_true(sim, ran)

    def test_a_conflict_that_does_not_pass_ends_with_the_time(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("status", PUT, times=None, status=409, code="Conflict", message="currently attached")

        ran = _rekey(sim, "volume-1", wait_timeout=2)

        assert ran.only["error"]["code"] == "Conflict"
        assert "currently attached" in ran.only["error"]["message"]
        assert "Run the task again" in ran.only["error"]["hint"]
        assert ran.writes[PUT] > 1
        assert not ran.only["changed"]
        _is_true(sim, ran)

    def test_a_conflict_of_another_sort_is_final(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        sim.fault("status", PUT, times=None, status=409, code="InvalidatedRetryToken", message="used before")

        ran = _rekey(sim, "volume-1")

        assert ran.only["error"]["code"] == "InvalidatedRetryToken"
        assert ran.writes == {PUT: 1}

    def test_a_volume_that_is_busy_already_is_waited_for(self, sim: Simulator) -> None:
        furnish(sim, {"settle": 3600, "put_outside_available": "accepted"}, volumes=[volumes(1)])
        first = _rekey(sim, "volume-1", wait=False)
        assert (first.changed, first.only["settled"]) == (True, False)
        clock = UnhurriedClock().after(0.3, lambda: sim.change(sim.id("volume-1"), state="AVAILABLE", key="key-a"))

        second = _rekey(sim, "volume-1", clock=clock)

        assert not second.failed
        assert not second.changed
        assert second.writes == {}
        assert sim.needless_puts == 0

    def test_a_regeneration_whose_answer_is_lost_is_not_repeated(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1, key="key-a")])
        sim.fault("drop_after", PUT, times=1)

        ran = _rekey(sim, "volume-1", regenerate=True)

        assert ran.failed
        assert ran.only["error"]["code"] == "OutcomeUnknown"
        assert ran.writes == {PUT: 1}

    def test_wait_timeout(self, sim: Simulator) -> None:
        furnish(sim, {"settle": 60}, volumes=[volumes(2)])

        ran = _rekey(sim, "volume-1", "volume-2", wait_timeout=1)

        assert ran.failed
        for entry in ran.resources:
            assert entry["error"]["code"] == "WaitTimeout"
            assert "within 1 s" in entry["error"]["message"]
            assert "wait_timeout" in entry["error"]["hint"]
            assert (entry["changed"], entry["settled"]) == (True, False)
            assert entry["lifecycle_state"] == "PROVISIONING"
        _is_true(sim, ran)

    @pytest.mark.parametrize("visible", ["at_available", "at_put"])
    def test_without_waiting_the_entry_says_what_one_look_showed(self, sim: Simulator, visible: str) -> None:
        furnish(sim, {"settle": 60, "key_visible": visible}, volumes=[volumes(1)])

        ran = _rekey(sim, "volume-1", wait=False)

        assert ran.calls["GetVolume"] == 3
        assert (ran.failed, ran.changed, ran.only["settled"]) == (False, True, False)
        assert ran.only["lifecycle_state"] == "PROVISIONING"
        assert ran.only["kms_key_id"] == (sim.id("key-a") if visible == "at_put" else None)

    def test_a_change_that_the_service_ignores(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])
        answer = json.dumps({"kmsKeyId": sim.id("key-a")})
        sim.fault("status", PUT, times=1, status=200, code="", message="", text=answer)

        ran = _rekey(sim, "volume-1", timings=replace(FAST, ignored_after=0.4))

        assert ran.failed
        assert ran.only["error"]["code"] == "ChangeIgnored"
        assert not ran.only["changed"]
        _is_true(sim, ran)

    def test_one_failing_call_of_any_kind_fails_nothing(self, sim: Simulator) -> None:
        for kind in ("throttle", "error_500", "unavailable", "drop_before", "drop_after", "garbage", "truncated"):
            furnish(sim, volumes=[volumes(1, key="key-b")])
            for operation in ("GetVolume", "SearchResources", "GetVault", "GetKey", "ListKeyVersions"):
                sim.fault(kind, operation, times=1)

            ran = _rekey(sim, "volume-1")

            assert not ran.failed, kind
            assert ran.writes == {PUT: 1}, kind


class TestFiles:
    def test_the_journal_holds_what_was_there(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1), volumes(1, name="other", key="key-b"), volumes(1, name="right", key="key-a")])
        journal = tmp_path / "journal.jsonl"

        ran = _rekey(sim, "volume-1", "other-1", "right-1", journal=str(journal))

        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        intents = {line["id"]: line for line in lines if line["event"] == "intent"}
        outcomes = {line["id"]: line for line in lines if line["event"] == "outcome"}
        assert set(intents) == set(outcomes) == {sim.id("volume-1"), sim.id("other-1")}
        assert intents[sim.id("other-1")]["previous_kms_key_id"] == sim.id("key-b")
        assert intents[sim.id("volume-1")]["previous_encryption"] == "oracle"
        assert all(line["kms_key_id"] == sim.id("key-a") for line in intents.values())
        assert {line["opc_request_id"] for line in outcomes.values()} == {
            entry["opc_request_id"] for entry in ran.resources if entry["changed"]
        }
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600

    def test_without_a_journal_option_the_former_keys_are_on_disk_all_the_same(
        self, sim: Simulator, tmp_path: Path
    ) -> None:
        furnish(sim, volumes=[volumes(1, key="key-b")])

        _rekey(sim, "volume-1")

        journal = tmp_path / "state" / "oci_keys.block_volume" / "journal.jsonl"
        assert json.loads(journal.read_text().splitlines()[0])["previous_kms_key_id"] == sim.id("key-b")

    def test_check_mode_writes_no_journal(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1)])
        journal = tmp_path / "journal.jsonl"

        _rekey(sim, "volume-1", check=True, journal=str(journal))

        assert not journal.exists()

    @pytest.mark.parametrize("check", [True, False])
    @pytest.mark.parametrize("which", ["all", "changed", "summary"])
    def test_result_file_holds_all_whatever_the_result_lists(
        self, sim: Simulator, tmp_path: Path, check: bool, which: str
    ) -> None:
        furnish(
            sim, volumes=[volumes(1), volumes(1, name="right", key="key-a"), volumes(1, name="bad", state="FAULTY")]
        )
        file = tmp_path / "result.json"

        ran = _rekey(sim, "volume-1", "right-1", "bad-1", check=check, result=which, result_file=str(file))

        listed = [entry["display_name"] for entry in ran.resources]
        assert (
            listed == {"all": ["volume-1", "right-1", "bad-1"], "changed": ["volume-1", "bad-1"], "summary": []}[which]
        )
        written = json.loads(file.read_text())
        assert [entry["display_name"] for entry in written["resources"]] == ["volume-1", "right-1", "bad-1"]
        assert written["summary"] == ran.result["summary"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
