# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.support.fake_cloud import INFINITE, KEY_A, KEY_B, KEY_C, Behaviour, Cloud, Volume, lost, refused
from unit.support.fakes import change_of, reconcile, run_assigner

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import outcome_of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.verify import Verifier
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.cancellation import Deadline
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState

TO_B = DesiredState(KEY_B)
AGAIN = DesiredState(KEY_A, regenerate=True)


def cloud_with(behaviour: Behaviour | None = None, **more: Any) -> tuple[Cloud, str]:
    cloud = Cloud()
    cloud.behaviour = behaviour or Behaviour()
    (name,) = cloud.add(1, **{"kms_key_id": KEY_A, **more})
    return cloud, name


def settle(cloud: Cloud, desired: DesiredState = TO_B, **more: Any) -> Outcome:
    """Change the only volume, and wait."""
    (outcome,) = run_assigner(cloud, list(cloud.volumes), desired, **more).outcomes
    return outcome


def code(outcome: Outcome) -> str | None:
    return outcome.error.code if outcome.error else None


def since(cloud: Cloud) -> float:
    """Seconds that were slept."""
    return sum(cloud.clock.naps)


# --- how a change takes effect


@pytest.mark.parametrize("desired", [TO_B, DesiredState(None)])
@pytest.mark.parametrize("visible", ["at_put", "at_available"])
@pytest.mark.parametrize("transition", ["provisioning", "immediate", "delayed"])
@pytest.mark.parametrize("seconds", [0.1, 3.0, 300.0])
def test_a_change_is_settled_when_it_is_there_and_available(
    desired: DesiredState, visible: str, transition: str, seconds: float
) -> None:
    cloud, name = cloud_with(Behaviour(transition, visible, seconds))
    outcome = settle(cloud, desired)
    assert (outcome.changed, outcome.settled, outcome.error, outcome.warnings) == (True, True, None, ())
    assert outcome.after is not None
    assert (outcome.after.kms_key_id, outcome.after.lifecycle_state) == (desired.kms_key_id, "AVAILABLE")
    assert cloud.truth(name) == desired.kms_key_id
    assert outcome.time_requested is not None
    assert outcome.time_settled is not None
    assert outcome.time_settled >= outcome.time_requested
    assert not cloud.needless


def test_the_new_key_while_provisioning_is_not_the_end() -> None:
    cloud, _name = cloud_with(Behaviour(visible="at_put", seconds=60.0))
    settle(cloud)
    assert 60 <= since(cloud) <= 90


def test_waiting_does_not_outlast_the_change_by_much() -> None:
    for seconds in (0.1, 1.0, 3.0, 10.0, 100.0):
        cloud, _name = cloud_with(Behaviour(seconds=seconds))
        settle(cloud)
        assert since(cloud) <= seconds * 1.8 + 1
        assert len(cloud.calls) <= 25


@pytest.mark.parametrize("state", ["FAULTY", "TERMINATED"])
def test_a_volume_that_breaks_after_the_change_fails_changed(state: str) -> None:
    cloud, _name = cloud_with(Behaviour(state))
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, state)
    assert outcome.error is not None
    assert "accepted" in outcome.error.message
    assert outcome.after is not None
    assert outcome.after.lifecycle_state == state


def test_a_volume_that_vanishes_after_the_change_fails_changed() -> None:
    cloud, _name = cloud_with()
    cloud.fail("get", refused(404, "NotAuthorizedOrNotFound"), skip=2, times=INFINITE)
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "NotAuthorizedOrNotFound")


def test_a_change_that_the_service_ignores_is_not_called_a_change() -> None:
    cloud, _name = cloud_with(Behaviour("ignored"))
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, code(outcome)) == (False, False, "ChangeIgnored")
    assert outcome.error is not None
    assert KEY_A in outcome.error.message
    assert 120 <= since(cloud) <= 200


def test_an_answer_that_is_long_on_its_way_does_not_tell_of_an_ignored_change() -> None:
    cloud, _name = cloud_with(Behaviour("delayed"))
    cloud.fail("get", None, skip=2, delay=200.0)
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, outcome.error) == (True, True, None)


