# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups when something goes wrong: never a second copy, never an outcome that is lost or untrue."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from integration.support.clock import UnhurriedClock
from integration.support.copy_helpers import (
    IAD,
    KINDS,
    PHX,
    Kind,
    backups,
    copies_of,
    copy,
    existing,
    fleet,
    group_fleet,
    keys_of,
)
from integration.support.harness import FAST, run, soak, start
from integration.support.model_process import Killed, Life, living

from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import read_former_keys
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_copy
from simulator.client import Simulator

FRA = "eu-frankfurt-1"
REFUSED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "So it is."}
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)


# --- lists of the destination


@every_kind
def test_a_list_that_never_ends_is_given_up(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim)
    sim.fault("empty_page", operation=kind.list, region=PHX, times=None)
    began = time.monotonic()
    ran = copy(sim, "backup-1", wait_timeout=120)
    assert time.monotonic() - began < 60
    assert (ran.failed, ran.writes) == (True, {})
    assert "It is unknown whether a copy exists in" in ran.msg


@every_kind
@pytest.mark.parametrize("fault", ["garbage", "truncated", "drop_after", "throttle", "error_500", "empty_page"])
def test_a_passing_fault_of_the_list_hides_no_copy(sim: Simulator, kind: Kind, fault: str) -> None:
    kind.furnish(sim)
    copy(sim, "backup-1")
    sim.fault(fault, operation=kind.list, region=PHX, times=2)
    sim.fault(fault, operation=kind.get, region=PHX, times=1)
    again = copy(sim, "backup-1")
    assert (again.failed, again.changed, again.writes) == (False, False, {}), again.msg
    assert len(copies_of(sim, "backup-1", kind)) == 1


@every_kind
@pytest.mark.parametrize("fault", ["garbage", "error_500", "drop_before"])
def test_where_the_list_never_answers_nothing_is_copied(sim: Simulator, kind: Kind, fault: str) -> None:
    kind.furnish(sim)
    sim.fault(fault, operation=kind.list, region=PHX, times=None)
    ran = copy(sim, "backup-1", wait_timeout=1)
    assert (ran.failed, ran.writes) == (True, {})
    assert "It is unknown whether a copy exists in" in ran.msg
    assert "Traceback" not in ran.printed


@every_kind
def test_a_copy_that_lists_do_not_show_yet_is_not_made_twice(sim: Simulator, kind: Kind) -> None:
    """The retry token is the same in the next run, so that the service knows which copy is meant."""
    kind.furnish(sim)
    made = copy(sim, "backup-1").only["copy_id"]
    sim.change(made, may_inspect=False)
    again = copy(sim, "backup-1", wait_timeout=1)
    assert (again.failed, again.only["copy_id"]) == (True, made)
    assert "could not be read" in again.msg
    sim.change(made, may_inspect=True)
    once_more = copy(sim, "backup-1")
    assert (once_more.failed, once_more.changed, once_more.only["copy_id"]) == (False, False, made)
    assert len(copies_of(sim, "backup-1", kind)) == 1


def test_a_copy_that_is_gone_by_now_does_not_hide_another(sim: Simulator) -> None:
    first, second = existing(name="copy-1", key="key-everywhere"), existing(name="copy-2", key="key-everywhere")
    fleet(sim, backups(), first, second)
    last = max(sim.id("copy-1"), sim.id("copy-2"))
    left = min(sim.id("copy-1"), sim.id("copy-2"))
    sim.change(last, state="TERMINATED")
    sim.fault("stale_list", operation="ListVolumeBackups", region=PHX, times=None)
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.writes) == (False, {"UpdateVolumeBackup": 1})
    assert ran.only["copy_id"] == left


def test_of_several_copies_the_one_on_the_key_is_taken_where_lists_show_no_keys(sim: Simulator) -> None:
    right, wrong = existing(name="copy-1", key="key-phx"), existing(name="copy-2", key="key-everywhere")
    fleet(sim, backups(), right, wrong, switches={"list_kms_key_id_of_backups": "absent"})
    for key, name in (("key-phx", "copy-1"), ("key-everywhere", "copy-2")):
        ran = copy(sim, "backup-1", key=key)
        assert (ran.failed, ran.writes, ran.only["copy_id"]) == (False, {}, sim.id(name))


