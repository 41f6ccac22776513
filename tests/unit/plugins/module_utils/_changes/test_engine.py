# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.support.fake_cloud import (
    FRA,
    IAD,
    INFINITE,
    KEY_A,
    KEY_B,
    KEY_C,
    Behaviour,
    Cloud,
    Fault,
    Key,
    key_id,
    lost,
    refused,
)
from unit.support.fakes import MemoryJournal, run_assigner

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes import apply as _applying
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.attempts import Change, Verification
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import resource_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.verify import Verifier
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.watch import Watch
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.cancellation import CancellationToken
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal import Journal
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources import region_reader
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import VolumeKind

TO_B = DesiredState(KEY_B)


def codes(outcomes: list[Outcome]) -> list[str | None]:
    return [outcome.error.code if outcome.error else None for outcome in outcomes]


# --- the five steps


def test_nothing_given_is_nothing_done() -> None:
    cloud = Cloud()
    journal = MemoryJournal(cloud)
    report = run_assigner(cloud, [], TO_B, journal=journal, validate_key=True)
    assert (report.outcomes, report.warnings, cloud.calls, journal.opened) == ([], [], [], 0)


def test_what_is_right_already_costs_no_write_and_no_journal(tmp_path: Path) -> None:
    cloud = Cloud()
    ids = cloud.add(5, kms_key_id=KEY_B)
    journal = Journal(tmp_path / "journal", cloud.clock)
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    assert not any(outcome.changed or outcome.error for outcome in report.outcomes)
    assert set(cloud.operations()) == {"get_volume"}
    assert not journal.path.exists()


def test_check_mode_plans_nothing_for_what_is_right_already() -> None:
    cloud = Cloud()
    right, other = cloud.add(5, kms_key_id=KEY_B), cloud.add(2, kms_key_id=KEY_A)
    report = run_assigner(cloud, right + other, TO_B, check_mode=True)
    assert [outcome.changed for outcome in report.outcomes] == [False] * 5 + [True] * 2
    assert not cloud.writes


def test_regions_and_kinds_are_served_in_one_call_in_the_order_given() -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_B))
    ids = [
        cloud.add(1, region=region, kind=kind, kms_key_id=key)[0]
        for key in (None, KEY_A, KEY_B)
        for region in (IAD, FRA)
        for kind in ("volume", "bootvolume")
    ]
    report = run_assigner(cloud, ids, TO_B, validate_key=True)
    assert [outcome.id for outcome in report.outcomes] == ids
    assert [outcome.changed for outcome in report.outcomes] == [True] * 8 + [False] * 4
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)
    assert {cloud.truth(name) for name in ids} == {KEY_B}
    assert cloud.count("list_key_versions") == 2
    assert not cloud.needless


def test_the_real_journal_holds_both_lines_of_each_change(tmp_path: Path) -> None:
    cloud = Cloud()
    ids = cloud.add(30, kms_key_id=KEY_A)
    journal = Journal(tmp_path / "journal", cloud.clock)
    seen: list[bool] = []
    cloud.before_write = lambda subject: seen.append(f'"{subject}"' in journal.path.read_text())
    run_assigner(cloud, ids, TO_B, journal=journal, concurrency=8)
    assert seen == [True] * 30
    text = journal.path.read_text()
    assert (text.count('"intent"'), text.count('"outcome"')) == (30, 30)


def test_no_journal_means_no_write(tmp_path: Path) -> None:
    cloud = Cloud()
    ids = cloud.add(3)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="journal"):
        run_assigner(cloud, ids, TO_B, journal=Journal(tmp_path / "file" / "journal", cloud.clock))
    assert not cloud.writes


def test_credentials_that_are_refused_fail_the_call() -> None:
    cloud = Cloud()
    ids = cloud.add(50)
    cloud.fail("get", refused(401, "NotAuthenticated", "Wrong signature."), times=INFINITE)
    with pytest.raises(InputError, match="rejected the credentials") as caught:
        run_assigner(cloud, ids, TO_B)
    for words in ("aa:bb", "Wrong signature.", "clock"):
        assert words in str(caught.value)


