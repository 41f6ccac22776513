# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.support.fake_cloud import FRA, IAD, INFINITE, KEY_A, KEY_B, Cloud, compartment_id, lost, refused, volume_id
from unit.support.fakes import run_assigner

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import (
    FAULTY_STATE,
    GONE_STATES,
    READY_STATE,
    action_for,
    blocking_error,
    diff,
    is_busy,
    plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.state import (
    ASSIGN,
    NONE,
    REGENERATE,
    REMOVE,
    DesiredState,
    Outcome,
    Resource,
)

KEYS = [None, KEY_A, KEY_B]


def resource(kms_key_id: str | None = None, state: str = "AVAILABLE", number: int = 0) -> Resource:
    return Resource(volume_id(number), "volume", IAD, "data", compartment_id(1), state, kms_key_id)


def outcome(before: Resource | None, **more: object) -> Outcome:
    return Outcome(id=before.id if before else volume_id(0), type="volume", region=IAD, before=before, **more)


@pytest.mark.parametrize(
    ("current", "desired", "action"),
    [
        (None, DesiredState(None), NONE),
        (None, DesiredState(KEY_A), ASSIGN),
        (None, DesiredState(KEY_A, regenerate=True), ASSIGN),
        (KEY_A, DesiredState(None), REMOVE),
        (KEY_A, DesiredState(KEY_A), NONE),
        (KEY_A, DesiredState(KEY_B), ASSIGN),
        (KEY_A, DesiredState(KEY_A, regenerate=True), REGENERATE),
        (KEY_A, DesiredState(KEY_B, regenerate=True), ASSIGN),
    ],
)
@pytest.mark.parametrize("state", [READY_STATE, "PROVISIONING", "RESTORING"])
def test_the_action_follows_from_the_two_keys_alone(
    current: str | None, desired: DesiredState, action: str, state: str
) -> None:
    planned = outcome(resource(current, state))
    plan(planned, desired, "block volume")
    assert action_for(resource(current, state), desired) == action
    assert (planned.action, planned.changed, planned.error) == (action, action != NONE, None)


@pytest.mark.parametrize("state", [*sorted(GONE_STATES), FAULTY_STATE])
@pytest.mark.parametrize("current", KEYS)
@pytest.mark.parametrize("desired", [DesiredState(None), DesiredState(KEY_A), DesiredState(KEY_A, regenerate=True)])
def test_what_can_take_no_key_fails_even_where_its_key_is_right(
    state: str, current: str | None, desired: DesiredState
) -> None:
    planned = outcome(resource(current, state))
    plan(planned, desired, "boot volume")
    assert (planned.action, planned.changed) == (NONE, False)
    assert planned.error is not None
    assert planned.error.code == state
    assert "boot volume" in planned.error.message
    assert state in planned.error.message


@pytest.mark.parametrize("state", [READY_STATE, "PROVISIONING", "RESTORING", "A_STATE_OF_THE_FUTURE"])
def test_whatever_else_is_no_obstacle(state: str) -> None:
    assert blocking_error(resource(state=state), "block volume") is None


def test_each_state_means_one_thing() -> None:
    groups = [GONE_STATES, {FAULTY_STATE}, {READY_STATE}]
    assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.mark.parametrize(
    ("state", "busy"),
    [
        ("AVAILABLE", False),
        ("FAULTY", False),
        ("TERMINATED", False),
        ("PROVISIONING", True),
        ("UNKNOWN_ENUM_VALUE", True),
    ],
)
def test_a_state_that_nobody_knows_counts_as_busy(state: str, busy: bool) -> None:
    assert is_busy(resource(state=state)) is busy


def test_what_could_not_be_read_is_not_planned() -> None:
    unread = outcome(None, error=ResourceError(code="NotAuthorizedOrNotFound", message="No."))
    failed = outcome(resource(), error=ResourceError(code="Other", message="No."))
    for planned in (unread, failed, outcome(None)):
        before = planned.error
        plan(planned, DesiredState(KEY_A), "block volume")
        assert (planned.action, planned.changed, planned.error) == (NONE, False, before)


def planned_fleet(desired: DesiredState) -> list[Outcome]:
    outcomes = [outcome(resource(key, number=number)) for number, key in enumerate(KEYS)]
    for each in outcomes:
        plan(each, desired, "block volume")
    return outcomes


def test_diff_shows_only_what_changes() -> None:
    shown = diff(planned_fleet(DesiredState(KEY_A)), DesiredState(KEY_A), check_mode=True)
    changing = [volume_id(0), volume_id(2)]
    assert list(shown["before"]) == list(shown["after"]) == changing
    assert [shown["before"][name]["kms_key_id"] for name in changing] == [None, KEY_B]
    assert [shown["before"][name]["encryption"] for name in changing] == ["oracle", "customer"]
    assert {(entry["kms_key_id"], entry["encryption"]) for entry in shown["after"].values()} == {(KEY_A, "customer")}


def test_diff_of_a_removal_shows_the_oracle_managed_key() -> None:
    shown = diff(planned_fleet(DesiredState(None)), DesiredState(None), check_mode=True)
    assert list(shown["after"]) == [volume_id(1), volume_id(2)]
    assert {(entry["kms_key_id"], entry["encryption"]) for entry in shown["after"].values()} == {(None, "oracle")}


def test_diff_of_a_regeneration_differs_though_the_key_does_not() -> None:
    desired = DesiredState(KEY_A, regenerate=True)
    shown = diff(planned_fleet(desired), desired, check_mode=True)
    assert shown["before"][volume_id(1)] != shown["after"][volume_id(1)]
    assert shown["before"][volume_id(1)]["kms_key_id"] == shown["after"][volume_id(1)]["kms_key_id"] == KEY_A


def test_diff_of_nothing_is_empty() -> None:
    assert diff([], DesiredState(KEY_A), check_mode=True) == {"before": {}, "after": {}}
    assert diff([outcome(resource(KEY_A))], DesiredState(KEY_A), check_mode=True) == {"before": {}, "after": {}}


def test_diff_shows_what_was_read_afterwards_not_what_was_asked_for() -> None:
    after = outcome(resource(KEY_A), after=resource(None), action=ASSIGN, changed=True)
    assert diff([after], DesiredState(KEY_B), check_mode=False)["after"][after.id]["kms_key_id"] is None


def test_diff_after_a_run_does_not_call_the_wanted_key_present_where_nobody_saw_it() -> None:
    cloud = Cloud()
    (name,) = cloud.add(1)
    cloud.fail("update_volume", lost(), committed=True)
    cloud.fail("get_volume", refused(404, "NotAuthorizedOrNotFound"), skip=1, times=INFINITE)
    (seen,) = run_assigner(cloud, [name], DesiredState(KEY_A)).outcomes
    assert (seen.changed, seen.after, seen.error and seen.error.code) == (True, None, "OutcomeUnknown")
    assert diff([seen], DesiredState(KEY_A), check_mode=False)["after"].get(name, {}).get("kms_key_id") != KEY_A


volumes = st.lists(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from(["AVAILABLE", "AVAILABLE", "AVAILABLE", "FAULTY", "TERMINATING", "gone"]),
        st.sampled_from(["volume", "bootvolume"]),
        st.sampled_from([IAD, FRA]),
        st.integers(1, 3),
    ),
    max_size=8,
)


