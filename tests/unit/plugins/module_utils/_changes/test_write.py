# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from unit.support.fake_cloud import INFINITE, KEY_A, KEY_B, KEY_C, Behaviour, Cloud, lost, refused
from unit.support.fakes import FakeService, MemoryJournal, change_of, reconcile

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.reconcile import Reconciler
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import outcome_of, resource_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState

TO_B = DesiredState(KEY_B)
BUSY = refused(409, "IncorrectState")
UNKNOWN = [refused(500, "InternalServerError"), refused(502, "BadGateway"), refused(503, "ServiceUnavailable"), lost()]


def cloud_with(kms_key_id: str | None = KEY_A, **more: Any) -> tuple[Cloud, str]:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=kms_key_id, **more)
    return cloud, name


def apply(cloud: Cloud, name: str, desired: DesiredState = TO_B, **more: Any) -> Outcome:
    with change_of(cloud, name, desired) as change:
        return outcome_of(change.target, change.decision, reconcile(cloud, change, **more))


def code(outcome: Outcome) -> str | None:
    return outcome.error.code if outcome.error else None


# --- without a fault


@pytest.mark.parametrize(
    ("current", "desired", "operation"),
    [
        (None, TO_B, "update_volume_kms_key"),
        (KEY_A, TO_B, "update_volume_kms_key"),
        (KEY_A, DesiredState(None), "delete_volume_kms_key"),
        (KEY_B, DesiredState(KEY_B, regenerate=True), "update_volume_kms_key"),
    ],
)
def test_a_change_is_one_call(current: str | None, desired: DesiredState, operation: str) -> None:
    cloud, name = cloud_with(current)
    outcome = apply(cloud, name, desired)
    assert cloud.operations() == ["get_volume", operation]
    assert cloud.writes == [(name, current, desired.kms_key_id)]
    assert (outcome.changed, outcome.error, outcome.opc_request_id) == (True, None, "req-2")
    assert outcome.time_requested


def test_the_journal_names_the_former_key_before_the_write() -> None:
    cloud, name = cloud_with()
    journal = MemoryJournal(cloud)
    journal.open()
    apply(cloud, name, journal=journal)
    assert journal.intents == [(name, KEY_A, KEY_B)]
    assert not journal.unannounced


def test_a_journal_that_cannot_be_written_means_no_write() -> None:
    cloud, name = cloud_with()

    class Full(MemoryJournal):
        def intend(self, region: str, decision: Decision) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    outcome = apply(cloud, name, journal=Full(cloud))
    assert cloud.operations() == ["get_volume"]
    assert (outcome.changed, code(outcome)) == (False, "JournalFailed")
    assert outcome.error is not None
    assert "No space left" in outcome.error.message


def test_a_change_whose_turn_comes_too_late_is_not_made() -> None:
    cloud, name = cloud_with()
    outcome = apply(cloud, name, seconds=0.0)
    assert (outcome.changed, code(outcome), cloud.calls) == (False, "NotTried", [])


# --- refusals


@pytest.mark.parametrize(
    "error",
    [
        refused(400, "InvalidParameter"),
        refused(400, "RelatedResourceNotAuthorizedOrNotFound"),
        refused(401, "NotAuthenticated"),
        refused(403, "NotAllowed"),
        refused(404, "NotAuthorizedOrNotFound"),
        refused(409, "ResourceLocked"),
        refused(501, "MethodNotImplemented"),
    ],
)
def test_a_refusal_for_good_is_not_tried_again(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=INFINITE)
    outcome = apply(cloud, name)
    assert cloud.operations() == ["get_volume", "update_volume_kms_key"]
    assert (outcome.changed, code(outcome), outcome.opc_request_id) == (False, error.code, f"req-{error.status}")
    assert sum(cloud.clock.naps) == 0


PASSING = [refused(409, "Conflict", "It is currently being modified, try again later"), refused(400, "LimitExceeded")]
OUTDATED = [refused(412, "NoEtagMatch"), refused(409, "NoEtagMatch"), refused(412, "PreconditionFailed")]


