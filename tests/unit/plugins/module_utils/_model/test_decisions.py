# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.support.fake_cloud import FRA, IAD, KEY_A, KEY_B, KEY_C, Cloud, compartment_id, volume_id
from unit.support.fakes import run_assigner
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import diff
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import (
    ASSIGN,
    NONE,
    REGENERATE,
    REMOVE,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import (
    FAULTY_STATE,
    GONE_STATES,
    READY_STATE,
    action_for,
    blocking_error,
    decide,
    decide_again,
    is_busy,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState, Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.backups import Backup, Retention
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policy_reader import AssetPolicy

KEYS = [None, KEY_A, KEY_B]
VOLUME = KINDS["volume"]


def resource(kms_key_id: str | None = None, state: str = "AVAILABLE", number: int = 0) -> Resource:
    return Resource(volume_id(number), "volume", IAD, "data", compartment_id(1), state, kms_key_id)


def backup(**retention: bool) -> Backup:
    return Backup(**{**vars(resource(KEY_A)), "type": "volume_backup"}, retention=Retention(**retention))


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
    decision = decide(resource(current, state), desired, VOLUME)
    assert action_for(resource(current, state), desired) == action
    assert (decision.action, decision.is_change, decision.error) == (action, action != NONE, None)
    assert decision.is_fulfilled == (action == NONE)


@pytest.mark.parametrize("state", [*sorted(GONE_STATES), FAULTY_STATE])
@pytest.mark.parametrize("current", KEYS)
@pytest.mark.parametrize("desired", [DesiredState(None), DesiredState(KEY_A), DesiredState(KEY_A, regenerate=True)])
def test_what_can_take_no_key_fails_even_where_its_key_is_right(
    state: str, current: str | None, desired: DesiredState
) -> None:
    decision = decide(resource(current, state), desired, KINDS["boot_volume"])
    assert (decision.action, decision.is_change, decision.is_fulfilled) == (NONE, False, False)
    assert decision.error is not None
    assert decision.error.code == state
    assert "boot volume" in decision.error.message
    assert state in decision.error.message


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
    error = ResourceError(code="NotAuthorizedOrNotFound", message="No.")
    decision = decide(error, DesiredState(KEY_A), VOLUME)
    assert (decision.action, decision.is_fulfilled, decision.error, decision.reading) == (NONE, False, error, None)


# --- left as it is


@pytest.mark.parametrize(
    ("current", "expected", "is_skipped"),
    [(KEY_A, KEY_A, False), (KEY_A, "", True), (None, "", False), (None, KEY_A, True), (KEY_A, None, False)],
)
def test_another_key_than_the_expected_one_is_skipped(
    current: str | None, expected: str | None, is_skipped: bool
) -> None:
    decision = decide(resource(current), DesiredState(KEY_B), VOLUME, expected_kms_key_id=expected)
    assert (decision.skip is not None, decision.is_change, decision.error) == (is_skipped, not is_skipped, None)


def test_a_resource_in_the_desired_state_is_on_no_unexpected_key() -> None:
    assert decide(resource(KEY_B), DesiredState(KEY_B), VOLUME, expected_kms_key_id=KEY_A).is_fulfilled


def test_a_locked_backup_is_skipped_unless_it_is_included() -> None:
    kind, locked = KINDS["volume_backup"], backup(is_locked=True)
    skipped = decide(locked, DesiredState(KEY_B), kind)
    assert (skipped.action, skipped.skip is not None) == (NONE, True)
    assert decide(locked, DesiredState(KEY_B), kind, include_locked=True).action == ASSIGN
    assert decide(locked, DesiredState(KEY_A), kind).is_fulfilled


# --- decided again by a later reading


def test_a_key_that_is_assigned_meanwhile_is_not_regenerated() -> None:
    desired = DesiredState(KEY_B, regenerate=True)
    planned = decide(resource(KEY_A), desired, VOLUME)
    assert decide_again(planned, resource(KEY_B), VOLUME).is_fulfilled
    regeneration = decide(resource(KEY_B), desired, VOLUME)
    assert decide_again(regeneration, resource(KEY_B), VOLUME).action == REGENERATE
    assert decide_again(regeneration, resource(KEY_A), VOLUME).action == ASSIGN


def test_the_later_reading_is_what_gets_replaced() -> None:
    planned = decide(resource(KEY_A), DesiredState(None), VOLUME)
    again = decide_again(planned, resource(KEY_B), VOLUME)
    assert (again.action, again.reading) == (REMOVE, resource(KEY_B))


def test_a_backup_that_is_locked_meanwhile_is_not_changed() -> None:
    kind = KINDS["volume_backup"]
    planned = decide(backup(), DesiredState(KEY_B), kind, include_locked=True)
    error = decide_again(planned, backup(is_locked=True), kind).error
    assert error is not None
    assert (error.code, "include_locked" in error.message) == ("ChangedMeanwhile", True)
    included = decide(backup(is_locked=True), DesiredState(KEY_B), kind, include_locked=True)
    assert decide_again(included, backup(is_locked=True), kind).action == ASSIGN


def policy(policy_id: str | None, key: str | None = None) -> AssetPolicy:
    assignment = None if policy_id is None else f"assignment of {policy_id}"
    destination = None if policy_id is None else FRA
    return AssetPolicy(
        **vars(resource(key)), assignment_id=assignment, policy_id=policy_id, destination_region=destination
    )


@pytest.mark.parametrize("expected", [None, KEY_A])
def test_a_policy_that_we_took_away_is_ours_to_replace_whatever_key_is_expected(expected: str | None) -> None:
    kind = KINDS["policy of volume"]
    planned = decide(policy("gold", KEY_A), DesiredState(KEY_B), kind, expected_kms_key_id=expected)
    again = decide_again(planned, policy(None), kind, expected_kms_key_id=expected, has_begun=True)
    assert again == planned
    assert again.is_change


def test_a_policy_that_somebody_else_assigned_is_not_replaced() -> None:
    kind = KINDS["policy of volume"]
    planned = decide(policy("gold", KEY_A), DesiredState(KEY_B), kind)
    for reading, has_begun in ((policy("silver", KEY_A), True), (policy("gold", KEY_C), True), (policy(None), False)):
        error = decide_again(planned, reading, kind, has_begun=has_begun).error
        assert error is not None
        assert error.code == "ChangedMeanwhile"
        assert kind.describe(reading) in error.message
    assert decide_again(planned, policy("gold", KEY_A), kind) == planned
    assert decide_again(planned, policy("gold", KEY_B), kind, has_begun=True).is_fulfilled


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