# --- what becomes of the copy


@every_kind
def test_a_copy_begun_before_that_ends_faulty_is_told_as_that(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim, copy_settle=3600)
    begun = copy(sim, "backup-1", wait=False)
    clock = UnhurriedClock().after(0.3, lambda: sim.change(begun.only["copy_id"], state="FAULTY"))
    ran = copy(sim, "backup-1", clock=clock)
    assert (ran.failed, ran.changed, ran.writes) == (True, False, {})
    assert ran.only["error"]["code"] == "FAULTY"
    assert PHX in ran.only["error"]["message"]
    assert ran.only["copy_id"] == begun.only["copy_id"]
    sim.set(copy_settle=0.05)
    again = copy(sim, "backup-1")
    assert (again.failed, again.writes) == (False, {kind.copy: 1}), again.msg


@every_kind
def test_the_copy_is_told_even_where_it_can_no_longer_be_read(sim: Simulator, kind: Kind, tmp_path: Path) -> None:
    kind.furnish(sim)
    sim.fault("clock_skew", operation=kind.get, region=PHX, times=None)
    journal = tmp_path / "journal"
    ran = copy(sim, "backup-1", wait_timeout=1, journal=str(journal))
    (made,) = copies_of(sim, "backup-1", kind)
    assert (ran.failed, ran.changed, ran.only["encryption"]) == (True, True, "unknown")
    assert ran.only["copy_id"] == made["id"]
    assert ran.only["error"]["status"] == 401
    assert made["id"] in journal.read_text()


@every_kind
def test_a_copy_that_shows_late_is_waited_for(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim, copy_visible="late", copy_settle=2.0)
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.writes) == (False, {kind.copy: 1}), ran.msg
    assert ran.only["lifecycle_state"] == "AVAILABLE"


@every_kind
def test_a_short_wait_fails_and_the_next_run_finds_the_copy(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim, copy_settle=3600)
    ran = copy(sim, "backup-1", wait_timeout=1)
    assert (ran.failed, ran.changed, ran.only["error"]["code"]) == (True, True, "WaitTimeout")
    sim.change(ran.only["copy_id"], state="AVAILABLE")
    again = copy(sim, "backup-1")
    assert (again.failed, again.changed, again.writes) == (False, False, {})
    assert again.only["copy_id"] == ran.only["copy_id"]


def test_who_does_not_wait_is_not_told_that_a_copy_took_too_long(sim: Simulator) -> None:
    fleet(sim, backups(12), switches={"copy_settle": 30})
    ran = copy(sim, *(f"backup-{number}" for number in range(1, 13)), wait=False, wait_timeout=1)
    errors = [row["error"]["code"] for row in ran.resources if row["error"]]
    assert errors == ["NotTried"] * 2
    assert ran.result["summary"] == {"total": 12, "changed": 10, "unchanged": 0, "failed": 2}
    assert ran.writes == {"CopyVolumeBackup": 10}


# --- answers that are lost


@every_kind
@pytest.mark.parametrize("fault", ["drop_after", "garbage", "truncated"])
@pytest.mark.parametrize("times", [1, 2])
def test_lost_answers_leave_one_copy(sim: Simulator, kind: Kind, fault: str, times: int) -> None:
    """It shows only after the module has come to believe that nothing was copied."""
    kind.furnish(sim, copy_visible="late", copy_settle=2.0)
    sim.fault(fault, operation=kind.copy, times=times)
    ran = copy(sim, "backup-1")
    (made,) = copies_of(sim, "backup-1", kind)
    assert (ran.failed, ran.changed, ran.only["copy_id"]) == (False, True, made["id"]), ran.msg


def test_a_slow_answer_leaves_one_copy(sim: Simulator) -> None:
    fleet(sim, backups())
    sim.fault("slow", operation="CopyVolumeBackup", seconds=4)
    ran = copy(sim, "backup-1", timeout=(30.0, 2.0))
    (made,) = copies_of(sim, "backup-1")
    assert (ran.failed, ran.changed, ran.only["copy_id"]) == (False, True, made["id"])


