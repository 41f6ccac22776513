# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings that may show another run half-way: a policy that it took away, and assigns again in a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ResourceError
from .._common.work_queue import Requeue, work_through
from .._documents.run_locks import OtherRuns
from .._model.decisions import RUN_AGAIN_HINT, Decision
from .._model.resource import Reading
from .region import Region
from .request import Target
from .timings import Timings

# A resource that still shows nothing after so many readings, each while nobody had it locked, has nothing.
_MOST_READS = 3


def may_be_half_way(target: Target, decision: Decision) -> bool:
    """Whether nothing is to be done by a reading that could be of a change that is not at its end.

    What is to be changed is locked and read again anyway.
    """
    reading = decision.reading
    return not decision.is_change and reading is not None and target.resource_kind.looks_half_way(reading)


def decide_without_others(
    region: Region,
    decisions: Mapping[str, Decision],
    decide: Callable[[Target, Reading], Decision],
    others: OtherRuns,
    *,
    clock: Clock,
    timings: Timings,
    deadline: Deadline,
) -> dict[str, Decision]:
    """The decisions on what another run was changing when it was read: it is read again when that run is done.

    What it is still changing when the time is up fails as ``InUse``.
    """
    looks: dict[str, int] = {}
    reads: dict[str, int] = {}
    found: dict[str, Decision] = {}

    def look(target: Target) -> Requeue | None:
        if others.are_changing(target.id):
            if deadline.accepts_new_work:
                return later(target)
            found[target.id] = _in_use(decisions[target.id], deadline)
            return None
        # Others release what they have locked all the time, other resources too.
        if reads.get(target.id, 0) >= _MOST_READS or not others.have_ended_a_change(target.id):
            return None
        reads[target.id] = reads.get(target.id, 0) + 1
        decision = found[target.id] = decide(target, region.reader_of(target).get(target.id))
        return later(target) if may_be_half_way(target, decision) else None

    def later(target: Target) -> Requeue:
        number = looks[target.id] = looks.get(target.id, -1) + 1
        return Requeue(min(timings.poll(number), timings.lock_poll, max(deadline.remaining, 0.001)))

    suspects = [target for target in region.targets if may_be_half_way(target, decisions[target.id])]
    work_through(suspects, look, region.pool, clock)
    return found


def _in_use(decision: Decision, deadline: Deadline) -> Decision:
    message = f"Another run of the collection was changing it. {deadline.not_started_reason}"
    return Decision(
        decision.reading, decision.desired, error=ResourceError(code="InUse", message=message, hint=RUN_AGAIN_HINT)
    )