def build(rows: list[tuple[str | None, str, str, str, int]]) -> tuple[Cloud, list[str]]:
    cloud = Cloud()
    ids = []
    for key, state, kind, region, compartment in rows:
        made = cloud.add(1, compartment, kind=kind, region=region, kms_key_id=key, lifecycle_state=state)
        cloud.gone |= set(made) if state == "gone" else set()
        ids += made
    return cloud, ids


@settings(max_examples=40, deadline=None)
@given(volumes, st.sampled_from([DesiredState(None), DesiredState(KEY_A), DesiredState(KEY_A, regenerate=True)]))
def test_check_mode_says_what_the_run_does_and_writes_nothing(
    rows: list[tuple[str | None, str, str, str, int]], desired: DesiredState
) -> None:
    cloud, ids = build(rows)
    planned = run_assigner(cloud, ids, desired, check_mode=True)
    assert not cloud.writes
    done = run_assigner(cloud, ids, desired)
    assert [(o.id, o.action, o.changed, o.error) for o in planned.outcomes] == [
        (o.id, o.action, o.changed, o.error) for o in done.outcomes
    ]
    assert diff(planned.outcomes, desired, check_mode=True) == diff(done.outcomes, desired, check_mode=False)
    assert sorted(name for name, _old, _new in cloud.writes) == sorted(o.id for o in planned.outcomes if o.changed)
    if not desired.regenerate:
        again = run_assigner(cloud, ids, desired, check_mode=True)
        assert not any(o.changed for o in again.outcomes)
        assert not cloud.needless