def test_credentials_refused_in_the_middle_fail_what_is_left(sim: Simulator) -> None:
    fleet(sim, backups(4))
    sim.fault("clock_skew", operation="CopyVolumeBackup", after=2, times=None)
    names = [f"backup-{number}" for number in range(1, 5)]
    ran = copy(sim, *names)
    assert ran.result["summary"] == {"total": 4, "changed": 2, "unchanged": 0, "failed": 2}
    assert {row["error"]["status"] for row in ran.resources if row["error"]} == {401}
    sim.clear_faults()
    again = copy(sim, *names)
    assert (again.failed, again.writes) == (False, {"CopyVolumeBackup": 2})


@every_kind
@pytest.mark.parametrize("visible", ["at_once", "late"])
def test_a_killed_run_is_followed_by_no_second_copy(sim: Simulator, tmp_path: Path, kind: Kind, visible: str) -> None:
    kind.furnish(sim, copy_visible=visible, copy_settle=4.0)
    process = start(
        backup_copy,
        backup_ids=[sim.id("backup-1")],
        destination_region=PHX,
        kms_key_id=sim.id("key-phx"),
        journal=str(tmp_path / "journal.jsonl"),
    )
    deadline = time.monotonic() + 60
    while not sim.counts().get(kind.copy) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert json.loads((tmp_path / "journal.jsonl").read_text().splitlines()[0])["action"] == "copy"

    again = copy(sim, "backup-1")

    (made,) = copies_of(sim, "backup-1", kind)
    assert (again.failed, again.only["copy_id"], made["lifecycleState"]) == (False, made["id"], "AVAILABLE")


@every_kind
def test_a_copy_that_was_deleted_is_made_anew(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim)
    first = copy(sim, "backup-1").only["copy_id"]
    for hidden in (False, True):
        sim.change(first, state="TERMINATED", may_inspect=not hidden)
        again = copy(sim, "backup-1")
        assert (again.failed, again.changed) == (False, True), again.msg
        assert again.only["copy_id"] != first
        first = again.only["copy_id"]
    assert sum(made["lifecycleState"] == "AVAILABLE" for made in copies_of(sim, "backup-1", kind)) == 1


# --- groups: several updates for one change


def test_a_group_of_which_half_was_changed_says_so(sim: Simulator) -> None:
    group_fleet(sim)
    copy(sim, "backup-1")
    sim.fault("status", operation="UpdateVolumeBackup", after=1, times=1, **REFUSED)
    ran = copy(sim, "backup-1", key="key-everywhere")
    assert (ran.failed, ran.changed, ran.only["error"]["status"]) == (True, True, 404)
    assert (ran.only["previous_kms_key_id"], ran.only["kms_key_id"]) == (sim.id("key-phx"), sim.id("key-phx"))
    assert sorted(ran.result["diff"]["after"][sim.id("backup-1")]["member_keys"].values()) == sorted(
        [sim.id("key-everywhere"), sim.id("key-phx")]
    )
    again = copy(sim, "backup-1", key="key-everywhere")
    assert (again.failed, again.changed, again.writes) == (False, True, {"UpdateVolumeBackup": 1})


@pytest.mark.parametrize("fault", ["throttle", "drop_before", "drop_after", "error_500"])
def test_the_other_members_are_not_written_again(sim: Simulator, fault: str) -> None:
    group_fleet(sim)
    copy(sim, "backup-1")
    sim.fault(fault, operation="UpdateVolumeBackup", after=1, times=1)
    ran = copy(sim, "backup-1", key="key-everywhere")
    assert (ran.failed, ran.changed) == (False, True)
    assert sim.needless_puts == 0
    assert ran.writes["UpdateVolumeBackup"] <= 3
    copies = copies_of(sim, "member-1") + copies_of(sim, "member-2")
    assert [made["kmsKeyId"] for made in copies] == [sim.id("key-everywhere")] * 2


def test_the_journal_has_the_former_key_of_each_member(sim: Simulator, tmp_path: Path) -> None:
    group_fleet(sim)
    copy(sim, "backup-1")
    (member,) = copies_of(sim, "member-1")
    (other,) = copies_of(sim, "member-2")
    sim.change(member["id"], key=None)
    journal = tmp_path / "journal.jsonl"
    copy(sim, "backup-1", key="key-everywhere", journal=str(journal))
    intent = json.loads(journal.read_text().splitlines()[0])
    assert intent["previous_member_keys"] == {member["id"]: None, other["id"]: sim.id("key-phx")}


