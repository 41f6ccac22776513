# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support.fake_cloud import IAD, INFINITE, KEY_A, KEY_B, KEY_C, Cloud, compartment_id, lost, refused, volume_id
from unit.support.fakes import run_assigner
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.attempts import Attempt, Verification
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.request import Target
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import (
    diff,
    message,
    outcome_of,
    resource_entry,
    selected,
    summary,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN, NONE, REMOVE
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision, decide
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState, Resource

ERROR = ResourceError(code="Conflict", message="It is locked.", status=409, opc_request_id="r", hint="Unlock it.")
FIELDS = [
    "id",
    "type",
    "display_name",
    "region",
    "compartment_id",
    "lifecycle_state",
    "previous_encryption",
    "previous_kms_key_id",
    "encryption",
    "kms_key_id",
    "action",
    "changed",
    "settled",
    "opc_request_id",
    "time_requested",
    "time_settled",
    "error",
]


def resource(key: str | None, state: str = "AVAILABLE", number: int = 0, name: str = "data") -> Resource:
    return Resource(volume_id(number), "volume", IAD, name, compartment_id(1), state, key)


def outcome(before: Resource | None = None, number: int = 0, **more: object) -> Outcome:
    return Outcome(id=volume_id(number), type="volume", region=IAD, before=before, **more)


def keys(entry: dict[str, object]) -> tuple[object, ...]:
    return tuple(entry[name] for name in ("previous_encryption", "previous_kms_key_id", "encryption", "kms_key_id"))


def test_an_entry_has_what_the_interface_promises_in_json() -> None:
    entry = resource_entry(outcome(resource(KEY_A), error=ERROR), DesiredState(KEY_B), check_mode=False)
    assert list(entry) == FIELDS
    assert entry["error"] == {
        "code": "Conflict",
        "message": "It is locked.",
        "status": 409,
        "opc_request_id": "r",
        "hint": "Unlock it.",
    }
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.parametrize(
    ("given_outcome", "expected"),
    [
        (outcome(resource(None)), ("oracle", None, "oracle", None)),
        (outcome(resource(KEY_A)), ("customer", KEY_A, "customer", KEY_A)),
        (
            outcome(resource(None), after=resource(KEY_B), action=ASSIGN, changed=True),
            ("oracle", None, "customer", KEY_B),
        ),
        (
            outcome(resource(KEY_A), after=resource(None), action=REMOVE, changed=True),
            ("customer", KEY_A, "oracle", None),
        ),
        # Accepted, but nobody saw what came of it.
        (outcome(resource(KEY_A), action=ASSIGN, changed=True), ("customer", KEY_A, "unknown", None)),
        (outcome(resource(KEY_A), action=ASSIGN, changed=True, error=ERROR), ("customer", KEY_A, "unknown", None)),
        # Seen again, on its former key still.
        (
            outcome(resource(KEY_A), after=resource(KEY_A), action=ASSIGN, changed=True, settled=False),
            ("customer", KEY_A, "customer", KEY_A),
        ),
        # Refused: it is as it was.
        (outcome(resource(KEY_A), action=ASSIGN, error=ERROR), ("customer", KEY_A, "customer", KEY_A)),
        # Never read: neither Oracle-managed nor anything else.
        (outcome(error=ERROR), ("unknown", None, "unknown", None)),
    ],
)
def test_a_run_reports_what_was_read(given_outcome: Outcome, expected: tuple[object, ...]) -> None:
    for desired in (DesiredState(KEY_B), DesiredState(None)):
        assert keys(resource_entry(given_outcome, desired, check_mode=False)) == expected


@pytest.mark.parametrize(
    ("given_outcome", "desired", "expected"),
    [
        (
            outcome(resource(None), action=ASSIGN, changed=True),
            DesiredState(KEY_B),
            ("oracle", None, "customer", KEY_B),
        ),
        (
            outcome(resource(KEY_A), action=REMOVE, changed=True),
            DesiredState(None),
            ("customer", KEY_A, "oracle", None),
        ),
        (outcome(resource(KEY_A)), DesiredState(KEY_A), ("customer", KEY_A, "customer", KEY_A)),
        (outcome(resource(KEY_A), error=ERROR), DesiredState(None), ("customer", KEY_A, "customer", KEY_A)),
        (outcome(error=ERROR), DesiredState(None), ("unknown", None, "unknown", None)),
    ],
)
def test_check_mode_reports_what_would_be(
    given_outcome: Outcome, desired: DesiredState, expected: tuple[object, ...]
) -> None:
    assert keys(resource_entry(given_outcome, desired, check_mode=True)) == expected


def test_the_state_is_the_one_read_last() -> None:
    done = outcome(resource(KEY_A), after=resource(KEY_B, "FAULTY"), changed=True, error=ERROR)
    assert resource_entry(done, DesiredState(KEY_B), check_mode=False)["lifecycle_state"] == "FAULTY"
    unread = resource_entry(outcome(error=ERROR), DesiredState(KEY_B), check_mode=False)
    assert (unread["lifecycle_state"], unread["display_name"], unread["compartment_id"]) == (None, None, None)


def test_request_and_times_are_for_the_audit() -> None:
    done = outcome(resource(None), opc_request_id="r", time_requested="t1", time_settled="t2", changed=True)
    entry = resource_entry(done, DesiredState(KEY_A), check_mode=False)
    assert (entry["opc_request_id"], entry["time_requested"], entry["time_settled"]) == ("r", "t1", "t2")


outcomes = st.lists(
    st.builds(
        outcome,
        st.sampled_from([None, resource(None), resource(KEY_A)]),
        changed=st.booleans(),
        error=st.sampled_from([None, ERROR]),
    ),
    max_size=20,
)


@given(outcomes)
def test_the_counts_add_up(given_outcomes: list[Outcome]) -> None:
    counts = summary(given_outcomes)
    assert list(counts) == ["total", "changed", "unchanged", "failed"]
    assert counts["total"] == len(given_outcomes) == counts["changed"] + counts["unchanged"] + counts["failed"]
    assert counts["failed"] == sum(each.error is not None for each in given_outcomes)
    assert min(counts.values()) >= 0


@given(outcomes, st.booleans())
def test_changed_lists_what_changed_or_failed_and_keeps_the_order(
    given_outcomes: list[Outcome], check_mode: bool
) -> None:
    entries = [resource_entry(each, DesiredState(KEY_A), check_mode=check_mode) for each in given_outcomes]
    assert selected(entries, "all") == entries
    assert selected(entries, "summary") == []
    expected = [
        entry for entry, each in zip(entries, given_outcomes, strict=True) if each.changed or each.error is not None
    ]
    assert selected(entries, "changed") == expected


def test_the_message_of_nothing() -> None:
    assert message([], check_mode=False) == "No resources given; nothing to do"


def test_the_message_counts() -> None:
    done = [outcome(resource(None), changed=True)] * 2 + [outcome(resource(KEY_A))]
    assert message(done, check_mode=False) == "2 of 3 resources changed, 0 failed"
    assert message(done, check_mode=True) == "2 of 3 resources would be changed, 0 failed"
    assert message(done[:1], check_mode=False) == "1 of 1 resource changed, 0 failed"


def test_the_message_names_a_failure_and_what_to_do() -> None:
    lines = message([outcome(resource(KEY_A), error=ERROR)], check_mode=False).splitlines()
    assert [line.strip() for line in lines] == [
        "0 of 1 resource changed, 1 failed:",
        f"data ({volume_id(0)}): 409 Conflict: It is locked.",
        "Unlock it.",
    ]


def test_a_failure_without_name_status_or_hint_reads_well() -> None:
    bare = ResourceError(code="NoAnswer", message="Gone.")
    assert message([outcome(error=bare)], check_mode=False).splitlines()[1:] == [f"{volume_id(0)}: NoAnswer: Gone."]
    nameless = message([outcome(resource(None, name=""), error=bare)], check_mode=False)
    assert nameless.splitlines()[1] == f"{volume_id(0)}: NoAnswer: Gone."


def test_of_many_failures_the_first_are_named_and_the_others_counted() -> None:
    bare = ResourceError(code="NoAnswer", message="Gone.")
    text = message([outcome(number=number, error=bare) for number in range(10)], check_mode=False)
    assert volume_id(2) in text
    assert volume_id(3) not in text
    assert text.endswith("... and 7 more, see 'resources'")


def test_an_advice_is_given_once() -> None:
    text = message([outcome(number=number, error=ERROR) for number in range(3)], check_mode=False)
    assert (text.count("It is locked."), text.count("Unlock it.")) == (3, 1)


# --- outcomes


def target(number: int = 0) -> Target:
    return Target(volume_id(number), KINDS["volume"], IAD, group_id="group")


def decided(current: str | None = KEY_A, desired: str | None = KEY_B, expected: str | None = None) -> Decision:
    return decide(resource(current), DesiredState(desired), KINDS["volume"], expected_kms_key_id=expected)


def test_an_outcome_can_not_be_altered() -> None:
    with pytest.raises(FrozenInstanceError):
        outcome_of(target(), decided()).changed = False  # type: ignore[misc]


def test_the_outcome_of_a_plan_is_what_would_be_changed() -> None:
    planned = outcome_of(target(), decided())
    assert (planned.action, planned.changed, planned.before, planned.group_id) == (
        ASSIGN,
        True,
        resource(KEY_A),
        "group",
    )
    right = outcome_of(target(), decided(KEY_B))
    assert (right.action, right.changed, right.settled, right.error) == (NONE, False, True, None)


def test_the_outcome_of_what_was_skipped_says_why_and_what_to_do() -> None:
    skipped = outcome_of(target(), decided(expected=KEY_C))
    assert (skipped.action, skipped.changed, skipped.error) == (NONE, False, None)
    assert skipped.skip_reason == f"its key is {KEY_A}, not {KEY_C}"
    assert skipped.warnings == (
        f"Skipped data ({volume_id(0)}): {skipped.skip_reason} (it was changed after the plan was made; make a new "
        "plan).",
    )


def test_what_was_not_accepted_is_not_changed_whatever_was_planned() -> None:
    refused_outcome = outcome_of(target(), decided(), Attempt(decided(), 0.0, error=ERROR))
    assert (refused_outcome.changed, refused_outcome.action, refused_outcome.error) == (False, ASSIGN, ERROR)


def test_the_verification_has_the_last_word() -> None:
    accepted = Attempt(decided(), 0.0, changed=True, after=resource(KEY_A), time_requested="t1")
    verified = Verification(0.0, settled=True, time_settled="t2", after=resource(KEY_B), warnings=("w",))
    done = outcome_of(target(), decided(), accepted, verified)
    assert (done.changed, done.settled, done.after, done.error) == (True, True, resource(KEY_B), None)
    assert (done.time_requested, done.time_settled, done.warnings) == ("t1", "t2", ("w",))
    ignored = outcome_of(target(), decided(), accepted, Verification(0.0, error=ERROR, is_ignored=True))
    assert (ignored.changed, ignored.settled, ignored.after, ignored.error) == (False, False, resource(KEY_A), ERROR)


@pytest.mark.parametrize("requested", [None, "t1"])
def test_a_fault_of_ours_calls_changed_what_was_sent_and_keeps_what_is_verified(requested: str | None) -> None:
    attempt = Attempt(decided(), 0.0, time_requested=requested)
    failed = outcome_of(target(), decided(), attempt, fault=ERROR)
    assert (failed.changed, failed.settled, failed.error) == (requested is not None, False, ERROR)
    verified = Verification(0.0, settled=True, time_settled="t2")
    kept = outcome_of(target(), decided(), replace(attempt, changed=True), verified, fault=ERROR)
    assert (kept.changed, kept.settled, kept.error) == (True, True, None)


# --- diff


def planned_outcomes(desired: DesiredState) -> list[Outcome]:
    kind = KINDS["volume"]
    readings = [resource(key, number=number) for number, key in enumerate([None, KEY_A, KEY_B])]
    return [outcome_of(Target(each.id, kind, IAD), decide(each, desired, kind)) for each in readings]


def test_diff_shows_only_what_changes() -> None:
    shown = diff(planned_outcomes(DesiredState(KEY_A)), DesiredState(KEY_A), check_mode=True)
    changing = [volume_id(0), volume_id(2)]
    assert list(shown["before"]) == list(shown["after"]) == changing
    assert [shown["before"][name]["kms_key_id"] for name in changing] == [None, KEY_B]
    assert [shown["before"][name]["encryption"] for name in changing] == ["oracle", "customer"]
    assert {(entry["kms_key_id"], entry["encryption"]) for entry in shown["after"].values()} == {(KEY_A, "customer")}


def test_diff_of_a_removal_shows_the_oracle_managed_key() -> None:
    shown = diff(planned_outcomes(DesiredState(None)), DesiredState(None), check_mode=True)
    assert list(shown["after"]) == [volume_id(1), volume_id(2)]
    assert {(entry["kms_key_id"], entry["encryption"]) for entry in shown["after"].values()} == {(None, "oracle")}


def test_diff_of_a_regeneration_differs_though_the_key_does_not() -> None:
    desired = DesiredState(KEY_A, regenerate=True)
    shown = diff(planned_outcomes(desired), desired, check_mode=True)
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
    cloud.fail("get_volume", refused(404, "NotAuthorizedOrNotFound"), skip=2, times=INFINITE)
    (seen,) = run_assigner(cloud, [name], DesiredState(KEY_A)).outcomes
    assert (seen.changed, seen.after, seen.error and seen.error.code) == (True, None, "OutcomeUnknown")
    assert diff([seen], DesiredState(KEY_A), check_mode=False)["after"].get(name, {}).get("kms_key_id") != KEY_A