def test_one_bad_volume_does_not_keep_the_others_back() -> None:
    cloud = Cloud()
    ids = cloud.add(8, kms_key_id=KEY_A)
    cloud.gone = {ids[0]}
    cloud.alter(ids[1], lifecycle_state="FAULTY")
    cloud.alter(ids[2], lifecycle_state="TERMINATED")
    cloud.fail("update", refused(404, "NotAuthorizedOrNotFound"), subject=ids[3], times=INFINITE)
    cloud.behaviours[ids[4]] = Behaviour("FAULTY")
    report = run_assigner(cloud, ids, TO_B)
    refusal = "NotAuthorizedOrNotFound"
    assert codes(report.outcomes) == [refusal, "FAULTY", "TERMINATED", refusal, "FAULTY", None, None, None]
    assert [outcome.changed for outcome in report.outcomes] == [False] * 4 + [True] * 4


def test_a_region_out_of_reach_does_not_keep_the_others_back() -> None:
    cloud = Cloud()
    near, far = cloud.add(20, region=IAD), cloud.add(20, region=FRA)
    for name in far:
        cloud.fail("get", lost(), subject=name, times=INFINITE)
    report = run_assigner(cloud, near + far, TO_B)
    assert codes(report.outcomes) == [None] * 20 + ["NoAnswer"] * 20


# --- keys


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Key(KEY_B, state="DISABLED"), "is DISABLED"),
        (Key(KEY_B, state="PENDING_DELETION"), "is PENDING_DELETION"),
        (Key(KEY_B, algorithm="RSA"), "RSA"),
        (Key(key_id("other")), "does not exist, or can't be read"),
    ],
)
def test_an_unusable_key_fails_the_call_before_anything_is_written(key: Key, words: str) -> None:
    cloud = Cloud()
    cloud.add_keys(key, Key(KEY_A))
    ids = cloud.add(3, kms_key_id=KEY_A)
    for check_mode in (True, False):
        with pytest.raises(InputError, match=words) as caught:
            run_assigner(cloud, ids, TO_B, validate_key=True, check_mode=check_mode)
        assert "Nothing was changed" in str(caught.value)
        assert IAD in str(caught.value)
    assert not cloud.count("update")


def test_a_key_that_is_missing_in_one_region_fails_the_call_for_all() -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_B), regions=[IAD])
    ids = cloud.add(1, region=IAD) + cloud.add(1, region=FRA)
    with pytest.raises(InputError, match=FRA):
        run_assigner(cloud, ids, TO_B, validate_key=True)
    assert not cloud.writes


def test_keys_are_not_looked_at_unless_told() -> None:
    cloud = Cloud()
    report = run_assigner(cloud, cloud.add(2, kms_key_id=KEY_A), TO_B, validate_key=False)
    assert codes(report.outcomes) == [None, None]
    assert not {"search_resources", "get_key", "get_vault"} & set(cloud.operations())


@pytest.mark.parametrize("desired", [TO_B, DesiredState(None)])
@pytest.mark.parametrize("state", ["DISABLED", "PENDING_DELETION"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_dead_key_that_is_left_fails_its_own_resources_only(
    desired: DesiredState, state: str, check_mode: bool
) -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_A, state=state), Key(KEY_B), Key(KEY_C))
    stuck, free = cloud.add(2, kms_key_id=KEY_A), cloud.add(2, kms_key_id=KEY_C)
    report = run_assigner(cloud, stuck + free, desired, validate_key=True, check_mode=check_mode)
    assert codes(report.outcomes) == ["KeyCannotBeLeft"] * 2 + [None] * 2
    assert [(outcome.action, outcome.changed) for outcome in report.outcomes[:2]] == [("none", False)] * 2
    assert report.outcomes[0].error is not None
    assert KEY_A in report.outcomes[0].error.message
    assert {name for name, _old, _new in cloud.writes} == (set() if check_mode else set(free))


