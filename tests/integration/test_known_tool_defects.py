# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defects that other tools for these keys have, or had, none of which is to be ours: one test for each.

Those that concern shipping, connecting and starting are in test_known_tool_defects_setup.py.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from integration.support.change_modules import CHANGERS, COPIERS, PHX, Changer, fleet
from integration.support.clock import UnhurriedClock
from integration.support.harness import Ran

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_crossregion_key
from simulator.client import Simulator

every_changer = pytest.mark.parametrize("changer", CHANGERS, ids=lambda it: f"{it.name}-{it.resource}")
every_mode = pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
both_states = pytest.mark.parametrize("state", ["present", "absent"])
every_copier = pytest.mark.parametrize("copier", COPIERS, ids=lambda it: it.resource)
every_one = pytest.mark.parametrize("changer", CHANGERS + COPIERS, ids=lambda it: f"{it.name}-{it.resource}")
by_module = pytest.mark.parametrize("changer", [*CHANGERS[::2], COPIERS[0]], ids=lambda it: f"{it.name}-{it.resource}")

GARBAGE = ["garbage", "ocid1", "ocid1.volume", "ocid1..oc1.iad.x", "ocid1.volume.oc1.nowhere-1.x", "<volume OCID>"]
REFUSALS = [(400, "InvalidParameter"), (403, "NotAllowed"), (404, "NotAuthorizedOrNotFound"), (409, "ResourceLocked")]


def failed_unchanged(ran: Ran) -> None:
    assert ran.failed
    assert not ran.result.get("changed", False)
    assert ran.writes == {}
    assert "Traceback" not in ran.printed


def policy(name: str) -> Changer:
    return next(it for it in CHANGERS if it.module is backup_policy_crossregion_key and it.resource == name)


@every_changer
@every_mode
@both_states
def test_what_does_not_exist_is_not_predicted_as_changed(
    sim: Simulator, changer: Changer, check: bool, state: str
) -> None:
    """Check mode said "changed" of a volume that does not exist, and removing its key ended in a traceback."""
    fleet(sim)
    gone = sim.id(changer.resource)[:-8] + "aaaaaaaa"

    if state == "present":
        ran = changer.assign(sim, gone, check=check)
    else:
        ran = changer.do(sim, gone, check=check, state="absent")

    failed_unchanged(ran)
    assert ran.only["error"]["status"] == 404
    assert (ran.only["action"], ran.only["encryption"]) == ("none", "unknown")


@every_copier
@every_mode
def test_a_backup_that_does_not_exist_is_not_predicted_as_copied(sim: Simulator, copier: Changer, check: bool) -> None:
    """Check mode said "changed" of what does not exist."""
    fleet(sim)

    ran = copier.assign(sim, sim.id(copier.resource)[:-8] + "aaaaaaaa", check=check)

    failed_unchanged(ran)
    assert ran.only["error"]["status"] == 404
    assert (ran.only["action"], ran.only["encryption"], ran.only["copy_id"]) == ("none", "unknown", None)


@every_copier
@pytest.mark.parametrize(("status", "code"), REFUSALS, ids=str)
def test_a_refused_copy_is_told_and_not_a_traceback(sim: Simulator, copier: Changer, status: int, code: str) -> None:
    """A write that the service refused came out as an uncaught exception."""
    fleet(sim)
    sim.fault("status", copier.put, times=None, status=status, code=code, message="So it is.")

    ran = copier.assign(sim)

    assert ran.failed
    assert "Traceback" not in ran.printed
    assert (ran.only["error"]["status"], ran.only["error"]["code"], ran.only["changed"]) == (status, code, False)
    assert ran.writes == {copier.put: 1}