def test_a_key_that_nobody_asked_for_is_reported_as_such() -> None:
    cloud, _name = cloud_with(Behaviour("third"))
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "ChangedMeanwhile")
    assert outcome.error is not None
    assert KEY_C in outcome.error.message
    assert outcome.after is not None
    assert outcome.after.kms_key_id == KEY_C


# --- waiting


def test_the_end_of_the_time_tells_the_last_look() -> None:
    cloud, _name = cloud_with(Behaviour(seconds=1e6))
    outcome = settle(cloud, wait_timeout=90.0)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "WaitTimeout")
    assert outcome.error is not None
    assert "90 s" in outcome.error.message
    assert "PROVISIONING" in outcome.error.message
    assert since(cloud) == pytest.approx(90)


def test_not_waiting_is_one_look() -> None:
    cloud, _name = cloud_with(Behaviour(seconds=60.0))
    outcome = settle(cloud, wait=False)
    assert (outcome.changed, outcome.settled, outcome.error, outcome.time_settled) == (True, False, None, None)
    assert outcome.after is not None
    assert (outcome.after.lifecycle_state, outcome.after.kms_key_id) == ("PROVISIONING", KEY_A)
    assert cloud.operations() == ["get_volume", "get_volume", "update_volume_kms_key", "get_volume"]


def test_not_waiting_sees_what_is_there_at_once() -> None:
    cloud, _name = cloud_with(Behaviour("immediate"))
    outcome = settle(cloud, wait=False)
    assert (outcome.changed, outcome.settled, outcome.error) == (True, True, None)


def test_not_waiting_for_a_read_that_fails_is_no_failure_but_unknown() -> None:
    cloud, _name = cloud_with()
    cloud.fail("get", refused(503, "ServiceUnavailable"), skip=2)
    outcome = settle(cloud, wait=False)
    assert (outcome.changed, outcome.settled, outcome.error, outcome.after) == (True, False, None, None)


@pytest.mark.parametrize(
    "error", [refused(503, "ServiceUnavailable"), refused(500, "X"), refused(429, "TooManyRequests"), lost()]
)
def test_reads_that_fail_in_passing_are_no_verdict(error: ApiError) -> None:
    cloud, _name = cloud_with()
    cloud.fail("get", error, skip=2, times=4)
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, outcome.error) == (True, True, None)


def test_reads_that_fail_for_ever_end_with_the_time() -> None:
    cloud, _name = cloud_with()
    cloud.fail("get", lost(), skip=2, times=INFINITE)
    outcome = settle(cloud, wait_timeout=60.0)
    assert (outcome.changed, outcome.settled, outcome.after, code(outcome)) == (True, False, None, "WaitTimeout")


# --- replicas


def test_a_replica_lost_by_the_change_is_a_failure() -> None:
    cloud, _name = cloud_with(Behaviour("loses_replica"), replicas=("ocid1.blockvolumereplica.oc1.phx.r",))
    outcome = settle(cloud)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, True, "ReplicaLost")
    assert outcome.error is not None
    assert "ocid1.blockvolumereplica.oc1.phx.r" in outcome.error.message


def test_a_replica_that_stays_is_none() -> None:
    cloud, _name = cloud_with(replicas=("ocid1.blockvolumereplica.oc1.phx.r",))
    assert settle(cloud).error is None


# --- regeneration


@pytest.mark.parametrize("transition", ["provisioning", "delayed"])
def test_a_regeneration_shows_by_provisioning(transition: str) -> None:
    cloud, name = cloud_with(Behaviour(transition))
    outcome = settle(cloud, AGAIN)
    assert (outcome.changed, outcome.settled, outcome.error, outcome.warnings) == (True, True, None, ())
    assert len(cloud.writes) == 1
    assert cloud.truth(name) == KEY_A


def test_a_regeneration_seen_under_way_needs_no_other_etag() -> None:
    cloud, _name = cloud_with(Behaviour("provisioning"))
    cloud.etags_change = False
    outcome = settle(cloud, AGAIN)
    assert (outcome.settled, outcome.error, outcome.warnings) == (True, None, ())
    assert since(cloud) < 10