def test_a_left_key_that_cannot_be_read_is_left_to_the_service() -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_B))
    report = run_assigner(cloud, cloud.add(2, kms_key_id=KEY_A), TO_B, validate_key=True)
    assert codes(report.outcomes) == [None, None]


def test_what_stays_on_a_dead_key_is_not_its_failure() -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_A, state="DISABLED"), Key(KEY_B))
    report = run_assigner(cloud, cloud.add(1) + cloud.add(1, kms_key_id=KEY_B), TO_B, validate_key=True)
    assert codes(report.outcomes) == [None, None]


@pytest.mark.parametrize(("mode", "limit"), [("EXTERNAL", 4), ("HSM", 16)])
def test_a_key_outside_oci_is_used_four_times_at_once_at_most(
    monkeypatch: pytest.MonkeyPatch, mode: str, limit: int
) -> None:
    limits: list[int] = []

    def places(given: int) -> BoundedSemaphore:
        limits.append(given)
        return BoundedSemaphore(given)

    monkeypatch.setattr(_applying, "BoundedSemaphore", places)
    cloud = Cloud()
    cloud.add_keys(Key(KEY_B, protection=mode))
    run_assigner(cloud, cloud.add(3), TO_B, validate_key=True, concurrency=16)
    assert limits == [limit]


@pytest.mark.parametrize("fails", [False, True])
def test_several_versions_warn_or_fail_as_told(fails: bool) -> None:
    cloud = Cloud()
    cloud.add_keys(Key(KEY_B, versions=("ENABLED",) * 3))
    ids = cloud.add(1)
    if fails:
        with pytest.raises(InputError, match="3 versions"):
            run_assigner(cloud, ids, TO_B, validate_key=True, multi_version_key_fails=True)
    else:
        report = run_assigner(cloud, ids, TO_B, validate_key=True)
        assert any("3 versions" in warning for warning in report.warnings)
    assert len(cloud.writes) == (0 if fails else 1)


def test_a_replica_elsewhere_is_a_warning_before_and_after() -> None:
    cloud = Cloud()
    near, far = "ocid1.blockvolumereplica.oc1.iad.r", "ocid1.blockvolumereplica.oc1.phx.r"
    ids = cloud.add(1, replicas=(far,)) + cloud.add(1, replicas=(near,)) + cloud.add(1, kms_key_id=KEY_B)
    for check_mode in (True, False):
        (warning,) = run_assigner(cloud, ids, TO_B, check_mode=check_mode).warnings
        assert ids[0] in warning
        assert far in warning


def test_a_volume_that_could_be_listed_only_is_reported_with_what_the_list_showed() -> None:
    cloud = Cloud()
    ids = cloud.add(40, kms_key_id=KEY_B)
    cloud.fail("get_volume", refused(404, "NotAuthorizedOrNotFound"), subject=ids[1], times=INFINITE)
    outcomes = run_assigner(cloud, ids, DesiredState(KEY_B, regenerate=True)).outcomes
    entry = resource_entry(outcomes[1], TO_B, check_mode=False)
    assert entry["error"]["code"] == "NotAuthorizedOrNotFound"
    assert (entry["display_name"], entry["previous_kms_key_id"], entry["kms_key_id"]) == ("data", KEY_B, KEY_B)
    assert [outcome.changed for outcome in outcomes] == [True, False, *[True] * 38]


# --- faults of our own


def test_an_unexpected_error_in_one_change_does_not_lose_the_others() -> None:
    cloud = Cloud()
    ids = cloud.add(6)
    cloud.fail("update", KeyError("what?"), subject=ids[2], times=INFINITE)
    journal = MemoryJournal(cloud)
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    assert codes(report.outcomes) == [None, None, "InternalError", None, None, None]
    assert len(journal.outcomes) == 6
    assert journal.closed == 1


def test_an_unexpected_error_after_the_commit_is_not_reported_as_unchanged() -> None:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=KEY_A)
    cloud.behaviour = Behaviour("immediate")
    cloud.fail("update", KeyError("what?"), committed=True)
    (outcome,) = run_assigner(cloud, [name], TO_B).outcomes
    entry = resource_entry(outcome, TO_B, check_mode=False)
    assert entry["kms_key_id"] == KEY_B or entry["encryption"] == "unknown"