@every_changer
@pytest.mark.parametrize(("status", "code"), REFUSALS, ids=str)
def test_a_refused_write_is_told_and_not_a_traceback(sim: Simulator, changer: Changer, status: int, code: str) -> None:
    """A write that the service refused came out as an uncaught exception."""
    fleet(sim)
    sim.fault("status", changer.put, times=None, status=status, code=code, message="So it is.")

    ran = changer.assign(sim)

    assert ran.failed
    assert "Traceback" not in ran.printed
    error = ran.only["error"]
    assert (error["status"], error["code"], bool(error["opc_request_id"])) == (status, code, True)
    assert error["message"].startswith("So it is.")
    assert not ran.only["changed"]
    assert ran.only["kms_key_id"] == changer.key_in_place(sim) == sim.id(changer.old)
    assert ran.writes == changer.writes


@every_changer
@every_mode
@pytest.mark.parametrize("given", [{}, {"kms_key_id": None}, {"kms_key_id": ""}, {"kms_key_id": " "}], ids=str)
def test_a_key_that_is_left_out_or_blank_is_no_request_to_change_anything(
    sim: Simulator, changer: Changer, check: bool, given: dict[str, Any]
) -> None:
    """A key that was left out made an empty write and "changed"; an empty one "changed" on every run."""
    fleet(sim)

    ran = changer.do(sim, check=check, **given)

    failed_unchanged(ran)
    assert "'kms_key_id' is empty" in ran.msg
    assert "state: absent" in ran.msg
    assert ran.calls == {}


@every_changer
def test_going_back_to_the_oracle_managed_key_is_done_once(sim: Simulator, changer: Changer) -> None:
    """Asking for the Oracle-managed key wrote, and said "changed", on every run, for backups too."""
    fleet(sim, replica_key_omitted="removed")

    ran, again, checked = (changer.do(sim, state="absent", check=check) for check in (False, False, True))

    assert (ran.changed, again.changed, checked.changed) == (True, False, False)
    assert sum(ran.writes.values()) == sum(changer.writes.values())
    assert again.writes == checked.writes == {}
    assert changer.key_in_place(sim) is None


@pytest.mark.parametrize("changer", [it for it in CHANGERS if it.faulty], ids=lambda it: f"{it.name}-{it.resource}")
@every_mode
def test_a_faulty_resource_fails_at_once(sim: Simulator, changer: Changer, check: bool) -> None:
    """FAULTY was not seen as a failure: the task waited until its timeout."""
    fleet(sim)
    sim.change(sim.id(changer.resource), state=changer.faulty)
    began = time.monotonic()

    ran = changer.assign(sim, check=check, wait_timeout=300)

    assert time.monotonic() - began < 100
    failed_unchanged(ran)
    assert ran.only["error"]["code"] == changer.faulty


@pytest.mark.parametrize("changer", CHANGERS[:2], ids=lambda it: it.resource)
def test_a_volume_that_becomes_faulty_is_not_waited_for_either(sim: Simulator, changer: Changer) -> None:
    """FAULTY was not seen as a failure: the task waited until its timeout, here for the end of its own change."""
    fleet(sim, transition="ends_faulty")
    began = time.monotonic()

    ran = changer.assign(sim, wait_timeout=300)

    assert time.monotonic() - began < 100
    assert ran.only["error"]["code"] == changer.faulty
    assert "The change was accepted" in ran.msg
    assert (ran.failed, ran.only["changed"], ran.only["settled"]) == (True, True, False)


@pytest.mark.parametrize("changer", CHANGERS[2:4], ids=lambda it: it.resource)
def test_an_update_that_the_service_ignores_is_not_reported_as_done(sim: Simulator, changer: Changer) -> None:
    """A backup's update was answered with 200, its key stayed, and it was reported as changed (oci-go-sdk 567)."""
    fleet(sim, backup_update_ignored="all")

    ran = changer.assign(sim)

    assert ran.failed
    assert ran.only["error"]["code"] == "ChangeIgnored"
    assert not ran.changed
    assert ran.only["kms_key_id"] == changer.key_in_place(sim) == sim.id(changer.old)