@pytest.mark.parametrize("transition", ["silent", "immediate"])
def test_a_regeneration_that_no_state_shows_is_accepted_and_not_proven(transition: str) -> None:
    """Of immediate, the etag changes, which proves nothing."""
    cloud, name = cloud_with(Behaviour(transition))
    outcome = settle(cloud, AGAIN)
    assert (outcome.changed, outcome.settled, outcome.time_settled, outcome.error) == (True, False, None, None)
    assert outcome.opc_request_id is not None
    (warning,) = outcome.warnings
    assert name in warning
    assert "not proven" in warning
    assert since(cloud) >= 120


def test_etags_that_change_by_themselves_prove_no_regeneration() -> None:
    cloud, name = cloud_with(Behaviour("silent"))
    cloud.fail("get_volume", *[None] * 50, then=lambda: cloud.alter(name))
    outcome = settle(cloud, AGAIN)
    assert (outcome.settled, len(outcome.warnings)) == (False, 1)


def test_a_volume_busy_with_something_before_the_write_proves_no_regeneration() -> None:
    cloud, name = cloud_with(Behaviour("silent"))
    cloud.fail("update", refused(409, "IncorrectState"), then=lambda: cloud.alter(name, lifecycle_state="RESTORING"))
    cloud.fail("get_volume", None, skip=2, then=lambda: cloud.alter(name, lifecycle_state="AVAILABLE"))
    outcome = settle(cloud, AGAIN)
    assert (outcome.changed, outcome.settled, len(outcome.warnings)) == (True, False, 1)


def test_regenerations_of_listed_volumes_are_not_proven_either_if_nothing_shows_them() -> None:
    cloud = Cloud()
    cloud.behaviour = Behaviour("silent")
    report = run_assigner(cloud, cloud.add(20, kms_key_id=KEY_A), AGAIN)
    assert [len(outcome.warnings) for outcome in report.outcomes] == [1] * 20
    assert since(cloud) >= 120


def test_regenerations_are_judged_by_get() -> None:
    cloud = Cloud()
    ids = cloud.add(300, kms_key_id=KEY_A)
    report = run_assigner(cloud, ids, AGAIN, concurrency=16)
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)
    assert sorted(name for name, _old, _new in cloud.writes) == sorted(ids)
    last_write = max(number for number, name in enumerate(cloud.operations()) if name.startswith("update"))
    assert set(cloud.operations()[last_write + 1 :]) == {"get_volume"}


# --- what waiting costs


@pytest.mark.parametrize("seconds", [0.0, 3.0, 60.0])
def test_a_thousand_pending_in_one_compartment_are_looked_at_by_page(seconds: float) -> None:
    cloud = Cloud()
    cloud.behaviour = Behaviour(seconds=seconds)
    ids = cloud.add(1000)
    report = run_assigner(cloud, ids, TO_B, concurrency=32)
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)
    assert cloud.count("update") == 1000
    assert len(cloud.calls) <= 1100
    assert cloud.count("get_volume") <= 60


def test_a_thousand_that_settle_soon_cost_a_tenth_of_a_call_each_besides_the_write() -> None:
    cloud = Cloud()
    cloud.behaviour = Behaviour(seconds=2.0)
    report = run_assigner(cloud, cloud.add(1000), TO_B, concurrency=32)
    assert all(outcome.settled for outcome in report.outcomes)
    assert len(cloud.calls) <= 1100


def test_few_pending_in_many_compartments_are_looked_at_by_get() -> None:
    cloud = Cloud()
    ids = [name for number in range(30) for name in cloud.add(1, compartment=number)]
    run_assigner(cloud, ids, TO_B)
    assert cloud.count("list") == 0


def test_what_a_list_leaves_out_is_looked_at_by_get() -> None:
    cloud = Cloud()
    ids = cloud.add(200)
    cloud.unlisted = {ids[17], ids[170]}
    report = run_assigner(cloud, ids, TO_B)
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)