@pytest.mark.parametrize("error", [*PASSING, *OUTDATED], ids=lambda error: f"{error.status}-{error.code}")
@pytest.mark.parametrize("desired", [TO_B, DesiredState(None), DesiredState(KEY_A, regenerate=True)])
def test_what_passes_is_read_and_written_again(error: ApiError, desired: DesiredState) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, error)
    cloud.fail("delete", error, error)
    outcome = apply(cloud, name, desired)
    assert (outcome.changed, outcome.error, len(cloud.writes)) == (True, None, 1)
    write = "update_volume_kms_key" if desired.kms_key_id else "delete_volume_kms_key"
    assert cloud.operations() == ["get_volume", write] * 3
    first, second = cloud.clock.naps
    if error in PASSING:  # spread, so that a fleet does not come again together
        assert 0.75 <= first <= 1
        assert 1.5 <= second <= 2
    else:
        assert (first, second) == (1, 2)


@pytest.mark.parametrize("error", PASSING, ids=lambda error: str(error.code))
def test_what_passes_only_after_long_is_waited_for(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=20)
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error, len(cloud.writes)) == (True, None, 1)


@pytest.mark.parametrize("error", PASSING, ids=lambda error: str(error.code))
def test_what_does_not_pass_ends_with_the_time_and_says_so(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=INFINITE)
    outcome = apply(cloud, name, seconds=300.0)
    assert (outcome.changed, code(outcome), cloud.writes) == (False, error.code, [])
    assert outcome.error is not None
    assert "Run the task again" in (outcome.error.hint or "")
    assert cloud.count("update") < 20


@pytest.mark.parametrize("error", PASSING, ids=lambda error: str(error.code))
def test_what_does_not_pass_is_asked_for_politely(error: ApiError) -> None:
    """OCI asks for pauses of a few seconds to 60 (oci_semantics.md section 4): 17 requests in ten minutes, not more."""
    cloud, name = cloud_with()
    cloud.fail("update", error, times=INFINITE)
    began = cloud.clock.monotonic()
    apply(cloud, name, seconds=600.0)
    sent = [round(call.time - began) for call in cloud.calls if call.operation == "update_volume_kms_key"]
    pauses = [later - earlier for earlier, later in pairwise(sent)]
    assert pauses[:5] == sorted(pauses[:5])
    assert all(45 <= pause <= 60 for pause in pauses[6:])
    assert len(sent) <= 17
    assert cloud.operations() == ["get_volume", "update_volume_kms_key"] * len(sent)


@pytest.mark.parametrize("error", [*PASSING, *OUTDATED], ids=lambda error: f"{error.status}-{error.code}")
def test_what_others_have_assigned_meanwhile_is_not_assigned_again(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, then=lambda: cloud.somebody_assigns(name, KEY_B))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.action, outcome.error, cloud.writes) == (False, "none", None, [])


@pytest.mark.parametrize("error", OUTDATED, ids=lambda error: f"{error.status}-{error.code}")
def test_a_resource_that_others_change_all_the_time_is_given_up(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=INFINITE)
    outcome = apply(cloud, name)
    assert (outcome.changed, code(outcome), cloud.count("update")) == (False, error.code, 8)
    assert outcome.error is not None
    assert "changed by somebody else" in (outcome.error.hint or "")


def test_a_burst_of_429_is_waited_out() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", *[refused(429, "TooManyRequests")] * 5)
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error, len(cloud.writes)) == (True, None, 1)
    assert cloud.clock.naps == [1, 2, 4, 8, 16]


def test_429_for_ever_ends_with_the_time_and_says_so() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", refused(429, "TooManyRequests"), times=INFINITE)
    outcome = apply(cloud, name, seconds=300.0)
    assert (outcome.changed, code(outcome)) == (False, "TooManyRequests")
    assert sum(cloud.clock.naps) == 300