def test_an_unexpected_error_before_a_write_fails_that_change_only() -> None:
    cloud = Cloud()
    ids = cloud.add(4, kms_key_id=KEY_A)

    class Broken(MemoryJournal):
        def intend(self, region: str, decision: Decision) -> None:
            if decision.known.id == ids[1]:
                raise KeyError("what?")
            super().intend(region, decision)

    report = run_assigner(cloud, ids, TO_B, journal=Broken(cloud))
    assert codes(report.outcomes) == [None, "InternalError", None, None]
    assert [outcome.changed for outcome in report.outcomes] == [True, False, True, True]
    assert sorted(name for name, _old, _new in cloud.writes) == sorted({*ids} - {ids[1]})


@pytest.mark.parametrize("count", [1, 4])
def test_an_unexpected_error_in_the_verifier_fails_what_it_watched_only(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    cloud = Cloud()
    ids = cloud.add(count, kms_key_id=KEY_A)
    refuse = cloud.add(1, kms_key_id=KEY_A)
    cloud.fail("update", refused(404, "NotAuthorizedOrNotFound"), subject=refuse[0], times=INFINITE)

    def broken(*_given: object) -> None:
        raise KeyError("what?")

    monkeypatch.setattr(Verifier, "verify", broken)
    report = run_assigner(cloud, ids + refuse, TO_B)
    assert codes(report.outcomes) == ["InternalError"] * count + ["NotAuthorizedOrNotFound"]
    assert [(outcome.changed, outcome.after) for outcome in report.outcomes] == [(True, None)] * count + [(False, None)]


def test_an_unexpected_error_in_the_verifier_keeps_no_later_change_from_being_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud()
    ids = cloud.add(2, kms_key_id=KEY_A)
    verify = Verifier.verify

    def broken(verifier: Verifier, change: Change, *given: Any) -> Verification:
        if change.id == ids[0]:
            raise KeyError("what?")
        return verify(verifier, change, *given)

    monkeypatch.setattr(Verifier, "verify", broken)
    monkeypatch.setattr(VolumeKind, "applies_serially", lambda _kind, resource: resource.id == ids[1])
    report = run_assigner(cloud, ids, TO_B)
    assert codes(report.outcomes) == ["InternalError", None]
    assert [outcome.changed for outcome in report.outcomes] == [True, True]


def test_an_unexpected_error_in_the_verifier_keeps_what_it_has_verified_and_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)
    verify = Verifier.verify

    def broken(verifier: Verifier, change: Change, seen: Verification, *given: Any) -> Verification:
        seen = verify(verifier, change, seen, *given)
        if seen.is_decided and change.id == ids[1]:
            raise KeyError("what?")
        return seen

    monkeypatch.setattr(Verifier, "verify", broken)
    report = run_assigner(cloud, ids, TO_B)
    assert codes(report.outcomes) == [None, "InternalError", "InternalError"]
    assert [outcome.settled for outcome in report.outcomes] == [True, False, False]
    assert [outcome.after is None for outcome in report.outcomes] == [False] * 3


@pytest.mark.parametrize("begun", [False, True])
def test_an_unexpected_error_outside_of_any_change_claims_nothing_that_was_not_sent(
    monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)

    def broken(*_given: object, **_more: object) -> None:
        raise KeyError("what?")

    if begun:
        monkeypatch.setattr(Watch, "once", broken)
    else:
        monkeypatch.setattr(_applying, "_split_serial", broken)
    journal = MemoryJournal(cloud)
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    assert codes(report.outcomes) == ["InternalError"] * 3
    assert [outcome.changed for outcome in report.outcomes] == [begun] * 3
    assert [outcome.settled for outcome in report.outcomes] == [False] * 3
    assert journal.outcomes == dict.fromkeys(ids, begun)


