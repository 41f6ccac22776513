# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Waiting until accepted changes have settled, and reporting what is then, not what was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.oci_keys.block_volume.plugins.module_utils._clock import Clock, Deadline, Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import NoAnswerError, ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan import BUSY_STATES, obstacle_to
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reading import Reader, Reading
from ansible_collections.oci_keys.block_volume.plugins.module_utils._state import REGENERATE, Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._writing import Change


class Settling:
    """Watches accepted changes of one region until each is verified, has failed, or the time is up.

    A change is verified when the resource is AVAILABLE and shows the wanted key: right after a write a resource
    may be AVAILABLE still, with its former key (oci_semantics.md section 2).
    """

    def __init__(self, *, clock: Clock, timings: Timings, deadline: Deadline) -> None:
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def watch(self, changes: Sequence[Change], *, wait: bool) -> None:
        """Look again and again; with ``wait`` off, look once."""
        began = self._clock.monotonic()
        seen_busy: set[str] = set()
        pending = list(changes)
        for change in pending:
            change.outcome.settled = False
        look = 0
        while pending:
            self._deadline.sleep(self._timings.poll(look))
            look += 1
            readings = _reread(pending)
            age = self._clock.monotonic() - began
            pending = [
                change for change in pending if not self._judge(change, readings[change.outcome.id], age, seen_busy)
            ]
            if not wait:
                return
            if self._deadline.passed:
                for change in pending:
                    self._time_out(change)
                return

    def _judge(self, change: Change, reading: Reading, age: float, seen_busy: set[str]) -> bool:
        """Whether this look decided what became of the change. ``age`` is seconds since all were accepted."""
        outcome = change.outcome
        if isinstance(reading, ResourceError):
            if reading.code == NoAnswerError.code or (reading.status or 0) >= 500 or reading.status == 429:
                return False
            outcome.error = reading
            return True
        outcome.after = reading
        obstacle = obstacle_to(reading, change.kind.noun)
        if obstacle is not None:
            outcome.error = ResourceError(
                code=obstacle.code,
                message=f"The change was accepted, but then the {change.kind.noun} became {reading.lifecycle_state}.",
                hint=obstacle.hint,
            )
            return True
        if reading.lifecycle_state in BUSY_STATES:
            seen_busy.add(outcome.id)
            return False
        if reading.kms_key_id == change.wanted.kms_key_id:
            return self._verify(change, reading, age, outcome.id in seen_busy)
        assert outcome.before is not None
        if reading.kms_key_id == outcome.before.kms_key_id:
            if age < self._timings.ignored_after:
                return False
            outcome.changed = False
            outcome.error = _error(
                "ChangeIgnored",
                f"The service accepted the change, but {age:.0f} s later the {change.kind.noun} is still on its "
                f"former key: {_name(reading.kms_key_id)}.",
            )
            return True
        outcome.error = _error(
            "ChangedMeanwhile",
            f"The change was accepted, but the {change.kind.noun} is now on a key that was neither there before nor "
            f"asked for: {_name(reading.kms_key_id)}. Somebody else changes it at the same time.",
        )
        return True

    def _verify(self, change: Change, reading: Resource, age: float, was_busy: bool) -> bool:
        outcome = change.outcome
        before = outcome.before
        assert before is not None
        if outcome.action == REGENERATE and not was_busy and reading.etag == before.etag:
            # Nothing shows yet that the service began; it accepted the change, so in the end that has to do.
            if age < self._timings.ignored_after:
                return False
            outcome.warnings.append(f"{outcome.label}: nothing but the accepted request shows the regeneration.")
        outcome.settled = True
        outcome.time_settled = self._clock.timestamp()
        lost = [replica.id for replica in before.replicas if replica.id not in {r.id for r in reading.replicas}]
        if lost:
            outcome.error = _error(
                "ReplicaLost",
                f"The key was changed, but the {change.kind.noun} has lost its replica {', '.join(lost)}.",
                hint="Enable the replication again, with a key for the replica's region.",
            )
        return True

    def _time_out(self, change: Change) -> None:
        after = change.outcome.after
        now = f"it is {after.lifecycle_state} on {_name(after.kms_key_id)}" if after else "it could not be read since"
        change.outcome.error = _error(
            "WaitTimeout",
            f"The change was accepted, but not seen to take effect within {self._deadline.seconds:g} s: {now}.",
            hint="Run again with a longer 'wait_timeout': a change that took effect meanwhile is not made twice.",
        )


def _reread(changes: Sequence[Change]) -> dict[str, Reading]:
    by_reader: dict[Reader, list[Change]] = {}
    for change in changes:
        by_reader.setdefault(change.reader, []).append(change)
    found: dict[str, Reading] = {}
    for reader, group in by_reader.items():
        # A list tells no etag, and only an etag tells that a data key was regenerated.
        by_get = any(change.outcome.action == REGENERATE for change in group)
        resources = [change.outcome.before for change in group if change.outcome.before is not None]
        found.update(reader.reread(resources, by_get=by_get))
    return found


def _name(kms_key_id: str | None) -> str:
    return "the Oracle-managed key" if kms_key_id is None else kms_key_id


def _error(code: str, message: str, hint: str | None = None) -> ResourceError:
    return ResourceError(code=code, message=message, hint=hint)