def test_one_that_hangs_does_not_keep_the_others_from_settling() -> None:
    cloud = Cloud()
    ids = cloud.add(20)
    cloud.behaviours[ids[3]] = Behaviour(seconds=1e6)
    report = run_assigner(cloud, ids, TO_B, wait_timeout=120.0)
    assert [outcome.id for outcome in report.outcomes if not outcome.settled] == [ids[3]]
    assert {code(outcome) for outcome in report.outcomes} == {None, "WaitTimeout"}


def test_a_list_that_lags_does_not_make_a_change_ignored() -> None:
    cloud = Cloud()
    ids = cloud.add(200, kms_key_id=KEY_A)

    def old(volume: Volume) -> Volume:
        return replace(volume, kms_key_id=KEY_A, lifecycle_state="AVAILABLE")

    cloud.listed_as = old
    report = run_assigner(cloud, ids, TO_B)
    assert {cloud.truth(name) for name in ids} == {KEY_B}
    assert {(outcome.changed, code(outcome)) for outcome in report.outcomes} == {(True, None)}


def test_a_list_without_replicas_does_not_make_them_lost() -> None:
    cloud = Cloud()
    ids = cloud.add(50, replicas=("ocid1.blockvolumereplica.oc1.phx.r",))
    cloud.listed_as = lambda volume: replace(volume, replicas=())
    assert {code(outcome) for outcome in run_assigner(cloud, ids, TO_B).outcomes} == {None}


@pytest.mark.parametrize("event", [{"lifecycle_state": "FAULTY"}, {}])
def test_a_busy_volume_that_was_right_already_is_not_said_to_be_changed(event: dict[str, str]) -> None:
    cloud, name = cloud_with(kms_key_id=KEY_B, lifecycle_state="PROVISIONING")
    cloud.volumes[name].events.append((cloud.clock.monotonic() + 5, event))
    outcome = settle(cloud, wait_timeout=60.0)
    assert outcome.error is not None
    assert "accepted" not in outcome.error.message


# --- one change by itself, step by step


def steps(behaviour: Behaviour, *, waits: bool = True, seconds: float = 1200.0) -> tuple[Cloud, Outcome, list[float]]:
    """Make a change and watch it alone; its outcome, and the pauses that were asked for."""
    cloud, name = cloud_with(behaviour)
    with change_of(cloud, name, TO_B) as change:
        attempt = reconcile(cloud, change)
        cloud.calls.clear()
        verifier = Verifier(clock=cloud.clock, timings=Timings(), deadline=Deadline(cloud.clock, seconds))
        seen = verifier.begin()
        pauses = []
        while seen.retry_after is not None:
            pauses.append(seen.retry_after)
            cloud.clock.sleep(seen.retry_after)
            seen = verifier.try_once(change, seen, lambda: waits)
    return cloud, outcome_of(change.target, change.decision, attempt, seen), pauses


def test_one_change_alone_is_watched_until_it_is_there() -> None:
    cloud, outcome, pauses = steps(Behaviour(seconds=30.0))
    assert (outcome.changed, outcome.settled, outcome.error) == (True, True, None)
    assert outcome.time_settled is not None
    assert sum(pauses) >= 30
    assert len(cloud.operations()) == len(pauses)
    assert pauses == sorted(pauses)


def test_one_change_alone_that_nobody_waits_for_is_looked_at_once() -> None:
    cloud, outcome, pauses = steps(Behaviour(seconds=30.0), waits=False)
    assert (outcome.changed, outcome.settled, outcome.error, outcome.time_settled) == (True, False, None, None)
    assert (len(cloud.operations()), len(pauses)) == (1, 1)


def test_one_change_alone_does_not_outlast_the_time() -> None:
    _cloud, outcome, pauses = steps(Behaviour(seconds=1e6), seconds=90.0)
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "WaitTimeout")
    assert sum(pauses) == pytest.approx(90)


def test_one_change_alone_that_breaks_ends_the_watch() -> None:
    _cloud, outcome, pauses = steps(Behaviour("FAULTY"))
    assert (outcome.changed, outcome.settled, code(outcome)) == (True, False, "FAULTY")
    assert sum(pauses) < 60