def test_an_unexpected_error_outside_of_any_change_keeps_why_others_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)
    cloud.fail("update", refused(404, "NotAuthorizedOrNotFound"), subject=ids[0], times=INFINITE)

    def broken(*_given: object, **_more: object) -> None:
        raise KeyError("what?")

    monkeypatch.setattr(Watch, "once", broken)
    report = run_assigner(cloud, ids, TO_B)
    assert codes(report.outcomes) == ["NotAuthorizedOrNotFound", "InternalError", "InternalError"]
    assert [outcome.changed for outcome in report.outcomes] == [False, True, True]


def test_an_unexpected_error_before_any_change_is_begun_claims_neither_change_nor_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud = Cloud()
    ids = cloud.add(2, kms_key_id=KEY_A)
    unsettled = cloud.add(1, kms_key_id=KEY_B, lifecycle_state="PROVISIONING")

    def broken(*_given: object, **_more: object) -> None:
        raise KeyError("what?")

    monkeypatch.setattr(_applying, "BoundedSemaphore", broken)
    report = run_assigner(cloud, ids + unsettled, TO_B)
    assert codes(report.outcomes) == ["InternalError"] * 3
    assert [(outcome.changed, outcome.settled) for outcome in report.outcomes] == [(False, False)] * 3
    assert not cloud.writes


def test_a_machine_without_further_threads_does_not_lose_the_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=KEY_A)

    class Exhausted(ThreadPoolExecutor):
        def submit(self, *given: Any, **more: Any) -> Any:
            if cloud.writes:
                raise RuntimeError("can't start new thread")
            return super().submit(*given, **more)

    monkeypatch.setattr(region_reader, "ThreadPoolExecutor", Exhausted)
    journal = MemoryJournal(cloud)
    (outcome,) = run_assigner(cloud, [name], TO_B, journal=journal).outcomes
    assert (codes([outcome]), outcome.changed, outcome.settled) == (["InternalError"], True, False)
    assert journal.outcomes == {name: True}


def test_an_unexpected_error_while_waiting_does_not_lose_the_outcomes() -> None:
    cloud = Cloud()
    ids = [name for number in range(4) for name in cloud.add(1, compartment=number)]
    cloud.fail("get", KeyError("what?"), subject=ids[1], skip=1, times=INFINITE)
    report = run_assigner(cloud, ids, TO_B)
    assert [code is None for code in codes(report.outcomes)] == [True, False, True, True]


# --- waiting


@pytest.mark.parametrize("error", [refused(429, "TooManyRequests"), refused(409, "IncorrectState"), lost()])
def test_a_change_that_waits_keeps_neither_thread_nor_slot_from_the_others(error: ApiError) -> None:
    cloud = Cloud()
    ids = cloud.add(4, kms_key_id=KEY_A)
    cloud.fail("update", error, subject=ids[0], times=3)
    report = run_assigner(cloud, ids, TO_B, concurrency=1)
    assert [name for name, _old, _new in cloud.writes] == [*ids[1:], ids[0]]
    assert codes(report.outcomes) == [None] * 4


# --- busy from the start


def busy(cloud: Cloud, seconds: float, key: str | None, **more: Any) -> str:
    (name,) = cloud.add(1, lifecycle_state="PROVISIONING", **more)
    done = {"lifecycle_state": "AVAILABLE", "kms_key_id": key, "assigned": key}
    cloud.volumes[name].events.append((cloud.clock.monotonic() + seconds, done))
    return name


def test_an_interrupted_run_is_picked_up_without_a_second_write() -> None:
    cloud = Cloud()
    hidden, shown = busy(cloud, 20.0, KEY_B, kms_key_id=KEY_A), busy(cloud, 20.0, KEY_B, kms_key_id=KEY_B)
    report = run_assigner(cloud, [hidden, shown], TO_B)
    assert [(o.action, o.changed, o.settled, o.error) for o in report.outcomes] == [("none", False, True, None)] * 2
    assert not cloud.writes