@pytest.mark.parametrize("changer", CHANGERS[4:7], ids=lambda it: it.resource)
def test_an_assignment_that_the_service_ignores_is_made_anew(sim: Simulator, changer: Changer) -> None:
    """Whether a key took effect was not looked at: assigning the same policy with another key may do nothing."""
    fleet(sim, assignment_repost="ignored")

    ran = changer.assign(sim)

    assert not ran.failed
    assert ran.only["kms_key_id"] == changer.key_in_place(sim) == sim.id(changer.new)


@every_changer
def test_another_key_is_taken_and_said_to_be(sim: Simulator, changer: Changer) -> None:
    """A module took a new key for a volume that has one, did nothing, and said that nothing had to be done."""
    fleet(sim)

    checked, ran = (changer.assign(sim, check=check) for check in (True, False))

    assert checked.changed
    assert ran.changed
    assert ran.only["kms_key_id"] == changer.key_in_place(sim) == sim.id(changer.new)
    assert ran.only["previous_kms_key_id"] == sim.id(changer.old)


@pytest.mark.parametrize("changer", CHANGERS[4:7], ids=lambda it: it.resource)
@pytest.mark.parametrize("repost", ["replace", "conflict", "ignored"])
def test_another_policy_does_not_lose_the_key_for_copies(sim: Simulator, changer: Changer, repost: str) -> None:
    """Changing the policy dropped the cross-region key that was assigned with the former one."""
    fleet(sim, assignment_repost=repost)
    daily = sim.id("to-phx-daily")

    without = changer.do(sim, policy_id=daily)
    assert "'kms_key_id' is empty" in without.msg
    assert changer.key_in_place(sim) == sim.id("key-phx")
    ran = changer.assign(sim, key="key-phx", policy_id=daily)

    assert ran.only["policy_id"] == daily
    assert ran.only["kms_key_id"] == changer.key_in_place(sim) == sim.id("key-phx")


@every_copier
def test_a_copy_on_another_key_is_not_taken_for_done(sim: Simulator, copier: Changer) -> None:
    """Whatever copy there was counted as done, also one on another key."""
    fleet(sim)
    first = copier.assign(sim, key=copier.old)

    checked, ran, again = (copier.assign(sim, check=check) for check in (True, False, False))

    assert (checked.changed, ran.changed, again.changed) == (True, True, False)
    assert ran.only["previous_kms_key_id"] == sim.id(copier.old)
    assert ran.only["kms_key_id"] == again.only["kms_key_id"] == sim.id(copier.new)
    assert ran.only["copy_id"] == first.only["copy_id"]
    assert copier.put not in ran.writes


@every_copier
def test_a_faulty_copy_is_not_taken_for_done(sim: Simulator, copier: Changer) -> None:
    """Whatever copy there was counted as done, also one that is FAULTY."""
    fleet(sim, copy_outcome="faulty")
    first = copier.assign(sim)
    sim.set(copy_outcome="available")

    ran = copier.assign(sim)

    assert (first.failed, first.only["error"]["code"], first.only["settled"]) == (True, "FAULTY", False)
    assert (ran.failed, ran.only["lifecycle_state"]) == (False, "AVAILABLE")
    assert ran.only["copy_id"] != first.only["copy_id"]


@every_copier
def test_a_copy_that_is_being_made_is_not_taken_for_done(sim: Simulator, copier: Changer) -> None:
    """Whatever copy there was counted as done, also one that was not there yet."""
    fleet(sim, copy_settle=3600)
    begun = copier.assign(sim, wait=False)
    clock = UnhurriedClock().after(0.3, lambda: sim.change(begun.only["copy_id"], state="AVAILABLE"))

    ran = copier.assign(sim, clock=clock)

    assert (begun.only["lifecycle_state"], begun.only["settled"]) == ("CREATING", False)
    assert (ran.only["lifecycle_state"], ran.only["settled"], ran.writes) == ("AVAILABLE", True, {})
    assert sim.resource(ran.only["copy_id"])["lifecycleState"] == "AVAILABLE"


