# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No write relies on a reading older than five seconds, and no other run changes the same resource meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import INFINITE, KEY_A, KEY_B, KEY_C, Behaviour, Cloud, refused
from unit.support.fakes import FakeConnection, FakeService, MemoryJournal, change_of, reconcile, run_assigner, target

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.engine import KeyAssigner, Report
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.results import outcome_of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.locks import LockFile, NameLocks
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import VolumeKind

TO_B = DesiredState(KEY_B)
FRESH = 5.0


def ages(cloud: Cloud) -> list[float]:
    """Of each write, how old the latest reading of its volume was: by GET, or by a page of its compartment."""
    found = []
    asked: dict[str, float] = {}
    for call in cloud.calls:
        if call.how != "write":
            asked[call.subject] = call.time
            continue
        volume = cloud.volumes[call.subject]
        found.append(call.time - max(asked.get(volume.id, -INFINITE), asked.get(volume.compartment_id, -INFINITE)))
    return found


def slow_turns(monkeypatch: pytest.MonkeyPatch, cloud: Cloud, seconds: float) -> None:
    """The rate limit lets a write pass every so many seconds."""
    monkeypatch.setattr(FakeService, "wait_turn", lambda _service, _remaining: cloud.clock.sleep(seconds))


class SlowJournal(MemoryJournal):
    """Each line takes so long to get on disk, the first so many times."""

    def __init__(self, cloud: Cloud, seconds: float, times: float) -> None:
        super().__init__(cloud)
        self.cloud, self.seconds, self.times = cloud, seconds, times

    def intend(self, region: str, decision: Decision) -> None:
        super().intend(region, decision)
        if self.times > 0:
            self.times -= 1
            self.cloud.clock.sleep(self.seconds)


@pytest.mark.parametrize("count", [1, 3, 250])
@pytest.mark.parametrize("seconds", [0.0, 0.3, 3.0, 7.0, 100.0])
def test_however_long_writes_wait_for_their_turn_what_they_rely_on_is_fresh(
    monkeypatch: pytest.MonkeyPatch, count: int, seconds: float
) -> None:
    cloud = Cloud()
    ids = cloud.add(count, kms_key_id=KEY_A)
    slow_turns(monkeypatch, cloud, seconds)
    report = run_assigner(cloud, ids, TO_B, wait_timeout=1e6, concurrency=1)
    assert all(outcome.changed and outcome.settled for outcome in report.outcomes)
    assert len(cloud.writes) == count
    assert max(ages(cloud)) <= FRESH


@pytest.mark.parametrize("seconds", [4.0, 6.0, 60.0])
def test_a_slow_disk_does_not_make_a_write_rely_on_an_old_reading(seconds: float) -> None:
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)
    journal = SlowJournal(cloud, seconds, times=3)
    run_assigner(cloud, ids, TO_B, journal=journal)
    assert len(cloud.writes) == 3
    assert max(ages(cloud)) <= FRESH
    assert not journal.unannounced


def test_a_disk_that_is_always_slow_means_no_write_but_an_end() -> None:
    cloud = Cloud()
    ids = cloud.add(1, kms_key_id=KEY_A)
    report = run_assigner(cloud, ids, TO_B, journal=SlowJournal(cloud, 6.0, times=INFINITE), wait_timeout=60.0)
    assert not cloud.writes
    assert [outcome.error and outcome.error.code for outcome in report.outcomes] == ["NotTried"]


@pytest.mark.parametrize("pause", [refused(429, "TooManyRequests"), refused(409, "IncorrectState")])
def test_a_write_that_is_repeated_later_relies_on_another_reading(pause: Exception) -> None:
    cloud = Cloud()
    ids = cloud.add(1, kms_key_id=KEY_A)
    cloud.fail("update", *[pause] * 5)
    run_assigner(cloud, ids, TO_B)
    assert len(cloud.writes) == 1
    assert max(ages(cloud)) <= FRESH


def somebody(cloud: Cloud, operation: str, key: str | None, *ids: str) -> None:
    """Somebody assigns a key right after the last call of the plan."""

    def assign() -> None:
        for name in ids:
            cloud.somebody_assigns(name, key)

    cloud.fail(operation, None, then=assign)


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("key", [KEY_C, None])
def test_a_third_key_is_what_journal_and_report_name(
    monkeypatch: pytest.MonkeyPatch, count: int, key: str | None
) -> None:
    cloud = Cloud()
    ids = cloud.add(count, kms_key_id=KEY_A)
    journal = MemoryJournal(cloud)
    opened = journal.open

    def open_journal() -> None:
        opened()
        cloud.somebody_assigns(ids[-1], key)

    monkeypatch.setattr(journal, "open", open_journal)
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    last = report.outcomes[-1]
    assert (last.changed, last.before and last.before.kms_key_id) == (True, key)
    assert (ids[-1], key, KEY_B) in journal.intents
    (warning,) = report.warnings
    assert ids[-1] in warning
    assert KEY_A in warning
    assert (key or "Oracle-managed") in warning