def test_what_is_right_but_busy_is_waited_for() -> None:
    cloud = Cloud()
    name = busy(cloud, 20.0, KEY_B, kms_key_id=KEY_B)
    (outcome,) = run_assigner(cloud, [name], TO_B).outcomes
    assert (outcome.changed, outcome.settled, outcome.error) == (False, True, None)
    assert outcome.after is not None
    assert outcome.after.lifecycle_state == "AVAILABLE"


def test_a_warning_says_that_a_busy_volume_is_decided_later() -> None:
    cloud = Cloud()
    name = busy(cloud, 20.0, None)
    (warning,) = run_assigner(cloud, [name], TO_B, check_mode=True).warnings
    assert "PROVISIONING" in warning


# --- whatever happens

ERRORS = [
    refused(429, "TooManyRequests"),
    refused(409, "IncorrectState"),
    refused(409, "Conflict"),
    refused(404, "NotAuthorizedOrNotFound"),
    refused(503, "ServiceUnavailable"),
    lost(),
    lost(sent=False),
]
UNHEARD = [refused(500, "InternalServerError"), refused(503, "ServiceUnavailable"), lost()]
write_faults = st.one_of(
    st.tuples(st.sampled_from(ERRORS), st.just(False), st.booleans()),
    st.tuples(st.sampled_from(UNHEARD), st.just(True), st.booleans()),
)
plans = st.tuples(
    st.sampled_from([None, KEY_A, KEY_B]),
    st.sampled_from(["provisioning", "immediate", "delayed", "FAULTY", "TERMINATED", "ignored", "third"]),
    st.sampled_from(["at_put", "at_available"]),
    st.sampled_from([0.1, 3.0, 40.0]),
    st.lists(write_faults, max_size=4),
    st.lists(st.tuples(st.sampled_from([*UNHEARD, ERRORS[3]]), st.integers(1, 6)), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(plans, min_size=1, max_size=3),
    st.sampled_from([TO_B, TO_B, DesiredState(None), DesiredState(KEY_B, regenerate=True)]),
    st.booleans(),
    st.sampled_from([15.0, 200.0, 2000.0]),
)
def test_no_fault_makes_it_write_twice_or_lie(
    volumes: list[tuple[Any, ...]], desired: DesiredState, wait: bool, wait_timeout: float
) -> None:
    cloud = Cloud()
    ids = []
    for key, transition, visible, seconds, on_write, on_read in volumes:
        (name,) = cloud.add(1, compartment=len(ids) % 2, kms_key_id=key)
        ids.append(name)
        cloud.behaviours[name] = Behaviour(transition, visible, seconds)
        for operation in ("update", "delete"):
            for error, committed, somebody in on_write:
                fault = Fault(operation, error, name, committed=committed)
                if somebody and not committed and cloud.volumes[name].lifecycle_state == "AVAILABLE":
                    fault.then = lambda name=name: cloud.somebody_assigns(name, KEY_C)
                cloud.faults.append(fault)
        cloud.faults += [Fault("get", error, name, skip=skip) for error, skip in on_read]
    journal = MemoryJournal(cloud)
    outcomes = run_assigner(cloud, ids, desired, journal=journal, wait=wait, wait_timeout=wait_timeout).outcomes

    assert [outcome.id for outcome in outcomes] == ids
    assert journal.unannounced == []
    made = Counter(name for name, _old, _new in cloud.writes)
    for outcome in outcomes:
        entry = resource_entry(outcome, desired, check_mode=False)
        if outcome.error is None:
            assert outcome.changed == (made[outcome.id] > 0)
            if outcome.settled:
                assert cloud.now(outcome.id).kms_key_id == entry["kms_key_id"] == desired.kms_key_id
                assert entry["lifecycle_state"] == "AVAILABLE"
        elif not outcome.changed and cloud.behaviours[outcome.id].transition not in ("ignored", "third"):
            assert made[outcome.id] == 0, outcome
        if desired.regenerate and outcome.action == "regenerate":
            assert made[outcome.id] <= 1
        assert outcome.id in journal.outcomes or made[outcome.id] == 0
    for name, (key, _transition, _visible, _seconds, on_write, _on_read) in zip(ids, volumes, strict=True):
        disturbed = any(somebody for _error, _committed, somebody in on_write)
        may_regenerate = desired.regenerate and (key == desired.kms_key_id or disturbed)
        assert cloud.needless.count(name) <= may_regenerate


# --- told to end


def _stop_at_write(cloud: Cloud, number: int) -> tuple[CancellationToken, MemoryJournal]:
    """A stop that is asked for right before so many writes are sent."""
    cancellation = CancellationToken(cloud.clock)
    journal = MemoryJournal(cloud)
    noted = cloud.before_write

    def before_write(subject: str) -> None:
        noted(subject)
        if len(cloud.writes) == number - 1:
            cancellation.cancel()

    cloud.before_write = before_write
    return cancellation, journal


def test_once_told_to_end_nothing_more_is_begun_and_what_was_is_verified() -> None:
    cloud = Cloud()
    ids = cloud.add(30)
    cancellation, journal = _stop_at_write(cloud, 5)
    report = run_assigner(cloud, ids, TO_B, journal=journal, cancellation=cancellation, concurrency=1)
    begun, others = report.outcomes[:5], report.outcomes[5:]
    assert [outcome.id for outcome in begun] == [name for name, _former, _key in cloud.writes]
    assert all(outcome.changed and outcome.settled and outcome.error is None for outcome in begun)
    assert codes(others) == ["NotTried"] * 25
    assert not any(outcome.changed for outcome in others)
    assert all(outcome.error is not None and "interrupted" in outcome.error.message for outcome in others)
    assert journal.outcomes == {outcome.id: outcome.changed for outcome in report.outcomes}


def test_once_told_to_end_a_change_that_does_not_settle_is_waited_for_for_25_seconds() -> None:
    cloud = Cloud()
    cloud.behaviour = Behaviour(seconds=10_000.0)
    ids = cloud.add(3)
    cancellation, journal = _stop_at_write(cloud, 3)
    began = cloud.clock.monotonic()
    report = run_assigner(cloud, ids, TO_B, journal=journal, cancellation=cancellation, concurrency=1)
    assert codes(report.outcomes) == ["WaitTimeout"] * 3
    assert all(outcome.changed and outcome.settled is False for outcome in report.outcomes)
    assert 25 <= cloud.clock.monotonic() - began < 27
    assert journal.outcomes == dict.fromkeys(ids, True)


@pytest.mark.parametrize("error", [refused(429, "TooManyRequests"), refused(409, "IncorrectState"), lost(sent=False)])
def test_once_told_to_end_what_was_not_committed_is_not_sent_again(error: Any) -> None:
    cloud = Cloud()
    ids = cloud.add(1)
    cancellation, journal = _stop_at_write(cloud, 1)
    cloud.fail("update", error)
    report = run_assigner(cloud, ids, TO_B, journal=journal, cancellation=cancellation)
    assert cloud.count("update") == 1
    assert (cloud.writes, report.outcomes[0].changed) == ([], False)
    assert report.outcomes[0].error is not None


def test_once_told_to_end_a_lost_answer_is_still_looked_into() -> None:
    cloud = Cloud()
    ids = cloud.add(1)
    cancellation, journal = _stop_at_write(cloud, 1)
    cloud.fail("update", lost(), committed=True)
    report = run_assigner(cloud, ids, TO_B, journal=journal, cancellation=cancellation)
    assert (len(cloud.writes), report.outcomes[0].changed, report.outcomes[0].error) == (1, True, None)


def test_an_end_waits_only_while_changes_are_made() -> None:
    cloud = Cloud()
    cancellation = CancellationToken(cloud.clock)
    journal = MemoryJournal(cloud)
    shield: set[tuple[str, bool]] = set()
    call = cloud.call

    def watched(how: str, *args: Any) -> Any:
        shield.add((how, cancellation.is_shielded))
        return call(how, *args)

    cloud.call = watched  # type: ignore[method-assign]
    run_assigner(cloud, cloud.add(3), TO_B, journal=journal, cancellation=cancellation)
    assert shield == {("read", False), ("write", True), ("read", True)}
    assert not cancellation.is_shielded
