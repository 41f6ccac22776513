# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the batches of a run did so far, and the attempts of one batch merged. Pure, but for reading their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._documents.batch_file import BatchFile, BatchRow, read_batch_file, read_batch_files
from .._documents.changes_file import count_changes
from .._documents.subject import Subject, subject

# What a later attempt must not hide: which key a resource had, and which request changed it.
_HISTORY = (
    "previous_encryption",
    "previous_kms_key_id",
    "previous_policy_id",
    "previous_destination_region",
    "action",
    "changed",
    "opc_request_id",
    "time_requested",
    "time_settled",
)


@dataclass(frozen=True)
class PreviousBatches:
    """What the batches of a run did so far. ``last`` is the number of the last one, ``done`` counts resources,
    ``seconds`` is the time that all took. ``changed_subjects`` are those of which ``changed`` is the count."""

    last: int = 0
    changed: int = 0
    done: int = 0
    seconds: float = 0.0
    failed: frozenset[Subject] = frozenset()
    changed_subjects: frozenset[Subject] = frozenset()

    def with_batch(
        self, number: int, tried: PreviousAttempt, rows: Sequence[BatchRow], seconds: float
    ) -> PreviousBatches:
        """With one more batch, or another attempt of one: ``rows`` is what became of it in all its attempts, of which
        ``tried`` is counted already; ``seconds`` is what the last one took."""
        before, now = count_changes(tried.rows.values()), count_changes(rows)
        failed = frozenset(subject(row) for row in rows if row.get("error"))
        return PreviousBatches(
            last=max(self.last, number),
            changed=self.changed - before["changed"] + now["changed"],
            done=self.done - before["total"] + now["total"],
            seconds=self.seconds + seconds,
            failed=failed.union(self.failed - tried.rows.keys()),
            changed_subjects=_changed(rows).union(self.changed_subjects - tried.rows.keys()),
        )


@dataclass(frozen=True)
class PreviousAttempt:
    """What the file of a batch that is carried out once more has already."""

    rows: Mapping[Subject, BatchRow] = field(default_factory=dict)
    seconds: float = 0.0


def read_previous_batches(folder: Path) -> PreviousBatches:
    """Read the files of all batches in the folder of a run. Raises InputError."""
    return previous_batches(read_batch_files(folder))


def previous_batches(found: Sequence[BatchFile]) -> PreviousBatches:
    """What these batches, which are all of a run, did."""
    return PreviousBatches(
        last=max((batch.number for batch in found), default=0),
        changed=sum(batch.counts["changed"] for batch in found),
        done=sum(batch.counts["total"] for batch in found),
        seconds=sum(batch.seconds for batch in found),
        failed=frozenset().union(*(batch.failed for batch in found)),
        changed_subjects=frozenset().union(*(_changed(batch.rows.values()) for batch in found)),
    )


def _changed(rows: Iterable[BatchRow]) -> frozenset[Subject]:
    """What was changed, and did not fail after it."""
    return frozenset(subject(row) for row in rows if row.get("changed") and row.get("error") is None)


def read_previous_attempt(folder: Path, number: int) -> PreviousAttempt:
    """Read the file of one batch; empty where the batch was not started before. Raises InputError."""
    batch = read_batch_file(folder, number)
    return PreviousAttempt() if batch is None else PreviousAttempt(batch.rows, batch.seconds)


def merge_attempts(previous: PreviousAttempt, rows: Sequence[BatchRow]) -> list[BatchRow]:
    """What became of a batch in all its attempts.

    What a resource is on now is taken from the last attempt that included it; which key it had, from the attempt that
    changed it.
    """
    found = dict(previous.rows)
    for row in rows:
        before = found.get(subject(row))
        if before is not None and before.get("changed") and not row["changed"]:
            found[subject(row)] = _with_history(row, before)
        else:
            found[subject(row)] = row
    return list(found.values())


def _with_history(row: BatchRow, before: BatchRow) -> BatchRow:
    merged = row.copy()
    for name in _HISTORY:
        if name in before:
            merged[name] = before[name]  # type: ignore[literal-required]
    return merged