def test_what_was_refused_and_then_held_back_until_the_end_is_told_as_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", refused(429, "TooManyRequests"))

    def hold_back_after_a_refusal(_service: FakeService, remaining: Callable[[], float]) -> None:
        if cloud.count("update"):
            cloud.clock.sleep(remaining())

    monkeypatch.setattr(FakeService, "wait_turn", hold_back_after_a_refusal)
    outcome = apply(cloud, name)
    assert cloud.operations() == ["get_volume", "update_volume_kms_key"]
    assert (outcome.changed, code(outcome)) == (False, "TooManyRequests")
    assert cloud.count("update") < 20


def test_a_wrong_state_that_clears_is_waited_out() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", BUSY, then=lambda: cloud.alter(name, lifecycle_state="RESTORING"))
    cloud.fail("get_volume", None, None, None, None)
    cloud.faults[-1].then = lambda: cloud.alter(name, lifecycle_state="AVAILABLE")
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error) == (True, None)
    assert (cloud.count("update"), len(cloud.writes)) == (2, 1)


def test_a_wrong_state_that_does_not_clear_ends_with_the_time() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", BUSY, then=lambda: cloud.alter(name, lifecycle_state="RESTORING"))
    outcome = apply(cloud, name, seconds=60.0)
    assert (outcome.changed, code(outcome), cloud.count("update")) == (False, "IncorrectState", 1)
    assert cloud.count("get") < 25


def test_a_wrong_state_of_a_volume_that_looks_ready_is_tried_again_ever_more_slowly() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", BUSY, times=INFINITE)
    outcome = apply(cloud, name, seconds=300.0)
    assert (outcome.changed, code(outcome)) == (False, "IncorrectState")
    assert cloud.count("update") < 20


def test_what_somebody_else_has_done_meanwhile_is_not_done_again() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", BUSY, then=lambda: cloud.somebody_assigns(name, KEY_B))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.action, outcome.error) == (False, "none", None)
    assert not cloud.writes


def test_somebody_elses_key_is_journalled_before_it_is_replaced() -> None:
    cloud, name = cloud_with()
    journal = MemoryJournal(cloud)
    journal.open()
    cloud.fail("update", BUSY, then=lambda: cloud.somebody_assigns(name, KEY_C))
    apply(cloud, name, journal=journal)
    assert [former for _name, former, _wanted in journal.intents] == [KEY_A, KEY_C]


@pytest.mark.parametrize("state", ["FAULTY", "TERMINATED", "TERMINATING"])
def test_a_volume_that_breaks_while_waited_for_fails(state: str) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", BUSY, then=lambda: cloud.alter(name, lifecycle_state=state))
    outcome = apply(cloud, name)
    assert (outcome.changed, code(outcome), cloud.writes) == (False, state, [])


# --- lost answers


@pytest.mark.parametrize("error", UNKNOWN)
@pytest.mark.parametrize("visible", ["at_put", "at_available"])
@pytest.mark.parametrize("transition", ["provisioning", "immediate", "delayed"])
@pytest.mark.parametrize("desired", [TO_B, DesiredState(None), DesiredState(KEY_B, regenerate=True)])
def test_a_committed_write_whose_answer_was_lost_is_not_repeated(
    error: ApiError, visible: str, transition: str, desired: DesiredState
) -> None:
    cloud, name = cloud_with()
    cloud.behaviour = Behaviour(transition, visible)
    cloud.fail("update", error, committed=True)
    cloud.fail("delete", error, committed=True)
    outcome = apply(cloud, name, desired)
    assert (outcome.changed, outcome.error) == (True, None)
    assert len(cloud.writes) == 1


def test_an_answer_that_is_long_on_its_way_is_no_quiet_while() -> None:
    cloud, name = cloud_with()
    cloud.behaviour = Behaviour("delayed")
    cloud.fail("update", lost(), committed=True)
    cloud.fail("get", None, delay=60.0)
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error) == (True, None)
    assert len(cloud.writes) == 1


def test_a_state_that_was_asked_for_long_ago_does_not_last() -> None:
    cloud, name = cloud_with()
    cloud.behaviour = Behaviour("delayed")
    cloud.fail("update", BUSY, committed=True)
    cloud.fail("get", None, delay=60.0)
    outcome = apply(cloud, name)
    assert outcome.error is None
    assert len(cloud.writes) == 1