def test_another_copy_that_turns_up_after_a_lost_answer_is_put_on_the_key(sim: Simulator) -> None:
    """Somebody else copies the backup, on another key, while what became of ours is looked for."""
    fleet(sim, backups(), existing(key="key-everywhere", state="TERMINATED"))
    sim.fault("drop_before", operation="CopyVolumeBackup")

    copy_id, control = sim.id("copy"), urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def appears() -> None:
        """Over a connection of its own, since that of ``sim`` is not for two threads."""
        while b'"CopyVolumeBackup"' not in control.open(f"{sim.control_url}/counts").read():
            time.sleep(0.005)
        control.open(f"{sim.control_url}/resources/{copy_id}", data=b'{"state": "AVAILABLE"}').close()

    with ThreadPoolExecutor(1) as aside:
        done = aside.submit(appears)
        ran = copy(sim, "backup-1", timings=replace(FAST, quiet=1.0))
        done.result()
    assert (ran.failed, ran.changed, ran.only["copy_id"]) == (False, True, copy_id), ran.msg
    assert ran.writes == {"CopyVolumeBackup": 1, "UpdateVolumeBackup": 1}


def test_a_journal_puts_copies_back_and_not_their_sources(sim: Simulator, tmp_path: Path) -> None:
    group_fleet(sim)
    copy(sim, "backup-1")
    (member,) = copies_of(sim, "member-1")
    journal = tmp_path / "journal.jsonl"
    copy(sim, "backup-1", key="key-everywhere", journal=str(journal))
    copy(sim, "member-1", key="key-phx", journal=str(journal))
    former = read_former_keys([journal])
    assert ("volume_backup", member["id"]) in former.found
    assert {row.id for row in former.found.values()} == {
        made["id"] for name in ("member-1", "member-2") for made in copies_of(sim, name)
    }
    assert {row.original for row in former.found.values()} == {sim.id("key-phx")}
    assert former.found["volume_backup", member["id"]].assigned_keys == {sim.id("key-everywhere"), sim.id("key-phx")}


# --- sources


@every_kind
@pytest.mark.parametrize("state", ["FAULTY", "TERMINATING", "TERMINATED"])
def test_a_source_that_is_no_more_is_not_copied_but_its_copy_is_found(sim: Simulator, kind: Kind, state: str) -> None:
    kind.furnish(sim)
    sim.change(sim.id("backup-1"), state=state)
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.changed, ran.writes, ran.only["error"]["code"]) == (True, False, {}, state)
    sim.change(sim.id("backup-1"), state="AVAILABLE")
    made = copy(sim, "backup-1")
    sim.change(sim.id("backup-1"), state=state)
    again = copy(sim, "backup-1")
    assert (again.failed, again.changed, again.only["copy_id"]) == (False, False, made.only["copy_id"])


@every_kind
def test_a_source_that_is_being_made_is_waited_for(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim)
    sim.change(sim.id("backup-1"), state="CREATING")
    ran = copy(sim, "backup-1", wait_timeout=1)
    assert (ran.failed, ran.changed, ran.writes) == (True, False, {})
    assert "CREATING" in ran.msg


def test_copies_from_two_regions_in_one_call(sim: Simulator) -> None:
    there = {"name": "other-{n}", "count": 12, "region": FRA, "compartment": "prod"}
    fleet(sim, backups(12), there, switches={"copy_settle": 0.2})
    names = [f"{name}-{number}" for name in ("backup", "other") for number in range(1, 13)]
    ran = copy(sim, *names)
    assert (ran.failed, ran.writes) == (False, {"CopyVolumeBackup": 24})
    assert {(row["region"], row["destination_region"]) for row in ran.resources} == {(IAD, PHX), (FRA, PHX)}
    assert copy(sim, *names).writes == {}