@pytest.mark.parametrize("count", [1, 3, 40])
def test_what_has_the_key_by_now_is_not_written(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    cloud = Cloud()
    ids = cloud.add(count, kms_key_id=KEY_A)
    journal = MemoryJournal(cloud)
    monkeypatch.setattr(journal, "open", lambda: cloud.somebody_assigns(ids[0], KEY_B))
    journal.opened = 1
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    assert [outcome.changed for outcome in report.outcomes] == [False] + [True] * (count - 1)
    assert not cloud.needless
    assert report.outcomes[0].error is None


@pytest.mark.parametrize("count", [1, 40])
def test_a_key_that_the_plan_does_not_expect_is_left_alone(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    cloud = Cloud()
    ids = cloud.add(count, kms_key_id=KEY_A)
    journal = MemoryJournal(cloud)
    monkeypatch.setattr(journal, "open", lambda: cloud.somebody_assigns(ids[0], KEY_C))
    journal.opened = 1
    report = assign(cloud, ids, journal, expected=KEY_A)
    assert cloud.truth(ids[0]) == KEY_C
    assert report.outcomes[0].skip_reason is not None
    assert len(cloud.writes) == count - 1


def assign(cloud: Cloud, ids: list[str], journal: Any, *, expected: str | None = None) -> Report:
    from unit.support.fakes import run_settings

    from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings

    assigner = KeyAssigner(FakeConnection(cloud), journal, run_settings(), clock=cloud.clock, timings=Timings())
    return assigner.run([replace(target(name), expected_kms_key_id=expected) for name in ids], TO_B)


def test_a_list_that_lags_behind_is_not_what_a_third_key_is_judged_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that differs from the plan is read by GET."""
    cloud = Cloud()
    ids = cloud.add(40, kms_key_id=KEY_A)
    journal = MemoryJournal(cloud)

    def lag() -> None:
        cloud.listed_as = lambda volume: replace(volume, kms_key_id=KEY_B) if volume.id == ids[7] else volume

    monkeypatch.setattr(journal, "open", lag)
    journal.opened = 1
    report = run_assigner(cloud, ids, TO_B, journal=journal)
    assert all(outcome.changed for outcome in report.outcomes)
    assert {cloud.truth(name) for name in ids} == {KEY_B}


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2])
def test_a_thousand_cost_a_fifth_of_a_call_each_besides_the_write(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    cloud = Cloud()
    ids = cloud.add(1000)
    slow_turns(monkeypatch, cloud, seconds)
    report = run_assigner(cloud, ids, TO_B, concurrency=32)
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)
    assert cloud.count("update") == 1000
    assert len(cloud.calls) <= 1200
    assert not cloud.needless


def test_pages_whose_tokens_have_expired_are_replaced_by_gets() -> None:
    cloud = Cloud()
    ids = cloud.add(300, kms_key_id=KEY_A)
    listed = cloud._list

    def expired(*given: Any, page: str | None = None, **more: Any) -> Any:
        if page is not None and cloud.writes:
            raise refused(400, "InvalidParameter", "The page token has expired.")
        return listed(*given, page=page, **more)

    cloud._list = expired  # type: ignore[method-assign]
    report = run_assigner(cloud, ids, TO_B)
    assert all(outcome.settled and outcome.error is None for outcome in report.outcomes)
    assert max(ages(cloud)) <= FRESH


# --- alone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def outcome_with(cloud: Cloud, name: str, names: NameLocks, **more: Any) -> Outcome:
    with change_of(cloud, name, TO_B) as change:
        return outcome_of(change.target, change.decision, reconcile(cloud, change, names=names, **more))


def test_what_another_run_is_changing_is_waited_for_and_read_again(path: Path) -> None:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=KEY_A)
    other, mine = NameLocks([LockFile(path)]), NameLocks([LockFile(path)])
    other.acquire([name])
    sleep = cloud.clock.sleep

    def end_the_other_run(seconds: float) -> None:
        sleep(seconds)
        if sum(cloud.clock.naps) > 30 and other.holds(name):
            cloud.somebody_assigns(name, KEY_B)
            other.release(name)

    cloud.clock.sleep = end_the_other_run  # type: ignore[method-assign]
    outcome = outcome_with(cloud, name, mine)
    assert (outcome.changed, outcome.error, outcome.action) == (False, None, "none")
    assert not cloud.writes
    assert cloud.operations() == ["get_volume"], "nothing is read while it has to wait"
    assert max(cloud.clock.naps) <= 2.0
    other.close()
    mine.close()


def test_what_another_run_does_not_end_changing_in_time_is_told(path: Path) -> None:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=KEY_A)
    other, mine = NameLocks([LockFile(path)]), NameLocks([LockFile(path)])
    other.acquire([name])
    outcome = outcome_with(cloud, name, mine, seconds=60.0)
    assert outcome.error is not None
    assert (outcome.changed, outcome.error.code) == (False, "InUse")
    assert "Another run" in outcome.error.message
    assert "wait_timeout" in outcome.error.message
    assert not cloud.calls
    other.close()
    mine.close()


def test_a_lock_file_that_is_gone_means_no_write(path: Path) -> None:
    cloud = Cloud()
    (name,) = cloud.add(1, kms_key_id=KEY_A)
    mine = NameLocks([LockFile(path)])
    path.unlink()
    outcome = outcome_with(cloud, name, mine)
    assert outcome.error is not None
    assert outcome.error.code == "LockFailed"
    assert str(path) in outcome.error.message
    assert not cloud.calls
    mine.close()


# --- as each ends


def test_each_change_is_in_the_journal_as_it_ends_not_with_the_last() -> None:
    cloud = Cloud()
    ids = cloud.add(4, kms_key_id=KEY_A)
    cloud.behaviours[ids[3]] = Behaviour(seconds=600.0)
    told: dict[str, float] = {}

    class Told(MemoryJournal):
        def conclude(self, *outcomes: Outcome) -> None:
            super().conclude(*outcomes)
            told.update((outcome.id, cloud.clock.monotonic()) for outcome in outcomes)

    began = cloud.clock.monotonic()
    run_assigner(cloud, ids, TO_B, journal=Told(cloud))
    assert all(told[name] - began < 30 for name in ids[:3])
    assert told[ids[3]] - began >= 600


def test_what_settles_is_concluded_while_others_are_still_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last write has its turn only after that, or after half a minute."""
    cloud = Cloud()
    ids = cloud.add(60, kms_key_id=KEY_A)
    is_told = threading.Event()
    turns: list[int] = []
    written: list[int] = []

    def wait_turn(_service: FakeService, _remaining: object) -> None:
        turns.append(1)
        cloud.clock.sleep(5.0)
        for _look in range(3000 if len(turns) == 60 else 0):
            if is_told.wait(0.01):
                break
            cloud.clock.sleep(0.05)

    class Told(MemoryJournal):
        def conclude(self, *outcomes: Outcome) -> None:
            super().conclude(*outcomes)
            written.append(len(cloud.writes))
            is_told.set()

    monkeypatch.setattr(FakeService, "wait_turn", wait_turn)
    journal = Told(cloud)
    run_assigner(cloud, ids, TO_B, journal=journal)
    assert len(journal.outcomes) == 60
    assert written[0] < 60


def test_locks_are_given_back_only_when_the_outcome_is_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes import engine
    from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.run_locks import RunLocks

    cloud = Cloud()
    ids = cloud.add(5, kms_key_id=KEY_A)
    mine, other = NameLocks([LockFile(path)]), NameLocks([LockFile(path)])
    monkeypatch.setattr(engine, "open_locks", lambda _places: RunLocks(mine))
    held: list[bool] = []

    def is_held(name: str) -> bool:
        other.acquire([name])
        is_free = other.holds(name)
        other.release(name)
        return not is_free

    class Told(MemoryJournal):
        def conclude(self, *outcomes: Outcome) -> None:
            held.extend(is_held(outcome.id) for outcome in outcomes)
            super().conclude(*outcomes)

    assign_key: Callable[..., Any] = VolumeKind.assign

    def assign_locked(kind: VolumeKind, service: Any, resource: Any, key: str) -> Any:
        held.append(is_held(resource.id))
        return assign_key(kind, service, resource, key)

    monkeypatch.setattr(VolumeKind, "assign", assign_locked)
    run_assigner(cloud, ids, TO_B, journal=Told(cloud))
    assert held == [True] * 10
    other.close()