@pytest.mark.parametrize("error", UNKNOWN)
def test_a_write_that_was_not_committed_is_repeated_after_a_quiet_while(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error)
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error, len(cloud.writes)) == (True, None, 1)
    assert sum(cloud.clock.naps) >= 10


def test_the_quiet_while_begins_anew_when_the_volume_was_busy() -> None:
    cloud, name = cloud_with()

    def restore() -> None:
        cloud.alter(name, lifecycle_state="RESTORING")
        cloud.volumes[name].events.append((cloud.clock.monotonic() + 8, {"lifecycle_state": "AVAILABLE"}))

    cloud.fail("update", lost(), then=restore)
    apply(cloud, name)
    first, second = (call.time for call in cloud.calls if call.how == "write")
    assert second - first >= 8 + 10 - 2


def test_a_write_that_never_left_is_repeated_at_once() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", lost(sent=False))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error) == (True, None)
    assert cloud.operations() == ["get_volume", *["update_volume_kms_key"] * 2]
    assert sum(cloud.clock.naps) < 5


@pytest.mark.parametrize("error", [*UNKNOWN, lost(sent=False)])
def test_faults_for_ever_end(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=INFINITE)
    outcome = apply(cloud, name)
    assert cloud.count("update") == 8
    assert outcome.error is not None
    assert (outcome.changed, cloud.writes) == (False, [])


@pytest.mark.parametrize("error", UNKNOWN)
@pytest.mark.parametrize("committed", [False, True])
def test_a_lost_regeneration_is_never_repeated(error: ApiError, committed: bool) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, committed=committed)
    outcome = apply(cloud, name, DesiredState(KEY_A, regenerate=True))
    assert cloud.count("update") == 1
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "OutcomeUnknown")


@pytest.mark.parametrize("error", [refused(429, "TooManyRequests"), BUSY, lost(sent=False)])
def test_a_regeneration_that_was_surely_not_made_is_tried_again(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error)
    outcome = apply(cloud, name, DesiredState(KEY_A, regenerate=True))
    assert (outcome.changed, outcome.error, len(cloud.writes)) == (True, None, 1)


def test_what_can_neither_be_heard_nor_read_is_unknown() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", lost(), committed=True)
    with change_of(cloud, name, TO_B) as change:
        cloud.fail("get", refused(404, "NotAuthorizedOrNotFound"), skip=1, times=INFINITE)
        outcome = outcome_of(change.target, change.decision, reconcile(cloud, change))
    assert (outcome.changed, outcome.settled, outcome.after, code(outcome)) == (True, False, None, "OutcomeUnknown")
    assert cloud.count("update") == 1


def test_a_bug_while_a_lost_answer_is_looked_into_leaves_the_change_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise KeyError("what?")

    monkeypatch.setattr(Reconciler, "_find_out", broken)
    cloud, name = cloud_with()
    cloud.fail("update", lost(), committed=True)
    with change_of(cloud, name, TO_B) as change:
        outcome = outcome_of(change.target, change.decision, reconcile(cloud, change))
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "InternalError")
    assert cloud.count("update") == 1


def test_the_end_of_the_time_leaves_an_unknown_outcome_unknown() -> None:
    cloud, name = cloud_with()
    cloud.behaviour = Behaviour(seconds=100.0)
    cloud.fail("update", refused(503, "ServiceUnavailable"), committed=True)
    outcome = apply(cloud, name, seconds=20.0)
    assert (outcome.changed, code(outcome), cloud.count("update")) == (True, "OutcomeUnknown", 1)
    assert outcome.error is not None
    assert outcome.error.status == 503
    assert outcome.after is not None
    assert outcome.after.lifecycle_state == "PROVISIONING"


def test_our_own_change_under_way_is_ours_though_a_second_try_was_refused() -> None:
    """The first write was slow to begin: the second one met it."""
    cloud, name = cloud_with()
    cloud.fail("update", lost())
    cloud.fail("update", BUSY, then=lambda: cloud.somebody_assigns(name, KEY_B))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.action, outcome.error) == (True, "assign", None)
    assert not cloud.needless