@soak
def test_two_hundred_backups_take_few_calls(sim: Simulator) -> None:
    fleet(sim, backups(200), switches={"copy_settle": 0.01})
    names = [f"backup-{number}" for number in range(1, 201)]
    ran = copy(sim, *names, timings=replace(FAST, poll_first=0.1))
    assert (ran.failed, ran.writes) == (False, {"CopyVolumeBackup": 200})
    # Before each copy, the source and its copies are looked at once more, and the copy is looked at until it is there.
    assert ran.calls["ListVolumeBackups"] <= 204
    assert ran.calls["GetVolumeBackup"] <= 200 + 8 + 200 * 2
    again = copy(sim, *names)
    assert again.calls["ListVolumeBackups"] <= 5
    assert again.calls["GetVolumeBackup"] <= 16


def test_many_group_backups_are_looked_for_by_one_list(sim: Simulator) -> None:
    groups: list[dict[str, Any]] = [
        {"name": "group-{n}", "count": 12, "region": IAD, "compartment": "prod"},
        {"name": "old-{n}", "count": 250, "region": PHX, "compartment": "prod"},
    ]
    fleet(sim, *groups, kind=KINDS[2])
    checked = copy(sim, "group-1", "group-2", "group-3", check=True)
    # Of three sources, the pages of the destination are read once and not for each.
    assert checked.calls["ListVolumeGroupBackups"] == 3


# --- keys


@every_kind
def test_a_key_that_is_not_vetted_is_refused_by_the_service(sim: Simulator, kind: Kind) -> None:
    """With ``validate_key`` off the keys are left out of the checks, but nothing else is."""
    kind.furnish(sim)
    ran = copy(sim, "backup-1", key="key-a", validate_key=False)
    assert (ran.failed, ran.changed, ran.writes) == (True, False, {kind.copy: 1})
    assert not {"GetKey", "GetVault", "SearchResources"} & ran.calls.keys()
    assert not copies_of(sim, "backup-1", kind)
    assert "Allow service blockstorage to use keys" in ran.only["error"]["hint"]
    bad = run(backup_copy.main, sim, backup_ids=[sim.id("backup-1"), "x"], destination_region=PHX, validate_key=False)
    assert (bad.failed, bad.calls) == (True, {})


# --- one copy of a source in a region, whatever the key


@every_kind
def test_two_runs_with_different_keys_make_one_copy(sim: Simulator, kind: Kind) -> None:
    """The second one begins before any list shows the copy of the first one, and puts that on its key."""
    kind.furnish(sim, copy_visible="late", copy_settle=2.0)
    first = copy(sim, "backup-1", wait=False)
    again = copy(sim, "backup-1", key="key-everywhere", timings=replace(FAST, late_commit=6.0))
    assert not again.failed, again.msg
    (made,) = copies_of(sim, "backup-1", kind)
    assert first.only["copy_id"] == again.only["copy_id"] == made["id"]
    assert keys_of(sim, "backup-1", kind) == {sim.id("key-everywhere")}


@every_kind
def test_two_runs_with_different_names_make_one_copy(sim: Simulator, kind: Kind) -> None:
    kind.furnish(sim, copy_visible="late", copy_settle=1.0)
    copy(sim, "backup-1", wait=False, display_name="one")
    again = copy(sim, "backup-1", display_name="two", timings=replace(FAST, late_commit=30.0))
    assert not again.failed, again.msg
    assert len(copies_of(sim, "backup-1", kind)) == 1


@pytest.mark.parametrize("fault", ["late", "drop_after"])
def test_a_copy_that_a_killed_run_asked_for_counts(sim: Simulator, tmp_path: Path, fault: str) -> None:
    """The request may arrive after the next run has begun, which wants another key."""
    fleet(sim, backups(), switches={"copy_visible": "late", "copy_settle": 1.0})
    sim.fault(fault, operation="CopyVolumeBackup", **({"seconds": 1.0} if fault == "late" else {}))
    journal, timings = str(tmp_path / "journal.jsonl"), replace(FAST, late_commit=8.0)
    for number in itertools.count(1):
        life = Life(number, sent=True)
        with living(life), contextlib.suppress(Killed):
            copy(sim, "backup-1", journal=journal, clock=life, timings=timings)
        if sim.counts().get("CopyVolumeBackup"):
            break
    again = copy(sim, "backup-1", key="key-everywhere", journal=journal, timings=timings)
    assert not again.failed, again.msg
    (made,) = copies_of(sim, "backup-1")
    assert (again.only["copy_id"], made["kmsKeyId"]) == (made["id"], sim.id("key-everywhere"))
