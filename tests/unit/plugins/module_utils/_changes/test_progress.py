# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from unit.support.fake_cloud import FRA, IAD, KEY_A, KEY_B, Behaviour, Cloud, Fault, refused
from unit.support.fakes import FakeConnection, MemoryJournal, run_settings, target
from unit.support.watching import WatchedClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.engine import KeyAssigner, Report
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.progress import ChangeProgress, Span
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState


def watched(cloud: Cloud, ids: list[str], span: Span | None = None, **more: Any) -> tuple[Report, WatchedClock]:
    """The report of a run of the engine, and what a watcher saw meanwhile."""
    clock = WatchedClock()
    cloud.clock = clock
    assigner = KeyAssigner(
        FakeConnection(cloud),
        MemoryJournal(cloud),
        run_settings(concurrency=32, **more),
        clock=clock,
        timings=Timings(),
        live=ChangeProgress(clock.log, span),
    )
    return assigner.run([target(subject) for subject in ids], DesiredState(KEY_B)), clock


def test_a_thousand_volumes_that_settle_for_half_a_minute_are_never_silent_for_three_seconds() -> None:
    cloud = Cloud()
    ids = cloud.add(1000, kms_key_id=KEY_A)
    cloud.behaviour = Behaviour(seconds=30.0)

    report, clock = watched(cloud, ids)

    assert all(outcome.changed for outcome in report.outcomes)
    assert clock.longest_silence <= 3.0
    assert clock.monotonic() - clock.began >= 30
    assert any(text.startswith(f"{IAD}: block volumes 0 of 1,000, 1,000 requested, for ") for text in clock.texts)
    assert clock.texts[-1].startswith(f"{IAD}: block volumes 1,000 of 1,000, ")


def test_failures_are_counted() -> None:
    cloud = Cloud()
    ids = cloud.add(4, kms_key_id=KEY_A)
    cloud.behaviour = Behaviour(seconds=10.0)
    cloud.faults.append(Fault("update_", refused(404, "NotAuthorizedOrNotFound"), subject=ids[0], times=9))

    _report, clock = watched(cloud, ids)

    assert any(", 3 requested, 1 failed, " in text for text in clock.texts)
    assert clock.texts[-1].startswith(f"{IAD}: block volumes 4 of 4, 1 failed, ")


def test_each_region_is_told_by_itself() -> None:
    cloud = Cloud()
    ids = [*cloud.add(2, kms_key_id=KEY_A), *cloud.add(1, kms_key_id=KEY_A, region=FRA)]
    cloud.behaviour = Behaviour(seconds=20.0)

    _report, clock = watched(cloud, ids)

    assert {text.partition(" 0 of")[0] for text in clock.texts if " 0 of " in text} == {
        f"{IAD}: block volumes",
        f"{FRA}: block volumes",
    }
    last = {text.partition(":")[0]: text.partition(" of ")[0] for text in clock.texts}
    assert last == {FRA: f"{FRA}: block volumes 1", IAD: f"{IAD}: block volumes 2"}


def test_a_batch_counts_from_its_place_in_the_plan() -> None:
    """What became of it is said by who carries it out."""
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)
    ids += cloud.add(1, kms_key_id=KEY_B)
    cloud.behaviour = Behaviour(seconds=10.0)

    _report, clock = watched(cloud, ids, Span(first=201, total=1000))

    assert any(text.startswith(f"{IAD}: block volumes 201 of 1,000, 3 requested, ") for text in clock.texts)
    assert not any(text.startswith(f"{IAD}: block volumes 204 of 1,000, ") for text in clock.texts)


def test_a_dry_run_tells_of_no_changes() -> None:
    cloud = Cloud()
    ids = cloud.add(3, kms_key_id=KEY_A)
    _report, clock = watched(cloud, ids, check_mode=True)
    assert clock.texts == []