def test_a_volume_that_broke_in_a_lost_change_is_reported_broken() -> None:
    cloud, name = cloud_with()
    cloud.behaviour = Behaviour("FAULTY")
    cloud.fail("update", lost(), committed=True)
    outcome = apply(cloud, name)
    assert (outcome.changed, code(outcome), cloud.count("update")) == (True, "FAULTY", 1)


def test_somebody_elses_key_seen_after_a_lost_write_is_journalled_too() -> None:
    cloud, name = cloud_with()
    journal = MemoryJournal(cloud)
    journal.open()
    cloud.fail("update", lost(), then=lambda: cloud.somebody_assigns(name, KEY_C))
    apply(cloud, name, journal=journal)
    assert [former for _name, former, _wanted in journal.intents] == [KEY_A, KEY_C]


# --- busy at the start


@pytest.mark.parametrize("state", ["PROVISIONING", "RESTORING"])
def test_a_busy_volume_is_waited_for_then_changed(state: str) -> None:
    cloud, name = cloud_with(lifecycle_state=state)
    cloud.volumes[name].events.append((cloud.clock.monotonic() + 5, {"lifecycle_state": "AVAILABLE"}))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.error, cloud.count("update")) == (True, None, 1)


def test_a_change_already_on_its_way_is_left_alone() -> None:
    cloud, name = cloud_with(lifecycle_state="PROVISIONING")
    done = {"lifecycle_state": "AVAILABLE", "kms_key_id": KEY_B}
    cloud.volumes[name].events.append((cloud.clock.monotonic() + 5, done))
    outcome = apply(cloud, name)
    assert (outcome.changed, outcome.action, outcome.error, cloud.count("update")) == (False, "none", None, 0)
    assert outcome.before is not None
    assert outcome.before.kms_key_id == KEY_B


def test_a_volume_that_stays_busy_fails_without_a_write() -> None:
    cloud, name = cloud_with(lifecycle_state="PROVISIONING")
    outcome = apply(cloud, name, seconds=60.0)
    assert (outcome.changed, code(outcome), cloud.count("update")) == (False, "IncorrectState", 0)
    assert outcome.error is not None
    assert "PROVISIONING" in outcome.error.message


@pytest.mark.parametrize("error", [refused(429, "TooManyRequests"), lost(sent=False)])
def test_what_somebody_else_did_during_a_long_pause_is_not_done_again(error: ApiError) -> None:
    cloud, name = cloud_with()
    cloud.fail("update", error, times=4)
    cloud.fail("update", error, then=lambda: cloud.somebody_assigns(name, KEY_B))
    apply(cloud, name)
    assert not cloud.needless


def test_the_key_that_was_read_last_is_reported() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", lost(), then=lambda: cloud.somebody_assigns(name, KEY_C))
    cloud.fail("update", refused(404, "NotAuthorizedOrNotFound"))
    outcome = apply(cloud, name)
    assert resource_entry(outcome, TO_B, check_mode=False)["kms_key_id"] == KEY_C


def test_a_lost_write_that_may_be_under_way_at_the_end_is_unknown() -> None:
    cloud, name = cloud_with()
    cloud.fail("update", lost())
    cloud.fail("update", BUSY, then=lambda: cloud.alter(name, lifecycle_state="PROVISIONING"))
    outcome = apply(cloud, name, seconds=40.0)
    assert (outcome.changed, code(outcome)) == (True, "OutcomeUnknown")


def test_a_busy_volume_that_left_the_key_is_not_regenerated_but_assigned() -> None:
    cloud, name = cloud_with(lifecycle_state="PROVISIONING")
    done = {"lifecycle_state": "AVAILABLE", "kms_key_id": KEY_C, "assigned": KEY_C}
    cloud.volumes[name].events.append((cloud.clock.monotonic() + 5, done))
    assert apply(cloud, name, DesiredState(KEY_A, regenerate=True)).action == "assign"