@every_copier
@pytest.mark.parametrize("visible", ["at_once", "late"])
def test_a_copy_is_waited_for_where_it_is(sim: Simulator, copier: Changer, visible: str) -> None:
    """It was polled in the region of its source, which knows nothing of it (oci-python-sdk 344)."""
    fleet(sim, copy_settle=1.0, copy_visible=visible)

    ran = copier.assign(sim)

    looks = [call for call in sim.calls() if call.path.endswith(ran.only["copy_id"])]
    assert not ran.failed
    assert {call.region for call in looks} == {PHX}
    assert looks[-1].status == 200


@by_module
@every_mode
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_not_predicted_as_changed(sim: Simulator, changer: Changer, check: bool, garbage: str) -> None:
    """Check mode said "changed" of whatever was given as an OCID, be it of a resource or of a key."""
    fleet(sim)

    resource = changer.assign(sim, garbage, check=check)
    key = changer.do(sim, check=check, kms_key_id=garbage.replace("volume", "key"))

    failed_unchanged(resource)
    failed_unchanged(key)
    assert resource.calls == {}


@every_one
@every_mode
def test_a_key_that_is_not_aes_is_refused_first(sim: Simulator, changer: Changer, check: bool) -> None:
    """An RSA key was refused late, by the service, in words that did not say why (terraform-provider-oci 1381)."""
    fleet(sim)

    ran = changer.assign(sim, key=changer.rsa, check=check)

    failed_unchanged(ran)
    for word in (sim.id(changer.rsa), "RSA", "AES", "Nothing was changed"):
        assert word in ran.msg


@pytest.mark.parametrize("shown", ["nothing", "group", "member"])
def test_the_policy_of_a_group_is_read_of_the_group(sim: Simulator, shown: str) -> None:
    """A group's policy was read as null, since it was asked of the members (terraform-provider-oci 1690)."""
    fleet(sim, group_policy_shown_on_member=shown)

    ran = policy("group").assign(sim, key="key-phx")

    assert not ran.failed
    assert not ran.changed
    assert ran.only["previous_policy_id"] == ran.only["policy_id"] == sim.id("to-phx")
    assert ran.only["destination_region"] == PHX


@every_one
@pytest.mark.parametrize("code", ["404", "400"])
def test_a_refused_key_is_explained_by_the_missing_statements(sim: Simulator, changer: Changer, code: str) -> None:
    """A key that the service may not use came out as a vague 400 or 404 (oci-cli 507)."""
    fleet(sim, unusable_key_code=code, configuration_key_checked="on")

    ran = changer.assign(sim, key=changer.forbidden)

    hint = ran.only["error"]["hint"]
    place = f"compartment id {sim.id('security')} where target.key.id = '{sim.id(changer.forbidden)}'"
    assert f"Allow service blockstorage to use keys in {place}" in hint
    assert f"to use key-delegate in {place}" in hint
    assert ran.only["error"]["status"] == int(code)


@every_mode
@pytest.mark.parametrize("shown", ["nothing", "group", "member"])
@pytest.mark.parametrize("task", ["present", "absent", "unassigned"])
def test_a_policy_of_the_group_is_not_changed_on_the_volume(sim: Simulator, check: bool, shown: str, task: str) -> None:
    """A policy that a volume has from its group was changed on the volume."""
    fleet(sim, group_policy_shown_on_member=shown, assignment_on_member="accepted")
    options = {"kms_key_id": sim.id("key-everywhere")} if task == "present" else {}
    before = sim.resources("policy_assignment")

    ran = policy("volume-1").do(sim, sim.id("member-1"), check=check, state=task, **options)

    failed_unchanged(ran)
    assert ran.only["error"]["code"] == "PolicyOfGroup"
    assert sim.id("group") in ran.msg
    assert sim.resources("policy_assignment") == before
